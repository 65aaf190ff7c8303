"""The entries of structures as one table in memory, in the order of a listing: a copy of the index for many short questions.

The index answers long questions about everything; a listing asks for the next twenty. Here rows lie in the listing's own order, so that
a page ends as soon as it is full, however many rows there are. A small copy follows the index at once; a large one is made
anew beside the present one, at most every few seconds.
"""

import os
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eln.accounts.scope import Scope
from knowledge.index import segments
from knowledge.index.columns import CARRIED, columns, fingerprint, sql_types
from knowledge.index.reader import reader
from knowledge.index.services import index_ensure
from knowledge.records.models import Kind

if TYPE_CHECKING:
    import duckdb

BARE = "(cell_sites IS NULL)"  # without a sort, entries with sites come before bare compositions
LEFT_OUT = frozenset({"words", "stated", "file_name", "locator"})
SMALL = 20_000  # so many entries are copied while the asker waits
PAUSE_S = 5.0
_NAMES = re.compile(r'"(\w+)"')


@dataclass(frozen=True)
class Snapshot:
    """One state of the index as a table `told`. `mark` changes when an answer could; `absent` are columns that hold nothing."""

    mark: tuple[int, str]
    changed_ns: int
    connection: "duckdb.DuckDBPyConnection"
    absent: dict[str, str]
    rows: int

    def ask(
        self, what: str, where: str, values: dict[str, object], scope: Scope, after: str = ""
    ) -> list[tuple[Any, ...]]:
        """Rows of SELECT `what` that the scope may read; the text is ours, `values` stand for its $names."""
        rights, readable = _rights(scope)
        text = f"SELECT {what} FROM told WHERE {rights} AND {where} {after}"  # noqa: S608 - names from schemas, values are parameters
        text = _NAMES.sub(self._column, text) if self.absent else text
        return self.connection.cursor().execute(text, readable | values).fetchall()

    def _column(self, match: "re.Match[str]") -> str:
        sql = self.absent.get(match[1])
        return f"(NULL::{sql})" if sql else match[0]


def _rights(scope: Scope) -> tuple[str, dict[str, object]]:
    if scope.everything:
        return "true", {}
    if not scope.readable:
        return "project_id IS NULL", {}
    return "(project_id IS NULL OR list_contains($readable::BIGINT[], project_id))", {
        "readable": sorted(scope.readable)
    }


def _held(types: dict[str, str]) -> list[str]:
    """The columns worth copying: those of every record, and those of topics that any record fills."""
    filled = reader().snapshot().filled
    asked = [column.name for column in columns() if column.topics and column.name in filled]
    return [*(name for name in CARRIED if name in types and name not in LEFT_OUT), *asked]


def _copied(mark: tuple[int, str], changed_ns: int) -> Snapshot:
    import duckdb

    types = sql_types()
    source = reader().cursor()
    held = _held(types)
    listed = ", ".join(f'"{name}"' for name in held)
    shown = f"nelements IS NOT NULL AND kind <> '{Kind.PREDICTION.value}'"
    rows = source.sql(f"SELECT {listed} FROM entries WHERE {shown} ORDER BY {BARE}, record").to_arrow_reader(100_000)  # noqa: S608 - as above
    opened = duckdb.connect(":memory:", config={"threads": "1", "autoinstall_known_extensions": "false"})
    opened.register("rows", rows)
    opened.execute("CREATE TABLE told AS SELECT * FROM rows")
    opened.unregister("rows")
    absent = {name: sql for name, sql in types.items() if name not in held}
    (count,) = opened.execute("SELECT count(*) FROM told").fetchall()[0]
    return Snapshot(mark, changed_ns, opened, absent, int(count))


class Keeper:
    """Holds the present snapshot of one data folder."""

    def __init__(self, manifest: str) -> None:
        self._manifest = manifest
        self._lock = threading.Lock()
        self._present: Snapshot | None = None
        self._busy = False
        self._next = 0.0

    def present(self) -> Snapshot:
        """The snapshot to ask: the index as it is, or, where copying takes long, as it was a moment ago."""
        held = self._present
        if held is not None and held.changed_ns == _changed(self._manifest) and held.mark[1] == fingerprint():
            return held
        if held is not None and held.rows > SMALL and held.mark[1] == fingerprint():
            self._beside()
            return held
        with self._lock:
            return self._refreshed()

    def _refreshed(self) -> Snapshot:
        index_ensure()
        changed = _changed(self._manifest)
        manifest = segments.manifest_read()
        mark = (manifest.generation, fingerprint())
        if self._present is None or self._present.changed_ns != changed or self._present.mark != mark:
            self._present = _copied(mark, changed)
        return self._present

    def _beside(self) -> None:
        with self._lock:
            if self._busy or time.monotonic() < self._next:
                return
            self._busy = True
        threading.Thread(target=self._renewed, name="optimade-snapshot", daemon=True).start()

    def _renewed(self) -> None:
        try:
            self._refreshed()
        finally:
            self._next, self._busy = time.monotonic() + PAUSE_S, False


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116 - asked for each request: no object in between
    except FileNotFoundError:
        return -1


_keepers: dict[str, Keeper] = {}


def snapshot() -> Snapshot:
    """The present snapshot of the present data folder."""
    path = f"{segments.folder()}/manifest.json"
    return _keepers.setdefault(path, Keeper(path)).present()
