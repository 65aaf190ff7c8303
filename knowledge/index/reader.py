"""Reads the segments into a DuckDB in memory, one per process, and keeps it up to date with the manifest."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.index import segments
from knowledge.index.columns import sql_types

if TYPE_CHECKING:
    import duckdb

TRIES = 3


def connect() -> "duckdb.DuckDBPyConnection":
    """An empty index in memory."""
    import duckdb

    opened = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})
    described = ", ".join(f'"{name}" {sql}' for name, sql in sql_types().items())
    opened.execute(f"CREATE TABLE entries ({described})")
    return opened


def load(opened: "duckdb.DuckDBPyConnection", segment: Path) -> None:
    """Lay one segment over what is there. Columns that the segment does not have stay empty."""
    import pyarrow.parquet as pq

    has = set(pq.read_schema(segment).names)
    names = ", ".join(f'"{name}"' for name in sql_types() if name in has)
    file = str(segment)
    opened.execute("BEGIN")
    opened.execute("DELETE FROM entries WHERE record IN (SELECT record FROM read_parquet(?))", [file])
    opened.execute(
        f"INSERT INTO entries ({names}) SELECT {names} FROM read_parquet(?) WHERE NOT deleted",  # noqa: S608 - names of columns
        [file],
    )
    opened.execute("COMMIT")


class Reader:
    """The index of one data folder in memory; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened: duckdb.DuckDBPyConnection | None = None
        self._loaded: tuple[str, ...] = ()
        self.generation = -1
        self.every: frozenset[str] | None = None  # which columns of several values any record fills; none = not known

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """A cursor on the present state of the index."""
        with self._lock:
            for attempt in range(TRIES):
                try:
                    return self._refreshed().cursor()
                except FileNotFoundError:  # a compaction swapped the segments meanwhile
                    self._opened = None
                    if attempt == TRIES - 1:
                        raise
            raise AssertionError("unreachable")

    def _refreshed(self) -> "duckdb.DuckDBPyConnection":
        manifest = segments.manifest_read()
        if self._opened is not None and manifest.generation == self.generation:
            return self._opened
        known = len(self._loaded)
        if self._opened is None or manifest.segments[:known] != self._loaded or manifest.generation < self.generation:
            self._opened, known = connect(), 0
        for name in manifest.segments[known:]:
            load(self._opened, segments.folder() / name)
        self._loaded, self.generation = manifest.segments, manifest.generation
        return self._opened


_readers: dict[Path, Reader] = {}


def reader() -> Reader:
    """The reader of the present data folder."""
    return _readers.setdefault(segments.folder(), Reader())
