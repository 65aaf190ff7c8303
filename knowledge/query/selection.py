"""Which records a query means, as FROM and WHERE with the reader's rights inside: what every figure is then asked of."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eln.accounts.scope import Scope
from knowledge.errors import NotAnswered, QueryError
from knowledge.index.reader import Snapshot, reader
from knowledge.query import properties
from knowledge.query.paging import Order, order_of
from knowledge.query.sql import Compiler, Parameters, filter_checked
from knowledge.query.types import Query
from knowledge.records.models import Kind

if TYPE_CHECKING:
    import duckdb

Answers = list[tuple[Any, ...]]  # what the database gives


@dataclass(frozen=True)
class Selection:
    """The records that one query means. `source` stands after FROM, `where` after WHERE."""

    cursor: "duckdb.DuckDBPyConnection"
    topic: str | None
    source: str
    where: str
    order: Order
    parameters: Parameters

    def ask(self, what: str, after: str = "", *, join: str = "", also: str = "") -> Answers:
        """Rows of SELECT `what` over the selection; none of the text comes from the person who asks."""
        return self._asked(what, after, join, also).fetchall()

    def numbers(self, what: str, *, also: str) -> NDArray[np.float64]:
        """The values of one column of numbers, in any order; `also` leaves absent ones out."""
        found = self._asked(f"{what} AS number", "", "", also).fetchnumpy()["number"]
        return np.asarray(found, dtype=np.float64)

    def _asked(self, what: str, after: str, join: str, also: str) -> "duckdb.DuckDBPyConnection":
        where = f"{self.where} AND {also}" if also else self.where
        text = f"SELECT {what} FROM {self.source}{join} WHERE {where} {after}"  # noqa: S608 - names from schemas only
        return self.cursor.execute(text, self.parameters.given(text))


def selection_of(query: Query, *, scope: Scope, snapshot: Snapshot | None = None) -> Selection:
    """The records that the query means and the scope may read, in the present state of the index if none is given.

    Raises QueryError for an unknown property or topic, a value of the wrong type or a unit that does not fit.
    """
    snapshot = snapshot or reader().snapshot()
    properties.topic_checked(query.topic)
    parameters = Parameters()
    base = " AND ".join((_rights(scope, parameters), _kinds(query, parameters)))
    tests = [base]
    if query.topic is not None:
        tests.append(f"topic = {parameters.put(query.topic)}")
    if query.where is not None:
        filter_checked(query.where)
        tests.append(Compiler(query.topic, parameters, base, snapshot.filled).condition(query.where))
    order = order_of(query)
    origin, where = _reduced(query, order, " AND ".join(tests))
    return Selection(snapshot.cursor(), query.topic, origin, where, order, parameters)


def _rights(scope: Scope, parameters: Parameters) -> str:
    if scope.everything:
        return "true"
    readable = parameters.put(sorted(scope.readable))
    return f"(project_id IS NULL OR list_contains({readable}::BIGINT[], project_id))"


def _kinds(query: Query, parameters: Parameters) -> str:
    kinds = properties.kinds_checked(query.kinds)
    if kinds:
        return f"list_contains({parameters.put(list(kinds))}::VARCHAR[], kind)"
    return f"kind <> {parameters.put(Kind.PREDICTION.value)}"


def _reduced(query: Query, order: Order, where: str) -> tuple[str, str]:
    """FROM and WHERE after one record for each material, and the best of each value, have been kept."""
    source = "entries"
    if query.entities == "materials":
        source, where = _best(source, f"{where} AND formula IS NOT NULL", "formula", order, 1), "true"
    if query.top is not None:
        name, most = query.top
        column = properties.column_of(name, query.topic)
        if column.family in ("list", "numbers"):
            raise NotAnswered(f"There is no best of each '{name}', which is a list.", property=name)
        if most < 1:
            raise QueryError("top needs a number from 1.")
        key = f'"{column.name}"'
        source, where = _best(source, f"{where} AND {key} IS NOT NULL", key, order, most), "true"
    return source, where


def _best(source: str, where: str, key: str, order: Order, most: int) -> str:
    rank = f"row_number() OVER (PARTITION BY {key} ORDER BY {order.sql()}) <= {int(most)}"
    return f"(SELECT * FROM {source} WHERE {where} QUALIFY {rank}) AS best"  # noqa: S608 - names from schemas
