"""The Query asked of Neo4j: the same Evidence as the index gives, with the reader's rights inside each statement."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from eln.accounts.scope import Scope
from knowledge.errors import NotAnswered, QueryError
from knowledge.index.columns import Column
from knowledge.neo4j.connection import read
from knowledge.neo4j.cypher import Compiler, Parameters
from knowledge.query import figures, properties
from knowledge.query.executor import MOST, ROW, row_of
from knowledge.query.paging import Order, order_of
from knowledge.query.types import Aggregate, Binned, Evidence, Histogram, Query, Row
from knowledge.records.models import Kind

NAMES = tuple(name.strip() for name in ROW.split(","))
FUNCTIONS = {
    "count": "count({})", "count_distinct": "count(DISTINCT {})", "min": "min({})", "max": "max({})", "mean": "avg({})",
    "median": "percentileCont({}, 0.5)", "sum": "CASE WHEN count({0}) = 0 THEN null ELSE sum({0}) END",
}  # fmt: skip


@dataclass(frozen=True)
class Selection:
    """The records one query means, as the beginning of a statement that ends with them in `r`."""

    topic: str | None
    match: str
    order: Order
    parameters: Parameters

    def ask(self, rest: str) -> list[dict[str, Any]]:
        """Rows of the selection followed by `rest`; none of the text comes from the person who asks."""
        return read(f"{self.match} {rest}", self.parameters.values)


def run(query: Query, *, scope: Scope) -> Evidence:
    """What the records say to this query, as far as the scope may read.

    Raises QueryError as the index does, and GraphAway where Neo4j does not answer.
    """
    began = time.perf_counter()
    chosen = _selection(query, scope)
    count = int(chosen.ask("RETURN count(r) AS n")[0]["n"])
    figure, groups = _aggregate(query.aggregate, chosen) if query.aggregate else (None, {})
    facets = {name: _facet(name, chosen) for name in query.facets}
    drawn = tuple(_histogram(asked, chosen) for asked in query.histograms)
    rows, mark = _page(query, chosen) if query.limit > 0 else ((), None)
    elapsed = (time.perf_counter() - began) * 1000
    return Evidence(query, count, rows, figure, groups, facets, elapsed, drawn, mark)


def _selection(query: Query, scope: Scope) -> Selection:
    properties.topic_checked(query.topic)
    parameters = Parameters()
    rights, kinds = _rights(scope, parameters), _kinds(query, parameters)

    def base(node: str) -> str:
        return f"{rights.format(node=node)} AND {kinds.format(node=node)}"

    tests = [base("r")]
    if query.topic is not None:
        tests.append(f"r.topic = {parameters.put(query.topic)}")
    if query.where is not None:
        tests.append(Compiler(query.topic, parameters, base).condition(query.where))
    order = order_of(query)
    match = f"MATCH (r:Record) WHERE {' AND '.join(tests)}"
    return Selection(query.topic, match + _reduced(query, order), order, parameters)


def _rights(scope: Scope, parameters: Parameters) -> str:
    if scope.everything:
        return "true"
    return f"({{node}}.project_id IS NULL OR {{node}}.project_id IN {parameters.put(sorted(scope.readable))})"


def _kinds(query: Query, parameters: Parameters) -> str:
    if kinds := properties.kinds_checked(query.kinds):
        return f"{{node}}.kind IN {parameters.put(list(kinds))}"
    return f"{{node}}.kind <> {parameters.put(Kind.PREDICTION.value)}"


def _order(order: Order) -> str:
    """After ORDER BY: absent values last, either way."""
    keys = (f"r.{key.column} IS NULL, r.{key.column} {'DESC' if key.descending else 'ASC'}" for key in order.keys)
    return ", ".join(keys)


def _reduced(query: Query, order: Order) -> str:
    """What keeps one record for each material, and the best of each value."""
    text = ""
    if query.entities == "materials":
        text += _best("formula", order, 1)
    if query.top is not None:
        name, most = query.top
        column = properties.column_of(name, query.topic)
        if column.family in ("list", "numbers"):
            raise NotAnswered(f"There is no best of each '{name}', which is a list.", property=name)
        if most < 1:
            raise QueryError("top needs a number from 1.")
        text += _best(column.name, order, most)
    return text


def _best(column: str, order: Order, most: int) -> str:
    return (
        f" WITH r WHERE r.{column} IS NOT NULL WITH r ORDER BY {_order(order)} "
        f"WITH r.{column} AS shared, collect(r)[0..{int(most)}] AS best UNWIND best AS r WITH r"
    )


def _page(query: Query, chosen: Selection) -> tuple[tuple[Row, ...], str | None]:
    put, order = chosen.parameters.put, chosen.order
    behind = f"WITH r WHERE {_behind(order, query.after, chosen.parameters)} " if query.after else ""
    limit, offset = min(query.limit, MOST), min(max(query.offset, 0), MOST)
    wanted = ", ".join(f"r.{name} AS {name}" for name in dict.fromkeys((*NAMES, *(key.column for key in order.keys))))
    found = chosen.ask(
        f"{behind}WITH r ORDER BY {_order(order)} SKIP {put(offset)} LIMIT {put(limit + 1)} RETURN {wanted}"
    )
    page = found[:limit]
    mark = order.cursor(tuple(page[-1][key.column] for key in order.keys)) if len(found) > limit else None
    return tuple(row_of(tuple(item[name] for name in NAMES), query.select) for item in page), mark


def _behind(order: Order, cursor: str, parameters: Parameters) -> str:
    tests, equal = [], ""
    for key, value in zip(order.keys, order.read(cursor), strict=True):
        name = f"r.{key.column}"
        if value is None:  # nothing but other absent values comes behind an absent one
            equal += f"{name} IS NULL AND "
            continue
        place = parameters.put(value)
        tests.append(f"({equal}({name} {'<' if key.descending else '>'} {place} OR {name} IS NULL))")
        equal += f"{name} = {place} AND "
    return f"coalesce({' OR '.join(tests)}, false)"


def _aggregate(asked: Aggregate, chosen: Selection) -> tuple[float | None, dict[str, float]]:
    figure = FUNCTIONS[asked.function].format(_measured(asked, chosen.topic))
    if asked.by is None:
        value = chosen.ask(f"RETURN {figure} AS figure")[0]["figure"]
        return (None if value is None else float(value)), {}
    key = _grouping(properties.column_of(asked.by, chosen.topic))
    found = chosen.ask(f"{key} WITH value, {figure} AS figure RETURN value, figure ORDER BY figure DESC, value")
    return None, {figures.label(row["value"]): float(row["figure"]) for row in found if None not in row.values()}


def _measured(asked: Aggregate, topic: str | None) -> str:
    column = figures.measured_column(asked, topic)
    return f"r.{column.name}" if column else "r.record"


def _grouping(column: Column) -> str:
    """What makes one row of each record and value, with the value in `value`."""
    if column.family in ("list", "numbers"):
        return f"UNWIND r.{column.name} AS value WITH DISTINCT r, value"
    return f"WITH r, r.{column.name} AS value"


def _facet(name: str, chosen: Selection) -> dict[str, int]:
    key = _grouping(properties.column_of(name, chosen.topic))
    rest = f"{key} WHERE value IS NOT NULL WITH value, count(r) AS n RETURN value, n ORDER BY n DESC, value"
    return {figures.label(row["value"]): row["n"] for row in chosen.ask(f"{rest} LIMIT {figures.MOST_FACETS}")}


def _histogram(asked: Histogram, chosen: Selection) -> Binned:
    column = figures.drawn_column(asked, chosen.topic)
    positive = f" AND r.{column.name} > 0" if asked.log else ""
    key = "WITH r, '' AS value" if asked.by is None else _grouping(properties.column_of(asked.by, chosen.topic))
    rest = f"{key} WHERE r.{column.name} IS NOT NULL{positive} AND value IS NOT NULL"
    found = chosen.ask(f"{rest} RETURN value, collect(r.{column.name}) AS numbers")
    return figures.binned(asked, chosen.topic, _lines(found))


def _lines(found: list[dict[str, Any]]) -> figures.Grouped:
    return {figures.label(row["value"]): np.asarray(row["numbers"], dtype=float) for row in found}
