"""The pyramid in the catalogue: built from segments when they have settled, read for any zoom. Derived; may be dropped and rebuilt."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max, Min, Q, Sum

from ingest.gateway.models import Instrument
from ingest.telemetry.models import FrameBatch, Segment, Tile
from ingest.telemetry.points import EMPTY, Points, Series, cut
from ingest.telemetry.pyramid import (
    COARSEST,
    FINEST,
    TILE_CELLS,
    Cells,
    TileKey,
    cells_cut,
    cells_joined,
    cells_of,
    cells_pack,
    cells_series,
    cells_unpack,
    coarser,
    finest_level,
    series_tiles,
    width_ns,
    zoom_level,
)
from ingest.telemetry.reading import points_read, waiting_points
from ingest.telemetry.segments import segment_read

SETTLED = timedelta(hours=24)  # a small segment that nobody merged for so long
LARGE = 500_000
FEW_POINTS = 100_000  # of all channels: so many are read as quickly


def pyramid_advance(*, instrument: Instrument, now: datetime, most: int = 20) -> int:
    """Add the points of settled segments to the pyramid; how many segments. What is added twice changes nothing."""
    settled = Q(points__gte=LARGE) | Q(created__lt=now - SETTLED)
    todo = Segment.objects.filter(settled, instrument=instrument, level=None, retired=None).order_by("start_ns")[:most]
    done = 0
    for segment in todo:
        segment_add(segment)
        done += 1
    return done


def segment_add(segment: Segment) -> None:
    """Put a segment's points into the tiles of its instrument, and note from which level on they are there."""
    levels: dict[str, int] = {}
    with transaction.atomic():
        for channel, series in segment_read(segment.path).items():
            levels[channel] = finest_level(len(series), int(series.times[0]), int(series.times[-1]))
            _tiles_add(segment.instrument_id, channel, dict(series_tiles(series, levels[channel])))
        found = {"finest": min(levels.values(), default=FINEST), "level": max(levels.values(), default=FINEST)}
        Segment.objects.filter(pk=segment.pk).update(levels=levels, **found)


def _tiles_add(instrument_id: int, channel: str, new: dict[TileKey, Cells]) -> None:
    where = Q(pk__in=[])
    for level in {key.level for key in new}:
        numbers = [key.number for key in new if key.level == level]
        where |= Q(level=level, number__gte=min(numbers), number__lte=max(numbers))
    known = Tile.objects.select_for_update().filter(where, instrument_id=instrument_id, channel=channel)
    old = {TileKey(tile.level, tile.number): cells_unpack(bytes(tile.cells), tile.count) for tile in known}
    rows = []
    for key, cells in new.items():
        whole = cells_joined([old[key], cells]) if key in old else cells
        rows.append(
            Tile(
                instrument_id=instrument_id,
                channel=channel,
                level=key.level,
                number=key.number,
                count=len(whole),
                cells=cells_pack(whole),
            )
        )
    Tile.objects.bulk_create(
        rows, batch_size=100, update_conflicts=True, update_fields=["count", "cells"],
        unique_fields=["instrument", "channel", "level", "number"],
    )  # fmt: skip


def pyramid_drop(*, instrument: Instrument) -> None:
    """Forget the pyramid of an instrument; the next ticks build it again."""
    with transaction.atomic():
        Tile.objects.filter(instrument=instrument).delete()
        Segment.objects.filter(instrument=instrument).update(levels=None, finest=None, level=None)


@dataclass(frozen=True)
class Zoom:
    """A stretch of time, cut to where there are points, to be drawn in about `buckets` steps from one level of the pyramid."""

    instrument: str
    start_ns: int
    end_ns: int
    buckets: int
    level: int


def zoom_plan(*, instrument: str, start_ns: int, end_ns: int, max_points: int) -> Zoom | None:
    """How to draw a stretch of time from the pyramid; none where its points are few enough to be read, or not in it."""
    where = _where(instrument, start_ns, end_ns)
    stored = Segment.objects.filter(where).aggregate(
        points=Sum("points"), built=Min("finest"), start=Min("start_ns"), end=Max("end_ns")
    )
    if stored["built"] is None or stored["points"] <= max(FEW_POINTS, max_points):
        return None
    waiting = FrameBatch.objects.filter(
        instrument__slug=instrument, payload__isnull=False, start_ns__lte=end_ns, end_ns__gte=start_ns
    ).aggregate(start=Min("start_ns"), end=Max("end_ns"))
    start = max(start_ns, min(at for at in (stored["start"], waiting["start"]) if at is not None))
    end = min(end_ns, max(at for at in (stored["end"], waiting["end"]) if at is not None))
    buckets = max(max_points // 2, 2)
    level = zoom_level(end - start + 1, buckets)
    return None if level < stored["built"] else Zoom(instrument, start, end, buckets, level)


def series_zoomed(*, zoom: Zoom, channel: str) -> Series:
    """The lowest and the highest point of each of at most `buckets` equal stretches, aligned to their width.

    From the pyramid; points that are not in it yet, or not at this level, and those of cells cut by an end are read themselves.
    """
    instrument, level, start_ns, end_ns = zoom.instrument, zoom.level, zoom.start_ns, zoom.end_ns
    waiting = waiting_points(instrument=instrument, start_ns=start_ns, end_ns=end_ns)
    pieces: list[Points] = [
        segment_read(path, channels=[channel], start_ns=start_ns, end_ns=end_ns)
        for path, levels, known in Segment.objects.filter(_where(instrument, start_ns, end_ns))
        .filter(Q(level=None) | Q(level__gt=level))
        .values_list("path", "levels", "statistics")
        if channel in known and (levels or {}).get(channel, COARSEST + 1) > level
    ]
    pieces += [{channel: cut(points[channel], start_ns, end_ns)} for points in waiting if channel in points]
    pieces += _ends(instrument, channel, level, start_ns, end_ns)
    parts = [_tiles_read(instrument, channel, level, start_ns, end_ns)]
    parts += [cells_of(points[channel], level) for points in pieces if len(points.get(channel, EMPTY))]
    cells = cells_joined([part for part in parts if len(part)])
    factor = 1
    while end_ns // width_ns(level) // factor - start_ns // width_ns(level) // factor + 1 > zoom.buckets:
        factor += 1
    return cells_series(coarser(cells, factor) if factor > 1 else cells)


def _where(instrument: str, start_ns: int, end_ns: int) -> Q:
    return Q(instrument__slug=instrument, retired=None, start_ns__lte=end_ns, end_ns__gte=start_ns)


def _whole_cells(level: int, start_ns: int, end_ns: int) -> tuple[int, int]:
    """The first and the last cell that lie wholly inside."""
    width = width_ns(level)
    return -(-start_ns // width), (end_ns + 1) // width - 1


def _tiles_read(instrument: str, channel: str, level: int, start_ns: int, end_ns: int) -> Cells:
    first, last = _whole_cells(level, start_ns, end_ns)
    rows = Tile.objects.filter(
        instrument__slug=instrument, channel=channel, level=level,
        number__gte=first // TILE_CELLS, number__lte=last // TILE_CELLS,
    ).order_by("number")  # fmt: skip
    found = [cells_unpack(bytes(data), count) for data, count in rows.values_list("cells", "count")]
    return cells_cut(cells_joined(found), first, last)


def _ends(instrument: str, channel: str, level: int, start_ns: int, end_ns: int) -> Iterable[Points]:
    """The points in the cells that the stretch cuts."""
    width = width_ns(level)
    first, last = _whole_cells(level, start_ns, end_ns)
    if start_ns < first * width:
        yield points_read(
            instrument=instrument, channels=[channel], start_ns=start_ns, end_ns=min(end_ns, first * width - 1)
        )
    if end_ns >= (last + 1) * width and last >= first - 1:
        yield points_read(
            instrument=instrument, channels=[channel], start_ns=max(start_ns, (last + 1) * width), end_ns=end_ns
        )
