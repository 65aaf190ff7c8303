"""`.asp`: number of points, first and last wavenumber, three codes, then one value a line; nothing is named."""

import re
from pathlib import Path

import numpy as np

from ingest.parsers.protocol import CannotParse, Parsed
from ingest.parsers.scans import Column, Scan, apart
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

_HEADER_LINES = 6
_HEADER = re.compile(
    rb"\s*(\d{2,8})\s*\r?\n\s*(-?[\d.]+(?:[eE][+-]?\d+)?)\s*\r?\n\s*(-?[\d.]+(?:[eE][+-]?\d+)?)\s*\r?\n\s*(\d{1,3})\s*\r?\n\s*(\d{1,3})\s*\r?\n\s*(\d{1,3}(?:\.\d+)?)\s*\r?\n"
)
_X: dict[int, tuple[str, str, str]] = {1: ("wavenumber", "1/cm", "wavenumber")}
_Y: dict[int, tuple[str, str | None, str]] = {
    1: ("transmittance", "%", "transmittance"),
    2: ("absorbance", None, "absorbance"),
}


def looks_like_list(head: bytes) -> bool:
    """Whether six header lines are followed by single values only, over a range of wavenumbers."""
    match = _HEADER.match(head)
    if match is None or int(match[4]) not in _X or int(match[5]) > 20:
        return False
    first, last = float(match[2]), float(match[3])
    lines = head[match.end() :].splitlines()[:-1][:50]
    return (
        20 < max(first, last) < 100_000
        and first != last
        and len(lines) >= 5
        and all(re.fullmatch(rb"\s*-?[\d.]+(?:[eE][+-]?\d+)?\s*", line) for line in lines)
    )


def read_list(path: Path) -> Parsed:
    """The spectrum. Raises CannotParse."""
    text = decode(read_limited(path)).text
    lines = [line.strip() for line in lines_of(text)]
    try:
        points, first, last = int(lines[0]), float(lines[1]), float(lines[2])
        x_code, y_code = int(lines[3]), int(lines[4])
        rows = [line for line in lines[_HEADER_LINES:] if line]
        if rows and len(rows) < points and not text.endswith(("\n", "\r")):
            rows = rows[:-1]  # half a number would be a wrong number
        values = np.array(rows[:points], dtype=np.float64)
    except (ValueError, IndexError) as error:
        raise CannotParse(f"a line of the list holds no number: {error}") from error
    if points < 2 or not len(values):
        raise CannotParse("a header and no values: nothing was measured, or the file is cut short")
    name, unit, quantity = _X.get(x_code, ("x", "", ""))
    signal, signal_unit, signal_quantity = _Y.get(y_code, ("signal", None, ""))
    x = first + (last - first) / (points - 1) * np.arange(len(values), dtype=np.float64)
    columns = {
        name: Column(x, unit or None, quantity or None),
        signal: Column(values, signal_unit, signal_quantity or None),
    }
    warnings = [] if len(values) == points else [f"the header promises {points} points, {len(values)} are there"]
    if len(rows) > points:
        warnings.append(f"{len(rows) - points} values beyond the {points} promised are left out")
    if y_code not in _Y:
        warnings.append(f"what the values are (code {y_code}) is not known")
    return Parsed(
        "infrared spectroscopy", list(apart([Scan(columns)])), {"resolution_per_cm": float(lines[5])}, (), warnings
    )
