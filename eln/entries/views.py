"""Pages of entries: list with search, one entry, editing, inbox."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eln.accounts.scope import Scope
from eln.accounts.selectors import project_chosen, projects_readable, projects_writable, reader
from eln.entries.forms import EntryFilter, whole
from eln.entries.models import Entry
from eln.entries.page import entry_page
from eln.entries.selectors import entry_list, files_named, techniques
from eln.entries.services import (
    comment_add,
    entry_create,
    entry_edit,
    entry_sample,
)
from eln.errors import EditConflict, ElnError
from eln.instruments.selectors import instrument_list
from eln.samples.selectors import sample_find

PER_PAGE = 40


def entries(request: HttpRequest) -> HttpResponse:
    """Entries with search; a new one on POST."""
    user = reader(request)
    scope = Scope.of(user)
    if request.method == "POST":
        project = project_chosen(scope=scope, slug=request.POST.get("project", ""))
        made = entry_create(scope=scope, author=user, title=request.POST.get("title", ""), project=project)
        return redirect("eln:entry", pk=made.pk)
    asked = request.GET.copy()
    asked.setdefault("text", asked.get("q", ""))
    form = EntryFilter(asked)
    form.is_valid()
    chosen = {name: value for name, value in form.cleaned_data.items() if value}
    page = Paginator(entry_list(scope=scope, **chosen), PER_PAGE).get_page(request.GET.get("page"))
    query = asked.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "named": files_named(page.object_list, form.cleaned_data.get("text", "")),
        "query": query.urlencode(),
        "chosen": chosen,
        "instruments": instrument_list(scope=scope),
        "techniques": techniques(scope=scope),
        "projects": projects_readable(scope=scope),
        "writable": projects_writable(scope=scope),
    }
    return render(
        request, "eln/entries.html#results" if request.headers.get("HX-Request") else "eln/entries.html", context
    )


def entry(request: HttpRequest, pk: int) -> HttpResponse:
    """One entry."""
    scope = Scope.of(reader(request))
    found = get_object_or_404(entry_list(scope=scope), pk=pk)
    return render(request, "eln/entry.html", entry_page(found, scope))


@require_POST
def entry_change(request: HttpRequest, pk: int) -> HttpResponse:
    """Save title, text or sample; tells a conflict and keeps what the person wrote on the page."""
    user = reader(request)
    scope = Scope.of(user)
    found: Entry = get_object_or_404(entry_list(scope=scope), pk=pk)
    version = whole(request.POST.get("version", "")) or 0
    field, value = request.POST.get("field", ""), request.POST.get("value", "")
    try:
        if field == "sample":
            sample = sample_find(scope=scope, name=value) if value.strip() else None
            if value.strip() and sample is None:
                raise ElnError(_("There is no such sample in your projects. Create it on the samples page first."))
            entry_sample(scope=scope, author=user, entry=found, version=version, sample=sample)
        else:
            entry_edit(scope=scope, author=user, entry=found, version=version, field=field, value=value)
    except EditConflict as conflict:
        context = entry_page(get_object_or_404(entry_list(scope=scope), pk=pk), scope)
        return render(
            request, "eln/entry.html", {**context, "conflict": conflict, "mine": value, "field": field}, status=409
        )
    messages.success(request, _("Saved."))
    return redirect("eln:entry", pk=pk)


@require_POST
def entry_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Add a remark."""
    user = reader(request)
    found = get_object_or_404(entry_list(scope=Scope.of(user)), pk=pk)
    comment_add(scope=Scope.of(user), author=user, entry=found, text=request.POST.get("text", ""))
    return redirect("eln:entry", pk=pk)
