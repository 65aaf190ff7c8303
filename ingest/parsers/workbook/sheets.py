"""Sheets of an Excel workbook, old or new, as rows of text cells: numbers as written, dates as ISO."""

import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from ingest.parsers.protocol import CannotParse

MAX_CELLS = 3_000_000
MAX_UNPACKED = 1024 * 2**20
MAX_SHEETS = 60
_ZONE = re.compile(r"(?<=\d:\d\d)(\s?[+-]\d\d)$")  # a zone of hours alone, as in 8:00:00+01


@dataclass
class Sheet:
    """One sheet: rows of stripped cells, empty rows and columns around them cut off."""

    title: str
    rows: list[list[str]]


def cell_text(value: Any) -> str:  # Any: what a workbook's cell may hold
    """A cell as text: ISO dates (midnight is a date alone), clocks as h:mm:ss, whole numbers without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime):
        plain = value.replace(microsecond=round(value.microsecond, -3) % 1_000_000)
        return plain.date().isoformat() if plain.time() == time() else plain.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        return f"{int(seconds // 3600)}:{int(seconds % 3600 // 60):02d}:{seconds % 60:06.3f}".removesuffix(".000")
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    text = " ".join(str(value).split())
    return "" if text == "|" else _ZONE.sub(r"\1:00", text)  # a bar alone is a drawn line between tables


def _trimmed(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Without empty columns at the left and empty cells at the right; empty rows stay as gaps."""
    first = min((index for row in rows for index, cell in enumerate(row[:50]) if cell), default=0)
    made = []
    for row in rows:
        cells = list(row[first:])
        while cells and not cells[-1]:
            cells.pop()
        made.append(cells)
    while made and not made[-1]:
        made.pop()
    return made


def _xlsx(path: Path) -> Iterator[tuple[str, Iterator[Sequence[Any]]]]:
    import openpyxl

    with zipfile.ZipFile(path) as archive:
        if not any(name.startswith("xl/") for name in archive.namelist()):
            raise CannotParse("a zip archive without a workbook in it")
        if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED:
            raise CannotParse(f"the workbook unpacks to more than {MAX_UNPACKED // 2**20} MiB")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        for sheet in book.worksheets[:MAX_SHEETS]:
            sheet.reset_dimensions()  # the stated size may be wrong, or a million rows of nothing
            yield sheet.title, sheet.iter_rows(values_only=True)


def _xls(path: Path) -> Iterator[tuple[str, Iterator[Sequence[Any]]]]:
    import io

    import xlrd

    book = xlrd.open_workbook(str(path), logfile=io.StringIO(), on_demand=True)

    def value(cell: Any) -> Any:
        if cell.ctype == xlrd.XL_CELL_DATE:
            try:
                moment = xlrd.xldate_as_datetime(cell.value, book.datemode)
            except (ValueError, OverflowError):
                return cell.value
            return moment.time() if cell.value < 1 else moment
        if cell.ctype == xlrd.XL_CELL_ERROR:
            return None
        return bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else cell.value

    for index in range(min(book.nsheets, MAX_SHEETS)):
        sheet = book.sheet_by_index(index)
        yield sheet.name, ([value(cell) for cell in sheet.row(row)] for row in range(sheet.nrows))


def read_sheets(path: Path) -> tuple[list[Sheet], list[str]]:
    """All sheets that hold something, and what was left out. Raises CannotParse."""
    with path.open("rb") as stream:
        old = stream.read(4) == b"\xd0\xcf\x11\xe0"
    made: list[Sheet] = []
    said: list[str] = []
    cells = 0
    try:
        for title, source in (_xls if old else _xlsx)(path):
            rows: list[list[str]] = []
            empty = 0
            for row in source:
                texts = [cell_text(value) for value in row]
                empty = 0 if any(texts) else empty + 1
                cells += len(texts)
                if empty > 2000 or cells > MAX_CELLS:
                    break
                rows.append(texts)
            if cells > MAX_CELLS:
                said.append(f"sheet {title!r} and those after it are read only up to {MAX_CELLS} cells")
            if any(any(row) for row in rows):
                made.append(Sheet(title, _trimmed(rows)))
            if cells > MAX_CELLS:
                break
    except CannotParse:
        raise
    except Exception as error:  # the libraries fail in many ways on damaged and encrypted workbooks
        raise CannotParse(
            f"the workbook is damaged, encrypted or none: {type(error).__name__}: {error}"[:300]
        ) from error
    return made, said


def blocks(sheet: Sheet) -> list[list[list[str]]]:
    """Tables that stand side by side, parted by columns that are empty from top to bottom; one block for most sheets."""
    width = max((len(row) for row in sheet.rows), default=0)
    filled = [False] * width
    for row in sheet.rows:
        for index, cell in enumerate(row):
            filled[index] = filled[index] or bool(cell)
    ranges: list[tuple[int, int]] = []
    begin = None
    for index, full in enumerate([*filled, False]):
        if full and begin is None:
            begin = index
        elif not full and begin is not None:
            ranges.append((begin, index))
            begin = None
    parts = [[row[a:b] for row in sheet.rows] for a, b in ranges]
    tables = [part for part in parts if sum(_numeric(row) for row in part) >= 3]
    return parts if len(tables) >= 2 and len(parts) <= 60 else [sheet.rows]


def _numeric(row: Sequence[str]) -> bool:
    return any(cell[:1].isdigit() or (cell[:1] in "+-." and cell[1:2].isdigit()) for cell in row if cell)
