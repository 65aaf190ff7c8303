"""Segments: Parquet files of (channel, time, value) sorted by channel and time, which any engine reads.

The row groups are small, so that reading one channel touches only its own part of a file.
"""

import itertools
import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ingest.durable import file_settle, temporary_file
from ingest.home import home
from ingest.telemetry.points import Points, Series

ROW_GROUP = 65_536


def telemetry_folder() -> Path:
    """Where the segments lie."""
    return home() / "telemetry"


def segment_place(instrument: str, start_ns: int) -> str:
    """A new name below the telemetry folder: instrument/day/unique.parquet."""
    day = datetime.fromtimestamp(start_ns / 1e9, UTC).strftime("%Y%m%d")
    return f"{instrument}/{day}/{uuid.uuid4().hex}.parquet"


def segment_write(place: str, points: Points) -> int:
    """Write the points durably below the telemetry folder; the size in bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = sorted(points)
    rows = [len(points[name]) for name in names]
    table = pa.table(
        {
            "channel": pa.DictionaryArray.from_arrays(
                np.repeat(np.arange(len(names), dtype=np.int32), rows), pa.array(names, pa.string())
            ),
            "time": pa.array(np.concatenate([points[name].times for name in names])).cast(pa.timestamp("ns", tz="UTC")),
            "value": pa.array(np.concatenate([points[name].values for name in names])),
        }
    )
    target = telemetry_folder() / place
    with temporary_file(target.parent) as (file, path):
        pq.write_table(
            table,
            file,
            row_group_size=ROW_GROUP,
            compression="lz4",
            use_dictionary=["channel"],  # type: ignore[arg-type]  # the stubs know only the flag
            column_encoding={"time": "DELTA_BINARY_PACKED"},
            write_statistics=["channel", "time"],
        )
        file.flush()
        size = path.stat().st_size
        file_settle(file, path, target)
    return size


def segment_read(
    place: str, *, channels: Collection[str] | None = None, start_ns: int | None = None, end_ns: int | None = None
) -> dict[str, Series]:
    """The points of a segment, all or those of some channels and a stretch of time (both ends included)."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    stamp = pa.timestamp("ns", tz="UTC")
    conditions = []
    if channels is not None:
        conditions.append(pc.field("channel").isin(sorted(channels)))
    if start_ns is not None:
        conditions.append(pc.field("time") >= pa.scalar(start_ns, stamp))
    if end_ns is not None:
        conditions.append(pc.field("time") <= pa.scalar(end_ns, stamp))
    condition = None
    for part in conditions:
        condition = part if condition is None else condition & part
    table = pq.read_table(telemetry_folder() / place, filters=condition, use_threads=False)
    if not table.num_rows:
        return {}
    column: Any = table["channel"].unify_dictionaries().combine_chunks()  # Any: a DictionaryArray, as written
    codes = column.indices.to_numpy(zero_copy_only=False)
    times = table["time"].cast(pa.int64()).to_numpy()
    values = table["value"].to_numpy()
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    names = column.dictionary.to_pylist()
    return {names[codes[a]]: Series(times[a:b], values[a:b]) for a, b in itertools.pairwise(edges)}
