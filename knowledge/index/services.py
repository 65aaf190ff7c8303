"""Writes of the index: bring records up to date, merge segments, build anew. It is derived: dropping it loses nothing."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from knowledge.index import rows, segments
from knowledge.index.arrays import Segment
from knowledge.index.bases import TABLE, base_build, base_columns, base_open, database
from knowledge.index.columns import fingerprint, layout, sql_types
from knowledge.index.reader import deltas_sql, selected_columns
from knowledge.index.segments import Manifest

if TYPE_CHECKING:
    import duckdb
    import pyarrow

MOST_FRESH = 4096  # records in deltas, which every process keeps in memory
MOST_DELTAS = 6  # each is a file that every process opens anew after a change
GROWTH = 8  # a base is merged with what follows it once that is an eighth of it


def index_update(*, records: Sequence[str], most_fresh: int = MOST_FRESH) -> int:
    """Bring these records up to date: a delta with their present state, or a mark that they are gone. Idempotent.

    More than `most_fresh` records in deltas become a base.
    """
    with segments.writing():
        manifest = segments.manifest_read()
        if manifest.fingerprint == fingerprint() or _fits(manifest):
            keys = list(dict.fromkeys(records))
            present = list(rows.rows_of(keys))
            gone = sorted(set(keys) - {row["record"] for row in present})
            delta = segments.delta_name()
            _parquet(segments.folder() / delta, [rows.table(present, gone)])
            names = _merged((*manifest.segments, delta), most_fresh)
            segments.manifest_write(_manifest(manifest, names))
            return len(present)
    return index_rebuild()


def index_rebuild(told: Callable[[int], None] = lambda done: None, *, most_fresh: int = MOST_FRESH) -> int:
    """Build the index anew from the database; the number of records in it. Readers keep the old one until it is done.

    `told` hears from time to time how many records have been read. No more than `most_fresh` stay a delta.
    """
    with segments.writing():
        delta = segments.delta_name()
        path = segments.folder() / delta
        total = _parquet(path, _told(rows.chunks(), told))
        names: tuple[str, ...] = (delta,) if total else ()
        if total > most_fresh:
            opened = database()
            names = (base_build(opened, f"SELECT * FROM read_parquet('{path}')", ()),)  # noqa: S608 - our own path
            opened.close()
            path.unlink()
        segments.manifest_write(_manifest(segments.manifest_read(), names))
        return total


def index_ensure() -> None:
    """Build the index if there is none yet, or if it was built for other topics; else next to nothing."""
    manifest = segments.manifest_read()
    if manifest.fingerprint == fingerprint():
        return
    if _fits(manifest):
        with segments.writing():
            manifest = segments.manifest_read()
            segments.manifest_write(_manifest(manifest, manifest.segments))
    else:
        index_rebuild()


def _fits(manifest: Manifest) -> bool:
    """Whether topics were only added or removed since: what is there still means the same."""
    then, now = manifest.layout, layout()
    return bool(then) and all(then[name] == now[name] for name in then if name in now)


def _manifest(before: Manifest, names: tuple[str, ...]) -> Manifest:
    return Manifest(before.generation + 1, fingerprint(), names, layout())


def _told(chunks: Iterable[list[dict[str, rows.Json]]], told: Callable[[int], None]) -> Iterable["pyarrow.Table"]:
    done = 0
    for found in chunks:
        yield rows.table(found)
        done += len(found)
        told(done)


def _parquet(path: Path, tables: Iterable["pyarrow.Table"]) -> int:
    """One file of many tables, each a row group; the number of rows. Nothing is written if there are none."""
    import pyarrow.parquet as pq

    total, writer = 0, None
    for content in tables:
        writer = writer or pq.ParquetWriter(path, content.schema, compression="zstd")
        writer.write_table(content)
        total += content.num_rows
    if writer is None:
        return 0
    writer.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())
    return total


def _merged(names: tuple[str, ...], most_fresh: int) -> tuple[str, ...]:
    """The segments after a merge, where one is due: small ones among themselves, a large one only with what rivals it."""
    import pyarrow.parquet as pq

    bases, deltas = Manifest(segments=names).bases, Manifest(segments=names).deltas
    fresh = sum(pq.read_metadata(segments.folder() / name).num_rows for name in deltas)
    if fresh <= most_fresh and len(deltas) <= MOST_DELTAS:
        return names
    kept = list(bases)
    taken: list[str] = []
    while kept and base_open(kept[-1], "").rows <= GROWTH * fresh:
        taken.insert(0, kept.pop())
        fresh += base_open(taken[0], "").rows
    older = [base_open(name, "") for name in kept]
    return (*kept, *_compacted(taken, deltas, older))


def _compacted(bases: Sequence[str], deltas: Sequence[str], older: Sequence[Segment]) -> tuple[str, ...]:
    """One base with what all of these say together; marks that a record is gone stay while an older base may hold it."""
    opened = database()
    opened.execute(f"CREATE TEMP TABLE newer AS {deltas_sql(deltas)}")
    for name in reversed(bases):
        _laid_under(opened, name)
    source = "SELECT * FROM newer" if older else "SELECT * FROM newer WHERE NOT deleted"
    held = opened.execute(f"SELECT count(*) FROM ({source})").fetchall()[0][0]  # noqa: S608 - our names
    made = (base_build(opened, source, older),) if held else ()
    opened.close()
    return made


def _laid_under(opened: "duckdb.DuckDBPyConnection", name: str) -> None:
    """Add the records of a base that nothing newer speaks of."""
    opened.execute(f"ATTACH '{segments.folder() / name / TABLE}' AS lower (READ_ONLY)")
    chosen = selected_columns(set(base_columns(name)))
    listed = ", ".join(f'"{column}"' for column in sql_types())
    opened.execute(
        f"INSERT INTO newer ({listed}, deleted) SELECT {chosen}, deleted FROM lower.entries "  # noqa: S608 - our columns
        "ANTI JOIN (SELECT record FROM newer) AS said USING (record)"
    )
    opened.execute("DETACH lower")
