"""What is counted and computed over the records that a query means: aggregates, facets, histograms.

Plain questions are answered from arrays (`Matches`), all others in SQL (`Selection`).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from knowledge.errors import NotAnswered, QueryError
from knowledge.index.columns import Column, unit_in
from knowledge.query import properties
from knowledge.query.matches import Counted, Matches, shown
from knowledge.query.selection import Selection
from knowledge.query.types import Aggregate, Binned, Histogram

MOST_FACETS = 500
MOST_BINS = 1000
FUNCTIONS = {
    "count": "count({})",
    "count_distinct": "count(DISTINCT {})",
    "min": "min({})",
    "max": "max({})",
    "mean": "avg({})",
    "median": "median({})",
    "sum": "sum({})",
}
Grouped = dict[str, NDArray[np.float64]]
ON_ARRAYS: dict[str, Callable[[NDArray[np.float64]], Any]] = {
    "count": len, "count_distinct": lambda x: len(np.unique(x)), "min": np.min, "max": np.max, "mean": np.mean,
    "median": np.median, "sum": np.sum,
}  # fmt: skip


def aggregate(asked: Aggregate, chosen: Selection, found: Matches | None) -> tuple[float | None, dict[str, float]]:
    """The one figure, or one for each value of `by`."""
    if found is not None and asked.by is None:
        if asked.property is None and asked.function in ("count", "count_distinct"):
            return float(found.count), {}
        if asked.property is not None and properties.column_of(asked.property, chosen.topic).family == "number":
            numbers = found.numbers(properties.column_of(asked.property, chosen.topic).name)
            known = len(numbers) > 0 or asked.function.startswith("count")
            return (float(ON_ARRAYS[asked.function](numbers)) if known else None), {}
    return _aggregate_sql(asked, chosen)


def _aggregate_sql(asked: Aggregate, chosen: Selection) -> tuple[float | None, dict[str, float]]:
    figure = FUNCTIONS[asked.function].format(_measured(asked, chosen.topic))
    if asked.by is None:
        value = chosen.ask(figure)[0][0]
        return (None if value is None else float(value)), {}
    key, join = _grouping(properties.column_of(asked.by, chosen.topic))
    found = chosen.ask(f"{key} AS value, {figure} AS figure", "GROUP BY 1 ORDER BY 2 DESC NULLS LAST, 1", join=join)
    return None, {label(value): float(number) for value, number in found if value is not None and number is not None}


def measured_column(asked: Aggregate, topic: str | None) -> Column | None:
    """What a figure is of; none = the records. Raises QueryError where the function needs numbers and there are none."""
    if asked.property is None:
        if asked.function not in ("count", "count_distinct"):
            raise QueryError(f"'{asked.function}' needs a property to work on.")
        return None
    column = properties.column_of(asked.property, topic)
    if column.family != "number" and asked.function not in ("count", "count_distinct"):
        raise QueryError(f"'{asked.function}' needs numbers, and '{asked.property}' has none.", property=asked.property)
    return column


def _measured(asked: Aggregate, topic: str | None) -> str:
    column = measured_column(asked, topic)
    return f'"{column.name}"' if column else "record"


def _grouping(column: Column) -> tuple[str, str]:
    if column.family in ("list", "numbers"):
        return "part.value", f', (SELECT unnest(list_distinct("{column.name}")) AS value) AS part'
    return f'"{column.name}"', ""


def facet(name: str, chosen: Selection, found: Matches | None) -> dict[str, int]:
    """How many records have each value of a property; a record with a list counts once for each different item."""
    column = properties.column_of(name, chosen.topic)
    if found is not None and (column.family not in ("list", "numbers") or column.name == "elements"):
        counts = found.facet(column)
        if counts is not None:
            return counts
    key, join = _grouping(column)
    after = f"GROUP BY 1 HAVING value IS NOT NULL ORDER BY 2 DESC, 1 LIMIT {MOST_FACETS}"
    return {label(value): number for value, number in chosen.ask(f"{key} AS value, count(*) AS n", after, join=join)}


def label(value: object) -> str:
    """A value as facets and groups name it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def histogram(asked: Histogram, chosen: Selection, found: Matches | None) -> Binned:
    """Counts of the values between edges; values outside `low` and `high` are left out, the last bin holds its upper edge.

    With `log`, only positive values. No value: no edges. All values equal: one bin. Raises QueryError for what has no numbers.
    """
    column = drawn_column(asked, chosen.topic)
    return _drawn(asked, chosen.topic, _counted(column, asked, chosen, found))


def drawn_column(asked: Histogram, topic: str | None) -> Column:
    """The column of a histogram. Raises QueryError for what has no numbers, or too many bins."""
    column = properties.column_of(asked.property, topic)
    if column.family != "number":
        raise NotAnswered(_("'%(name)s' has no numbers to draw.") % {"name": asked.property}, property=asked.property)
    if not 1 <= asked.bins <= MOST_BINS:
        raise QueryError(f"bins must be a whole number from 1 to {MOST_BINS}.")
    return column


def binned(asked: Histogram, topic: str | None, groups: Grouped) -> Binned:
    """The histogram of values, by group where one is asked."""
    return _drawn(asked, topic, {name: [np.unique(values, return_counts=True)] for name, values in groups.items()})


def _drawn(asked: Histogram, topic: str | None, groups: dict[str, list[Counted]]) -> Binned:
    if asked.log:
        groups = {name: [(v[v > 0], n[v > 0]) for v, n in parts] for name, parts in groups.items()}
    edges = edges_of([values for parts in groups.values() for values, _counts in parts if len(values)], asked)
    counts = {name: _binned(parts, edges) for name, parts in groups.items()}
    total = tuple(map(sum, zip(*counts.values(), strict=True))) if counts and edges else (0,) * max(len(edges) - 1, 0)
    lines = {} if asked.by is None else {name: counts[name] for name in sorted(counts) if any(counts[name])}
    return Binned(asked.property, unit_in(topic, asked.property), tuple(edges), total, lines)


def _counted(column: Column, asked: Histogram, chosen: Selection, found: Matches | None) -> dict[str, list[Counted]]:
    if found is not None and asked.by is None:
        return {"": found.counted(column.name)}
    held = _by_arrays(column, asked, chosen, found) if found is not None else None
    held = _by_sql(column, asked, chosen) if held is None else held
    return {name: [np.unique(values, return_counts=True)] for name, values in held.items()}


def _by_sql(column: Column, asked: Histogram, chosen: Selection) -> Grouped:
    known = f'"{column.name}" IS NOT NULL'
    if asked.by is None:
        return {"": chosen.numbers(f'"{column.name}"', also=known)}
    key, join = _grouping(properties.column_of(asked.by, chosen.topic))
    found = chosen.ask(f'{key} AS value, list("{column.name}")', "GROUP BY 1", join=join, also=known)
    return {label(value): np.asarray(numbers) for value, numbers in found if value is not None}


def _by_arrays(column: Column, asked: Histogram, chosen: Selection, found: Matches) -> Grouped | None:
    by = properties.column_of(asked.by or "", chosen.topic)
    if by.family in ("list", "numbers"):
        return None
    groups = found.grouped(column.name, by.name)
    return None if groups is None else {shown(by, word): values for word, values in groups.items()}


def edges_of(parts: list[NDArray[np.float64]], asked: Histogram) -> list[float]:
    """The edges of the bins; none where there is nothing to count. `parts` are rising numbers, positive with `log`."""
    low = asked.low if asked.low is not None else min((float(values[0]) for values in parts), default=None)
    high = asked.high if asked.high is not None else max((float(values[-1]) for values in parts), default=None)
    if low is None or high is None:
        return []
    if asked.log and low <= 0:
        raise QueryError("A logarithmic scale begins above 0.")
    if low == high:
        return [low, high]
    if low > high or not math.isfinite(high - low):
        return []
    made = np.geomspace(low, high, asked.bins + 1) if asked.log else np.linspace(low, high, asked.bins + 1)
    return [low, *map(float, made[1:-1]), high]


def _binned(parts: list[Counted], edges: list[float]) -> tuple[int, ...]:
    """How many lie from each edge up to the next, the last bin with its upper edge."""
    total = np.zeros(max(len(edges) - 1, 0), dtype=np.int64)
    for values, counts in parts if edges else ():
        places = np.searchsorted(values, edges, side="left")
        places[-1] = np.searchsorted(values, edges[-1], side="right")
        before = np.concatenate([[0], np.cumsum(counts)])
        total += np.diff(before[places])
    return tuple(map(int, total))
