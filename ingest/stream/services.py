"""Bring the live view up to date with accepted batches: events, runs, detectors, alerts; each batch exactly once."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max

from ingest.detectors.protocol import Channel, Finding
from ingest.gateway.models import Instrument
from ingest.stream.alerts import WHOLE, Board
from ingest.stream.coverage import GAP_NS, stretch_add
from ingest.stream.found import no_data
from ingest.stream.models import DayCount, DetectorState, Run
from ingest.stream.moments import moment
from ingest.stream.observer import Observer
from ingest.stream.renewal import rule_dirty, rule_of
from ingest.stream.runs import events_take, run_close
from ingest.telemetry.models import ChannelDescriptor, FrameBatch
from ingest.telemetry.points import Points, merged
from ingest.telemetry.reading import payload_points
from ingest.telemetry.segments import segment_read

BATCHES = 50


def stream_advance(*, instrument: Instrument) -> int:
    """Take the next accepted batches of an instrument; how many. All their effects are one transaction."""
    rows = list(
        FrameBatch.objects.filter(instrument=instrument, streamed=False)
        .select_related("segment")
        .order_by("pk")[:BATCHES]
    )
    if not rows:
        return 0
    memory = DetectorState.objects.filter(pk=instrument.pk).first() or DetectorState(instrument=instrument)
    observer = Observer(_channels(instrument), memory.state)
    live = [row for row in rows if not row.historical]
    points = merged(_points(row) for row in live)
    events = [event for row in live for event in row.events]
    found = observer.update(points, sorted(events, key=lambda event: event["time"]))
    with transaction.atomic():
        keys = [row.pk for row in rows]
        if FrameBatch.objects.filter(pk__in=keys, streamed=False).update(streamed=True) != len(keys):
            transaction.set_rollback(True)  # another worker took them
            return 0
        _cover(instrument, rows)
        events_take(instrument, (event for row in rows for event in row.events))
        _alerts(Board(instrument, memory.state.setdefault("open", {})), observer, found, points)
        _remember(memory, observer, live, events)
    return len(rows)


def _cover(instrument: Instrument, rows: Sequence[FrameBatch]) -> None:
    """Note where the new data lie, so that runs are looked for there."""
    spans = [(row.start_ns, row.end_ns) for row in rows if row.start_ns is not None and row.end_ns is not None]
    for start, end in _joined(spans):
        stretch_add(instrument, start, end)
    if spans:
        rule_dirty(instrument, min(start for start, _ in spans))
    days: dict[date, int] = {}
    for row in rows:
        days[row.received.date()] = days.get(row.received.date(), 0) + row.points
    for day, points in days.items():
        DayCount.objects.get_or_create(instrument=instrument, day=day)
        DayCount.objects.filter(instrument=instrument, day=day).update(points=F("points") + points)


def _joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that touch as one, so that many small batches cost one write."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + GAP_NS:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _channels(instrument: Instrument) -> dict[str, Channel]:
    """The newest descriptor of each channel that measures."""
    rows = ChannelDescriptor.objects.filter(instrument=instrument).order_by("version")
    newest = {row.name: row for row in rows}
    return {row.name: Channel(row.name, row.unit, row.low, row.high) for row in newest.values() if row.kind == "analog"}


def _points(row: FrameBatch) -> Points:
    if row.payload is not None:
        return payload_points(row.pk, row.payload)
    return segment_read(row.segment.path) if row.segment else {}


def _alerts(board: Board, observer: Observer, found: Mapping[str, list[Finding]], points: Points) -> None:
    gaps = {name: finding for name, many in found.items() for finding in many if finding.kind == "gap"}
    if _whole(gaps, observer):
        board.ended(WHOLE, max(gaps.values(), key=lambda finding: finding.score))
        gaps = {}
    for name, finding in gaps.items():
        board.ended(name, finding)
    for name, many in found.items():
        for finding in many:
            if finding.kind != "gap":
                board.raise_(name, finding)
    newest = {name: time for name, (time, _) in observer.last.items()}
    silent = observer.silences(max(newest.values(), default=0)) if points else {}
    if not _whole(silent, observer):
        for name, finding in silent.items():
            board.raise_(name, finding)
    board.settle({name: time for name, time in newest.items() if name not in silent})


def _whole(gaps: Mapping[str, Finding], observer: Observer) -> bool:
    """Whether so many channels have a gap that the instrument as a whole was away."""
    return len(gaps) > 2 and len(gaps) >= 0.5 * len(observer)


def _remember(
    memory: DetectorState, observer: Observer, live: Iterable[FrameBatch], events: Iterable[Mapping[str, Any]]
) -> None:
    for row in live:
        if (row.end_ns or 0) > memory.last_ns:
            memory.last_ns, memory.heard, memory.silent = row.end_ns or 0, row.received, False
    for event in events:
        if event["kind"] in ("death", "birth") and event["time"] >= memory.last_ns:
            memory.silent = event["kind"] == "death"
    memory.state = {**observer.state(), "open": memory.state.get("open", {})}
    memory.save()


def silence_check(*, now: datetime) -> None:
    """Open one alert for each instrument that fell silent without saying that it ends."""
    for memory in DetectorState.objects.filter(silent=False, heard__isnull=False).select_related("instrument"):
        if memory.heard is None or f"{WHOLE}|gap" in memory.state.get("open", {}):
            continue
        away = now - memory.heard
        if not timedelta(seconds=5) < away < timedelta(days=1):
            continue
        present = memory.last_ns + int(away.total_seconds() * 1e9)
        silent = Observer(_channels(memory.instrument), memory.state).silences(present)
        if silent and len(silent) >= 0.9 * len(memory.state.get("last", {})):
            worst = max(silent.values(), key=lambda finding: finding.score)
            with transaction.atomic():
                reason = f"The instrument has sent nothing for {away.total_seconds():.0f} s."
                finding = Finding(memory.last_ns, "gap", worst.score, reason)
                board = Board(memory.instrument, memory.state.setdefault("open", {}))
                board.raise_(WHOLE, finding)
                memory.save(update_fields=["state"])


def runs_expire(*, now: datetime) -> int:
    """Close open runs whose instrument has sent nothing for long, at the time of the last data; how many."""
    closed = 0
    for run in Run.objects.filter(state=Run.State.OPEN, withdrawn=None).select_related("instrument"):
        limit_s = _patience(run)
        heard = FrameBatch.objects.filter(instrument=run.instrument).aggregate(at=Max("received"), end=Max("end_ns"))
        if now - (heard["at"] or run.started) > timedelta(seconds=limit_s):
            end = moment(heard["end"]) if heard["end"] else run.started
            with transaction.atomic():
                run_close(run, end, no_data(limit_s))
            closed += 1
    return closed


def _patience(run: Run) -> float:
    """How long an open run waits for data, in seconds."""
    if run.origin in (Run.Origin.ACTIVITY, Run.Origin.GAP):
        return rule_of(run.instrument).gap_s
    return float(settings.INGEST.run_silence_s)
