"""The one executor: a Query and the reader's Scope become SQL on the index, and Evidence comes back."""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from eln.accounts.scope import Scope
from knowledge.index.bases import DOCUMENT
from knowledge.index.reader import Snapshot, reader
from knowledge.index.services import index_ensure
from knowledge.query import figures
from knowledge.query.matches import Keys, Matches, Place, fetched, matches
from knowledge.query.selection import Selection, selection_of
from knowledge.query.types import Evidence, Query, Row, Stated

Item = tuple[list[Any], Keys]  # what is shown of a record, and its place in the order
MOST = 10**12  # rows no store holds; larger numbers do not fit the index
ROW = DOCUMENT
FIELDS = ROW.count(",") + 1


def run(query: Query, *, scope: Scope) -> Evidence:
    """What the records say to this query, as far as the scope may read: exact count, one page of rows, figures, facets.

    Raises QueryError for an unknown property or topic, a value of the wrong type or a unit that does not fit.
    """
    began = time.perf_counter()
    index_ensure()
    snapshot = reader().snapshot()
    chosen = selection_of(query, scope=scope, snapshot=snapshot)
    found = _on_arrays(query, scope, snapshot, chosen)
    count = int(chosen.ask("count(*)")[0][0]) if found is None else found.count
    figure, groups = figures.aggregate(query.aggregate, chosen, found) if query.aggregate else (None, {})
    facets = {name: figures.facet(name, chosen, found) for name in query.facets}
    drawn = tuple(figures.histogram(asked, chosen, found) for asked in query.histograms)
    rows, mark = _page(query, chosen, found) if query.limit > 0 else ((), None)
    elapsed = (time.perf_counter() - began) * 1000
    return Evidence(query, count, rows, figure, groups, facets, elapsed, drawn, mark)


def _on_arrays(query: Query, scope: Scope, snapshot: Snapshot, chosen: Selection) -> Matches | None:
    """The matches as rows of the arrays; none for those that only SQL can tell: the best of each value, in any order."""
    if query.top is not None:
        return None
    if query.entities == "records":
        return matches(query, scope, snapshot)
    return matches(query, scope, snapshot).materials() if chosen.order.natural else None


def _page(query: Query, chosen: Selection, found: Matches | None) -> tuple[tuple[Row, ...], str | None]:
    """The rows of the page, and the cursor to the next where there is one."""
    limit, offset = min(query.limit, MOST), min(max(query.offset, 0), MOST)
    if found is None:
        items = _asked(query, chosen, limit, offset)
    else:
        items = _fetched(found, found.page(chosen.order, query.after, offset, limit), limit)
    page = items[:limit]
    mark = chosen.order.cursor(page[-1][1]) if len(items) > limit else None
    return tuple(row_of(item, query.select) for item, _keys in page), mark


def _asked(query: Query, chosen: Selection, limit: int, offset: int) -> list[Item]:
    order, put = chosen.order, chosen.parameters.put
    behind = order.behind(query.after, chosen.parameters) if query.after else ""
    after = f"ORDER BY {order.sql()} LIMIT {put(limit + 1)} OFFSET {put(offset)}"
    found = chosen.ask(f"{ROW}, {order.columns()}", after, also=behind)
    return [(list(item[:FIELDS]), item[FIELDS:]) for item in found]


def _fetched(found: Matches, places: list[tuple[Place, Keys]], limit: int) -> list[Item]:
    """The records at these places; that of the last, which only says that there is more, is not looked up."""
    wanted: dict[int, list[int]] = {}
    for (segment, row), _keys in places[:limit]:
        wanted.setdefault(segment, []).append(row)
    items: dict[Place, list[Any]] = {}
    for at, rows in wanted.items():
        got = fetched(found.snapshot.segments[at], found.cursor, rows)
        items |= {(at, row): item for row, item in got.items()}
    return [(items.get(place, []), keys) for place, keys in places]


def row_of(item: Sequence[Any], select: tuple[str, ...]) -> Row:
    """One record from the columns of ROW, with the values that were asked for."""
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
