"""Writes of the index: bring records up to date, merge segments, build anew. It is derived: dropping it loses nothing."""

import os
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from knowledge.index import reader, rows, segments
from knowledge.index.columns import fingerprint, sql_types
from knowledge.index.segments import Manifest

if TYPE_CHECKING:
    import pyarrow

MANY = 8


def _segment_name() -> str:
    return f"segment-{uuid.uuid4().hex}.parquet"


def _segment_write(content: "pyarrow.Table") -> str:
    import pyarrow.parquet as pq

    name = _segment_name()
    path = segments.folder() / name
    with path.open("wb") as file:
        pq.write_table(content, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
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
        total, names = 0, []
        for found in rows.chunks():
            names.append(_segment_write(rows.table(found)))
            total += len(found)
        merged = (_compacted(tuple(names)),) if len(names) > 1 else tuple(names)
        generation = segments.manifest_read().generation + 1
        segments.manifest_write(Manifest(generation, fingerprint(), merged))
        return total


def index_ensure() -> None:
    """Build the index if there is none yet, or if it was built for other topics."""
    if segments.manifest_read().fingerprint != fingerprint():
        index_rebuild()
