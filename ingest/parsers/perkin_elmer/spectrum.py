"""Spectrum binary (`PEPE2D constant interval DataSet file`): blocks of a number, a size and a typed value."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.binary import Binary
from ingest.parsers.clock import iso_start
from ingest.parsers.protocol import CannotParse, Parsed
from ingest.parsers.scans import Column, Scan, apart, stated
from ingest.parsers.streams import read_limited

MAGIC = b"PEPE"
_FIRST_BLOCK, _DATA_SET = 44, 120
_RANGE, _POINTS, _X_LABEL, _Y_LABEL, _VALUES, _ALIAS, _HISTORY = -29838, -29835, -29833, -29832, -29828, -29823, -29825
_X: dict[str, tuple[str, str, str]] = {
    "cm-1": ("wavenumber", "1/cm", "wavenumber"),
    "nm": ("wavelength", "nm", "wavelength"),
}
_Y: dict[str, tuple[str, str | None, str]] = {
    "A": ("absorbance", None, "absorbance"),
    "%T": ("transmittance", "%", "transmittance"),
    "%R": ("reflectance", "%", "reflectance"),
    "T": ("transmittance", None, "transmittance"),
}
_DATE = re.compile(
    rb"((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d \d{4})",
    re.IGNORECASE,
)


def _members(data: Binary, at: int, end: int) -> dict[int, tuple[int, int]]:
    """Place and size of each member between `at` and `end` by its number; the first of each."""
    found: dict[int, tuple[int, int]] = {}
    while at + 6 <= min(end, len(data)):
        number, size = data.unpack("hi", at)
        if size < 0:
            break
        found.setdefault(number, (at + 6, size))
        at += 6 + size
    return found


def _word(data: Binary, member: tuple[int, int] | None) -> str:
    return data.text(member[0] + 4, min(data.one("H", member[0] + 2), 1000)) if member else ""


def _history(data: Binary, member: tuple[int, int] | None) -> dict[str, Any]:
    """The oldest date and the instrument of the history of the data."""
    if member is None:
        return {}
    part = data.data[member[0] : member[0] + member[1]]
    dates = [start for text in _DATE.findall(part) if (start := iso_start(text.decode(), ("%a %b %d %H:%M:%S %Y",)))]
    instrument = re.search(rb"\xfd\x8b....#u(.)\0([ -~]{2,60})", part, re.DOTALL)
    name = instrument[2][: instrument[1][0]].decode("latin-1") if instrument else None
    return {"start": min(dates, default=None), "instrument": name}


def read_spectrum(path: Path) -> Parsed:
    """The spectrum. Raises CannotParse."""
    data = Binary(read_limited(path))
    sets = _members(data, _FIRST_BLOCK, len(data))
    if _DATA_SET not in sets:
        raise CannotParse(
            f"a PerkinElmer file that holds no spectrum of even interval ({data.text(4, 40)!r}); other kinds have no reader"
        )
    place, size = sets[_DATA_SET]
    members = _members(data, place, place + size)
    if _VALUES not in members or _RANGE not in members or _POINTS not in members:
        raise CannotParse("the spectrum's range or values are missing; the file is cut short or damaged")
    first, last = data.unpack("dd", members[_RANGE][0] + 2)
    points = data.one("I", members[_POINTS][0] + 2)
    held = data.one("I", members[_VALUES][0] + 2) // 8
    if not 1 < points < 10**8 or not (np.isfinite(first) and np.isfinite(last)):
        raise CannotParse(f"the header promises {points} points; it is damaged")
    values = data.numbers("f8", members[_VALUES][0] + 6, min(points, held))
    if not len(values):
        raise CannotParse("the spectrum holds no values; the file is cut short")
    x_text, y_text = _word(data, members.get(_X_LABEL)), _word(data, members.get(_Y_LABEL))
    x_name, x_unit, x_quantity = _X.get(x_text, (x_text or "x", "", ""))
    y_name, y_unit, y_quantity = _Y.get(y_text, (y_text or "signal", None, ""))
    x = first + (last - first) / (points - 1) * np.arange(len(values), dtype=np.float64)
    columns = {
        x_name: Column(x, x_unit or None, x_quantity or None),
        y_name: Column(values, y_unit, y_quantity or None),
    }
    warnings = (
        []
        if len(values) == points
        else [f"the header promises {points} points, {len(values)} are there; the file is cut short"]
    )
    technique = (
        "UV-Vis spectroscopy" if x_name == "wavelength" else "infrared spectroscopy" if x_name == "wavenumber" else ""
    )
    metadata = stated({"sample": _word(data, members.get(_ALIAS)), **_history(data, members.get(_HISTORY))})
    return Parsed(technique, list(apart([Scan(columns)])), metadata, (), warnings)
