"""Pages of instruments: list, live page, enrolment, and the stream behind the live page."""

import time

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.accounts.selectors import project_chosen, projects_writable, reader
from eln.entries.forms import whole
from eln.entries.selectors import entry_list
from eln.instruments.live import Feed, messages
from eln.instruments.selectors import alert_list, instrument_list, instrument_may_write, instrument_state
from eln.instruments.services import code_create, placement_set
from ingest.errors import BadInput
from ingest.gateway.services import instrument_ensure


def instruments(request: HttpRequest) -> HttpResponse:
    """All instruments a reader may watch; a new one on POST by those who administer."""
    user = reader(request)
    if request.method == "POST":
        if not user.is_staff:
            raise BadInput(_("Only administrators add instruments."))
        made = instrument_ensure(
            slug=request.POST.get("slug", "").strip(),
            title=request.POST.get("title", "").strip(),
            technique=request.POST.get("technique", "").strip(),
        )
        return redirect("eln:instrument", slug=made.slug)
    states = [instrument_state(instrument) for instrument in instrument_list(scope=Scope.of(user))]
    return render(request, "eln/instruments.html", {"states": states})


def instrument(request: HttpRequest, slug: str) -> HttpResponse:
    """The live page of one instrument."""
    scope = Scope.of(reader(request))
    found = get_object_or_404(instrument_list(scope=scope), slug=slug)
    context = {
        "instrument": found,
        "state": instrument_state(found),
        "alerts": alert_list(instrument=found),
        "entries": entry_list(scope=scope, instrument=slug)[:20],
        "may_write": instrument_may_write(scope=scope, instrument=found),
        "projects": projects_writable(scope=scope),
    }
    return render(request, "eln/instrument.html", context)


def _may_watch(user_id: int, slug: str) -> bool:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return user is not None and instrument_list(scope=Scope.of(user)).filter(slug=slug).exists()


def stream(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Server-sent events of the live page; `Last-Event-ID` resumes."""
    user = reader(request)
    found = get_object_or_404(instrument_list(scope=Scope.of(user)), slug=slug)
    last = request.headers.get("Last-Event-ID", "")
    resumed = whole(last) or 0
    feed = Feed(found, until_ns=resumed if resumed < time.time_ns() else 0)
    user_id = user.pk
    response = StreamingHttpResponse(
        messages(feed, lambda: _may_watch(user_id, slug)), content_type="text/event-stream"
    )
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response


@require_POST
def enrol(request: HttpRequest, slug: str) -> HttpResponse:
    """A one-time code, shown once with the command to paste."""
    scope = Scope.of(reader(request))
    found = get_object_or_404(instrument_list(scope=scope), slug=slug)
    code = code_create(scope=scope, instrument=found)
    address = f"{request.scheme}://{request.get_host()}"
    return render(request, "eln/enrol.html", {"instrument": found, "code": code, "address": address})


@require_POST
def place(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose the project of an instrument."""
    scope = Scope.of(reader(request))
    found = get_object_or_404(instrument_list(scope=scope), slug=slug)
    placement_set(
        scope=scope, instrument=found, project=project_chosen(scope=scope, slug=request.POST.get("project", ""))
    )
    notes.success(request, _("Saved."))
    return redirect("eln:instrument", slug=slug)
