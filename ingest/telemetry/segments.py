"""Segments: Parquet files of points, which any engine reads; immutable.

Two layouts, told apart by their columns. A settled segment is long: (channel, time, value), sorted by channel and time, in
small row groups, so that reading one channel touches only its own part. A large batch becomes a wide segment as it came:
`time` and a column for each channel (NaN = no value), which costs a fraction of the time; merging makes it long.
"""

import itertools
import uuid
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ingest.durable import file_settle, temporary_file
from ingest.home import home
from ingest.telemetry.points import Points, Series, Sheet, cut

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 65_536
LONG = {"channel", "time", "value"}


def telemetry_folder() -> Path:
    """Where the segments lie."""
    return home() / "telemetry"


def segment_place(instrument: str, start_ns: int) -> str:
    """A new name below the telemetry folder: instrument/day/unique.parquet."""
    day = datetime.fromtimestamp(start_ns / 1e9, UTC).strftime("%Y%m%d")
    return f"{instrument}/{day}/{uuid.uuid4().hex}.parquet"


def _stamps(times: NDArray[np.int64]) -> "pa.Array[Any]":  # Any: the stubs know no zoned timestamps
    import pyarrow as pa

    stamps: pa.Array[Any] = pa.array(times).view(pa.timestamp("ns", tz="UTC"))
    return stamps


def segment_write(place: str, points: Points) -> int:
    """Write a long segment durably below the telemetry folder; its size in bytes."""
    import pyarrow as pa

    names = sorted(points)
    rows = [len(points[name]) for name in names]
    table = pa.table(
        {
            "channel": pa.DictionaryArray.from_arrays(
                np.repeat(np.arange(len(names), dtype=np.int32), rows), pa.array(names, pa.string())
            ),
            "time": _stamps(np.concatenate([points[name].times for name in names])),
            "value": pa.array(np.concatenate([points[name].values for name in names])),
        }
    )
    encodings = {"time": "DELTA_BINARY_PACKED", "value": "BYTE_STREAM_SPLIT"}
    return _write(
        place, table, compression="zstd", compression_level=1, use_dictionary=["channel"], column_encoding=encodings,
        write_statistics=["channel", "time"],
    )  # fmt: skip


def sheet_fits(sheet: Sheet) -> bool:
    """Whether a wide segment can hold it: names that differ for engines which ignore case, none of them that of the times."""
    lowered = {name.lower() for name in sheet.names} | {"time"}
    return len(lowered) == len(sheet.names) + 1 and lowered != LONG


def sheet_write(place: str, sheet: Sheet) -> int:
    """Write a wide segment durably below the telemetry folder; its size in bytes."""
    import pyarrow as pa

    columns = [_stamps(sheet.times), *(pa.array(row) for row in sheet.values)]
    table = pa.Table.from_arrays(columns, names=["time", *sheet.names])
    encodings = {"time": "DELTA_BINARY_PACKED"}
    # one row group: the whole is read back within minutes to be merged, and each group costs as much as its rows
    return _write(
        place, table, compression="lz4", use_dictionary=False, column_encoding=encodings, write_statistics=["time"],
        row_group_size=max(len(sheet.times), 1),
    )  # fmt: skip


def _write(place: str, table: "pa.Table", *, row_group_size: int = ROW_GROUP, **how: Any) -> int:
    """Pack in memory, where Arrow needs no Python for each page, then write at once."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    packed = pa.BufferOutputStream()
    pq.write_table(table, packed, row_group_size=row_group_size, **how)
    data = packed.getvalue()
    target = telemetry_folder() / place
    with temporary_file(target.parent) as (file, path):
        file.write(data)
        file_settle(file, path, target)
    return int(data.size)


def segment_read(
    place: str, *, channels: Collection[str] | None = None, start_ns: int | None = None, end_ns: int | None = None
) -> dict[str, Series]:
    """The points of a segment, all or those of some channels and a stretch of time (both ends included)."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(telemetry_folder() / place, memory_map=True) as file:
        names = file.schema_arrow.names
    if set(names) == LONG:
        return _long_read(place, channels, start_ns, end_ns)
    wanted = [name for name in names if name != "time" and (channels is None or name in channels)]
    return _wide_read(place, wanted, start_ns, end_ns)


def _wide_read(place: str, channels: list[str], start_ns: int | None, end_ns: int | None) -> dict[str, Series]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(telemetry_folder() / place, columns=["time", *channels], use_threads=False)
    times = table["time"].combine_chunks().view(pa.int64()).to_numpy()
    found = {}
    for name in channels:
        values = table[name].to_numpy()
        there = ~np.isnan(values)
        series = cut(Series(times, values) if there.all() else Series(times[there], values[there]), start_ns, end_ns)
        if len(series):
            found[name] = series
    return found


def _long_read(
    place: str, channels: Collection[str] | None, start_ns: int | None, end_ns: int | None
) -> dict[str, Series]:
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
