"""Points of channels as arrays: from a batch, joined, cut, thinned for a plot. Pure."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingest.contract import Batch


@dataclass(frozen=True)
class Series:
    """Points of one channel in order of time. `times` int64, ns since 1970 UTC; `values` float64; the same shape (n,)."""

    times: NDArray[np.int64]
    values: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True)
class Sheet:
    """Channels that share their times, as one block of a batch brings them.

    `times` int64, ns since 1970 UTC, ascending, shape (n,); `values` float64, shape (len(names), n); NaN = no value.
    """

    names: tuple[str, ...]
    times: NDArray[np.int64]
    values: NDArray[np.float64]


Points = Mapping[str, Series]
EMPTY = Series(np.empty(0, np.int64), np.empty(0, np.float64))


def batch_points(batch: Batch) -> dict[str, Series]:
    """The points of a batch by channel; NaN means "no value in that row" and is left out."""
    parts: dict[str, list[Series]] = {}
    for block in batch.blocks:
        times = np.frombuffer(block.times, np.int64)
        for name, column in block.channels.items():
            values = np.frombuffer(column, np.float64)
            there = ~np.isnan(values)
            series = Series(times, values) if there.all() else Series(times[there], values[there])
            if len(series):
                parts.setdefault(name, []).append(series)
    return {name: joined(series) for name, series in parts.items()}


def batch_sheet(batch: Batch) -> Sheet | None:
    """The batch as one sheet, where it is one block with times in order; none where its points must be sorted first."""
    blocks = [block for block in batch.blocks if len(block.times) and block.channels]
    if len(blocks) != 1:
        return None
    times = np.frombuffer(blocks[0].times, np.int64)
    if bool((times[1:] < times[:-1]).any()):
        return None
    values = np.stack([np.frombuffer(column, np.float64) for column in blocks[0].channels.values()])
    return Sheet(tuple(blocks[0].channels), times, values)


def sheet_points(sheet: Sheet) -> dict[str, Series]:
    """The points of a sheet by channel; channels without a value are left out."""
    found = {}
    for name, row in zip(sheet.names, sheet.values, strict=True):
        there = ~np.isnan(row)
        series = Series(sheet.times, row) if there.all() else Series(sheet.times[there], row[there])
        if len(series):
            found[name] = series
    return found


def sheet_statistics(sheet: Sheet) -> dict[str, list[float]]:
    """As `statistics` gives them, for all channels at once where every value is finite."""
    low, high = sheet.values.min(axis=1), sheet.values.max(axis=1)
    if not (np.isfinite(low).all() and np.isfinite(high).all()):
        return statistics(sheet_points(sheet))
    rows, start, end = len(sheet.times), int(sheet.times[0]), int(sheet.times[-1])
    extremes = zip(sheet.names, low.tolist(), high.tolist(), strict=True)
    return {name: [rows, least, most, start, end] for name, least, most in extremes}


def joined(parts: Sequence[Series]) -> Series:
    """All parts as one series in order of time."""
    if len(parts) == 1 and bool((np.diff(parts[0].times) >= 0).all()):
        return parts[0]
    if not parts:
        return EMPTY
    times = np.concatenate([part.times for part in parts])
    values = np.concatenate([part.values for part in parts])
    if bool((np.diff(times) >= 0).all()):
        return Series(times, values)
    order = np.argsort(times, kind="stable")
    return Series(times[order], values[order])


def merged(many: Iterable[Points]) -> dict[str, Series]:
    """Several sets of points as one."""
    parts: dict[str, list[Series]] = {}
    for points in many:
        for name, series in points.items():
            parts.setdefault(name, []).append(series)
    return {name: joined(series) for name, series in parts.items()}


def cut(series: Series, start_ns: int | None, end_ns: int | None) -> Series:
    """The points with start_ns <= time <= end_ns."""
    first = 0 if start_ns is None else int(np.searchsorted(series.times, start_ns, "left"))
    last = len(series) if end_ns is None else int(np.searchsorted(series.times, end_ns, "right"))
    return series if (first, last) == (0, len(series)) else Series(series.times[first:last], series.values[first:last])


def statistics(points: Points) -> dict[str, list[float]]:
    """What the catalogue keeps of each channel: [rows, minimum, maximum, start_ns, end_ns]; extremes of finite values."""
    summary: dict[str, list[float]] = {}
    for name, series in points.items():
        finite = series.values[np.isfinite(series.values)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
        summary[name] = [len(series), low, high, int(series.times[0]), int(series.times[-1])]
    return summary


def thinned(series: Series, max_points: int) -> Series:
    """At most about `max_points` points that keep every peak: minimum and maximum of each of equal stretches of rows."""
    rows = len(series)
    if rows <= max(max_points, 4):
        return series
    bins = max(max_points // 2 - 1, 1)
    edges = np.linspace(0, rows, bins + 1).astype(np.int64)
    low = np.array([a + int(np.argmin(series.values[a:b])) for a, b in itertools.pairwise(edges)])
    high = np.array([a + int(np.argmax(series.values[a:b])) for a, b in itertools.pairwise(edges)])
    keep = np.unique(np.concatenate([low, high, [0, rows - 1]]))
    return Series(series.times[keep], series.values[keep])
