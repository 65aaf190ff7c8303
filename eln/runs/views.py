"""Pages of runs: one run with its corrections, the runs of an instrument and the rule that finds them."""

from datetime import UTC, datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from eln.entries.forms import whole
from eln.instruments.selectors import instrument_list, instrument_may_write
from eln.runs import services
from eln.runs.page import run_page
from eln.runs.plots import run_overlay, run_plot
from eln.runs.selectors import run_get, run_list
from ingest.stream.models import RunRule
from ingest.stream.renewal import rule_of, source_of

PER_PAGE = 40


def run(request: HttpRequest, uid: str) -> HttpResponse:
    """One run."""
    scope = Scope.of(reader(request))
    return render(request, "eln/runs/run.html", run_page(run_get(scope=scope, uid=uid), scope))


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def plot(request: HttpRequest, uid: str) -> JsonResponse:
    """Columns of a run; ?from=&to= (seconds since 1970) give a part in more detail, ?with= lays another run under it."""
    scope = Scope.of(reader(request))
    found = run_get(scope=scope, uid=uid)
    points = min(max(whole(request.GET.get("points", "")) or 1200, 50), 5000)
    if other := request.GET.get("with", ""):
        return JsonResponse(run_overlay(run_get(scope=scope, uid=other), found, points))
    start, end = _moment(request.GET.get("from", "")), _moment(request.GET.get("to", ""))
    return JsonResponse(run_plot(found, points, start, end))


@require_POST
def change(request: HttpRequest, uid: str) -> HttpResponse:
    """Everything a person can do to a run, by the button that was pressed."""
    user = reader(request)
    scope = Scope.of(user)
    found = run_get(scope=scope, uid=uid)
    act, reason, zone = request.POST.get("act", ""), request.POST.get("reason", ""), request.POST.get("zone", "")
    if act == "edit":
        values = {name: value for name, value in request.POST.items() if isinstance(value, str)}
        services.run_edit(scope=scope, author=user, run=found, values=values, zone=zone, reason=reason)
    elif act == "release":
        services.run_release(scope=scope, author=user, run=found, field=request.POST.get("field", ""))
    elif act == "split":
        at = services.time_given(request.POST.get("at", ""), zone)
        found = services.run_split(scope=scope, author=user, run=found, at=at, reason=reason)
    elif act == "merge":
        other = run_get(scope=scope, uid=request.POST.get("other", ""))
        found = services.runs_merge(scope=scope, author=user, runs=[found, other], reason=reason)
    elif act == "remove":
        services.run_remove(scope=scope, author=user, run=found, reason=reason)
    elif act == "restore":
        services.run_restore(scope=scope, author=user, run=found)
    messages.success(request, _("Saved. The history below says what was changed."))
    return redirect("eln:run", uid=found.pk)


def runs(request: HttpRequest, slug: str) -> HttpResponse:
    """The runs of an instrument, and the rule that finds them."""
    user = reader(request)
    scope = Scope.of(user)
    found = get_object_or_404(instrument_list(scope=scope), slug=slug)
    if request.method == "POST":
        zone = request.POST.get("zone", "")
        made = services.run_add(
            scope=scope,
            author=user,
            instrument=found,
            started=services.time_given(request.POST.get("started", ""), zone),
            ended=services.time_given(request.POST.get("ended", ""), zone),
            title=request.POST.get("title", ""),
        )
        return redirect("eln:run", uid=made.pk)
    rule = rule_of(found)
    listed = run_list(scope=scope, instrument=found, withdrawn="withdrawn" in request.GET)
    context = {
        "instrument": found,
        "page": Paginator(listed, PER_PAGE).get_page(request.GET.get("page")),
        "withdrawn": "withdrawn" in request.GET,
        "rule": rule,
        "goes_by": source_of(rule),
        "gap_min": rule.gap_s / 60,
        "rest_min": rule.rest_s / 60,
        "may_write": instrument_may_write(scope=scope, instrument=found),
        "tab": "runs",
    }
    return render(request, "eln/runs/runs.html", context)


@require_POST
def rule(request: HttpRequest, slug: str) -> HttpResponse:
    """Change how runs are found; all that came is looked at again."""
    scope = Scope.of(reader(request))
    found = get_object_or_404(instrument_list(scope=scope), slug=slug)
    chosen = request.POST.get("source", RunRule.Source.AUTO)
    services.run_rule_set(
        scope=scope,
        instrument=found,
        source=chosen,
        gap_min=request.POST.get("gap_min", ""),
        rest_min=request.POST.get("rest_min", ""),
        pattern=request.POST.get("pattern", ""),
    )
    messages.success(request, _("Saved. Runs were found again; what people corrected stayed."))
    return redirect("eln:runs", slug=slug)
