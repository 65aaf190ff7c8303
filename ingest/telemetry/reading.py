"""Points as they are stored: from the segments in the catalogue and the small batches not yet moved there."""

from collections.abc import Sequence
from functools import lru_cache

from django.db.models import Q

from ingest.telemetry.codecs import batch_read
from ingest.telemetry.models import FrameBatch, Segment
from ingest.telemetry.points import Points, Series, batch_points, cut, merged
from ingest.telemetry.segments import segment_read


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


def parts_read(
    instrument: str, start_ns: int | None, end_ns: int | None, live: bool
) -> tuple[list[Segment], list[Points]]:
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


def waiting_points(*, instrument: str, start_ns: int, end_ns: int) -> list[Points]:
    """The small batches of a stretch of time that wait for compaction."""
    where = Q(instrument__slug=instrument, payload__isnull=False) & _overlap(start_ns, end_ns)
    rows = FrameBatch.objects.filter(where).order_by("pk").values_list("pk", "payload")
    return [payload_points(pk, payload) for pk, payload in rows]


def points_read(
    *, instrument: str, channels: Sequence[str] | None, start_ns: int | None, end_ns: int | None, live: bool = False
) -> dict[str, Series]:
    """All points of some channels (or all) with start_ns <= time <= end_ns; `live` leaves waiting replays out."""
    segments, waiting = parts_read(instrument, start_ns, end_ns, live)
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
