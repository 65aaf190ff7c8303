"""The live view as server-sent events: one message a half second, resumed after a break where it stopped."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from asgiref.sync import sync_to_async
from django.db import close_old_connections, connections
from django.utils.translation import get_language, override

from eln.entries.api import alert_mark
from eln.instruments.kinds import kind_label
from eln.runs.wording import step_label
from eln.ui.quantity import pretty_unit
from eln.ui.streams import stopping
from eln.ui.wording import worded
from ingest.gateway.models import Instrument
from ingest.stream.models import Alert, Run

PERIOD_S = 0.5
HISTORY_S = 600
UNITS_EVERY = 60
RIGHTS_EVERY = 20


@dataclass
class Feed:
    """One viewer of one instrument. `until_ns`: what was sent so far; `step()` reads what is new."""

    instrument: Instrument
    until_ns: int = 0
    units: dict[str, str] = field(default_factory=dict)
    first: set[str] = field(default_factory=set)
    beats: int = 0
    open_alerts: set[int] = field(default_factory=set)
    language: str = field(default_factory=lambda: get_language() or "en")

    def step(self) -> dict[str, Any]:
        """The next message: new points by channel, alerts, events, run, lag."""
        with override(self.language):
            return self._message()

    def _message(self) -> dict[str, Any]:
        from ingest.stream.selectors import live_read

        close_old_connections()
        if not self.until_ns:
            self.until_ns = time.time_ns() - HISTORY_S * 1_000_000_000
        if self.beats % UNITS_EVERY == 0:
            self._units_read()
        first = self.beats == 0
        self.beats += 1
        live = live_read(instrument=self.instrument.slug, after_ns=self.until_ns)
        self.until_ns = max(self.until_ns, live.until_ns)
        alerts = self._alerts(list(live.alerts), first)
        return {
            "series": [self._column(name, series) for name, series in live.series.items() if len(series.times)],
            "marks": [alert_mark(alert) for alert in alerts] + [_event_mark(event) for event in live.events],
            "alerts": [alert_row(alert) for alert in alerts],
            "run": _run(live.run),
            "lag": round(live.lag_s, 1) if live.lag_s is not None else None,
        }

    def _alerts(self, new: list[Alert], first: bool) -> list[Alert]:
        """What is new, what was open in the last message and has ended since, and some history at first."""
        told = {alert.pk: alert for alert in new}
        over = self.instrument.alerts.filter(pk__in=self.open_alerts - told.keys())
        past = self.instrument.alerts.order_by("-started")[:30] if first else []
        for alert in [*over, *past]:
            told.setdefault(alert.pk, alert)
        self.open_alerts = {pk for pk, alert in told.items() if alert.ended is None}
        return sorted(told.values(), key=lambda alert: alert.started, reverse=True)

    def _units_read(self) -> None:
        from ingest.telemetry.selectors import channel_list

        known = channel_list(instrument=self.instrument.slug, start_ns=time.time_ns() - 3600 * 1_000_000_000)
        self.units.update({channel.name: pretty_unit(channel.unit) for channel in known})
        if not self.first:
            from eln.entries.plots import shown_first

            self.first = shown_first([(c.name, c.unit) for c in known if c.kind != "state"])

    def _column(self, name: str, series: Any) -> dict[str, Any]:
        if name not in self.units:
            self._units_read()
        values = [float(value) if value == value and abs(value) != float("inf") else None for value in series.values]
        times = [int(moment) / 1e9 for moment in series.times]
        shown = name in self.first
        return {"label": name, "unit": self.units.get(name, ""), "x": times, "values": values, "shown": shown}


def alert_row(alert: Alert) -> dict[str, Any]:
    """An alert for the list beside the plot."""
    return {
        "id": alert.pk,
        "channel": alert.channel,
        "kind": kind_label(alert.kind),
        "reason": worded(alert.reason),
        "started": alert.started.isoformat(),
        "ended": alert.ended.isoformat() if alert.ended else None,
    }


def _event_mark(event: Any) -> dict[str, Any]:
    label = event.name or event.kind
    if event.kind == "shutter":
        label = f"{event.name} {'●' if event.value else '○'}"
    return {"id": f"event-{event.pk}", "x": event.time.timestamp(), "label": label, "kind": "event"}


def _run(run: Run | None) -> dict[str, Any] | None:
    if run is None:
        return None
    steps = [step_label(step) for step in run.steps[-1:]]
    entry = getattr(run, "entry", None)
    return {
        "uid": run.uid,
        "title": run.title or run.uid,
        "started": run.started.isoformat(),
        "step": steps[-1] if steps else "",
        "entry": entry.pk if entry else None,
    }


async def messages(feed: Feed, allowed: Callable[[], bool], period: float = PERIOD_S) -> AsyncIterator[str]:
    """Server-sent events until the viewer leaves or loses the right to watch."""
    yield "retry: 2000\n\n"
    try:
        while not stopping.is_set() and (feed.beats % RIGHTS_EVERY or await sync_to_async(allowed)()):
            began = time.monotonic()
            message = await sync_to_async(feed.step)()
            yield f"id: {feed.until_ns}\ndata: {json.dumps(message, separators=(',', ':'))}\n\n"
            await asyncio.sleep(max(0.05, period - (time.monotonic() - began)))
        if not stopping.is_set():  # a site that comes back is joined again
            yield "event: end\ndata: {}\n\n"
    finally:
        await sync_to_async(connections.close_all)()
