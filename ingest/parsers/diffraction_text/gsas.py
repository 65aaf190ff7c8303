"""GSAS raw powder data: banks of constant or listed steps, counts in fixed columns or one point a line."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse, Parsed
from ingest.parsers.scans import Column, Scan, apart

BANK = re.compile(
    r"^BANK\s+(?P<number>\d+)\s+(?P<points>\d+)\s+(?P<records>\d+)\s+(?P<binning>CONST|CONS|RALF|SLOG|LOG6|TIME_MAP|COND)"
    r"(?P<values>(?:[ \t]+[-+]?[\d.][-+.\deE]*)*)[ \t]*(?P<type>STD|ESD|ALT|FXYE|FXY)?",
    re.MULTILINE,
)


def _fixed(lines: Sequence[str], width: int) -> list[str]:
    """Cells of a fixed number of characters; values may touch each other."""
    return [line[at : at + width] for line in lines for at in range(0, min(len(line.rstrip()), 80), width)]


def _values(cells: Sequence[str]) -> NDArray[np.float64]:
    try:
        return np.array([float(cell) if cell.strip() else 0.0 for cell in cells], dtype=np.float64)
    except ValueError as error:
        raise CannotParse(f"something that is no number stands among the counts: {error}") from error


def _bank(match: re.Match[str], lines: Sequence[str]) -> tuple[Scan, list[str]]:
    """Positions of constant-wavelength data are hundredths of a degree."""
    kind, points = match["type"] or "STD", int(match["points"])
    if kind in ("FXYE", "FXY"):
        rows = [line.split() for line in lines if line.strip()]
        wanted = 3 if kind == "FXYE" else 2
        table = _values([cell for row in rows if len(row) >= wanted for cell in row[:wanted]]).reshape(-1, wanted)
        places, counts, errors = table[:, 0], table[:, 1], table[:, 2] if wanted == 3 else None
    elif match["binning"] in ("CONST", "CONS"):
        first, step = (float(value) for value in match["values"].split()[:2])
        if kind == "ESD":
            pairs = _values(_fixed(lines, 8))[: 2 * points]
            pairs = pairs[: len(pairs) // 2 * 2].reshape(-1, 2)
            counts, errors = pairs[:, 0], pairs[:, 1]
        elif kind == "STD":
            counts, errors = _values([cell[2:] for cell in _fixed(lines, 8)])[:points], None
        else:
            raise CannotParse(f"GSAS data of the layout {kind} cannot be read; export FXYE")
        places = first + step * np.arange(len(counts), dtype=np.float64)
    else:
        raise CannotParse(f"GSAS data binned by {match['binning']} cannot be read; export FXYE")
    short = [f"the header promises {points} points, {len(counts)} follow"] if points > len(counts) else []
    # flight times are binned so too, but go beyond 180 degrees
    centi = match["binning"] in ("CONST", "CONS") and bool(len(places)) and 0 < float(places.max()) <= 18000
    axis = Column(places / 100, "deg", "two_theta") if centi else Column(places)
    columns = {"two theta" if centi else "position": axis, "intensity": Column(counts, None, "intensity")}
    if errors is not None:
        columns["standard deviation"] = Column(errors)
    return Scan(columns, f"bank {match['number']}"), short


def read(lines: Sequence[str]) -> Parsed:
    """All banks, each over its own axis. Raises CannotParse."""
    begins = [(n, match) for n, line in enumerate(lines) if (match := BANK.match(line))]
    if not begins:
        raise CannotParse("no bank of data")
    scans, warnings = [], []
    for (at, match), (end, _) in zip(begins, [*begins[1:], (len(lines), None)], strict=True):
        scan, odd = _bank(match, [line for line in lines[at + 1 : end] if not line.startswith("#")])
        scans.append(scan)
        warnings += odd
    if not any(scan.rows for scan in scans):
        raise CannotParse("a header without counts: the file is cut short")
    title = lines[0].strip() if begins[0][0] else ""
    # neutrons and X-rays are written alike; the file does not say which they were
    return Parsed("", list(apart(scans)), {"title": title} if title else {}, (), warnings)
