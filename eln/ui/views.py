"""Pages of the shell itself: home and the gallery of components."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render


def home(request: HttpRequest) -> HttpResponse:
    """What is going on."""
    return render(request, "eln/home.html")


def gallery(request: HttpRequest) -> HttpResponse:
    """All components in all their states, to look at in both languages and both themes."""
    return render(request, "ui/gallery.html")


def gallery_plot(request: HttpRequest) -> JsonResponse:
    """Columns for the gallery's plot: a damped oscillation and a pressure over five decades."""
    import math

    steps = range(200)
    x = [float(step) for step in steps]
    series = [
        {"label": "T", "unit": "°C", "values": [600 + 40 * math.exp(-s / 60) * math.cos(s / 9) for s in steps]},
        {"label": "p", "unit": "mbar", "values": [10 ** (-9 + 5 * math.exp(-((s - 90) ** 2) / 400)) for s in steps]},
    ]
    marks = [{"x": 40, "label": "ramp", "kind": "step"}, {"x": 90, "end": 110, "label": "burst", "kind": "burst"}]
    return JsonResponse({"x": {"label": "t", "unit": "s", "values": x}, "series": series, "marks": marks})
