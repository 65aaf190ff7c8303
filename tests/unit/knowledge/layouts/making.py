"""Builders of files for the tests of readers: workbooks, and what a reader must find in a file."""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from knowledge.imports.sources import sources_in, tables_read
from knowledge.imports.tables import Table


@dataclass(frozen=True)
class Found:
    """What one table must be. `cells` are (row number, column) -> text; what is left at None is not looked at."""

    columns: tuple[str, ...]
    rows: int
    broken: tuple[int, ...] = ()
    cells: Mapping[tuple[int, str], str] = field(default_factory=dict)
    units: Mapping[str, str] | None = None
    descriptions: Mapping[str, str] | None = None
    title: str | None = None
    place: str | None = None
    header: bool = True
    notes: tuple[str, ...] | None = None
    locators: Mapping[int, str] = field(default_factory=dict)
    formats: Mapping[tuple[int, str], str] | None = None
    lost: tuple[tuple[int, str], ...] | None = None


def a_sheet_book(*fills: Callable[[Worksheet], Any], names: Sequence[str] = ()) -> bytes:
    """The bytes of a workbook whose sheets the functions fill."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for at, fill in enumerate(fills):
        fill(book.create_sheet(names[at] if at < len(names) else f"S{at + 1}"))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def put(sheet: Worksheet, corner: str, rows: Sequence[Sequence[object]]) -> None:
    """Write rows with their first cell at a corner such as B3."""
    first = sheet[corner]
    for down, row in enumerate(rows):
        for across, value in enumerate(row):
            if value is not None:
                sheet.cell(first.row + down, first.column + across, value)  # type: ignore[call-overload]


def read(folder: Path, name: str, data: bytes | str) -> list[Table]:
    """The tables of a file with this content."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    (source,) = sources_in(path)
    return tables_read(source)


def check(tables: Sequence[Table], *wanted: Found) -> None:
    """Compare tables with what they must be, and that each data row is either kept or broken once."""
    assert [table.columns for table in tables] == [found.columns for found in wanted]
    for table, found in zip(tables, wanted, strict=True):
        _check(table, found)


def _check(table: Table, found: Found) -> None:
    assert (len(table.rows), tuple(n for n, _ in table.broken)) == (found.rows, found.broken)
    assert table.header is found.header
    numbers = list(table.row_numbers())
    assert sorted([*numbers, *(number for number, _ in table.broken)]) == list(range(1, table.count + 1))
    assert all(len(row) == len(table.columns) for row in table.rows)
    at = dict(zip(numbers, table.rows, strict=True))
    said = {(n, column): at[n][table.columns.index(column)] for n, column in found.cells}
    assert said == dict(found.cells)
    for name in ("units", "descriptions", "title", "place", "notes", "formats"):
        wanted = getattr(found, name)
        if wanted is not None:
            assert (name, getattr(table, name)) == (name, wanted)
    if found.lost is not None:
        assert tuple(table.lost) == found.lost and all(table.lost.values())
    assert {number: table.locator(number) for number in found.locators} == dict(found.locators)
