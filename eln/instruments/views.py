"""Pages of instruments: list, live page, set-up; and the stream behind the live page."""

import json
import time

from django.contrib import messages as notes
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.accounts.selectors import project_chosen, projects_writable, reader
from eln.entries.forms import whole
from eln.entries.selectors import entry_list
from eln.errors import ElnError
from eln.filing.decisions import rule_forget
from eln.filing.models import FilingRule
from eln.instruments.history import history_plot
from eln.instruments.live import Feed, messages
from eln.instruments.models import Watching
from eln.instruments.selectors import (
    alert_list,
    instrument_list,
    instrument_may_write,
    instrument_state,
    instrument_states,
)
from eln.instruments.services import (
    WINDOWS_S,
    agent_configure,
    agent_dismiss,
    agent_token,
    instrument_describe,
    placement_set,
    watching_set,
)
from eln.instruments.setup import setup_page
from ingest.errors import BadInput, Conflict
from ingest.gateway.models import Agent, Instrument
from ingest.schemas.registry import techniques


def _instrument(request: HttpRequest, slug: str) -> tuple[Scope, Instrument]:
    scope = Scope.of(reader(request))
    return scope, get_object_or_404(instrument_list(scope=scope), slug=slug)


def instruments(request: HttpRequest) -> HttpResponse:
    """All instruments a reader may watch; the table renews itself."""
    states = instrument_states(instrument_list(scope=Scope.of(reader(request))))
    part = "eln/instruments/list.html#table" if request.headers.get("HX-Request") else "eln/instruments/list.html"
    return render(request, part, {"states": states})


def instrument(request: HttpRequest, slug: str) -> HttpResponse:
    """The live page of one instrument."""
    scope, found = _instrument(request, slug)
    watching = Watching.objects.filter(user=reader(request), instrument=found).first()
    context = {
        "instrument": found,
        "state": instrument_state(found),
        "alerts": alert_list(instrument=found),
        "entries": entry_list(scope=scope, instrument=slug)[:10],
        "may_write": instrument_may_write(scope=scope, instrument=found),
        "watching": watching or Watching(window_s=900),
        "windows": WINDOWS_S,
        "tab": "live",
    }
    return render(request, "eln/instruments/live.html", context)


def setup(request: HttpRequest, slug: str) -> HttpResponse:
    """Agents, gaps, channels and rules of an instrument."""
    scope, found = _instrument(request, slug)
    context = {
        **setup_page(found, timezone.now(), request.GET.get("span", "day")),
        "instrument": found,
        "state": instrument_state(found),
        "may_write": instrument_may_write(scope=scope, instrument=found),
        "projects": projects_writable(scope=scope),
        "techniques": techniques().values(),
    }
    return render(request, "eln/instruments/setup.html", context)


@require_POST
def describe(request: HttpRequest, slug: str) -> HttpResponse:
    """What the instrument is called, where it stands, into which project its runs go."""
    scope, found = _instrument(request, slug)
    texts = {name: request.POST.get(name, "") for name in ("title", "title_zh", "technique", "location")}
    instrument_describe(scope=scope, instrument=found, **texts)
    project = project_chosen(scope=scope, slug=request.POST.get("project", ""))
    placement = getattr(found, "placement", None)
    if (placement.project if placement else None) != project:
        placement_set(scope=scope, instrument=found, project=project)
    notes.success(request, _("Saved."))
    return redirect("eln:instrument-setup", slug=slug)


@require_POST
def agent(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A new token for an agent, shown once; its dismissal; what it collects."""
    scope, found = _instrument(request, slug)
    spoken = get_object_or_404(Agent, pk=pk, instrument=found)
    act = request.POST.get("act", "")
    if act == "rotate":
        token = agent_token(scope=scope, agent=spoken, now=timezone.now())
        return render(request, "eln/instruments/token.html", {"instrument": found, "agent": spoken, "token": token})
    if act == "revoke":
        agent_dismiss(scope=scope, agent=spoken)
        notes.success(request, _("The agent's token opens nothing any more. What it sent stays."))
    if act == "configure":
        return _configure(request, scope, spoken)
    return redirect("eln:instrument-setup", slug=slug)


def _configure(request: HttpRequest, scope: Scope, spoken: Agent) -> HttpResponse:
    """Store what an agent collects; a refusal keeps what was written."""
    text = request.POST.get("text", "")
    try:
        made = agent_configure(
            scope=scope,
            author=reader(request),
            agent=spoken,
            text=text,
            expected=whole(request.POST.get("version", "")),
        )
    except (BadInput, Conflict) as error:
        context = {"instrument": spoken.instrument, "agent": spoken, "text": text, "error": error, "may_write": True}
        return render(request, "eln/instruments/configure.html", context, status=error.status)
    notes.success(
        request,
        _("Version {number} is stored. The agent fetches it with its next word and says here whether it runs.").format(
            number=made.version
        ),
    )
    return redirect("eln:instrument-setup", slug=spoken.instrument.slug)


@require_POST
def forget(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Files that look so find their place by themselves again."""
    scope, found = _instrument(request, slug)
    rule_forget(scope=scope, rule=get_object_or_404(FilingRule, pk=pk, instrument=found))
    notes.success(request, _("Forgotten. Files that were filed by it stay where they are."))
    return redirect("eln:instrument-setup", slug=slug)


@require_POST
def watch(request: HttpRequest, slug: str) -> HttpResponse:
    """Remember which channels a person draws, and how."""
    _scope, found = _instrument(request, slug)
    try:
        said = json.loads(request.body or b"{}")
    except ValueError as error:
        raise ElnError(_("The choice could not be read.")) from error
    channels, logs = said.get("channels"), said.get("logs")
    watching_set(
        user=reader(request),
        instrument=found,
        channels=channels if isinstance(channels, list) else None,
        logs=logs if isinstance(logs, dict) else None,
        window_s=said.get("window_s") if isinstance(said.get("window_s"), int) else None,
    )
    return HttpResponse(status=204)


def history(request: HttpRequest, slug: str) -> JsonResponse:
    """What was measured in the last ?seconds=; ?compare=1 gives the run before of the same recipe instead."""
    scope, found = _instrument(request, slug)
    watching = Watching.objects.filter(user=reader(request), instrument=found).first()
    seconds = min(max(whole(request.GET.get("seconds", "")) or 900, 60), WINDOWS_S[-1])
    compare = "compare" in request.GET
    return JsonResponse(history_plot(scope, found, watching, seconds, compare=compare))


def _may_watch(user_id: int, slug: str) -> bool:
    user = User.objects.filter(pk=user_id, is_active=True).first()
    return user is not None and instrument_list(scope=Scope.of(user)).filter(slug=slug).exists()


def stream(request: HttpRequest, slug: str) -> StreamingHttpResponse:
    """Server-sent events of the live page; `Last-Event-ID` resumes."""
    user = reader(request)
    _scope, found = _instrument(request, slug)
    last = request.headers.get("Last-Event-ID", "") or request.GET.get("after", "")
    resumed = whole(last) or 0
    feed = Feed(found, until_ns=resumed if resumed < time.time_ns() else 0)
    watching = Watching.objects.filter(user=user, instrument=found).first()
    if watching is not None and watching.channels:
        feed.first = set(watching.channels)
    user_id = user.pk
    response = StreamingHttpResponse(
        messages(feed, lambda: _may_watch(user_id, slug)), content_type="text/event-stream"
    )
    response["Cache-Control"] = "no-cache"
    response["X-Accel-Buffering"] = "no"
    return response
