"""Pages of the shell itself: home, status, the gallery of components."""

import math

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from eln.entries.selectors import entry_list, inbox_list
from eln.errors import NotAllowed
from eln.instruments.selectors import instrument_list, instrument_state
from eln.ui.registry import checks
from ingest.feeds.models import Cursor, Failure
from ingest.feeds.services import failure_retry
from ingest.stream.models import Alert


def home(request: HttpRequest) -> HttpResponse:
    """What is going on: instruments, open alerts, the newest entries, what waits in the inbox."""
    scope = Scope.of(reader(request))
    instruments = instrument_list(scope=scope)
    context = {
        "states": [instrument_state(instrument) for instrument in instruments],
        "alerts": Alert.objects.filter(instrument__in=instruments)
        .select_related("instrument")
        .order_by("-started")[:8],
        "entries": entry_list(scope=scope)[:10],
        "waiting": inbox_list(scope=scope).count(),
    }
    return render(request, "eln/home.html", context)


def status(request: HttpRequest) -> HttpResponse:
    """Whether every part works: checks of all packages, stages, and what they could not process."""
    lines = [(check.label, *check.state()) for check in checks()]
    # keys and reasons name things of any project; the others see their number in the lines above
    failures = Failure.objects.order_by("-created")[:100] if reader(request).is_staff else None
    context = {
        "lines": lines,
        "cursors": Cursor.objects.order_by("stage"),
        "failures": failures,
    }
    return render(request, "eln/status.html", context)


@require_POST
def failure_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a failed key due now."""
    if not reader(request).is_staff:
        raise NotAllowed(_("Only administrators may do this."))
    failure_retry(pk)
    return redirect("eln:status")


def gallery(request: HttpRequest) -> HttpResponse:
    """All components in all their states, to look at in both languages and both themes."""
    return render(request, "ui/gallery.html")


def gallery_plot(request: HttpRequest) -> JsonResponse:
    """Columns for the gallery's plot: a damped oscillation and a pressure over five decades."""
    steps = range(200)
    x = [float(step) for step in steps]
    series = [
        {"label": "T", "unit": "°C", "values": [600 + 40 * math.exp(-s / 60) * math.cos(s / 9) for s in steps]},
        {"label": "p", "unit": "mbar", "values": [10 ** (-9 + 5 * math.exp(-((s - 90) ** 2) / 400)) for s in steps]},
    ]
    marks = [{"x": 40, "label": "ramp", "kind": "step"}, {"x": 90, "end": 110, "label": "burst", "kind": "burst"}]
    return JsonResponse({"x": {"label": "t", "unit": "s", "values": x}, "series": series, "marks": marks})
