"""Read points and channels: from the segments in the catalogue and the small batches not yet moved there.

A page asks through the notebook, which checks the reader's rights on the instrument's runs; these functions check none.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from django.db.models import Q

from ingest.mappings.domain import ChannelCorrection
from ingest.mappings.selectors import channel_rules
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit
from ingest.telemetry.codecs import batch_read
from ingest.telemetry.models import ChannelDescriptor, FrameBatch, Segment
from ingest.telemetry.points import EMPTY, Points, Series, batch_points, cut, merged, statistics, thinned
from ingest.telemetry.segments import segment_read

__all__ = ["ChannelInfo", "Series", "channel_list", "series_read"]


@dataclass(frozen=True)
class ChannelInfo:
    """A channel and what came of it. `minimum` and `maximum` in `unit`, none without points.

    Unit and quantity as a person corrected them (then `stated` holds the agent's unit), else as the agent described them; a
    quantity nobody named is guessed from name and unit. `confidence` 0..1 is that of the quantity.
    """

    name: str
    unit: str | None
    quantity: str | None
    kind: str
    rows: int
    minimum: float | None
    maximum: float | None
    confidence: float = 0.0
    corrected: bool = False
    stated: str | None = None


@lru_cache(maxsize=4096)
def _decoded(pk: int, payload: bytes) -> dict[str, Series]:
    return batch_points(batch_read(payload))


def payload_points(pk: int, payload: bytes | memoryview | None) -> Points:
    """The points of a small batch; decoded once per process, which makes the live tail cheap."""
    return _decoded(pk, bytes(payload or b""))


def _overlap(start_ns: int | None, end_ns: int | None) -> Q:
    where = Q()
    if start_ns is not None:
        where &= Q(end_ns__gte=start_ns)
    if end_ns is not None:
        where &= Q(start_ns__lte=end_ns)
    return where


def _parts(instrument: str, start_ns: int | None, end_ns: int | None, live: bool) -> tuple[list[Segment], list[Points]]:
    """The segments and the waiting batches of a stretch of time, each point in exactly one of them.

    The batches are read first; those that a compaction has moved meanwhile into a segment of the list are left out.
    """
    where = Q(instrument__slug=instrument) & _overlap(start_ns, end_ns)
    batches = FrameBatch.objects.filter(where, payload__isnull=False)
    if live:
        batches = batches.filter(historical=False)
    waiting = dict(batches.order_by("pk").values_list("pk", "payload"))
    segments = list(Segment.objects.filter(where, retired__isnull=True).order_by("start_ns"))
    keys, places = list(waiting), {segment.pk for segment in segments}
    for at in range(0, len(keys), 500):
        moved = FrameBatch.objects.filter(pk__in=keys[at : at + 500], segment__isnull=False)
        for pk, segment in moved.values_list("pk", "segment_id"):
            if segment in places:
                del waiting[pk]
    return segments, [payload_points(pk, payload) for pk, payload in waiting.items()]


def points_read(
    *, instrument: str, channels: Sequence[str] | None, start_ns: int | None, end_ns: int | None, live: bool = False
) -> dict[str, Series]:
    """All points of some channels (or all) with start_ns <= time <= end_ns; `live` leaves waiting replays out."""
    segments, waiting = _parts(instrument, start_ns, end_ns, live)
    wanted = None if channels is None else set(channels)
    parts: list[Points] = [
        segment_read(segment.path, channels=wanted, start_ns=start_ns, end_ns=end_ns)
        for segment in segments
        if wanted is None or wanted & set(segment.statistics)
    ]
    for points in waiting:
        chosen = {
            name: cut(series, start_ns, end_ns) for name, series in points.items() if wanted is None or name in wanted
        }
        parts.append({name: series for name, series in chosen.items() if len(series)})
    return merged(parts)


def stored_spans(*, instrument: str, start_ns: int, end_ns: int) -> list[tuple[int, int, int]]:
    """(start, end, points) of each segment and waiting batch that reaches into a stretch of time, for planning a long read."""
    where = Q(instrument__slug=instrument) & _overlap(start_ns, end_ns)
    segments = Segment.objects.filter(where, retired__isnull=True).values_list("start_ns", "end_ns", "points")
    waiting = FrameBatch.objects.filter(where, payload__isnull=False).values_list("start_ns", "end_ns", "points")
    return [(int(a or 0), int(b or 0), n) for a, b, n in [*segments, *waiting]]


def series_read(
    *, instrument: str, channels: Sequence[str], start_ns: int, end_ns: int, max_points: int = 2000
) -> dict[str, Series]:
    """The series of each named channel, thinned to about `max_points` by minimum and maximum; empty where nothing came."""
    points = points_read(instrument=instrument, channels=channels, start_ns=start_ns, end_ns=end_ns)
    return {name: thinned(points.get(name, EMPTY), max_points) for name in channels}


def _summary(instrument: str, start_ns: int | None, end_ns: int | None) -> dict[str, list[float]]:
    """[rows, minimum, maximum, start, end] by channel; segments that lie wholly inside are not opened."""
    segments, waiting = _parts(instrument, start_ns, end_ns, live=False)
    parts: list[dict[str, list[float]]] = []
    for segment in segments:
        inside = (start_ns is None or segment.start_ns >= start_ns) and (end_ns is None or segment.end_ns <= end_ns)
        parts.append(
            segment.statistics if inside else statistics(segment_read(segment.path, start_ns=start_ns, end_ns=end_ns))
        )
    for points in waiting:
        chosen = {name: cut(series, start_ns, end_ns) for name, series in points.items()}
        parts.append(statistics({name: series for name, series in chosen.items() if len(series)}))
    total: dict[str, list[float]] = {}
    for part in parts:
        for name, (rows, low, high, start, end) in part.items():
            known = total.get(name)
            total[name] = (
                [rows, low, high, start, end]
                if known is None
                else [
                    known[0] + rows,
                    min(known[1], low),
                    max(known[2], high),
                    min(known[3], start),
                    max(known[4], end),
                ]
            )
    return total


def channel_list(*, instrument: str, start_ns: int | None = None, end_ns: int | None = None) -> list[ChannelInfo]:
    """The channels with points in a stretch of time (with none given: all that were ever described), in order of name."""
    summary = _summary(instrument, start_ns, end_ns)
    rows = ChannelDescriptor.objects.filter(instrument__slug=instrument)
    newest: dict[str, ChannelDescriptor] = {}
    for row in rows.order_by("version"):
        known = newest.get(row.name)
        # what was first said of a channel holds for points from before it was said, such as a backlog's
        if known is None or known.version == 0 or end_ns is None or row.since_ns <= end_ns:
            newest[row.name] = row
    everything = start_ns is None and end_ns is None
    meant = channel_rules(instrument)
    found = []
    for name in sorted(newest):
        if name not in summary and not everything:
            continue
        line = summary.get(name, [0, None, None])
        row = newest[name]
        found.append(
            _meant(ChannelInfo(name, row.unit, row.quantity, row.kind, int(line[0] or 0), line[1], line[2]), meant)
        )
    return found


def _meant(channel: ChannelInfo, rules: Mapping[tuple[str, str | None], ChannelCorrection]) -> ChannelInfo:
    rule = rules.get((channel.name, channel.unit or None))
    if rule is not None:
        changed = {"unit": rule.unit, "quantity": rule.quantity, "confidence": 1.0}
        return replace(channel, **changed, corrected=True, stated=channel.unit)
    if channel.quantity:
        return replace(channel, confidence=1.0)
    quantity, confidence = quantity_of(channel.name, parse_unit(channel.unit or "", channel.name))
    return replace(channel, quantity=quantity, confidence=confidence)
