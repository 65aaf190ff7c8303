"""The sheets of a workbook (.xlsx, .xlsm, .xlsb, .ods, .xls) as grids: every sheet, hidden ones too."""

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from knowledge.imports.readers.cells import LOST, plain
from knowledge.imports.readers.grids import Grid, Span
from knowledge.imports.readers.layout import tables_of
from knowledge.imports.readers.workbook_marks import Marks, sheet_marks
from knowledge.imports.tables import Refused, Table

Value = Any  # Any: what a cell holds: text, number, truth, date, nothing


def workbook_tables(data: bytes) -> list[Table]:
    """The tables of all sheets. Raises Refused when it is no workbook or holds nothing."""
    grids = old_grids(data) if data[:4] == b"\xd0\xcf\x11\xe0" else new_grids(data)
    tables = [table for grid in grids for table in tables_of(grid)]
    if not tables:
        raise Refused("holds no rows")
    return tables


def value_text(value: Value) -> tuple[str, str]:
    """The text of a cell's value, and what its program may have made of it: 'date', 'time', 'boolean' or nothing."""
    if value is None or value == "":
        return "", ""
    if isinstance(value, bool):
        return ("true" if value else "false"), "boolean"
    if isinstance(value, float | int):
        whole = isinstance(value, int) or (value.is_integer() and abs(value) < 1e15)
        return (str(int(value)) if whole else repr(value)), ""
    if isinstance(value, dt.datetime):
        return (value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")), "date"
    if isinstance(value, dt.date):
        return value.isoformat(), "date"
    if isinstance(value, dt.time | dt.timedelta):
        return str(value), "time"
    return str(value).strip(), ""


def percent(text: str) -> str:
    """A fraction as the sheet shows it."""
    return f"{float(text) * 100:.12g}%"


def grid_of_cells(
    rows: Iterator[Sequence[Value]] | Sequence[Sequence[Value]],
    *,
    place: str,
    first_line: int,
    first_column: int,
    spans: Sequence[Span],
    marks: Marks,
) -> Grid:
    """A grid of a sheet's values, which begin in `first_line` and `first_column` (both from 1)."""
    texts: list[list[str]] = []
    formats: dict[tuple[int, int], str] = {}
    links: dict[tuple[int, int], str] = dict(marks.links)
    for line, row in enumerate(rows, first_line):
        last = len(row)
        while last and row[last - 1] in ("", None):
            last -= 1
        cells = []
        for column, value in enumerate(row[:last], first_column):
            text, kind = value_text(value)
            if kind:
                formats[line, column] = kind
            elif isinstance(value, str):
                text, href = plain(text)
                if href:
                    links[line, column] = href
            elif text and (line, column) in marks.percent:
                text = percent(text)
            cells.append(text)
        texts.append(cells)
    bottom = max((line for line, _ in marks.lost), default=0)
    texts += [[] for _ in range(first_line + len(texts), bottom + 1)]
    right = max((column for _, column in marks.lost), default=0)
    width = max(max((len(row) for row in texts), default=0), right - first_column + 1)
    texts = [row + [""] * (width - len(row)) for row in texts]
    for line, column in marks.lost:
        if line >= first_line and column >= first_column:
            texts[line - first_line][column - first_column] = LOST
    where = f"{place.removesuffix(' (hidden)')}, row"
    grid = Grid(texts, range(first_line, first_line + len(texts)), range(first_column, first_column + width))
    return replace(grid, where=where, place=place, spans=spans, formats=formats, lost=dict(marks.lost), links=links)


def new_grids(data: bytes) -> list[Grid]:
    """The sheets of a workbook of XML files. Raises Refused."""
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        marks = sheet_marks(data)
        grids = []
        for sheet in book.sheets_metadata:
            if sheet.typ != SheetTypeEnum.WorkSheet:
                continue
            hidden = "" if sheet.visible == SheetVisibleEnum.Visible else " (hidden)"
            found = book.get_sheet_by_name(sheet.name)
            if found.start is None and sheet.name not in marks:
                continue
            top, left = found.start or (0, 0)
            spans = [(a + 1, b + 1, c + 1, d + 1) for (a, b), (c, d) in found.merged_cell_ranges or ()]
            grids.append(
                grid_of_cells(
                    found.to_python(skip_empty_area=True),
                    place=f"sheet {sheet.name}{hidden}",
                    first_line=top + 1,
                    first_column=left + 1,
                    spans=spans,
                    marks=marks.get(sheet.name, Marks()),
                )
            )
    except PasswordError as error:
        raise Refused("is protected by a password: save it without one") from error
    except (CalamineError, ValueError, KeyError, OSError) as error:
        raise Refused(f"cannot be opened as a workbook: {error}") from error
    except BaseException as error:
        if (
            type(error).__name__ != "PanicException"
        ):  # what the reader's own language throws; it is no Exception of ours
            raise
        raise Refused(f"cannot be opened as a workbook: {str(error)[:120]}") from error
    return grids


def old_grids(data: bytes) -> list[Grid]:
    """The sheets of a workbook of Excel 97 to 2003. Raises Refused."""
    import xlrd
    from xlrd.compdoc import CompDocError

    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
    except (
        xlrd.XLRDError,
        CompDocError,
        AssertionError,
        IndexError,
        KeyError,
        ValueError,
        NotImplementedError,
    ) as error:
        reason = "it is protected by a password" if "ncrypt" in f"{error}{data[:4096].hex()}" else error
        raise Refused(f"cannot be opened as a workbook: {reason}") from error
    return [_old_grid(book, sheet) for sheet in book.sheets()]


def _old_grid(book: Value, sheet: Value) -> Grid:
    import xlrd

    marks = Marks()
    rows: list[list[Value]] = []
    for line in range(sheet.nrows):
        row: list[Value] = []
        for column, cell in enumerate(sheet.row(line)):
            value = cell.value
            if cell.ctype == xlrd.XL_CELL_ERROR:
                name = xlrd.error_text_from_code.get(value, "an error")
                marks.lost[line + 1, column + 1] = f"holds an error of the spreadsheet, {name}, instead of a value"
                value = ""
            elif cell.ctype == xlrd.XL_CELL_DATE:
                value = xlrd.xldate_as_datetime(value, book.datemode) if value >= 1 else dt.timedelta(days=value)
            elif cell.ctype == xlrd.XL_CELL_BOOLEAN:
                value = bool(value)
            elif cell.ctype == xlrd.XL_CELL_NUMBER and cell.xf_index is not None:
                key = book.xf_list[cell.xf_index].format_key
                if "%" in book.format_map[key].format_str:
                    marks.percent.add((line + 1, column + 1))
            row.append(value)
        rows.append(row)
    spans = [(top + 1, left + 1, bottom, right) for top, bottom, left, right in sheet.merged_cells]
    hidden = " (hidden)" if sheet.visibility else ""
    place = f"sheet {sheet.name}{hidden}"
    return grid_of_cells(rows, place=place, first_line=1, first_column=1, spans=spans, marks=marks)
