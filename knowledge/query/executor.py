"""The one executor: a Query and the reader's Scope become SQL on the index, and Evidence comes back."""

import json
import time
from collections.abc import Mapping
from typing import Any

from eln.accounts.scope import Scope
from knowledge.index.services import index_ensure
from knowledge.query import figures
from knowledge.query.selection import Selection, selection_of
from knowledge.query.types import Evidence, Query, Row, Stated

MOST = 10**12  # rows no store holds; larger numbers do not fit the index
ROW = (
    "record, version, topic, dataset, kind, formula, formula_source, external_id, spacegroup_number, elements, "
    "file_name, locator, project_id, stated"
)
FIELDS = ROW.count(",") + 1


def run(query: Query, *, scope: Scope) -> Evidence:
    """What the records say to this query, as far as the scope may read: exact count, one page of rows, figures, facets.

    Raises QueryError for an unknown property or topic, a value of the wrong type or a unit that does not fit.
    """
    began = time.perf_counter()
    index_ensure()
    chosen = selection_of(query, scope=scope)
    count = int(chosen.ask("count(*)")[0][0])
    figure, groups = figures.aggregate(query.aggregate, chosen) if query.aggregate else (None, {})
    facets = {name: figures.facet(name, chosen) for name in query.facets}
    drawn = tuple(figures.histogram(asked, chosen) for asked in query.histograms)
    rows, mark = _page(query, chosen) if query.limit > 0 else ((), None)
    elapsed = (time.perf_counter() - began) * 1000
    return Evidence(query, count, rows, figure, groups, facets, elapsed, drawn, mark)


def _page(query: Query, chosen: Selection) -> tuple[tuple[Row, ...], str | None]:
    """The rows of the page, and the cursor to the next where there is one."""
    order, put = chosen.order, chosen.parameters.put
    behind = order.behind(query.after, chosen.parameters) if query.after else ""
    limit, offset = min(query.limit, MOST), min(max(query.offset, 0), MOST)
    after = f"ORDER BY {order.sql()} LIMIT {put(limit + 1)} OFFSET {put(offset)}"
    found = chosen.ask(f"{ROW}, {order.columns()}", after, also=behind)
    page = found[:limit]
    mark = order.cursor(page[-1][FIELDS:]) if len(found) > limit else None
    return tuple(row_of(item[:FIELDS], query.select) for item in page), mark


def row_of(item: tuple[Any, ...], select: tuple[str, ...]) -> Row:
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
