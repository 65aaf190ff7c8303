"""What an export holds: who, when, which columns; and stretches of points laid out as rows. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.telemetry.points import Points, Series, cut


@dataclass(frozen=True)
class Column:
    """A channel as long as its unit stayed the same; after a change of unit it goes on in a column of its own.

    `start_ns`, `end_ns`: the stretch of time in which this unit holds, both ends included.
    """

    channel: str
    unit: str | None
    quantity: str | None
    start_ns: int
    end_ns: int

    @property
    def label(self) -> str:
        """The channel with its unit in brackets."""
        return f"{self.channel} [{self.unit}]" if self.unit else self.channel


@dataclass(frozen=True)
class Header:
    """What is exported. `start_ns` and `end_ns` (included): ns since 1970 UTC; `about`: texts by their NeXus-like name."""

    title: str
    instrument: str
    start_ns: int
    end_ns: int
    columns: tuple[Column, ...]
    about: Mapping[str, str] = field(default_factory=dict)
    steps: Sequence[Mapping[str, Any]] = ()  # Any: set points as the instrument gave them

    @property
    def names(self) -> list[str]:
        """The channels, each once."""
        return list(dict.fromkeys(column.channel for column in self.columns))


def column_points(header: Header, points: Points) -> list[Series]:
    """The points of each column, in the order of the header."""
    empty = Series(np.empty(0, np.int64), np.empty(0, np.float64))
    return [cut(points.get(column.channel, empty), column.start_ns, column.end_ns) for column in header.columns]


def _nth(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many earlier points of the channel have the same time; mostly none."""
    first = np.searchsorted(times, times, "left")
    return np.arange(len(times)) - first


def rows(columns: Sequence[Series]) -> tuple[NDArray[np.int64], list[NDArray[np.float64]], list[NDArray[np.bool_]]]:
    """Points as rows: times (n,), and for each column values (n,) and where there is one (n,). No point is lost.

    A row holds what was measured at one time; a channel with several values of one time takes as many rows.
    """
    keys = [np.stack([series.times, _nth(series.times)], axis=1) for series in columns if len(series)]
    if not keys:
        return np.empty(0, np.int64), [np.empty(0) for _ in columns], [np.empty(0, bool) for _ in columns]
    if all(not key[:, 1].any() for key in keys):
        times = np.unique(np.concatenate([key[:, 0] for key in keys]))
        places = [np.searchsorted(times, series.times) for series in columns]
    else:
        every = np.unique(np.concatenate(keys), axis=0)
        times = every[:, 0]
        places = [np.searchsorted(times, series.times, "left") + _nth(series.times) for series in columns]
    values = [np.full(len(times), np.nan) for _ in columns]
    there = [np.zeros(len(times), bool) for _ in columns]
    for at, (series, place) in enumerate(zip(columns, places, strict=True)):
        values[at][place], there[at][place] = series.values, True
    return times, values, there


def time_edges(spans: Sequence[tuple[int, int, int]], start_ns: int, end_ns: int, most: int) -> list[int]:
    """Edges of stretches that hold about `most` points each: the first is start_ns, the last end_ns + 1.

    spans: (start, end, points) of what is stored, each taken as evenly filled.
    """
    whole = end_ns + 1
    marks = np.unique(np.array([start_ns, whole, *(t for a, b, _ in spans for t in (a, b + 1))], np.float64))
    marks = marks[(marks >= start_ns) & (marks <= whole)]
    if len(marks) < 2:
        return [start_ns, whole]
    middles, counts = (marks[1:] + marks[:-1]) / 2, np.zeros(len(marks) - 1)
    for a, b, points in spans:
        inside = (middles >= a) & (middles < b + 1)
        counts[inside] += points * np.diff(marks)[inside] / (b + 1 - a)
    total = np.concatenate([[0.0], np.cumsum(counts)])
    pieces = max(1, int(np.ceil(total[-1] / most)))
    inner = np.interp(np.linspace(0, total[-1], pieces + 1)[1:-1], total, marks).astype(np.int64).tolist()
    return sorted({start_ns, whole, *(int(t) for t in inner if start_ns < t < whole)})
