"""Tables and remarks that explain the columns of another table of the same file: descriptions and units move to it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from knowledge.imports.readers.cells import is_dimensionless, is_formula, is_numeric, is_unit
from knowledge.imports.tables import Table

_UNIT_WORD = re.compile(r"(?i)\W*(?:units?|单位|量纲|einheit)\W*")
_REMARK = re.compile(r"\s*[#*•\-–]*\s*(?P<name>[^:=：]{1,60}?)\s*(?:[:：=]|\s[-–—]\s)\s*(?P<text>\S.*)")
_BRACKET = re.compile(r"[\[(（]([^\])）]+)[\])）]")


def explained(tables: list[Table]) -> list[Table]:
    """The tables of a file without those that only explain others; what they say is in the others' descriptions and units."""
    if len(tables) > 1:
        legends = {at: target for at, table in enumerate(tables) if (target := _target(at, table, tables)) is not None}
        for at in legends:
            tables = [
                _with(table, tables[at], other != at and other not in legends) for other, table in enumerate(tables)
            ]
        tables = [table for at, table in enumerate(tables) if at not in legends]
    return [_from_remarks(table) for table in tables]


def _plain(name: str) -> str:
    """A column name without case, signs and unit, as a legend may spell it."""
    return re.sub(r"[\W_]+", "", _BRACKET.sub("", name.rsplit(" / ", 1)[-1]).lower()) or re.sub(r"\s", "", name.lower())


def _names(table: Table) -> dict[str, str]:
    """Spelling -> column of a table."""
    found: dict[str, str] = {}
    for column in table.columns:
        for spelling in (column, column.rsplit(" / ", 1)[-1], column.partition("(")[0], column.partition("[")[0]):
            found.setdefault(spelling.strip().lower(), column)
        found.setdefault(_plain(column), column)
    return {name: column for name, column in found.items() if name}


def _lines(legend: Table) -> Iterator[tuple[str, ...]]:
    """All rows of a legend; of one without a header row of its own, which looked like one, that row too."""
    yield legend.columns
    yield from legend.rows


def _target(at: int, legend: Table, tables: Sequence[Table]) -> int | None:
    """Which other table a table explains: half of that one's columns, or most of its own lines name columns there."""
    if not 2 <= len(legend.columns) <= 6 or not legend.rows or len(legend.rows) > 1000:
        return None
    best, share = None, 0.0
    for other, table in enumerate(tables):
        if other == at or len(table.columns) < 2 or len(table.rows) < 1:
            continue
        names = _names(table)
        said = [names[key] for line in _lines(legend) if (key := _key(line[0], names))]
        if len(set(said)) < min(2, len(table.columns)):
            continue
        found = max(len(said) / len(legend.rows), len(set(said)) / len(table.columns))
        if found > max(share, 0.5) and len(said) >= 0.4 * len(legend.rows) and not _is_data(legend, table):
            best, share = other, found
    return best


def _key(cell: str, names: dict[str, str]) -> str | None:
    for spelling in (cell.strip().lower(), _plain(cell)):
        if spelling in names:
            return spelling
    return None


def _is_data(legend: Table, table: Table) -> bool:
    """Whether a table only looks like a legend: its other columns are numbers, or its columns are those of the other."""
    cells = [cell for row in legend.rows[:50] for cell in row[1:] if cell]
    numbers = sum(map(is_numeric, cells))
    return (bool(cells) and numbers > 0.5 * len(cells)) or set(legend.columns) == set(table.columns)


def _unit_column(legend: Table) -> int | None:
    for at in range(1, len(legend.columns)):
        cells = [row[at] for row in legend.rows if row[at]]
        if _UNIT_WORD.fullmatch(legend.columns[at]):
            return at
        real = sum(is_unit(cell) for cell in cells)
        if cells and real >= 2 and all(is_unit(cell) or is_dimensionless(cell) for cell in cells):
            return at
    return None


def _with(table: Table, legend: Table, due: bool) -> Table:
    """The table with what the legend says of its columns."""
    names, at = _names(table), _unit_column(legend)
    said = {names[key] for line in _lines(legend) if (key := _key(line[0], names))}
    if not due or len(said) < min(2, len(table.columns)):
        return table
    units, descriptions = dict(table.units), dict(table.descriptions)
    for line in _lines(legend):
        key = _key(line[0], names)
        if key is None:
            continue
        words = [cell for place, cell in enumerate(line[1:], 1) if cell and place != at]
        if words:
            descriptions.setdefault(names[key], "; ".join(words))
        if at is not None and is_unit(line[at]):
            units.setdefault(names[key], line[at].strip("()[]（） "))
    return replace(
        table,
        units=units,
        descriptions=descriptions,
        notes=(*table.notes, f"{legend.place or 'a table'} explains the columns"),
    )


def _from_remarks(table: Table) -> Table:
    """The table with what remarks such as '# Tc: critical temperature (K)' say of its columns."""
    if not table.notes and not table.title:
        return table
    names = _names(table)
    descriptions = dict(table.descriptions)
    for note in table.notes:
        found = _REMARK.match(note)
        if found and (key := _key(found["name"], names)) and not is_formula(found["name"]):
            descriptions.setdefault(names[key], found["text"].strip())
    return replace(table, descriptions=descriptions) if descriptions else table
