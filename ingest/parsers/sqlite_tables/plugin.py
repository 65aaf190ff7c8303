"""SQLite databases that loggers and acquisition programs write: each table with numbers becomes channels."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ingest.parsers.columns_of_cells import read_columns
from ingest.parsers.datasets import iso, label_of, technique_shown, understood
from ingest.parsers.evidence import is_long, is_stamp, why_no_series
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed

MAX_ROWS = 400_000
MAX_TABLES = 60
MAX_STEPS = 2_000_000_000


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Real tables, no views or virtual tables: those run what their author wrote."""
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    )
    return [name for name, sql in rows if not str(sql).upper().lstrip().startswith("CREATE VIRTUAL")]


def _columns(connection: sqlite3.Connection, table: str) -> tuple[dict[str, list[Any]], int]:
    """Columns of a table up to the limit of rows, and how many rows it has."""
    (count,) = connection.execute(f"SELECT COUNT(*) FROM {_quoted(table)}").fetchone()  # noqa: S608 (quoted name)
    cursor = connection.execute(f"SELECT * FROM {_quoted(table)} LIMIT {MAX_ROWS}")  # noqa: S608
    names = [item[0] for item in cursor.description]
    made: dict[str, list[Any]] = {name: [] for name in names}
    for row in cursor:
        for name, value in zip(names, row, strict=True):
            made[name].append(None if isinstance(value, bytes) else value)
    return {name: values for name, values in made.items() if any(value is not None for value in values)}, count


def _is_settings(columns: dict[str, list[Any]]) -> bool:
    """A table of keys and values; times are no keys."""
    first = next(iter(columns.values()))
    return len(columns) == 2 and all(isinstance(key, str) for key in first) and not all(map(is_stamp, first))


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.tables: list[list[Channel]] = []
        self.facts: dict[str, str] = {}
        self.warnings: list[str] = []
        self.span: dict[str, Any] = {}
        self.counts: dict[str, int] = {}

    def take(self, table: str, columns: dict[str, list[Any]], count: int, *, several: bool) -> None:
        """Add one table."""
        self.counts[table] = count
        if not columns:
            return
        rows = len(next(iter(columns.values())))
        if _is_settings(columns):
            keys, values = columns.values()
            self.facts |= {
                str(key): str(value)[:500] for key, value in zip(keys, values, strict=True) if value is not None
            }
            return
        if rows == 1:
            self.facts |= {f"{table}.{key}": str(values[0])[:500] for key, values in columns.items()}
            return
        if count > rows:
            self.warnings.append(f"{table}: the first {rows} of {count} rows are read")
        found = read_columns(columns)
        if found.start is not None and "start" not in self.span:
            self.span = {"start": iso(found.start), "end": iso(found.end), "start_source": f"table {table}"}
        self.warnings += [f"{table}: {warning}" for warning in found.warnings]
        suffix = f" ({table})" if several else ""
        self.tables.append(
            [replace(c, name=c.name + suffix, axis=c.axis + suffix if c.axis else c.axis) for c in found.channels]
        )


def _parsed(connection: sqlite3.Connection, name: str) -> Parsed:
    tables = _tables(connection)[:MAX_TABLES]
    if not tables:
        raise CannotParse("a SQLite database without a table")
    reader = _Reader(name)
    read: Iterator[tuple[str, tuple[dict[str, list[Any]], int]]] = (
        (table, _columns(connection, table)) for table in tables
    )
    loaded = sorted(read, key=lambda item: -item[1][1])
    wide = [table for table, (columns, count) in loaded if count > 1 and columns and not _is_settings(columns)]
    for table, (columns, count) in loaded:
        reader.take(table, columns, count, several=len(wide) > 1)
    if (why := why_no_series(reader.tables)) is not None:
        raise CannotParse(f"a SQLite database with the tables {', '.join(tables[:8])}; {why}")
    channels = [channel for table in reader.tables for channel in table]
    said = "\n".join([*tables, *reader.facts.values()])
    technique = technique_shown(said if is_long(channels) else "", channels)
    metadata = {
        **understood(reader.facts, name),
        **reader.span,
        "tables": reader.counts,
        "header": reader.facts,
        "confidence": 0.7,
    }
    return Parsed(label_of(technique), channels, metadata, (), reader.warnings[:40])


class SqliteTables:
    """Reads SQLite; a parser that knows the writing program is asked first."""

    name = "sqlite_tables"
    version = "2"

    def sniff(self, head: Head) -> float:
        """0.6 for the signature."""
        return 0.6 if head.data.startswith(b"SQLite format 3\0") else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All tables. Raises CannotParse."""
        try:
            connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)
            steps = iter(range(MAX_STEPS // 1_000_000))
            connection.set_progress_handler(lambda: 0 if next(steps, None) is not None else 1, 1_000_000)
            try:
                return _parsed(connection, name)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise CannotParse(f"the SQLite database is damaged: {error}") from error


plugin = SqliteTables()
