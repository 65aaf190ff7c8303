"""Make batches durable exactly once, and move the points of many small batches into few large segments.

A batch is durable when its catalogue row is committed: small ones carry their bytes in that row (one commit, one fsync), large
ones name a segment that was written and synced before. The row's unique key makes a second delivery a no-op. A crash between the
segment and the row leaves a file that no row names; `segments_sweep` removes it.
"""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Min, Q, Sum

from ingest.contract import Batch, Descriptor
from ingest.feeds.services import feed_append
from ingest.gateway.models import Agent, Instrument
from ingest.telemetry.folding import batch_is_folded
from ingest.telemetry.models import ChannelDescriptor, FrameBatch, Segment
from ingest.telemetry.points import (
    Points,
    Sheet,
    batch_points,
    batch_sheet,
    merged,
    sheet_points,
    sheet_statistics,
    statistics,
)
from ingest.telemetry.reading import payload_points
from ingest.telemetry.segments import (
    segment_place,
    segment_read,
    segment_write,
    sheet_fits,
    sheet_write,
    telemetry_folder,
)

log = logging.getLogger(__name__)
LARGE_BATCH = 20_000
COMPACT_POINTS = 20_000
COMPACT_AGE = timedelta(minutes=10)
COMPACT_BATCHES = 2_000
SMALL_SEGMENT = 500_000
MERGED_SEGMENT = 4_000_000
MERGE_COUNT = 12
GRACE = timedelta(minutes=10)
SECOND = 1_000_000_000

_writing = threading.Lock()
_described: set[tuple[int, datetime, str, int]] = set()


def batch_store(*, agent: Agent, batch: Batch, data: bytes) -> bool:
    """Store a batch unless (agent, source, epoch, sequence) is stored already; whether it was new. Durable on return."""
    key = {"agent": agent, "source": batch.source, "epoch": batch.epoch, "sequence": batch.sequence}
    if _is_known(key):
        return False
    sheet = batch_sheet(batch) if batch.points >= LARGE_BATCH else None
    points = {} if sheet else batch_points(batch)
    summary = sheet_statistics(sheet) if sheet else statistics(points)
    row = FrameBatch(
        **key,
        instrument_id=agent.instrument_id,
        historical=batch.historical,
        points=sum(int(line[0]) for line in summary.values()),
        start_ns=min((int(line[3]) for line in summary.values()), default=None),
        end_ns=max((int(line[4]) for line in summary.values()), default=None),
        events=[_clean(event.model_dump(mode="json")) for event in batch.events],
    )
    segment = None
    if row.points >= LARGE_BATCH:
        segment = _segment(agent.instrument, summary, sheet or points)
    elif row.points:
        row.payload = data
    try:
        with _turn(), transaction.atomic():
            if segment is not None:
                segment.save(force_insert=True)
                row.segment = segment
            row.save(force_insert=True)
            _describe(agent.instrument, batch.descriptors, summary, row.start_ns or batch.sent)
            feed_append("frames", agent.instrument.slug)
    except IntegrityError:
        if segment is not None:
            (telemetry_folder() / segment.path).unlink(missing_ok=True)
        if not _is_known(key):
            raise
        return False
    return True


def _is_known(key: Mapping[str, Any]) -> bool:
    """Whether a batch of this agent, source, epoch and sequence was stored, lately or long ago."""
    if FrameBatch.objects.filter(**key).exists():
        return True
    return batch_is_folded(agent_id=key["agent"].pk, source=key["source"], epoch=key["epoch"], sequence=key["sequence"])


def batch_is_stored(*, agent: Agent, batch: Batch) -> bool:
    """Whether the batch stored under this number holds as many points and events over the same time as this one.

    Of a batch that was folded away only the number is known; it is taken as the same.
    """
    if batch_is_folded(agent_id=agent.pk, source=batch.source, epoch=batch.epoch, sequence=batch.sequence):
        return True
    points = batch_points(batch)
    return FrameBatch.objects.filter(
        agent=agent,
        source=batch.source,
        epoch=batch.epoch,
        sequence=batch.sequence,
        points=sum(len(series) for series in points.values()),
        start_ns=min((int(series.times[0]) for series in points.values()), default=None),
        end_ns=max((int(series.times[-1]) for series in points.values()), default=None),
        events=[_clean(event.model_dump(mode="json")) for event in batch.events],
    ).exists()


@contextmanager
def _turn() -> Iterator[None]:
    """SQLite takes one writer at a time and lets the others sleep and ask again; threads of one process queue up instead."""
    if connection.vendor != "sqlite":
        yield
        return
    with _writing:
        yield


def _clean(value: object) -> object:
    """JSON that every database takes: no NaN, no infinity, no NUL character."""
    if isinstance(value, dict):
        return {str(_clean(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value.replace("\x00", "") if isinstance(value, str) else value


def _segment(instrument: Instrument, summary: dict[str, list[float]], points: Points | Sheet) -> Segment:
    """Write a segment's file; its row is not saved yet."""
    start_ns = min(int(line[3]) for line in summary.values())
    place = segment_place(instrument.slug, start_ns)
    if isinstance(points, Sheet) and sheet_fits(points):
        size = sheet_write(place, points)
    else:
        size = segment_write(place, sheet_points(points) if isinstance(points, Sheet) else points)
    return Segment(
        instrument=instrument,
        path=place,
        start_ns=start_ns,
        end_ns=max(int(line[4]) for line in summary.values()),
        points=sum(int(line[0]) for line in summary.values()),
        size=size,
        statistics=summary,
    )


def _describe(instrument: Instrument, descriptors: Sequence[Descriptor], names: Iterable[str], since_ns: int) -> None:
    """Keep new descriptors, and a bare one for a channel nobody described; what is known is not looked up again."""
    which = (instrument.pk, instrument.created)
    rows = [
        ChannelDescriptor(
            instrument=instrument,
            since_ns=since_ns if descriptor.since is None else descriptor.since,
            **descriptor.model_dump(exclude={"since"}),
        )
        for descriptor in descriptors
        if (*which, descriptor.name, descriptor.version) not in _described
    ]
    rows += [
        ChannelDescriptor(instrument=instrument, since_ns=since_ns, name=name)
        for name in names
        if (*which, name, 0) not in _described
    ]
    if rows:
        ChannelDescriptor.objects.bulk_create(rows, ignore_conflicts=True, batch_size=200)
        known = {(*which, row.name, row.version) for row in rows}
        transaction.on_commit(lambda: _described.update(known))


def batches_compact(*, instrument: Instrument, now: datetime, force: bool = False) -> int:
    """Move the points of small batches that the live view has read into one segment; the number of batches moved.

    Does nothing until enough points or time have gathered, unless `force`.
    """
    waiting = FrameBatch.objects.filter(instrument=instrument, payload__isnull=False, streamed=True)
    state = waiting.aggregate(points=Sum("points"), oldest=Min("received"), batches=Count("pk"))
    if not state["batches"]:
        return 0
    if not force and state["points"] < COMPACT_POINTS and state["oldest"] > now - COMPACT_AGE:
        return 0
    rows = list(waiting.order_by("pk").values_list("pk", "payload")[:COMPACT_BATCHES])
    points = merged(payload_points(pk, payload) for pk, payload in rows)
    segment = _segment(instrument, statistics(points), points)
    try:
        with transaction.atomic():
            segment.save(force_insert=True)
            moved = _moved([pk for pk, _ in rows], segment)
            if moved != len(rows):
                raise IntegrityError(f"{len(rows) - moved} batches were moved by another process")
    except IntegrityError:
        log.warning("compaction of %s is left to another process", instrument.slug)
        (telemetry_folder() / segment.path).unlink(missing_ok=True)
        return 0
    return len(rows)


def _moved(keys: list[int], segment: Segment) -> int:
    return sum(
        FrameBatch.objects.filter(pk__in=keys[at : at + 500], payload__isnull=False).update(
            payload=None, segment=segment
        )
        for at in range(0, len(keys), 500)
    )


def segments_merge(*, instrument: Instrument, now: datetime) -> int:
    """Merge small segments that have settled into one large; the number of segments merged."""
    small = (
        Segment.objects.filter(
            instrument=instrument, retired__isnull=True, points__lt=SMALL_SEGMENT, created__lt=now - GRACE
        )
        .annotate(unread=Count("batches", filter=Q(batches__streamed=False)))
        .filter(unread=0)
        .order_by("start_ns")
    )
    chosen: list[Segment] = []
    for segment in small[:200]:
        if sum(part.points for part in chosen) + segment.points <= MERGED_SEGMENT:
            chosen.append(segment)
    if len(chosen) < MERGE_COUNT:
        return 0
    points = merged(segment_read(part.path) for part in chosen)
    whole = _segment(instrument, statistics(points), points)
    keys = [part.pk for part in chosen]
    with transaction.atomic():
        whole.save(force_insert=True)
        FrameBatch.objects.filter(segment__in=keys).update(segment=whole)
        Segment.objects.filter(pk__in=keys).update(retired=now)
    return len(chosen)


def segments_sweep(*, now: datetime) -> int:
    """Remove files of merged segments, and files that a crash left without a row; the number removed."""
    removed = 0
    for segment in Segment.objects.filter(retired__lt=now - GRACE):
        (telemetry_folder() / segment.path).unlink(missing_ok=True)
        segment.delete()
        removed += 1
    limit = (now - timedelta(hours=1)).timestamp()
    for path in sorted(telemetry_folder().glob("*/*/*")):
        if path.stat().st_mtime < limit and not _catalogued(path):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def _catalogued(path: Path) -> bool:
    return Segment.objects.filter(path=path.relative_to(telemetry_folder()).as_posix()).exists()
