"""An image or map as a PNG: one plane, clipped to its percentiles, in a colour map of steadily rising lightness."""

import io
from functools import cache

import numpy as np
from numpy.typing import NDArray

from eln.entries.figure import Layout, colour_bar, is_photograph, si_prefix
from eln.ui.quantity import pretty_unit
from ingest.parsers.protocol import Channel

LONGEST, SHORTEST = 1024, 256
CLIP = (0.5, 99.5)  # percentiles of the plane that become the darkest and the lightest colour


@cache
def colours() -> NDArray[np.uint8]:
    """256 colours from dark to light, shape (256, 3), equal steps of lightness also for the colour-blind.

    Source: cubehelix, D. A. Green, Bull. Astron. Soc. India 39, 289 (2011), start 0.5, -1 rotation, hue 1.2, lightness 0.08 to 0.95.
    """
    light = np.linspace(0.08, 0.95, 256)
    angle = 2 * np.pi * (0.5 / 3 + 1 - light)
    amplitude = 1.2 * light * (1 - light) / 2
    turn = np.array([[-0.14861, 1.78277], [-0.29227, -0.90649], [1.97294, 0.0]])
    made = light[:, None] + amplitude[:, None] * (
        np.cos(angle)[:, None] * turn[:, 0] + np.sin(angle)[:, None] * turn[:, 1]
    )
    return np.asarray(np.clip(made * 255, 0, 255).astype(np.uint8))


def plane_of(channel: Channel, plane: int) -> NDArray[np.float64]:
    """One image of a grid, shape (rows, columns); the first where there are not so many."""
    if channel.values is None or len(channel.grid) < 2:
        raise ValueError("a channel without a grid has no image")
    rows, columns = channel.grid[-2].size, channel.grid[-1].size
    stack = channel.values.reshape(-1, rows, columns)
    return np.asarray(stack[plane if 0 <= plane < len(stack) else 0])


def levels(cells: NDArray[np.float64]) -> tuple[float, float]:
    """The values of the darkest and the lightest colour."""
    finite = cells[np.isfinite(cells)]
    if not len(finite):
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(finite, CLIP))
    if high <= low:
        low, high = float(finite.min()), float(finite.max())
    return low, high if high > low else low + (abs(low) or 1.0)


def _table(unit: str | None) -> NDArray[np.uint8]:
    return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, 1) if is_photograph(unit) else colours()


def colouring(channel: Channel, plane: int = 0) -> Layout:
    """The colour bar of one plane: ticks in percent from the top, and colours from its foot on, as (percent, #rrggbb)."""
    low, high = levels(plane_of(channel, plane))
    table = _table(channel.unit)
    stops = [
        {"at": round(index / 255 * 100, 1), "colour": "#" + bytes(table[index].tolist()).hex()}
        for index in range(0, 256, 15)
    ]
    scale, prefix = si_prefix(max(abs(low), abs(high)), channel.unit)
    low, high = low / scale, high / scale
    unit = prefix + pretty_unit(channel.unit)
    return {"low": low, "high": high, "bar": colour_bar(low, high), "bar_unit": unit, "stops": stops}


def picture(channel: Channel, plane: int = 0) -> bytes:
    """PNG of one plane; missing cells are transparent. Small images are enlarged in whole steps, large ones made smaller."""
    from PIL import Image

    cells = plane_of(channel, plane)
    low, high = levels(cells)
    with np.errstate(invalid="ignore"):
        index = np.clip(np.nan_to_num((cells - low) / (high - low)) * 255, 0, 255).astype(np.uint8)
    pixels = np.dstack([_table(channel.unit)[index], np.where(np.isfinite(cells), 255, 0).astype(np.uint8)])
    image = Image.fromarray(pixels)
    longest = max(image.size)
    if longest > LONGEST:
        image = image.resize([max(1, round(size * LONGEST / longest)) for size in image.size], Image.Resampling.BOX)
    elif longest < SHORTEST:
        factor = max(1, LONGEST // 2 // longest)
        image = image.resize([size * factor for size in image.size], Image.Resampling.NEAREST)
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=4)
    return stream.getvalue()
