"""Tables of an Access database (Jet 4): the library access-parser finds them, rows of numbers are read here, a page at a time.

A data page holds at byte 12 the number of rows and from byte 14 on their offsets, the last row first; the two highest bits of an
offset mean deleted and moved. A row of fixed columns begins with its column count (2 bytes) and ends with one bit for each column.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse

_KINDS = {
    2: "<u1",
    3: "<i2",
    4: "<i4",
    6: "<f4",
    7: "<f8",
    8: "<f8",
}  # types of Jet: byte, short, long, single, double, date
_ROWS_AT, _OFFSETS_AT = 12, 14
_MARKED = 0xC000


class Database:
    """An opened database. Raises CannotParse for a file that is none or is damaged."""

    def __init__(self, path: Path) -> None:
        from access_parser import AccessParser

        try:
            self._parser: Any = AccessParser(str(path))  # Any: the library is untyped
        except MemoryError:
            raise
        except Exception as error:  # the library fails in many ways on damage
            raise CannotParse(f"the database is damaged or cut ({type(error).__name__}: {error})") from error

    @property
    def names(self) -> list[str]:
        """Names of the tables."""
        return list(self._parser.catalog)

    def records(self, name: str) -> dict[str, list[Any]]:
        """A small table by columns, of any types; empty where it holds no rows or is damaged."""
        try:
            found = self._parser.parse_table(name)
        except MemoryError:
            raise
        except Exception:  # a damaged side table must not cost the measurement
            return {}
        return {key: list(values) for key, values in found.items() if values}

    def numbers(self, name: str) -> dict[str, NDArray[np.float64]]:
        """Columns of numbers of a large table, shape (rows,) each; NaN where a cell is empty. Raises CannotParse."""
        try:
            table = self._parser.get_table(name)
            columns = {
                c.col_name_str: c for c in table.columns.values() if c.column_flags.fixed_length and c.type in _KINDS
            }
            pages = table.table.linked_pages
        except MemoryError:
            raise
        except Exception as error:  # as above
            raise CannotParse(f"the table {name} is damaged ({type(error).__name__}: {error})") from error
        if not columns or table.version <= 3:
            return {
                key: np.array(values, dtype=np.float64) for key, values in self.records(name).items() if key in columns
            }
        parts = [_page(page, columns) for page in pages]
        return {key: np.concatenate([part[key] for part in parts] or [np.zeros(0)]) for key in columns}


def _page(page: bytes, columns: dict[str, Any]) -> dict[str, NDArray[np.float64]]:
    count = int.from_bytes(page[_ROWS_AT : _ROWS_AT + 2], "little")
    count = min(count, (len(page) - _OFFSETS_AT) // 2)
    stated = np.frombuffer(page, "<u2", count, _OFFSETS_AT).astype(np.int64)
    begins = stated & 0x1FFF
    ends = np.minimum(np.concatenate([[len(page)], begins[:-1]]), len(page)) if count else begins
    whole = max(2 + c.fixed_offset + np.dtype(_KINDS[c.type]).itemsize for c in columns.values())
    alive = (
        (stated & _MARKED == 0)
        & (ends - begins >= whole)
        & (begins >= _OFFSETS_AT + 2 * count)
        & (begins + whole <= len(page))
    )
    begins, ends = begins[alive], ends[alive]
    raw = np.frombuffer(page, np.uint8)
    found = {}
    for name, column in columns.items():
        kind = np.dtype(_KINDS[column.type])
        at = begins[:, None] + 2 + column.fixed_offset + np.arange(kind.itemsize)
        values = np.ascontiguousarray(raw[at]).view(kind).reshape(-1).astype(np.float64)
        found[name] = np.where(_filled(raw, begins, ends, column.column_id), values, np.nan)
    return found


def _filled(
    raw: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64], column: int
) -> NDArray[np.bool_]:
    """Whether the cell of this column is filled: its bit among those that end the row, as many bytes as its columns need."""
    if not len(begins):
        return np.zeros(0, dtype=bool)
    total = raw[begins].astype(np.int64) + 256 * raw[begins + 1].astype(np.int64)
    at = ends - (total + 7) // 8 + column // 8
    inside = (at < ends) & (at >= begins)
    bits = raw[np.where(inside, at, begins)] >> (column % 8) & 1
    filled: NDArray[np.bool_] = inside & bits.astype(bool)
    return filled
