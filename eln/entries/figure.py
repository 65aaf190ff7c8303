"""How an image or map is laid out on a page: its aspect, ticks, scale bar and colour bar, in percent; no HTML, no arrays."""

import math
from collections.abc import Mapping
from typing import Any

from eln.ui.quantity import pretty_number, pretty_unit

WIDEST, HIGHEST = 640, 460  # CSS pixels of the picture
_EQUAL, _OTHER = 8.0, 2.0  # how far from square a picture may be: directions of one unit, directions of two
_LENGTHS = {"pm", "angstrom", "nm", "um", "mm", "cm", "m", "1/nm", "1/angstrom", "1/um"}
_PLAIN = {"m", "s", "A", "V", "N", "W", "ohm", "F", "Hz", "Pa", "T", "J", "eV"}
_PREFIXES = (
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1.0, ""),
    (1e-3, "m"),
    (1e-6, "µ"),
    (1e-9, "n"),
    (1e-12, "p"),
    (1e-15, "f"),
)
Layout = dict[str, Any]  # what eln/grid_figure.html shows


def nice_step(extent: float, most: int) -> float:
    """1, 2 or 5 times a power of ten, so that at most `most` steps fit into the extent."""
    rough = extent / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1.0, 2.0, 5.0) if factor * power >= rough * 0.9999), 10 * power)


def ticks(first: float, last: float, most: int = 5) -> list[tuple[float, str]]:
    """(value, label) of round values from `first` to `last`, which may lie below it."""
    low, high = min(first, last), max(first, last)
    if not (math.isfinite(low) and math.isfinite(high)) or high - low <= 1e-12 * max(abs(low), abs(high)):
        return []
    step = nice_step(high - low, most)
    begin = math.ceil(low / step - 1e-9)
    values = [number * step for number in range(begin, math.floor(high / step + 1e-9) + 1)]
    digits = max(3, math.ceil(math.log10(max(abs(low), abs(high)) / step)) + 1)
    return [(value, pretty_number(value, digits)) for value in values]


def axis_ticks(axis: Mapping[str, Any], most: int = 5) -> list[Layout]:
    """Ticks of a direction with their place in percent of the picture; a position lies in the middle of its pixel."""
    size, start, step = int(axis["size"]), float(axis["start"]), float(axis["step"])
    if size < 1 or step == 0:
        return []
    found = ticks(start - step / 2, start + step * (size - 0.5), most)
    by_pixel = not axis.get("unit") and step == 1 and float(start).is_integer()
    return [
        {"at": round(((value - start) / step + 0.5) / size * 100, 3), "label": label}
        for value, label in found
        if not by_pixel or float(value).is_integer()
    ]


def extent(axis: Mapping[str, Any]) -> float:
    """How far a direction reaches, with its outer half pixels."""
    return abs(float(axis["step"])) * int(axis["size"])


def aspect(down: Mapping[str, Any], across: Mapping[str, Any]) -> float:
    """Width over height: true to scale where both directions have one unit, else by pixels and never a thin strip."""
    same = down.get("unit") == across.get("unit")
    wide = extent(across) if same else float(across["size"])
    high = extent(down) if same else float(down["size"])
    most = _EQUAL if same and (down.get("unit") or min(down["size"], across["size"]) > 8) else _OTHER
    return min(max(wide / high if high and wide else 1.0, 1 / most), most)


def display_size(ratio: float) -> tuple[int, int]:
    """Width and height in CSS pixels of a picture of this aspect."""
    width = min(WIDEST, HIGHEST * ratio)
    return max(round(width), 40), max(round(width / ratio), 40)


def scale_bar(down: Mapping[str, Any], across: Mapping[str, Any]) -> Layout | None:
    """A round length of about a quarter of the picture; none where the directions are no lengths."""
    if across.get("unit") not in _LENGTHS or down.get("unit") not in _LENGTHS:
        return None
    whole = extent(across)
    length = nice_step(whole * 0.3, 1)
    length = length if length <= whole * 0.4 else nice_step(whole * 0.15, 1)
    return {
        "width": round(length / whole * 100, 2),
        "label": f"{pretty_number(length, 3)} {pretty_unit(across['unit'])}",
    }


def is_photograph(unit: str | None) -> bool:
    """True for brightness and counts of a camera or detector, which are shown in grey."""
    return not unit or unit in ("count", "counts", "dimensionless", "electron")


def si_prefix(greatest: float, unit: str | None) -> tuple[float, str]:
    """(factor, prefix) that brings values in a plain SI unit near one: 3e-6 m is 3 µm; (1, "") for any other unit."""
    if unit not in _PLAIN or not 0 < greatest < 1e15:
        return 1.0, ""
    return next(((scale, prefix) for scale, prefix in _PREFIXES if greatest >= scale * 0.9999), _PREFIXES[-1])


def colour_bar(low: float, high: float, most: int = 5) -> list[Layout]:
    """Ticks from the darkest (at 100 percent, the foot of the bar) to the lightest colour."""
    return [
        {"at": round((high - value) / (high - low) * 100, 2), "label": label} for value, label in ticks(low, high, most)
    ]


def layout(down: Mapping[str, Any], across: Mapping[str, Any]) -> Layout:
    """What eln/grid_figure.html needs of the directions of a picture."""
    width, height = display_size(aspect(down, across))
    return {
        "width": width,
        "height": height,
        "ticks_across": axis_ticks(across, 5 if width > 300 else 3),
        "ticks_down": axis_ticks(down, 5 if height > 200 else 3),
        "scale": scale_bar(down, across),
    }
