"""Writes of the index: bring records up to date, merge segments, build anew. It is derived: dropping it loses nothing."""

import os
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING

from knowledge.index import reader, rows, segments
from knowledge.index.columns import fingerprint, sql_types
from knowledge.index.segments import Manifest

if TYPE_CHECKING:
    import pyarrow

MANY = 8


def _segment_name() -> str:
    return f"segment-{uuid.uuid4().hex}.parquet"


def _segment_stream(name: str, tables: Iterable["pyarrow.Table"]) -> int:
    """One segment of many tables, each a row group; the number of rows. Nothing is written if there are none."""
    import pyarrow.parquet as pq

    total = 0
    tables = iter(tables)
    first = next(tables, None)
    if first is None:
        return 0
    with (segments.folder() / name).open("wb") as file:
        with pq.ParquetWriter(file, first.schema, compression="zstd") as writer:
            for content in chain((first,), tables):
                writer.write_table(content)
                total += content.num_rows
        file.flush()
        os.fsync(file.fileno())
    return total


def _segment_write(content: "pyarrow.Table") -> str:
    name = _segment_name()
    _segment_stream(name, (content,))
    return name


def _compacted(names: tuple[str, ...]) -> str:
    """One segment with what all of these say together."""
    opened = reader.connect()
    for name in names:
        reader.load(opened, segments.folder() / name)
    merged = _segment_name()
    path = segments.folder() / merged
    listed = ", ".join(f'"{name}"' for name in sql_types())
    opened.execute(
        f"COPY (SELECT {listed}, false AS deleted FROM entries ORDER BY record) TO '{path}' (FORMAT parquet, COMPRESSION zstd)"  # noqa: S608 - our own path
    )
    opened.close()
    return merged


def index_update(*, records: Sequence[str]) -> int:
    """Bring these records up to date: a new segment with their present state, or a mark that they are gone. Idempotent."""
    with segments.writing():
        manifest = segments.manifest_read()
        if manifest.fingerprint == fingerprint():
            keys = list(records)
            present = list(rows.rows_of(keys))
            gone = set(keys) - {row["record"] for row in present}
            names = (*manifest.segments, _segment_write(rows.table(present, sorted(gone))))
            if len(names) > MANY:
                names = (_compacted(names),)
            segments.manifest_write(replace(manifest, generation=manifest.generation + 1, segments=names))
            return len(present)
    return index_rebuild()


def index_rebuild() -> int:
    """Build the index anew from the database; the number of records in it. Readers keep the old one until it is done."""
    with segments.writing():
        name = _segment_name()
        total = _segment_stream(name, (rows.table(found) for found in rows.chunks()))
        generation = segments.manifest_read().generation + 1
        segments.manifest_write(Manifest(generation, fingerprint(), (name,) if total else ()))
        return total


def index_ensure() -> None:
    """Build the index if there is none yet, or if it was built for other topics; else next to nothing."""
    if segments.manifest_read().fingerprint != fingerprint():
        index_rebuild()
