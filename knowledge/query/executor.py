"""The one executor: a Query and the reader's Scope become SQL on the index, and Evidence comes back."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eln.accounts.scope import Scope
from knowledge.errors import QueryError
from knowledge.index.columns import Column
from knowledge.index.reader import reader
from knowledge.index.services import index_ensure
from knowledge.query import properties
from knowledge.query.sql import Compiler
from knowledge.query.types import Aggregate, Evidence, Query, Row, Sort, Stated
from knowledge.records.models import Kind

if TYPE_CHECKING:
    import duckdb

MOST = 10**12  # rows no store holds; larger numbers do not fit the index
MOST_FACETS = 500
ROW = (
    "record, version, topic, dataset, kind, formula, formula_source, external_id, spacegroup_number, elements, "
    "file_name, locator, project_id, stated"
)
FUNCTIONS = {
    "count": "count({})",
    "count_distinct": "count(DISTINCT {})",
    "min": "min({})",
    "max": "max({})",
    "mean": "avg({})",
}
Answers = list[tuple[Any, ...]]  # what the database gives


@dataclass(frozen=True)
class _Selection:
    """FROM and WHERE of one question, with the parameters of its question marks."""

    cursor: "duckdb.DuckDBPyConnection"
    topic: str | None
    where: str
    parameters: list[object]

    def ask(self, what: str, after: str = "", source: str = "entries", *more: object) -> Answers:
        """Rows of SELECT `what` over the selection; none of the text comes from the person who asks."""
        text = f"SELECT {what} FROM {source} WHERE {self.where} {after}"  # noqa: S608 - names from schemas, values are parameters
        return self.cursor.execute(text, [*self.parameters, *more]).fetchall()


def run(query: Query, *, scope: Scope) -> Evidence:
    """What the records say to this query, as far as the scope may read: exact count, one page of rows, figures, facets.

    Raises QueryError for an unknown property or topic, a value of the wrong type or a unit that does not fit.
    """
    began = time.perf_counter()
    index_ensure()
    chosen = _selection(query, scope)
    count = int(chosen.ask("count(*)")[0][0])
    rows = _page(query, chosen) if query.limit > 0 else ()
    figure, groups = _aggregate(query.aggregate, chosen) if query.aggregate else (None, {})
    facets = {name: _facet(name, chosen) for name in query.facets}
    elapsed = (time.perf_counter() - began) * 1000
    return Evidence(query, count, rows, figure, groups, facets, elapsed)


def _selection(query: Query, scope: Scope) -> _Selection:
    properties.topic_checked(query.topic)
    compiler = Compiler(query.topic)
    tests = [_rights(scope, compiler.parameters)]
    if query.topic is not None:
        compiler.parameters.append(query.topic)
        tests.append("topic = ?")
    if kinds := properties.kinds_checked(query.kinds):
        compiler.parameters.append(list(kinds))
        tests.append("list_contains(?::VARCHAR[], kind)")
    else:
        compiler.parameters.append(Kind.PREDICTION.value)
        tests.append("kind <> ?")
    if query.where is not None:
        tests.append(compiler.condition(query.where))
    return _Selection(reader().cursor(), query.topic, " AND ".join(tests), compiler.parameters)


def _rights(scope: Scope, parameters: list[object]) -> str:
    if scope.everything:
        return "true"
    parameters.append(sorted(scope.readable))
    return "(project_id IS NULL OR list_contains(?::BIGINT[], project_id))"


def _order(sort: tuple[Sort, ...], topic: str | None) -> str:
    keys = []
    for item in sort:
        column = properties.column_of(item.property, topic)
        if column.family == "list":
            raise QueryError(f"Records cannot be sorted by the list '{item.property}'.", property=item.property)
        keys.append(f'"{column.name}" {"DESC" if item.descending else "ASC"} NULLS LAST')
    return ", ".join([*keys, *([] if keys else ["formula NULLS LAST"]), "record"])


def _page(query: Query, chosen: _Selection) -> tuple[Row, ...]:
    after = f"ORDER BY {_order(query.sort, query.topic)} LIMIT ? OFFSET ?"
    found = chosen.ask(ROW, after, "entries", min(query.limit, MOST), min(max(query.offset, 0), MOST))
    return tuple(_row(item, query.select) for item in found)


def _row(item: tuple[Any, ...], select: tuple[str, ...]) -> Row:
    *head, stated = item
    (record, version, topic, dataset, kind, formula, source, external, spacegroup, elements, file_name, locator) = head[
        :12
    ]
    values = tuple(
        stated_of(value) for value in json.loads(stated or "[]") if not select or value["property"] in select
    )
    return Row(
        record, version, topic, dataset, kind, formula or "", source or "", external or "", spacegroup,
        tuple(elements or ()), file_name or "", locator or "", values, head[12],
    )  # fmt: skip


def stated_of(item: Mapping[str, Any]) -> Stated:
    """One stated value from its JSON form in a record."""
    value = item.get("value")
    return Stated(
        property=item["property"],
        value=tuple(value) if isinstance(value, list) else value,
        unit=item.get("unit"),
        uncertainty=item.get("uncertainty"),
        conditions=item.get("conditions") or {},
        method=item.get("method"),
        column=item.get("column"),
        raw=item.get("raw"),
        bound=item.get("bound"),
        low=item.get("low"),
        high=item.get("high"),
    )


def _aggregate(asked: Aggregate, chosen: _Selection) -> tuple[float | None, dict[str, float]]:
    figure = FUNCTIONS[asked.function].format(_measured(asked, chosen))
    if asked.by is None:
        value = chosen.ask(figure)[0][0]
        return (None if value is None else float(value)), {}
    key, source = _grouping(properties.column_of(asked.by, chosen.topic))
    found = chosen.ask(f"{key} AS value, {figure} AS figure", "GROUP BY 1 ORDER BY 2 DESC NULLS LAST, 1", source)
    return None, {_label(value): float(number) for value, number in found if value is not None and number is not None}


def _measured(asked: Aggregate, chosen: _Selection) -> str:
    if asked.property is None:
        if asked.function not in ("count", "count_distinct"):
            raise QueryError(f"'{asked.function}' needs a property to work on.")
        return "record"
    column = properties.column_of(asked.property, chosen.topic)
    if column.family != "number" and asked.function not in ("count", "count_distinct"):
        raise QueryError(f"'{asked.function}' needs numbers, and '{asked.property}' has none.", property=asked.property)
    return f'"{column.name}"'


def _grouping(column: Column) -> tuple[str, str]:
    if column.family == "list":
        return "part.value", f'entries, (SELECT unnest("{column.name}") AS value) AS part'
    return f'"{column.name}"', "entries"


def _facet(name: str, chosen: _Selection) -> dict[str, int]:
    key, source = _grouping(properties.column_of(name, chosen.topic))
    after = f"GROUP BY 1 HAVING value IS NOT NULL ORDER BY 2 DESC, 1 LIMIT {MOST_FACETS}"
    return {_label(value): number for value, number in chosen.ask(f"{key} AS value, count(*) AS n", after, source)}


def _label(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
