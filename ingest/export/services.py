"""Write an export to a file in steps, so that it can be stopped and says how far it is."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Literal, get_args

from ingest.errors import BadInput
from ingest.export.domain import Header
from ingest.export.nexus import nexus_write
from ingest.export.selectors import points_stretches
from ingest.export.tables import csv_pieces, csv_write, parquet_write
from ingest.telemetry.points import Points

Format = Literal["csv", "parquet", "nxs"]
FORMATS: tuple[str, ...] = get_args(Format)
MEDIA = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet", "nxs": "application/x-hdf5"}
Writer = Callable[[Header, Iterable[tuple[float, Points]], Path], Iterator[float]]
_writers: dict[str, Writer] = {"csv": csv_write, "parquet": parquet_write, "nxs": nexus_write}


def format_check(name: str) -> str:
    """The format of this name. Raises BadInput."""
    if name not in FORMATS:
        raise BadInput(f"{name!r} is no format of export: choose one of {', '.join(FORMATS)}")
    return name


def export_csv(header: Header) -> Iterator[bytes]:
    """The export as pieces of a CSV file, which needs no file of its own."""
    return csv_pieces(header, points_stretches(header))


def export_steps(header: Header, *, kind: str, path: Path) -> Iterator[float]:
    """Write the export; yields after each stretch. Whoever stops early removes the file."""
    return _writers[format_check(kind)](header, points_stretches(header), path)


def export_write(header: Header, *, kind: str, path: Path) -> None:
    """Write the export whole, under another name until it is done."""
    part = path.with_name(f".{path.name}.part")
    try:
        for _ in export_steps(header, kind=kind, path=part):
            pass
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
