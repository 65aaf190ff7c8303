"""Exports as tables, CSV and Parquet: the time, the seconds since the start, and a column for each channel with its unit."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ingest.export.domain import Column, Header, column_points, rows
from ingest.telemetry.points import Points

if TYPE_CHECKING:
    import pyarrow as pa

TIME, SECONDS = "time_utc", "time [s]"


def _labels(columns: Iterable[Column]) -> list[str]:
    """One name for each column; what would come twice is numbered."""
    taken, labels = {TIME, SECONDS}, []
    for column in columns:
        label, number = column.label, 2
        while label in taken:
            label, number = f"{column.label} ({number})", number + 1
        taken.add(label)
        labels.append(label)
    return labels


def _table(header: Header, points: Points) -> "pa.Table":
    import pyarrow as pa

    times, values, there = rows(column_points(header, points))
    arrays: list[pa.Array[Any]] = [  # Any: of several types
        pa.array(times).view(pa.timestamp("ns", tz="UTC")),
        pa.array((times - header.start_ns) / 1e9),
        *(pa.array(column, mask=~seen) for column, seen in zip(values, there, strict=True)),
    ]
    return pa.Table.from_arrays(arrays, schema=_schema(header))


def _schema(header: Header) -> "pa.Schema":
    import pyarrow as pa

    fields: list[pa.Field[Any]] = [
        pa.field(TIME, pa.timestamp("ns", tz="UTC")),
        pa.field(SECONDS, pa.float64(), metadata={"unit": "s"}),
    ]
    for label, column in zip(_labels(header.columns), header.columns, strict=True):
        about = {"channel": column.channel, "unit": column.unit or "", "quantity": column.quantity or ""}
        fields.append(pa.field(label, pa.float64(), metadata=about))
    document = {"title": header.title, "instrument": header.instrument, **header.about, "steps": list(header.steps)}
    return pa.schema(fields, metadata={"lodestone": json.dumps(document, ensure_ascii=False, default=str)})


def csv_pieces(header: Header, stretches: Iterable[tuple[float, Points]]) -> Iterator[bytes]:
    """The lines of a CSV file (UTF-8, comma, decimal point), piece by piece."""
    import pyarrow as pa
    import pyarrow.csv as pc

    names = [TIME, SECONDS, *_labels(header.columns)]
    yield (",".join('"' + name.replace('"', '""') + '"' for name in names) + "\r\n").encode()
    options = pc.WriteOptions(include_header=False)
    for _, points in stretches:
        packed = pa.BufferOutputStream()
        pc.write_csv(_table(header, points), packed, options)
        yield packed.getvalue().to_pybytes()


def parquet_write(header: Header, stretches: Iterable[tuple[float, Points]], path: Path) -> Iterator[float]:
    """Write a Parquet file whose fields carry channel, unit and quantity; yields the share done."""
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, _schema(header), compression="zstd", use_dictionary=False) as writer:
        for done, points in stretches:
            table = _table(header, points)
            if table.num_rows:
                writer.write_table(table)
            yield done


def csv_write(header: Header, stretches: Iterable[tuple[float, Points]], path: Path) -> Iterator[float]:
    """Write a CSV file; yields after each stretch."""
    with path.open("wb") as file:
        for piece in csv_pieces(header, stretches):
            file.write(piece)
            yield np.nan
