"""What the variables of a JCAMP-DX block are called, their units, ranges and factors."""

import re
from dataclasses import dataclass

from ingest.parsers.delimited_text.header import read_label
from ingest.parsers.jcamp_dx.records import Block, number_of
from ingest.schemas.units import parse_unit

_UNITS = {
    "NANOMETERS": "nm", "NANOMETRES": "nm", "MICROMETERS": "um", "MICROMETRES": "um", "MICRONS": "um",
    "ANGSTROMS": "angstrom", "NANOAMPERES": "nA", "PICOAMPERES": "pA", "MICROAMPERES": "uA", "MILLIAMPERES": "mA",
    "MICROSECONDS": "us", "NANOSECONDS": "ns", "ELECTRONVOLTS": "eV", "WAVENUMBERS": "1/cm", "WAVENUMBER": "1/cm",
    "KILOHERTZ": "kHz", "MEGAHERTZ": "MHz", "DEGREES2THETA": "deg",
}  # fmt: skip
_BARE = re.compile(
    r"(?P<percent>%|percent)?\s*(?P<name>transmittance|transmission|absorbance|reflectance|kubelka-?munk|log ?\(?1/r\)?|[tar])"
    r"\s*(?:units?|\(?%\)?)?$",
    re.IGNORECASE,
)
_LETTERS = {"t": "transmittance", "a": "absorbance", "r": "reflectance", "transmission": "transmittance"}
_ARBITRARY = re.compile(
    r"arbitrary(?: units?)?|a\.?u\.?|(?:relative )?(?:intensity|abundance)|arb\.?(?: units?)?", re.IGNORECASE
)
_AXIS_NAMES = {"nm": "wavelength", "um": "wavelength", "angstrom": "wavelength", "Hz": "frequency", "kHz": "frequency",
    "MHz": "frequency", "ppm": "chemical shift", "s": "time", "ms": "time", "us": "time", "min": "time",
    "eV": "energy", "keV": "energy", "K": "temperature", "V": "voltage", "mV": "voltage"}  # fmt: skip
_VALUE_NAMES = {"nA": "current", "pA": "current", "uA": "current", "mA": "current", "A": "current", "V": "voltage",
    "mV": "voltage", "counts": "intensity", "cps": "intensity", "K": "temperature"}  # fmt: skip


@dataclass(frozen=True)
class Variable:
    """One variable: what its column is called, its unit, and what the header states of its values (after the factor)."""

    name: str
    unit: str | None = None
    unknown: str = ""
    first: float | None = None
    last: float | None = None
    least: float | None = None
    most: float | None = None
    factor: float = 1.0
    points: int | None = None


def _read_unit(text: str, name: str) -> str | None:
    plain = text.strip()
    return _UNITS.get(re.sub(r"[\s-]", "", plain).upper()) or parse_unit(plain, name) or parse_unit(plain.lower(), name)


def axis_called(label: str, units: str, technique: str | None) -> tuple[str, str | None, str]:
    """(name, unit, unit that is unknown) of an abscissa."""
    text = units.strip()
    if re.fullmatch(r"m\s*/\s*[ze]", text, re.IGNORECASE):
        return "m/z", None, ""
    unit = _read_unit(text, label or "x")
    if unit is None and (read := read_label(text)).unit:
        return label or read.name, read.unit, ""
    if unit == "1/cm":
        return label or ("Raman shift" if technique == "raman" else "wavenumber"), unit, ""
    if unit is None:
        if re.match("arb", text, re.IGNORECASE):
            return label or "x", None, ""
        return label or text.lower() or "x", None, ""
    return label or _AXIS_NAMES.get(unit, "x"), unit, ""


def value_called(label: str, units: str, technique: str | None = None) -> tuple[str, str | None, str]:
    """(name, unit, unit that is unknown) of an ordinate."""
    text = units.strip()
    bare = _BARE.fullmatch(text)
    if bare is not None and (len(bare["name"]) > 1 or technique in ("uv_vis", "ftir") or bare["percent"]):
        word = bare["name"].lower()
        percent = bool(bare["percent"]) or "%" in text
        return label or _LETTERS.get(word, word), "%" if percent else None, ""
    if not text or _ARBITRARY.fullmatch(text):
        plain = "relative abundance" if "abundance" in text.lower() else "intensity"
        return label or plain, "arb" if re.match(r"arb|a\.?u", text, re.IGNORECASE) else None, ""
    unit = _read_unit(text, label or "intensity")
    if unit is None and re.fullmatch(r"[A-Za-z][A-Za-z ,().-]*", text):
        return label or text.lower(), None, ""
    return label or (_VALUE_NAMES.get(unit, "intensity") if unit else text), unit, "" if unit else text


def _labelled(block: Block, letter: str) -> str:
    label = block.records.get(f"{letter}LABEL", "").strip()
    return read_label(label).name if label else ""


def plain_variables(block: Block, technique: str | None) -> tuple[Variable, Variable]:
    """X and Y of XYDATA, XYPOINTS and PEAK TABLE."""
    x_name, x_unit, x_unknown = axis_called(_labelled(block, "X"), block.records.get("XUNITS", ""), technique)
    y_name, y_unit, y_unknown = value_called(_labelled(block, "Y"), block.records.get("YUNITS", ""), technique)
    points = block.number("NPOINTS")
    count = int(points) if points is not None and 0 <= points < 1e9 else None
    if y_name == x_name:
        y_name = f"{y_name} (y)"
    x = Variable(
        x_name, x_unit, x_unknown, block.number("FIRSTX"), block.number("LASTX"), block.number("MINX"),
        block.number("MAXX"), block.number("XFACTOR") or 1.0, count,
    )  # fmt: skip
    y = Variable(
        y_name, y_unit, y_unknown, block.number("FIRSTY"), None, block.number("MINY"), block.number("MAXY"),
        block.number("YFACTOR") or 1.0, count,
    )  # fmt: skip
    return x, y


def _listed(block: Block, label: str) -> list[str]:
    return [part.strip() for part in block.records.get(label, "").replace("\n", " ").split(",")]


def _at(values: list[str], index: int) -> str:
    return values[index] if index < len(values) else ""


def tuple_variables(block: Block, technique: str | None) -> dict[str, Variable]:
    """The variables of NTUPLES by their symbol."""
    lists = {
        label: _listed(block, label)
        for label in ("SYMBOL", "VARNAME", "VARTYPE", "UNITS", "VARDIM", "FIRST", "LAST", "MIN", "MAX", "FACTOR")
    }
    made = {}
    for index, symbol in enumerate(lists["SYMBOL"]):
        independent = _at(lists["VARTYPE"], index).upper().startswith("INDEP")
        label, units = _at(lists["VARNAME"], index).lower(), _at(lists["UNITS"], index)
        name, unit, unknown = (
            axis_called(label, units, technique) if independent else value_called(label, units, technique)
        )
        first, last, least, most, factor, points = (
            number_of(_at(lists[key], index)) for key in ("FIRST", "LAST", "MIN", "MAX", "FACTOR", "VARDIM")
        )
        count = int(points) if points is not None and 0 <= points < 1e9 else None
        made[symbol.upper()] = Variable(name, unit, unknown, first, last, least, most, factor or 1.0, count)
    return made
