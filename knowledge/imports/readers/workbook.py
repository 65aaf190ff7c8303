"""The first sheet of an .xlsx workbook."""

import warnings
from pathlib import Path
from zipfile import BadZipFile

from knowledge.imports.readers.delimited import table_of
from knowledge.imports.tables import Refused, Table


def workbook_read(path: Path) -> Table:
    """The table on the first sheet. Raises Refused when it is no workbook or holds nothing."""
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(path, read_only=True, data_only=True)
            rows = [
                ["" if c is None else str(c) for c in row] for row in book.worksheets[0].iter_rows(values_only=True)
            ]
            book.close()
    except (BadZipFile, KeyError, ValueError, OSError, IndexError) as error:
        raise Refused(f"cannot be opened as a workbook: {error}") from error
    return table_of(rows)
