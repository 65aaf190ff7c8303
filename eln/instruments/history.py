"""What the live plot shows before the stream goes on: the last while, and the run before under it."""

import time
from typing import Any

import numpy as np

from eln.accounts.scope import Scope
from eln.entries.api import alert_mark
from eln.entries.plots import Payload, column, shown_first, step_marks
from eln.instruments.models import Watching
from eln.runs.plots import run_overlay
from eln.runs.selectors import run_before, run_list
from eln.runs.wording import step_label
from ingest.gateway.models import Instrument
from ingest.stream.coverage import stretch_list
from ingest.stream.moments import moment, nanoseconds
from ingest.telemetry.selectors import channel_list, series_read

POINTS = 1000


def history_plot(
    scope: Scope, instrument: Instrument, watching: Watching | None, seconds: int, *, compare: bool
) -> Payload:
    """Columns for <lab-plot>, with `until` (ns): from there on the stream adds."""
    if compare:
        return _compare(scope, instrument)
    spans = stretch_list(instrument)[-1:]
    newest = nanoseconds(spans[0].end) if spans else 0
    end_ns = newest if newest and newest < time.time_ns() else time.time_ns()
    start_ns = end_ns - seconds * 10**9
    known = channel_list(instrument=instrument.slug, start_ns=start_ns, end_ns=end_ns)
    read = series_read(
        instrument=instrument.slug,
        channels=[c.name for c in known],
        start_ns=start_ns,
        end_ns=end_ns,
        max_points=POINTS,
    )
    chosen = set(watching.channels) if watching else set()
    first = chosen & {c.name for c in known} or shown_first([(c.name, c.unit) for c in known if c.kind != "state"])
    series = []
    for one in known:
        if len(read[one.name]):
            drawn = column(
                one.name, one.unit, np.asarray(read[one.name].times) / 1e9, read[one.name].values, 2 * POINTS
            )
            series.append({**drawn, "shown": one.name in first})
    return {
        "x": {"label": "", "unit": "", "time": True},
        "series": series,
        "marks": _marks(instrument, start_ns),
        "until": str(max((int(read[c.name].times[-1]) for c in known if len(read[c.name])), default=0)),
    }


def _marks(instrument: Instrument, start_ns: int) -> list[dict[str, Any]]:
    since = moment(start_ns)
    marks = [alert_mark(one) for one in instrument.alerts.filter(started__gte=since).order_by("started")[:200]]
    for run in instrument.runs.filter(withdrawn=None, steps__isnull=False).order_by("-started")[:3]:
        steps = [{**step, "name": step_label(step)} for step in run.steps]
        marks += [mark for mark in step_marks(steps) if mark["x"] >= since.timestamp()]
    return marks


def _compare(scope: Scope, instrument: Instrument) -> Payload:
    """The run before of the same recipe, aligned at the start of the one that goes on (or of the newest)."""
    run = run_list(scope=scope, instrument=instrument).first()
    before = run_before(scope=scope, run=run) if run is not None else None
    if run is None or before is None:
        return {"series": [], "label": ""}
    return run_overlay(before, run, POINTS)
