"""UV WinLab text (`PE UV ... PEDS`): a header known by position, `#GR` with range and units, `#DATA`."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.clock import iso_start
from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Parsed
from ingest.parsers.scans import Column, Scan, apart, stated
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

FIRST = re.compile(rb"PE (?:UV|FL|IR)\s+\S*\s*SPECTRUM\s+ASCII\s+PEDS")
_X: dict[str, tuple[str, str, str]] = {
    "nm": ("wavelength", "nm", "wavelength"),
    "cm-1": ("wavenumber", "1/cm", "wavenumber"),
}
_Y: dict[str, tuple[str, str | None, str]] = {
    "%T": ("transmittance", "%", "transmittance"),
    "T": ("transmittance", None, "transmittance"),
    "%R": ("reflectance", "%", "reflectance"),
    "R": ("reflectance", None, "reflectance"),
    "A": ("absorbance", None, "absorbance"),
    "INT": ("intensity", None, "intensity"),
    "E": ("energy", None, ""),
}


def _at(lines: list[str], place: int) -> str:
    return lines[place].strip() if place < len(lines) else ""


def _header(lines: list[str]) -> dict[str, Any]:
    """Lines 3 to 13 by their position; what stands where is fixed by the format."""
    return stated(
        {
            "start": iso_start(f"{_at(lines, 3)} {_at(lines, 4)[:8]}", ("%y/%m/%d %H:%M:%S",)),
            "file_name": _at(lines, 2),
            "operator": _at(lines, 7),
            "comment": _at(lines, 8),
            "instrument": _at(lines, 11),
            "instrument_serial": _at(lines, 12),
            "software": _at(lines, 13),
        }
    )


def read_uv_winlab(path: Path) -> Parsed:
    """The spectrum. Raises CannotParse."""
    text = decode(read_limited(path)).text
    lines = lines_of(text)
    marks = {line.strip(): number for number, line in reversed(list(enumerate(lines))) if line.startswith("#")}
    if "#DATA" not in marks:
        raise CannotParse("a header without data: nothing was measured, or the file is cut short")
    rows = [line.split() for line in lines[marks["#DATA"] + 1 :] if line.strip()]
    if rows and not text.endswith(("\n", "\r")):
        rows = rows[:-1] if len(rows[-1]) < 2 else rows
    try:
        values = np.array([row[:2] for row in rows if len(row) >= 2], dtype=np.float64).reshape(-1, 2)
    except ValueError as error:
        raise CannotParse(f"a row holds something that is no number: {error}") from error
    if not len(values):
        raise CannotParse("a header without data: nothing was measured, or the file is cut short")
    warnings: list[str] = []
    about = lines[marks["#GR"] + 1 : marks["#DATA"]] if "#GR" in marks else []
    x_text, y_text = _at(about, 0), _at(about, 1)
    promised = number_of(_at(about, 6))
    if promised is not None and promised != len(values):
        warnings.append(f"the header promises {promised:g} points, {len(values)} rows follow")
    x_name, x_unit, x_quantity = _X.get(x_text.lower(), ("x", "", ""))
    y_name, y_unit, y_quantity = _Y.get(y_text, (y_text or "signal", None, ""))
    if not x_quantity or not y_quantity:
        warnings.append(f"what is measured is written as {x_text!r} and {y_text!r}; what is not known is not claimed")
    columns = {
        x_name: Column(values[:, 0], x_unit or None, x_quantity or None),
        y_name: Column(values[:, 1], y_unit, y_quantity or None),
    }
    technique = {b"UV": "UV-Vis spectroscopy", b"FL": "fluorescence spectroscopy", b"IR": "infrared spectroscopy"}[
        text[3:5].encode()
    ]
    return Parsed(technique, list(apart([Scan(columns)])), _header(lines), (), warnings)
