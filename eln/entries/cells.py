"""The numbers of an image or map for other programs: CSV of a plane, NPY of all planes."""

import csv
import io

import numpy as np

from eln.entries.pictures import plane_of
from ingest.parsers.protocol import Channel, GridAxis


def _label(axis: GridAxis) -> str:
    return f"{axis.name} [{axis.unit}]" if axis.unit else axis.name


def _positions(axis: GridAxis) -> list[str]:
    return [f"{axis.start + axis.step * index:.12g}" for index in range(axis.size)]


def plane_csv(channel: Channel, plane: int) -> str:
    """A row for each position down, a column for each position across; the corner names both and the unit of the cells."""
    down, across = channel.grid[-2:]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    corner = f"{_label(down)} \\ {_label(across)}"
    name = f"{channel.name} [{channel.unit}]" if channel.unit else channel.name
    writer.writerow([f"{name}: {corner}", *_positions(across)])
    for position, row in zip(_positions(down), plane_of(channel, plane), strict=True):
        writer.writerow([position, *("" if np.isnan(value) else repr(float(value)) for value in row)])
    return stream.getvalue()


def npy(channel: Channel) -> bytes:
    """All cells as float64 in the shape of the grid, in NumPy's format 1.0."""
    if channel.values is None:
        raise ValueError("a channel of texts has no cells")
    stream = io.BytesIO()
    np.save(stream, channel.values.reshape([axis.size for axis in channel.grid]), allow_pickle=False)
    return stream.getvalue()
