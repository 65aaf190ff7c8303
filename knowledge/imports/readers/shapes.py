"""Tables that stand otherwise: materials across and properties down, or one value a row under its property's name."""

import re
from collections.abc import Sequence
from dataclasses import replace

from knowledge.imports.readers.cells import is_formula, is_missing, is_number, is_numeric, is_symbol, is_unit
from knowledge.imports.tables import Table

_MATERIAL = re.compile(
    r"(?i)\W*(?:formula|chemical[ _]formula|composition|material|compound|sample|alloy|substance|phase|system|"
    r"化学式|材料|化合物|样品|成分|合金|物质)s?\W*"
)
_PROPERTY = re.compile(
    r"(?i)\W*(?:property|properties|quantity|parameter|property[ _]name|prop|measurement|characteristic|observable|"
    r"性质|性能|物理量|参数|属性|指标)\W*"
)
_VALUE = re.compile(r"(?i)\W*(?:value|values|magnitude|number|result|property[ _]value|数值|值|结果)\W*")
_UNIT = re.compile(r"(?i)\W*(?:unit|units|property[ _]unit|单位)\W*")
_IN_BRACKETS = re.compile(r"[\[(（,]\s*([^\])）]+?)\s*[\])）]?\s*$")


def upright(table: Table, labels: Sequence[int | str] = ()) -> Table:
    """The table with materials down: turned where they stand across. `labels` are what the file calls its columns."""
    labels = labels or range(1, len(table.columns) + 1)
    if not table.header or len(table.columns) < 2 or len(table.rows) > 400 or table.broken or table.structures:
        return table
    if _across(table.columns[1:], table):
        return _turned(
            table,
            labels,
            table.columns,
            table.rows,
            "formula" if not _MATERIAL.fullmatch(table.columns[0]) else table.columns[0],
        )
    named = next(
        (at for at, row in enumerate(table.rows[:5]) if _MATERIAL.fullmatch(row[0]) and _compounds(row[1:])), None
    )
    if named is not None and _properties(table):
        body = [table.columns, *(row for at, row in enumerate(table.rows) if at != named)]
        return _turned(table, labels, table.rows[named], body, table.rows[named][0])
    return table


def _compounds(cells: Sequence[str]) -> bool:
    """Whether cells are formulae of different compounds, not element symbols alone (a composition's columns)."""
    said = [cell for cell in cells if not is_missing(cell)]
    formulas = [cell for cell in said if is_formula(cell)]
    return len(formulas) >= 2 and len(formulas) >= 0.8 * len(said) and any(not is_symbol(cell) for cell in formulas)


def _across(names: Sequence[str], table: Table) -> bool:
    """Whether the names of the columns are materials and the first column holds properties."""
    said = [name for name in names if not re.fullmatch(r"column_\d+", name)]
    units = [name for name in said if _UNIT.fullmatch(name)]
    materials = [name for name in said if name not in units]
    if sum(map(is_symbol, said)) > len(said) / 2:
        return all(map(is_symbol, materials)) and len(materials) > 1 and _with_units(table)
    return _compounds(materials) and _properties(table)


def _with_units(table: Table) -> bool:
    """Whether the first column surely holds properties: it says so, and most of its cells name a unit."""
    first = [row[0] for row in table.rows]
    named = [cell for cell in first if (found := _IN_BRACKETS.search(cell)) and is_unit(found[1])]
    corner = bool(_PROPERTY.fullmatch(table.columns[0])) or re.fullmatch(r"column_1", table.columns[0])
    return bool(corner) and len(named) > len(first) / 2


def _properties(table: Table) -> bool:
    """Whether the first column holds different words that are no formulae, as names of properties are."""
    first = [row[0] for row in table.rows]
    words = [cell for cell in first if any(map(str.isalpha, cell)) and not is_numeric(cell)]
    with_unit = sum(bool((found := _IN_BRACKETS.search(cell)) and is_unit(found[1])) for cell in words)
    formulas = sum(is_formula(cell) and not with_unit for cell in words)
    return len(words) == len(first) and len(set(first)) == len(first) and formulas <= len(first) / 3


def _turned(
    table: Table, labels: Sequence[int | str], heads: Sequence[str], body: Sequence[Sequence[str]], name: str
) -> Table:
    unit_at = next((at for at, head in enumerate(table.columns) if at and _UNIT.fullmatch(head)), None)
    body = [row for row in body if any(row)]
    columns = _distinct([name, *(row[0] or f"column_{at}" for at, row in enumerate(body, 2))])
    kept = [at for at in range(1, len(heads)) if at != unit_at]
    rows = [(heads[at], *(row[at] for row in body)) for at in kept]
    units = {
        column: row[unit_at]
        for column, row in zip(columns[1:], body, strict=True)
        if unit_at is not None and is_unit(row[unit_at])
    }
    where = re.sub(r"(line|row|item)$", "column", table.where)
    names = {column: at for at, column in enumerate(table.columns)}
    lines = list(table.row_numbers())
    number_of = {at: number for number, at in enumerate(kept, 1)}
    column_of = dict(zip(lines, columns[1:], strict=False)) if len(body) == len(lines) else {}

    def moved(cells: dict[tuple[int, str], str]) -> dict[tuple[int, str], str]:
        return {
            (number_of[names[column]], column_of[line]): text
            for (line, column), text in cells.items()
            if line in column_of and names.get(column) in number_of
        }

    return replace(
        table,
        columns=columns,
        rows=rows,
        numbers=[],
        lines=[labels[at] if at < len(labels) else at + 1 for at in kept],
        where=where,
        units=units,
        descriptions={},
        formats=moved(dict(table.formats)),
        lost=moved(dict(table.lost)),
        links=moved(dict(table.links)),
        notes=(*table.notes, "materials stand across: the table was turned"),
    )


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        again, times = name, 2
        while again in found:
            again, times = f"{name} ({times})", times + 1
        found.append(again)
    return tuple(found)


def long_as_wide(table: Table) -> Table:
    """A table of one value a row (material, property, value, unit) with a column for each property instead.

    Every row stays a row, and fills the column of its property only; all other columns stay as they are.
    """
    if not table.header:
        return table
    at = {
        kind: _only(table.columns, pattern)
        for kind, pattern in (("property", _PROPERTY), ("value", _VALUE), ("unit", _UNIT))
    }
    of, value, unit = at["property"], at["value"], at["unit"]
    if of is None or value is None or not table.rows:
        return table
    properties = [row[of] for row in table.rows if row[of]]
    if len(properties) < 0.5 * len(table.rows) or any(map(is_number, properties[:50])) or len(set(properties)) > 200:
        return table
    named = [
        (f"{row[of]} ({row[unit]})" if unit is not None and row[unit] and is_unit(row[unit]) else row[of])
        for row in table.rows
    ]
    kept = [place for place in range(len(table.columns)) if place not in (of, value, unit)]
    fresh = list(dict.fromkeys(name for name in named if name))
    columns = _distinct([*(table.columns[place] for place in kept), *fresh])
    place_of = {name: len(kept) + number for number, name in enumerate(fresh)}
    rows = []
    for row, name in zip(table.rows, named, strict=True):
        cells = [row[place] for place in kept] + [""] * len(fresh)
        if name:
            cells[place_of[name]] = row[value]
        rows.append(tuple(cells))
    name_of = dict(zip(table.row_numbers(), named, strict=True))
    old = table.columns[value]

    def moved(cells: dict[tuple[int, str], str]) -> dict[tuple[int, str], str]:
        return {
            (number, name_of.get(number) or column) if column == old else (number, column): text
            for (number, column), text in cells.items()
        }

    return replace(
        table,
        columns=columns,
        rows=rows,
        formats=moved(dict(table.formats)),
        lost=moved(dict(table.lost)),
        links=moved(dict(table.links)),
    )


def _only(columns: Sequence[str], pattern: re.Pattern[str]) -> int | None:
    found = [at for at, column in enumerate(columns) if pattern.fullmatch(column)]
    return found[0] if len(found) == 1 else None
