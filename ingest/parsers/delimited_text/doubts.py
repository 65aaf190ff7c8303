"""What makes values doubtful: codes that stand for no reading, saturation, units that the values contradict."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import Channel
from ingest.schemas.registry import quantities
from ingest.schemas.units import convert

# what instruments write where they had no reading; taken for such only where the other values are far from it
_NO_READING = (
    9.9e37, 9.91e37, 9.9e36, 9.999e37, 6.9e37, 1e37, 1e38, 9.9e99, 3.4028235e38, 3.4028234663852886e38,
    1.7976931348623157e308, 1e30, 1e10,
    99999.0, 999999.0, 9999999.0,
    9999.0, 999.9, 9999.9, -999.0, -9999.0, -99999.0, -999.9, -9999.9, -999.25,
    -9999.25, -1e30, -9.9e37, -9.91e37, -1e38,
)  # fmt: skip
_FULL_SCALE = (255.0, 1023.0, 4095.0, 16383.0, 32767.0, 65535.0, 262143.0, 1048575.0, 16777215.0)
_UNCERTAIN = re.compile(
    r"(?:^|[\s_.])(?:\d?[dδΔ][TpPVIB]|(?i:std(?:ev|dev)?|sigma|err(?:or)?|unc(?:ert\w*)?))(?:$|[\s_.(])"
    r"|^\d[dσ]|^[uσ]\(|(?i:uncertainty|standard deviation)",
)
_ZERO_KELVIN = {"K": 0.0, "degC": -273.15, "degF": -459.67}


def sentinels(
    name: str, values: NDArray[np.float64], declared: tuple[float, ...]
) -> tuple[NDArray[np.float64], list[str]]:
    """The values with the file's own code for no value made NaN, and what is odd about the others."""
    found = []
    for code in declared:
        hits = int((values == code).sum())
        if hits:
            values = np.where(values == code, np.nan, values)
            found.append(
                f"{name}: {hits} values are {code:g}, which the file declares to be no value; they are left out"
            )
    finite = values[np.isfinite(values)]
    if not len(finite):
        return values, found
    low, high = float(finite.min()), float(finite.max())
    for code in (code for code in _NO_READING if low <= code <= high and (code in (low, high) or abs(code) > 1e29)):
        hits = int(np.isclose(finite, code, rtol=1e-7, atol=0).sum())
        rest = finite[~np.isclose(finite, code, rtol=1e-7, atol=0)]
        if hits and len(rest) and (abs(code) > 1e29 or abs(code) > 20 * np.abs(rest).max() or _apart(code, rest, hits)):
            found.append(f"{name}: {hits} values are {code:g}, which usually means no reading")
    if high in _FULL_SCALE and int((finite == high).sum()) >= 3 and _flat_top(finite, high):
        found.append(
            f"{name}: {int((finite == high).sum())} values are {high:g}, the end of the range; they may be saturated"
        )
    return values, found


def _apart(code: float, rest: NDArray[np.float64], hits: int) -> bool:
    """A code of nines below zero, written more than once, where all other values stay above zero or far away."""
    return code < 0 and hits > 1 and code < rest.min() - 2 * (rest.max() - rest.min()) - 100


def _flat_top(values: NDArray[np.float64], high: float) -> bool:
    """Readings that stop at the end of the range, rather than a number of pixels or a setting that is always the same."""
    return bool((values < high).sum() > 0.3 * len(values)) and not bool((np.diff(values) >= 0).all())


def contradictions(name: str, unit: str | None, quantity: str | None, values: NDArray[np.float64]) -> list[str]:
    """Where the values cannot be of the unit or the quantity they are said to be."""
    finite = values[np.isfinite(values) & (np.abs(values) < 1e29)]
    if not len(finite):
        return []
    low, high = float(finite.min()), float(finite.max())
    if unit in _ZERO_KELVIN and low < _ZERO_KELVIN[unit] and "difference" not in name.lower() and quantity is not None:
        return [f"{name}: values down to {low:g} lie below absolute zero in the declared unit {unit}"]
    known = quantities().get(quantity) if quantity else None
    if known is None or not known.units or unit != known.units[0]:
        return []
    if known.low is not None and low < known.low:
        return [
            f"{name}: values down to {low:g} {unit} are hardly possible for {known.label['en']}; the unit or the name may be wrong"
        ]
    if known.high is not None and high > known.high:
        return [
            f"{name}: values up to {high:g} {unit} are hardly possible for {known.label['en']}; the unit or the name may be wrong"
        ]
    return []


def is_uncertainty(name: str) -> bool:
    """True for the name of how sure a value is, such as `2dT`, `sigma_T`, `T err`: no reading of that quantity itself."""
    return _UNCERTAIN.search(name) is not None


def disagreements(channels: Sequence[Channel]) -> list[str]:
    """Relative times whose length is not that of the absolute times beside them."""
    stamped = next((c for c in channels if c.times is not None and len(c.times) > 2), None)
    if stamped is None or stamped.times is None:
        return []
    span = float(stamped.times[-1] - stamped.times[0]) / 1e9
    found = []
    for item in channels:
        if (
            item is stamped
            or item.quantity != "time"
            or item.unit is None
            or item.values is None
            or item.times is not None
        ):
            continue
        if (
            len(item.values) != len(stamped.times)
            or not np.isfinite(item.values).all()
            or (np.diff(item.values) <= 0).any()
        ):
            continue
        own = convert(float(item.values[-1] - item.values[0]), item.unit, "s")
        least = 2.0 + 2 * span / len(item.values)  # stamps may be cut to whole seconds, and lag by a row
        if abs(own - span) > max(0.05 * span, least):
            found.append(f"{item.name} lasts {own:g} s, the times of {stamped.name} last {span:g} s")
    return found
