"""JSON for plots and the bytes of files; rights as on the pages."""

import hashlib
from datetime import timedelta
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.http import content_disposition_header

from eln.accounts.scope import Scope
from eln.accounts.selectors import reader
from eln.entries.forms import whole
from eln.entries.models import Attachment, Entry
from eln.entries.selectors import attachment_list, entry_list
from eln.instruments.kinds import kind_label
from ingest.gateway.selectors import receipt_path
from ingest.parsers.protocol import Channel
from ingest.stream.models import Run

SHOWN_CHANNELS = 48


def _points(request: HttpRequest) -> int:
    return min(max(whole(request.GET.get("points", "")) or 1600, 50), 20_000)


def attachment_plot(request: HttpRequest, pk: int) -> JsonResponse:
    """Columns of one file over one of its axes (?axis=; the busiest without)."""
    attachment = get_object_or_404(attachment_list(scope=Scope.of(reader(request))), pk=pk)
    if attachment.parsed is None or attachment.status != "parsed":
        raise Http404
    from eln.entries.plots import axes, axis_chosen, file_plot
    from ingest.parsing.selectors import parsed_channels

    channels = parsed_channels(attachment.parsed)
    axis = axis_chosen(axes(channels), request.GET.get("axis", ""))
    return JsonResponse(file_plot(channels, axis, _points(request)))


def run_payload(run: Run, points: int) -> dict[str, Any]:
    """Telemetry of a run with its steps and alerts."""
    import numpy as np

    from eln.entries.plots import column, shown_first, step_marks
    from ingest.telemetry.selectors import channel_list, series_read

    ended = run.ended or timezone.now() + timedelta(seconds=5)
    start_ns, end_ns = int(run.started.timestamp() * 1e9), int(ended.timestamp() * 1e9)
    slug = run.instrument.slug
    known = channel_list(instrument=slug, start_ns=start_ns, end_ns=end_ns)[:SHOWN_CHANNELS]
    read = series_read(
        instrument=slug, channels=[c.name for c in known], start_ns=start_ns, end_ns=end_ns, max_points=points
    )
    series = [
        column(c.name, c.unit, np.asarray(read[c.name].times) / 1e9, np.asarray(read[c.name].values), points * 2)
        for c in known
        if c.name in read and len(read[c.name].times)
    ]
    first = shown_first([(c.name, c.unit) for c in known if c.kind != "state"])
    for one in series:
        one["shown"] = one["label"] in first
    marks = step_marks(run.steps) + [alert_mark(alert) for alert in run.alerts.order_by("started")[:500]]
    return {"x": {"label": "", "unit": "", "time": True}, "series": series, "marks": marks}


def alert_mark(alert: Any) -> dict[str, Any]:  # Any: Alert, or a row of the live view
    """An alert as a mark of <lab-plot>."""
    return {
        "id": f"alert-{alert.pk}",
        "x": alert.started.timestamp(),
        "end": alert.ended.timestamp() if alert.ended else None,
        "open": alert.ended is None,
        "label": f"{alert.channel} {kind_label(alert.kind)}".strip(),
        "kind": alert.kind,
    }


def entry_plot(request: HttpRequest, pk: int) -> JsonResponse:
    """The telemetry of an entry's run."""
    entry: Entry = get_object_or_404(entry_list(scope=Scope.of(reader(request))), pk=pk)
    if entry.run is None:
        raise Http404
    return JsonResponse(run_payload(entry.run, _points(request)))


def _grid_asked(request: HttpRequest, attachment: Attachment) -> tuple[dict[str, Any], Channel]:
    """What to show of the image or map that ?channel= and ?plane= name, and its cells. Raises Http404."""
    from eln.entries.grids import grid_view
    from ingest.parsing.selectors import parsed_channel

    if attachment.parsed is None or attachment.status != "parsed":
        raise Http404
    chosen, plane = whole(request.GET.get("channel", "")), whole(request.GET.get("plane", "")) or 0
    grid = grid_view(attachment.pk, attachment.parsed.document.get("channels", []), chosen, plane)
    channel = parsed_channel(attachment.parsed, grid["row"]) if grid and chosen in (None, grid["chosen"]) else None
    if grid is None or channel is None or channel.values is None:
        raise Http404
    return grid, channel


def attachment_grid(request: HttpRequest, pk: int) -> HttpResponse:
    """The figure of one image or map of a file (?channel=, ?plane=), as the entry page holds it."""
    from eln.entries.pictures import colouring

    attachment = get_object_or_404(attachment_list(scope=Scope.of(reader(request))), pk=pk)
    grid, channel = _grid_asked(request, attachment)
    return render(request, "eln/grid.html", {"grid": {**grid, **colouring(channel, grid["plane"])}})


def attachment_picture(request: HttpRequest, pk: int) -> HttpResponse:
    """The picture (PNG) of one plane of an image or map of a file; may be kept by the browser until the file is read anew."""
    from eln.entries.pictures import picture

    attachment = get_object_or_404(attachment_list(scope=Scope.of(reader(request))), pk=pk)
    parsed = attachment.parsed
    asked = f"{request.GET.get('channel', '')}-{request.GET.get('plane', '')}"
    etag = (
        f'"{parsed.pk}-{parsed.updated.timestamp()}-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"'
        if parsed
        else ""
    )
    if parsed and request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304)
    grid, channel = _grid_asked(request, attachment)
    response = HttpResponse(picture(channel, grid["plane"]), content_type="image/png")
    response["ETag"], response["Cache-Control"] = etag, "private, max-age=300"
    return response


def attachment_cells(request: HttpRequest, pk: int, kind: str) -> HttpResponse:
    """The numbers of an image or map: `csv` of one plane with its positions, or `npy` of all planes in their shape."""
    from eln.entries.cells import npy, plane_csv

    attachment = get_object_or_404(attachment_list(scope=Scope.of(reader(request))), pk=pk)
    grid, channel = _grid_asked(request, attachment)
    if kind == "npy":
        response = HttpResponse(npy(channel), content_type="application/octet-stream")
    else:
        response = HttpResponse(plane_csv(channel, grid["plane"]), content_type="text/csv; charset=utf-8")
    stem = attachment.file_name.replace("\\", "/").rsplit("/", 1)[-1]
    plane = f"-{grid['plane']}" if kind == "csv" and grid["planes"] > 1 else ""
    response["Content-Disposition"] = content_disposition_header(True, f"{stem}-{channel.name}{plane}.{kind}")
    response["X-Content-Type-Options"] = "nosniff"
    return response


def attachment_download(request: HttpRequest, pk: int) -> FileResponse:
    """The bytes as they came; always saved, never shown by the browser."""
    attachment = get_object_or_404(attachment_list(scope=Scope.of(reader(request))), pk=pk)
    receipt = attachment.receipt
    path = receipt_path(receipt)
    name = attachment.file_name.replace("\\", "/").rsplit("/", 1)[-1]
    response = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/octet-stream")
    response["X-Content-Type-Options"] = "nosniff"
    return response
