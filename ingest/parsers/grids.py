"""Images and maps as channels: cells in C order, one axis a dimension, row 0 at the top of an image."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.datasets import MAX_CELLS
from ingest.parsers.protocol import CannotParse, Channel, GridAxis
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

_SHORT = (("nm", 1e-9), ("um", 1e-6), ("mm", 1e-3), ("m", 1.0))


def length_axes(shape: Sequence[int], step_m: Sequence[float], start_m: Sequence[float] = (0.0, 0.0)) -> list[GridAxis]:
    """Axes y and x of lengths given in metre, both in the unit that suits the larger extent (nm, um, mm or m)."""
    extent = max(abs(step) * size for step, size in zip(step_m, shape, strict=True))
    unit, scale = next(((u, s) for u, s in _SHORT if extent < 2000 * s), _SHORT[-1])
    return [
        GridAxis(name, size, start / scale, step / scale, unit)
        for name, size, step, start in zip(("y", "x"), shape, step_m, start_m, strict=True)
    ]


def known_axis(name: str, size: int, start: float, step: float, unit: str | None) -> GridAxis:
    """An axis in the unit the file states; by pixel where it states no step."""
    if not np.isfinite(step) or step == 0 or not np.isfinite(start):
        return GridAxis(name, size)
    return GridAxis(name, size, start, step, parse_unit(unit, name) if unit else None)


def check_size(shape: Sequence[int], what: str = "the image") -> int:
    """Number of cells of a shape that a header states. Raises CannotParse for sizes no reader takes."""
    cells = 1
    for size in shape:
        if size <= 0:
            raise CannotParse(f"{what} has a size of {' x '.join(map(str, shape))}: nothing was recorded")
        cells *= int(size)
    if cells > MAX_CELLS:
        raise CannotParse(
            f"{what} has {' x '.join(map(str, shape))} values, more than the {MAX_CELLS} this reader takes"
        )
    return cells


def grid_channel(
    name: str,
    cells: NDArray[np.generic],
    axes: Sequence[GridAxis],
    unit: str | None = None,
    technique: str | None = None,
) -> Channel:
    """A grid of values in `unit` (canonical), shape as the axes say."""
    if cells.shape != tuple(axis.size for axis in axes):
        raise CannotParse(f"{name}: {cells.shape} values do not fit the axes")
    quantity, confidence = quantity_of(name, unit, technique) if unit else (None, 0.0)
    flat = np.ascontiguousarray(cells, dtype=np.float64).reshape(-1)
    return Channel(name, flat, None, unit, quantity, confidence, None, None, tuple(axes))


def grey(pixels: NDArray[np.generic]) -> NDArray[np.float64]:
    """Brightness of colour pixels (ITU-R BT.601 weights); grey ones as they are. Shape (rows, columns[, 3 or 4])."""
    if pixels.ndim == 3 and pixels.shape[-1] in (3, 4):
        colour = pixels[..., :3].astype(np.float64)
        if (colour[..., 0] == colour[..., 1]).all() and (colour[..., 1] == colour[..., 2]).all():
            return np.ascontiguousarray(colour[..., 0])
        return np.asarray(colour @ np.array([0.299, 0.587, 0.114]))
    return pixels.astype(np.float64)
