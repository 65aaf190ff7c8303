"""The pyramid of extremes that lets any zoom be drawn quickly: cells of time with their lowest and highest point. Pure.

Level k has cells of 4^k ns, aligned to 1970, each 4 cells of the level below. Cells hold no counts, so that adding the same
points twice changes nothing, whatever was merged, repeated or came late.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.telemetry.points import Series

FINEST, COARSEST = 10, 26  # 1 ms; 52 days, of which a thousand are more than a century
POINTS_A_CELL = 256  # in the finest cells of a stretch: finer ones would cost more than reading its points
TILE_CELLS = 1024
ROW = np.dtype([("cell", "<i8"), ("low_time", "<i8"), ("low", "<f8"), ("high_time", "<i8"), ("high", "<f8")])
Cells = NDArray[np.void]  # of ROW, in order of `cell`, each cell once


@dataclass(frozen=True)
class TileKey:
    """Which cells lie together: those of `level` from number * TILE_CELLS on."""

    level: int
    number: int


def width_ns(level: int) -> int:
    """How long a cell of this level is."""
    return int(4**level)


def finest_level(rows: int, start_ns: int, end_ns: int) -> int:
    """The level whose cells hold about POINTS_A_CELL of `rows` evenly spaced points."""
    spacing = max(1, (end_ns - start_ns) // max(rows - 1, 1))
    level = FINEST
    while level < COARSEST and width_ns(level) < POINTS_A_CELL * spacing:
        level += 1
    return level


def zoom_level(span_ns: int, buckets: int) -> int:
    """The coarsest level with at least `buckets` cells in a span; below FINEST where there is none."""
    level = COARSEST
    while level >= FINEST and width_ns(level) * buckets > span_ns:
        level -= 1
    return level


def cells_of(series: Series, level: int) -> Cells:
    """The cells of points in order of time; what is not a number is left out."""
    there = ~np.isnan(series.values)
    times, values = (series.times, series.values) if there.all() else (series.times[there], series.values[there])
    rows = np.empty(len(times), ROW)
    rows["cell"] = times // width_ns(level)
    rows["low_time"] = rows["high_time"] = times
    rows["low"] = rows["high"] = values
    return _reduced(rows)


def coarser(cells: Cells, factor: int = 4) -> Cells:
    """Cells `factor` times as long."""
    rows = cells.copy()
    rows["cell"] //= factor
    return _reduced(rows)


def cells_joined(parts: Sequence[Cells]) -> Cells:
    """Several sets of cells of one level as one."""
    if len(parts) == 1:
        return parts[0]
    rows = np.concatenate(parts) if parts else np.empty(0, ROW)
    return _reduced(rows[np.argsort(rows["cell"], kind="stable")])


def _reduced(rows: Cells) -> Cells:
    """Rows in order of `cell` as one row for each cell: the lowest and the highest, of equal ones the earliest."""
    if not len(rows):
        return rows
    starts = np.flatnonzero(np.concatenate([[True], rows["cell"][1:] != rows["cell"][:-1]]))
    if len(starts) == len(rows):
        return rows
    found = rows[starts]
    counts = np.diff(np.concatenate([starts, [len(rows)]]))
    for value, time, ufunc in (("low", "low_time", np.minimum), ("high", "high_time", np.maximum)):
        best = ufunc.reduceat(rows[value], starts)
        when = np.where(rows[value] == np.repeat(best, counts), rows[time], np.iinfo(np.int64).max)
        found[value], found[time] = best, np.minimum.reduceat(when, starts)
    return found


def cells_cut(cells: Cells, first: int, last: int) -> Cells:
    """The cells first <= cell <= last."""
    a, b = np.searchsorted(cells["cell"], [first, last + 1])
    return cells[a:b]


def cells_series(cells: Cells) -> Series:
    """The extremes as points in order of time, each once."""
    times = np.stack([cells["low_time"], cells["high_time"]], axis=1)
    values = np.stack([cells["low"], cells["high"]], axis=1)
    order = np.argsort(times, axis=1, kind="stable")
    times, values = np.take_along_axis(times, order, 1).ravel(), np.take_along_axis(values, order, 1).ravel()
    keep = np.ones(len(times), bool)
    keep[1::2] = (times[1::2] != times[::2]) | (values[1::2] != values[::2])
    return Series(times[keep], values[keep])


def tiles_of(cells: Cells, level: int) -> dict[TileKey, Cells]:
    """The cells of a level by the tile they belong to."""
    numbers = cells["cell"] // TILE_CELLS
    edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(cells)]
    return {TileKey(level, int(numbers[a])): cells[a:b] for a, b in itertools.pairwise(edges) if b > a}


def series_tiles(series: Series, finest: int) -> Iterable[tuple[TileKey, Cells]]:
    """All levels of the pyramid of a stretch of points, from `finest` up, tile by tile."""
    cells = cells_of(series, finest)
    for level in range(finest, COARSEST + 1):
        if level > finest:
            cells = coarser(cells)
        yield from tiles_of(cells, level).items()


def cells_pack(cells: Cells) -> bytes:
    """As the catalogue keeps them: column by column, zstd."""
    import pyarrow as pa

    columns = b"".join(np.ascontiguousarray(cells[name]).tobytes() for name in ROW.names or ())
    packed: bytes = pa.Codec("zstd", compression_level=1).compress(columns, asbytes=True)
    return packed


def cells_unpack(data: bytes, count: int) -> Cells:
    """The `count` cells that were packed."""
    import pyarrow as pa

    columns = pa.Codec("zstd").decompress(data, count * ROW.itemsize, asbytes=True)
    cells = np.empty(count, ROW)
    for at, name in enumerate(ROW.names or ()):
        cells[name] = np.frombuffer(columns, ROW[name], count, at * count * 8)
    return cells
