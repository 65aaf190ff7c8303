"""Files of typed columns: SQLite, Parquet, Arrow."""

import io
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from knowledge.imports.readers.cells import plain
from knowledge.imports.readers.layout import distinct
from knowledge.imports.readers.workbook import value_text
from knowledge.imports.tables import Refused, Table

MOST_ROWS = 2_000_000


def _cell(value: Any) -> str:  # Any: what a column holds
    if isinstance(value, bytes):
        return ""
    if isinstance(value, list | dict | tuple):
        import json

        return json.dumps(value, default=str, ensure_ascii=False)
    if isinstance(value, float) and value != value:
        return ""
    return plain(value_text(value)[0])[0]


def _table(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Table:
    texts = [tuple(map(_cell, row)) for row in rows]
    if len(texts) > MOST_ROWS:
        raise Refused(f"holds more than {MOST_ROWS} rows in table {name}: split it")
    where = f"table {name}, row" if name else "row"
    place = f"table {name}" if name else ""
    return Table(distinct(columns), texts, first_line=1, place=place, where=where)


def sqlite_tables(data: bytes) -> list[Table]:
    """All tables of a SQLite database that hold rows. Raises Refused."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.text_factory = lambda raw: raw.decode("utf-8", errors="replace")
        names = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
            )
        ]
        found = []
        for name in names:
            quoted = name.replace('"', '""')
            cursor = connection.execute(f'SELECT * FROM "{quoted}" LIMIT {MOST_ROWS + 1}')  # noqa: S608 - quoted, own copy
            rows = cursor.fetchall()
            if rows:
                found.append(_table(name, [item[0] for item in cursor.description], rows))
    except (sqlite3.Error, MemoryError) as error:
        raise Refused(f"is no readable SQLite database: {error}") from error
    finally:
        connection.close()
    if not found:
        raise Refused("holds no rows")
    return found


def parquet_tables(data: bytes) -> list[Table]:
    """The table of a Parquet or Arrow file. Raises Refused."""
    import pyarrow as pa
    from pyarrow import feather, parquet

    try:
        reader = parquet.read_table if data[:4] == b"PAR1" else feather.read_table
        table = reader(io.BytesIO(data))
        rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
        return [_table("", table.column_names, rows)]
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Refused(f"is no readable table of columns: {error}") from error
