"""What is counted and computed over the records of a selection: aggregates, facets, histograms."""

import math

import numpy as np
from django.utils.translation import gettext as _
from numpy.typing import NDArray

from knowledge.errors import NotAnswered, QueryError
from knowledge.index.columns import Column, unit_in
from knowledge.query import properties
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


def aggregate(asked: Aggregate, chosen: Selection) -> tuple[float | None, dict[str, float]]:
    """The one figure, or one for each value of `by`."""
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


def facet(name: str, chosen: Selection) -> dict[str, int]:
    """How many records have each value of a property; a record with a list counts once for each different item."""
    key, join = _grouping(properties.column_of(name, chosen.topic))
    after = f"GROUP BY 1 HAVING value IS NOT NULL ORDER BY 2 DESC, 1 LIMIT {MOST_FACETS}"
    return {label(value): number for value, number in chosen.ask(f"{key} AS value, count(*) AS n", after, join=join)}


def label(value: object) -> str:
    """A value as facets and groups name it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def histogram(asked: Histogram, chosen: Selection) -> Binned:
    """Counts of the values between edges; values outside `low` and `high` are left out, the last bin holds its upper edge.

    With `log`, only positive values. No value: no edges. All values equal: one bin. Raises QueryError for what has no numbers.
    """
    return binned(asked, chosen.topic, _values(drawn_column(asked, chosen.topic), asked, chosen))


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
    everything = np.concatenate(list(groups.values())) if groups else np.empty(0)
    edges = edges_of(everything, asked)
    counts = {name: _counted(values, edges) for name, values in groups.items()}
    total = tuple(map(sum, zip(*counts.values(), strict=True))) if counts and edges else (0,) * max(len(edges) - 1, 0)
    lines = {} if asked.by is None else {name: counts[name] for name in sorted(counts) if any(counts[name])}
    return Binned(asked.property, unit_in(topic, asked.property), tuple(edges), total, lines)


def _values(column: Column, asked: Histogram, chosen: Selection) -> Grouped:
    known = f'"{column.name}" IS NOT NULL' + (f' AND "{column.name}" > 0' if asked.log else "")
    if asked.by is None:
        return {"": chosen.numbers(f'"{column.name}"', also=known)}
    key, join = _grouping(properties.column_of(asked.by, chosen.topic))
    found = chosen.ask(f'{key} AS value, list("{column.name}")', "GROUP BY 1", join=join, also=known)
    return {label(value): np.asarray(numbers) for value, numbers in found if value is not None}


def edges_of(values: NDArray[np.float64], asked: Histogram) -> list[float]:
    """The edges of the bins; none where there is nothing to count. `values` positive with `log`."""
    low = asked.low if asked.low is not None else (float(values.min()) if len(values) else None)
    high = asked.high if asked.high is not None else (float(values.max()) if len(values) else None)
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


def _counted(values: NDArray[np.float64], edges: list[float]) -> tuple[int, ...]:
    if len(edges) == 2:
        return (int(((values >= edges[0]) & (values <= edges[1])).sum()),)
    return tuple(map(int, np.histogram(values, np.asarray(edges))[0])) if edges else ()
