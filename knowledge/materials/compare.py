"""Records and materials side by side: every value of every source, differences marked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from eln.accounts.scope import Scope
from knowledge.formula import NotAFormula, parse_formula
from knowledge.materials import presentation as show
from knowledge.materials.search import MOST_COMPARED, SearchState
from knowledge.materials.texts import FIXED_LABELS
from knowledge.query.executor import stated_of
from knowledge.records.models import Kind, Record
from knowledge.records.selectors import record_get, records_of

MOST_RECORDS = 100  # of one material


def compare_params(state: SearchState) -> str:
    """The parameters of the page that compares what was picked, with the way back."""
    return urlencode([*(("with", key) for key in state.compared), ("back", state.address())])


@dataclass(frozen=True)
class Column:
    """One thing that is compared: a record, or all records of a material."""

    key: str
    title: str
    note: str
    url: str
    records: tuple[Record, ...]
    without: str


@dataclass(frozen=True)
class Line:
    """One property over all columns. `cells`[column] has (cell, record) of every source; `differs`: columns disagree."""

    name: str
    label: str
    unit: str
    cells: tuple[tuple[tuple[show.Cell, Record], ...], ...]
    differs: bool


def columns_of(keys: Sequence[str], back: str, *, scope: Scope, predicted: bool = False) -> list[Column]:
    """The things named by these keys that the reader may see: `=Bi2Se3` a material, anything else a record's id."""
    kept = list(dict.fromkeys(filter(None, keys)))[:MOST_COMPARED]
    found = []
    for key in kept:
        rest = [("with", other) for other in kept if other != key]
        without = urlencode([*rest, *([("back", back)] if back else [])])
        column = _material(key, without, scope, predicted) if key.startswith("=") else _record(key, without, scope)
        if column is not None:
            found.append(column)
    return found


def _material(key: str, without: str, scope: Scope, predicted: bool) -> Column | None:
    try:
        formula = parse_formula(key[1:]).reduced
    except NotAFormula:
        return None
    records = records_of(scope=scope, formula=formula)
    if not predicted:
        records = records.exclude(kind=Kind.PREDICTION)
    every = tuple(records[:MOST_RECORDS])
    if not every:
        return None
    numbers = sorted({record.spacegroup_number for record in every if record.spacegroup_number})
    note = ", ".join(map(str, numbers))
    return Column(
        key, show.pretty_formula(formula), note, reverse("knowledge:material", args=[formula]), every, without
    )


def _record(key: str, without: str, scope: Scope) -> Column | None:
    record = record_get(scope=scope, record_id=key)
    if record is None:
        return None
    title = show.pretty_formula(record.formula) or record.title or record.external_id or record.pk
    note = str(record.spacegroup_number or "")
    return Column(key, title, note, reverse("knowledge:record", args=[record.pk]), (record,), without)


def lines_of(columns: Sequence[Column]) -> list[Line]:
    """Every property that one of them states, those that all state first; numbers and classes before identifiers."""
    told: dict[str, list[list[tuple[show.Cell, Record]]]] = {}
    for at, column in enumerate(columns):
        for record in column.records:
            for value in record.values:
                stated = stated_of(value)
                cells = told.setdefault(stated.property, [[] for _ in columns])
                cells[at].append((show.cell(record.topic, stated, record.kind), record))
    found = [_line(name, cells, columns) for name, cells in told.items()]
    return [_spacegroups(columns), *sorted(found, key=lambda line: _rank(line, columns))]


def _line(name: str, cells: list[list[tuple[show.Cell, Record]]], columns: Sequence[Column]) -> Line:
    topic = next(record.topic for column in cells for _cell, record in column)
    item = show.property_of(topic, name)
    said = [{_said(cell) for cell, _record in column} for column in cells if column]
    differs = len(said) > 1 and any(one != said[0] for one in said)
    return Line(
        name,
        show.property_label(topic, name),
        (item.unit or "") if item else "",
        tuple(tuple(column) for column in cells),
        differs,
    )


def _said(cell: show.Cell) -> tuple[Any, ...]:
    number = None if cell.number is None else float(f"{cell.number:.6g}")
    return (number, cell.unit, cell.text, cell.bound)


def _spacegroups(columns: Sequence[Column]) -> Line:
    cells = tuple(
        tuple((show.Cell(text=str(record.spacegroup_number)), record) for record in column.records[:1])
        if column.records and column.records[0].spacegroup_number
        else ()
        for column in columns
    )
    said = {cell[0][0].text for cell in cells if cell}
    return Line("spacegroup_number", str(FIXED_LABELS["spacegroup_number"]), "", cells, len(said) > 1)


def _rank(line: Line, columns: Sequence[Column]) -> tuple[bool, int, str]:
    topic = next(record.topic for column in line.cells for _cell, record in column)
    item = show.property_of(topic, line.name)
    return bool(item and item.type in show.IDENTIFIERS), -sum(map(bool, line.cells)), line.label


def compare_page(keys: Sequence[str], back: str, *, scope: Scope, only_differences: bool) -> dict[str, Any]:
    """What the page shows."""
    columns = columns_of(keys, back, scope=scope)
    lines = lines_of(columns) if columns else []
    again = [("with", column.key) for column in columns] + ([("back", back)] if back else [])
    return {
        "columns": columns,
        "lines": [line for line in lines if line.differs or not only_differences],
        "missing": len(set(keys)) - len(columns),
        "back": back,
        "only_differences": only_differences,
        "all_address": urlencode(again),
        "differences_address": urlencode([*again, ("differences", "1")]),
        "structures": [(column, record) for column in columns if (record := _with_structure(column))],
    }


def _with_structure(column: Column) -> Record | None:
    return next((record for record in column.records if record.structure), None)
