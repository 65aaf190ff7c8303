"""How a number with a unit is written for people; the same rules wherever one is shown."""

import math

_UNITS = {
    "degC": "°C", "degree_Celsius": "°C", "celsius": "°C", "kelvin": "K", "angstrom": "Å", "um": "µm", "micrometer": "µm",
    "ohm": "Ω", "degree": "°", "deg": "°", "percent": "%", "dimensionless": "", "second": "s", "minute": "min", "hour": "h",
    "counts": "counts", "nanometer": "nm", "pascal": "Pa", "volt": "V", "ampere": "A", "watt": "W", "tesla": "T",
    "electron_volt": "eV", "hertz": "Hz", "liter": "L",
}  # fmt: skip
_MICRO = {
    "A",
    "V",
    "W",
    "m",
    "s",
    "g",
    "F",
    "H",
    "L",
    "l",
    "T",
    "S",
    "C",
    "J",
    "ohm",
    "bar",
    "torr",
    "Pa",
    "mol",
    "M",
    "rad",
}
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def pretty_unit(unit: str | None) -> str:
    """A pint spelling as people write it: `angstrom**3` becomes Å³, `degC` becomes °C; others stay as they are."""
    if not unit:
        return ""
    parts = []
    for part in unit.replace(" ", "").replace("^", "**").replace("**", "^").replace("*", "·").split("·"):
        parts.append("/".join(_pretty_factor(factor) for factor in part.split("/")))
    return "·".join(parts)


def _pretty_factor(factor: str) -> str:
    base, _, power = factor.partition("^")
    if len(base) > 1 and base[0] == "u" and base[1:] in _MICRO:
        base = "µ" + _UNITS.get(base[1:], base[1:])
    return _UNITS.get(base, base) + power.translate(_SUPERSCRIPT)


def pretty_number(value: float | int | None, digits: int = 5) -> str:
    """At most `digits` significant digits, powers of ten outside 1e-3..1e6; an en dash where there is no value."""
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    if value == 0:
        return "0"
    if 1e-3 <= abs(value) < 1e6:
        return f"{value:.{digits}g}" if abs(value) < 10**digits else f"{value:.0f}"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    return f"{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"


def pretty_bytes(size: int | None) -> str:
    """A file size with a binary prefix."""
    if size is None:
        return "–"
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{size} B"
