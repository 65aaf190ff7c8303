"""Channels on disk: one Parquet file for each parsed file, one row a channel, lists of values, times and texts."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.home import home
from ingest.parsers.protocol import Channel, GridAxis


def arrays_path(parsed_id: int) -> Path:
    """Where the arrays of a parsed file lie; derived, so that deleting them costs a re-parse and no data."""
    return home() / "parsed" / f"{parsed_id % 1000:03d}" / f"{parsed_id}.parquet"


def arrays_write(channels: Sequence[Channel]) -> Path:
    """Write arrays to a part file, before any transaction; `arrays_place` puts it where it belongs."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def lists(arrays: Sequence[NDArray[Any] | None], kind: Any) -> Any:  # Any: pyarrow's types
        sizes = [0 if array is None else len(array) for array in arrays]
        offsets: Any = pa.array(np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64))
        flat = [array for array in arrays if array is not None]
        return pa.LargeListArray.from_arrays(offsets, pa.array(np.concatenate(flat) if flat else [], type=kind))

    table = pa.table(
        {
            "name": pa.array([channel.name for channel in channels], pa.string()),
            "unit": pa.array([channel.unit for channel in channels], pa.string()),
            "quantity": pa.array([channel.quantity for channel in channels], pa.string()),
            "confidence": pa.array([channel.confidence for channel in channels], pa.float64()),
            "axis": pa.array([channel.axis for channel in channels], pa.string()),
            "numeric": pa.array([channel.values is not None for channel in channels], pa.bool_()),
            "timed": pa.array([channel.times is not None for channel in channels], pa.bool_()),
            "values": lists([channel.values for channel in channels], pa.float64()),
            "times": lists([channel.times for channel in channels], pa.int64()),
            "grid": pa.array(
                [json.dumps([asdict(axis) for axis in channel.grid]) for channel in channels], pa.string()
            ),
            "texts": pa.array([list(channel.texts or ()) for channel in channels], pa.large_list(pa.string())),
        }
    )
    folder = home() / "parsed"
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{uuid.uuid4().hex}.part"
    alone = any(len(channel.grid) > 1 for channel in channels)  # images are read one by one
    pq.write_table(table, part, compression="zstd", row_group_size=1 if alone else None)
    return part


def arrays_place(part: Path, parsed_id: int) -> None:
    """Make a part file the arrays of a parsed file, replacing older ones at once."""
    path = arrays_path(parsed_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    part.replace(path)


def arrays_read(parsed_id: int) -> list[Channel]:
    """The channels of a parsed file; empty when it has none."""
    import pyarrow.parquet as pq

    path = arrays_path(parsed_id)
    return _channels(pq.read_table(path)) if path.is_file() else []


def array_read(parsed_id: int, row: int) -> Channel | None:
    """One channel by its place among those of a parsed file, without decoding other images; none where there is none."""
    import pyarrow.parquet as pq

    path = arrays_path(parsed_id)
    if not path.is_file() or row < 0:
        return None
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            rows = file.metadata.row_group(group).num_rows
            if row < rows:
                return _channels(file.read_row_group(group).slice(row, 1))[0]
            row -= rows
    return None


def _channels(table: Any) -> list[Channel]:  # Any: pyarrow.Table
    columns: dict[str, list[Any]] = {
        name: table.column(name).to_pylist()
        for name in ("name", "unit", "quantity", "confidence", "axis", "grid", "numeric", "timed")
    }
    values, times, texts = (table.column(name) for name in ("values", "times", "texts"))
    return [
        Channel(
            columns["name"][row],
            values[row].values.to_numpy(zero_copy_only=False) if columns["numeric"][row] else None,
            None if columns["numeric"][row] else tuple(text or "" for text in texts[row].as_py()),
            columns["unit"][row],
            columns["quantity"][row],
            columns["confidence"][row],
            columns["axis"][row],
            times[row].values.to_numpy(zero_copy_only=False) if columns["timed"][row] else None,
            tuple(GridAxis(**axis) for axis in json.loads(columns["grid"][row])),
        )
        for row in range(table.num_rows)
    ]
