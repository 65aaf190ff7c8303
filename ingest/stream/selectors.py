"""What the live page shows; cheap enough to be asked twice a second by every reader.

A page asks through the notebook, which checks the reader's rights on the instrument.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Max, Q

from ingest.stream.models import Alert, DetectorState, Run, StreamEvent
from ingest.stream.moments import moment
from ingest.telemetry.models import FrameBatch
from ingest.telemetry.points import Series
from ingest.telemetry.reading import points_read

WINDOW_NS = 600 * 10**9


@dataclass(frozen=True)
class Live:
    """What is new since `after_ns`. `until_ns`: pass it as the next `after_ns`; `lag_s`: age of the newest point when it came."""

    until_ns: int
    series: Mapping[str, Series]
    alerts: list[Alert]
    events: list[StreamEvent]
    lag_s: float | None
    run: Run | None


def live_read(*, instrument: str, after_ns: int) -> Live:
    """Live points, alerts and events after `after_ns` (the last ten minutes before the newest point at first)."""
    newest = (
        FrameBatch.objects.filter(instrument__slug=instrument, historical=False)
        .order_by("-pk")
        .values_list("end_ns", flat=True)[:20]
    )
    end_ns = max((end for end in newest if end is not None), default=0)
    after_ns = max(after_ns, end_ns - WINDOW_NS)
    series: dict[str, Series] = {}
    if end_ns > after_ns:
        series = points_read(instrument=instrument, channels=None, start_ns=after_ns + 1, end_ns=end_ns, live=True)
    since = moment(max(after_ns, 0))
    alerts = Alert.objects.filter(
        Q(ended__isnull=True) | Q(started__gt=since) | Q(ended__gt=since), instrument__slug=instrument
    )
    events = StreamEvent.objects.filter(instrument__slug=instrument, time__gt=since)
    run = (
        Run.objects.filter(instrument__slug=instrument, state=Run.State.OPEN, withdrawn=None)
        .order_by("-started")
        .first()
    )
    return Live(
        until_ns=max(after_ns, end_ns),
        series=series,
        alerts=list(alerts.order_by("started")[:200]),
        events=list(events.order_by("time")[:500]),
        lag_s=max(0.0, time.time() - end_ns / 1e9) if end_ns else None,
        run=run,
    )


def last_heard(*, instrument: str) -> datetime | None:
    """When the newest live point of the instrument was measured, by its own clock."""
    state = DetectorState.objects.filter(instrument__slug=instrument).aggregate(at=Max("last_ns"))
    return datetime.fromtimestamp(state["at"] / 1e9, UTC) if state["at"] else None
