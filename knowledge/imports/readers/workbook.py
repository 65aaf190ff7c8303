"""The sheets of an .xlsx workbook."""

import warnings
from dataclasses import replace
from pathlib import Path
from zipfile import BadZipFile

from knowledge.imports.readers.delimited import table_of
from knowledge.imports.tables import Refused, Table


def workbook_read(path: Path) -> list[Table]:
    """The tables of all sheets. Raises Refused when it is no workbook or holds nothing."""
    from openpyxl import load_workbook

    sheets: dict[str, list[list[str]]] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(path, read_only=True, data_only=True)
            for sheet in book.worksheets:
                sheets[sheet.title] = [
                    ["" if c is None else str(c) for c in row] for row in sheet.iter_rows(values_only=True)
                ]
            book.close()
    except (BadZipFile, KeyError, ValueError, OSError, IndexError) as error:
        raise Refused(f"cannot be opened as a workbook: {error}") from error
    tables = []
    for name, rows in sheets.items():
        if any(cell for row in rows for cell in row):
            tables.append(replace(table_of(rows), place=f"sheet {name}", where=f"sheet {name}, row"))
    if not tables:
        raise Refused("holds no rows")
    return tables
