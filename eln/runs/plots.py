"""Columns of a run for <lab-plot>: the whole, a part in full detail, and another run laid over it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from eln.entries.api import alert_mark
from eln.entries.plots import Payload, column, shown_first, step_marks
from eln.runs.wording import step_label
from ingest.stream.models import Run
from ingest.stream.moments import nanoseconds
from ingest.telemetry.selectors import ChannelInfo, channel_list, series_read

MOST_CHANNELS = 64
AROUND = timedelta(seconds=5)


def run_end(run: Run) -> datetime:
    """When a run ended; of one that goes on a little after now."""
    return run.ended or timezone.now() + AROUND


def _channels(run: Run) -> list[ChannelInfo]:
    known = channel_list(
        instrument=run.instrument.slug, start_ns=nanoseconds(run.started), end_ns=nanoseconds(run_end(run))
    )
    return known[:MOST_CHANNELS]


def run_plot(run: Run, points: int, start: datetime | None = None, end: datetime | None = None) -> Payload:
    """Telemetry of a run (or of a part of it) with its steps and alerts. Positions: seconds since 1970."""
    known = _channels(run)
    first = shown_first([(one.name, one.unit) for one in known if one.kind != "state"])
    series = _series(run, known, points, start or run.started, end or run_end(run), 0.0)
    for one in series:
        one["shown"] = one["label"] in first
    steps = [{**step, "name": step_label(step)} for step in run.steps]
    marks = step_marks(steps) + [alert_mark(alert) for alert in run.alerts.order_by("started")[:500]]
    return {"x": {"label": "", "unit": "", "time": True}, "series": series, "marks": marks}


def _series(
    run: Run, known: Sequence[ChannelInfo], points: int, start: datetime, end: datetime, shift: float
) -> list[dict[str, Any]]:
    import numpy as np

    read = series_read(
        instrument=run.instrument.slug,
        channels=[one.name for one in known],
        start_ns=nanoseconds(start),
        end_ns=nanoseconds(end),
        max_points=points,
    )
    return [
        column(one.name, one.unit, np.asarray(read[one.name].times) / 1e9 + shift, np.asarray(read[one.name].values), 2 * points)
        for one in known
        if len(read[one.name].times)
    ]  # fmt: skip


def run_overlay(run: Run, over: Run, points: int) -> Payload:
    """Another run as thin lines under this one, aligned at the start; positions are those of `over`."""
    shift = (over.started - run.started).total_seconds()
    length = run_end(over) - over.started
    end = min(run_end(run), run.started + max(length, timedelta(minutes=1)) * 1.5)
    series = _series(run, _channels(run), points, run.started, end, shift)
    for one in series:
        one["ghost"] = True
    label = _("thin: {title}, {start}").format(title=run.title or run.uid, start=f"{run.started:%Y-%m-%d %H:%M} UTC")
    return {"series": series, "label": label}
