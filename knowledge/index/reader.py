"""What a process sees of the index: one snapshot at a time, brought up to date with the manifest.

Bases are opened in place, read-only, so that any number of processes read the same pages; only the last changes are
loaded. A snapshot stays as it is while it is used: the next state gets a schema of its own in the database.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from knowledge.index import segments
from knowledge.index.arrays import Mask, Segment
from knowledge.index.bases import TABLE, base_columns, base_dead, base_deleted, base_open, database
from knowledge.index.columns import sql_types
from knowledge.index.segments import Manifest

if TYPE_CHECKING:
    import duckdb

TRIES = 5
KEPT_SNAPSHOTS = 3
KEPT_QUESTIONS = 256
KEPT_FIGURES = 4000
T = TypeVar("T")


@dataclass(frozen=True)
class Snapshot:
    """One state of the index. `segments` with the rows of each that count; the view `entries` shows these rows as one table."""

    generation: int
    schema: str
    segments: tuple[Segment, ...]
    alive: tuple[Mask | None, ...]
    connection: "duckdb.DuckDBPyConnection"
    kept: OrderedDict[object, list[NDArray[np.uint8]]] = field(default_factory=OrderedDict, compare=False)
    figures: dict[object, Any] = field(default_factory=dict, compare=False)

    def remember(self, key: object, make: Callable[[], T]) -> T:
        """A figure of this state of the index, made once."""
        if key not in self.figures:
            if len(self.figures) > KEPT_FIGURES:
                self.figures.clear()
            self.figures[key] = make()
        found: T = self.figures[key]
        return found

    def masks(self, key: object) -> list[Mask] | None:
        """What was found for a whole question before."""
        packed = self.kept.get(key)
        if packed is None:
            return None
        pairs = zip(packed, self.segments, strict=True)
        return [np.unpackbits(bits, count=segment.rows).view(np.bool_) for bits, segment in pairs]

    def keep(self, key: object, masks: list[Mask]) -> None:
        """Keep what was found for a question as long as the index stays as it is."""
        self.kept[key] = [np.packbits(mask) for mask in masks]
        while len(self.kept) > KEPT_QUESTIONS:
            self.kept.popitem(last=False)

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """A cursor that finds `entries`."""
        cursor = self.connection.cursor()
        cursor.execute(f"USE memory.{self.schema}")
        return cursor

    @property
    def filled(self) -> frozenset[str]:
        """The columns that hold anything."""
        return frozenset().union(*(segment.filled for segment in self.segments))


def selected_columns(has: set[str]) -> str:
    """Every column of the index, null where the segment was made before the column."""
    listed = (f'"{name}"' if name in has else f'NULL::{sql} AS "{name}"' for name, sql in sql_types().items())
    return ", ".join(listed)


def deltas_sql(names: Sequence[str]) -> str:
    """SELECT of the last word of several deltas on each of their records, with `deleted`."""
    import pyarrow.parquet as pq

    paths = [str(segments.folder() / name) for name in names]
    has = set().union(*(pq.read_schema(path).names for path in paths))
    listed = "[" + ", ".join(f"'{path}'" for path in paths) + "]"
    source = f"(SELECT *, list_position({listed}, filename) AS age FROM read_parquet({listed}, union_by_name=true, filename=true))"  # noqa: S608 - our own paths
    newest = f"(SELECT record, max(age) AS age FROM {source} GROUP BY record)"  # noqa: S608 - narrow, unlike a window over all columns
    return f"SELECT {selected_columns(has)}, deleted FROM {source} AS said SEMI JOIN {newest} AS newest USING (record, age)"  # noqa: S608


class Reader:
    """The index of one data folder; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bases: dict[str, Segment] = {}
        self._snapshots: list[Snapshot] = []

    @cached_property
    def _opened(self) -> "duckdb.DuckDBPyConnection":
        return database()

    @property
    def generation(self) -> int:
        """Which state of the index was last read; -1 for none."""
        return self._snapshots[-1].generation if self._snapshots else -1

    def cursor(self) -> "duckdb.DuckDBPyConnection":
        """A cursor on the present state of the index."""
        return self.snapshot().cursor()

    def snapshot(self) -> Snapshot:
        """The present state of the index."""
        with self._lock:
            for attempt in range(TRIES):
                manifest = segments.manifest_read()
                present = self._snapshots[-1] if self._snapshots else None
                if present and present.schema == _schema(manifest):
                    return present
                try:
                    return self._read(manifest)
                except FileNotFoundError:  # the segments were merged meanwhile
                    if attempt == TRIES - 1:
                        raise
            raise AssertionError("unreachable")

    def _read(self, manifest: Manifest) -> Snapshot:
        opened, schema = self._opened, _schema(manifest)
        opened.execute(f"CREATE SCHEMA IF NOT EXISTS memory.{schema}")
        found = [self._base(name, schema, at) for at, name in enumerate(manifest.bases)]
        fresh, gone = self._fresh(manifest.deltas, schema)
        alive = tuple(_alive(opened, base, found[at + 1 :], gone) for at, base in enumerate(found))
        parts = [(base.relation, mask) for base, mask in zip(found, alive, strict=True)]
        if fresh is not None:
            found, alive, parts = [*found, fresh], (*alive, None), [*parts, (fresh.relation, None)]
        self._view(schema, parts)
        self._snapshots.append(Snapshot(manifest.generation, schema, tuple(found), alive, opened))
        self._forget(manifest)
        return self._snapshots[-1]

    def _base(self, name: str, schema: str, at: int) -> Segment:
        if name not in self._bases:
            path = segments.folder() / name / TABLE
            if not path.exists():
                raise FileNotFoundError(path)
            self._opened.execute(f"ATTACH IF NOT EXISTS '{path}' AS \"{name}\" (READ_ONLY)")
            self._bases[name] = base_open(name, "")
        relation = f"memory.{schema}.part{at}"
        chosen = selected_columns(set(base_columns(name)))
        self._opened.execute(
            f'CREATE OR REPLACE VIEW {relation} AS SELECT {chosen}, rowid AS row FROM "{name}".entries'  # noqa: S608 - our columns
        )
        return self._bases[name].at(relation)

    def _fresh(self, names: tuple[str, ...], schema: str) -> tuple[Segment | None, NDArray[np.bytes_]]:
        """The last changes as a table in memory, and the ids of all records that they speak of."""
        nothing = np.empty(0, dtype="S1")
        if not names:
            return None, nothing
        table = f"memory.{schema}.fresh"
        self._opened.execute(f"CREATE OR REPLACE TEMP TABLE changes AS {deltas_sql(names)}")
        self._opened.execute(
            f"CREATE OR REPLACE TABLE {table} AS SELECT * EXCLUDE (deleted), row_number() OVER () - 1 AS row FROM "  # noqa: S608 - our names
            "(SELECT * FROM changes WHERE NOT deleted ORDER BY formula NULLS LAST, record)"
        )
        said = self._opened.execute("SELECT record FROM changes").fetchnumpy()["record"].tolist()
        self._opened.execute("DROP TABLE changes")
        rows = self._opened.execute(f"SELECT count(*) FROM {table}").fetchall()  # noqa: S608 - our names
        gone = np.array(sorted(key.encode() for key in said), dtype=np.bytes_) if said else nothing
        return Segment("fresh", table, rows[0][0], None, frozenset(sql_types())), gone

    def _view(self, schema: str, parts: list[tuple[str, Mask | None]]) -> None:
        import pyarrow as pa

        chosen = []
        for at, (relation, alive) in enumerate(parts):
            text = f"SELECT * EXCLUDE (row) FROM {relation}"  # noqa: S608 - our names
            if alive is not None and not alive.all():
                self._opened.register("dead_rows", pa.table({"row": np.flatnonzero(~alive)}))
                self._opened.execute(f"CREATE OR REPLACE TABLE memory.{schema}.dead{at} AS SELECT * FROM dead_rows")  # noqa: S608
                self._opened.unregister("dead_rows")
                text += f" ANTI JOIN memory.{schema}.dead{at} USING (row)"
            chosen.append(text)
        if not chosen:
            nothing = ", ".join(f'NULL::{sql} AS "{name}"' for name, sql in sql_types().items())
            chosen = [f"SELECT {nothing} WHERE false"]
        self._opened.execute(f"CREATE OR REPLACE VIEW memory.{schema}.entries AS {' UNION ALL '.join(chosen)}")

    def _forget(self, manifest: Manifest) -> None:
        """Let go of states that nobody can still be asking, and of bases that were merged away."""
        while len(self._snapshots) > KEPT_SNAPSHOTS:
            old = self._snapshots.pop(0)
            if all(old.schema != kept.schema for kept in self._snapshots):
                self._opened.execute(f"DROP SCHEMA IF EXISTS memory.{old.schema} CASCADE")
        used = {segment.name for snapshot in self._snapshots for segment in snapshot.segments}
        for name in [name for name in self._bases if name not in used]:
            self._opened.execute(f'DETACH DATABASE IF EXISTS "{name}"')
            del self._bases[name]


def _schema(manifest: Manifest) -> str:
    """A name for a state: an index that was dropped counts its generations anew."""
    import hashlib

    said = f"{manifest.fingerprint} {manifest.segments}"
    return f"g{manifest.generation}_{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def _alive(
    opened: "duckdb.DuckDBPyConnection",
    base: Segment,
    later: Sequence[Segment],
    gone: NDArray[np.bytes_],
) -> Mask | None:
    """The rows of a base that no later segment replaces or takes away; none where all do count."""
    dead: list[NDArray[Any]] = [
        base_deleted(base),
        *(base_dead(newer, base.name) for newer in later),
        base.rows_of(opened, gone),
    ]
    rows = np.concatenate(dead)
    if not len(rows):
        return None
    alive = np.ones(base.rows, dtype=np.bool_)
    alive[rows] = False
    return alive


_readers: dict[Path, Reader] = {}


def reader() -> Reader:
    """The reader of the present data folder."""
    return _readers.setdefault(segments.folder(), Reader())
