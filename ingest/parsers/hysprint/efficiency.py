"""External quantum efficiency: blocks of six columns side by side, each a spectrum with its settings beside it."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Parsed
from ingest.parsers.scans import Column, Scan, apart, stated
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

_NAMES: dict[str, tuple[str, str | None, str | None]] = {
    "Lambda(nm)": ("wavelength", "nm", "wavelength"),
    "EQE (%)": ("EQE", "%", "external_quantum_efficiency"),
    "SR (A/W)": ("spectral response", "A/W", "spectral_response"),
    "Jsc (mA/cm^2)": ("integrated current density", "mA/cm^2", "current_density"),
}


def looks_like_efficiency(head: bytes) -> bool:
    """Whether a row of column names with wavelength, EQE and spectral response stands near the start."""
    return re.search(rb"^(?:[^\n]*\t)?Lambda\(nm\)\tEQE \(%\)\tSR \(A/W\)", head[:30_000], re.MULTILINE) is not None


def _block(rows: list[list[str]], names: list[str], at: int, width: int) -> Scan:
    columns: dict[str, Column] = {}
    for place in range(at, at + width):
        label = names[place].strip()
        if label not in _NAMES:
            continue
        name, unit, quantity = _NAMES[label]
        cells = [number_of(row[place].strip()) if place < len(row) else None for row in rows]
        columns[name] = Column(np.array([np.nan if cell is None else cell for cell in cells]), unit, quantity)
    wavelength = next(iter(columns.values())).values
    filled = np.isfinite(wavelength)
    return Scan({name: Column(column.values[filled], column.unit, column.quantity) for name, column in columns.items()})


def _settings(rows: list[list[str]], at: int, width: int) -> dict[str, Any]:
    """Keys and values in the last two columns of a block and in the two first above the names."""
    found: dict[str, Any] = {}
    for row in rows:
        for key_at in (at + width - 2,):
            cells = row[key_at : key_at + 2]
            if len(cells) == 2 and cells[0].strip() and cells[1].strip():
                value = number_of(cells[1].strip())
                found[cells[0].strip()] = value if value is not None else cells[1].strip()
    return found


def read_efficiency(path: Path) -> Parsed:
    """All spectra, each over its own wavelengths. Raises CannotParse."""
    lines = [line.split("\t") for line in lines_of(decode(read_limited(path)).text)]
    at = next((n for n, cells in enumerate(lines) if "Lambda(nm)" in [cell.strip() for cell in cells]), None)
    if at is None:
        raise CannotParse("no row of column names; this is no table of quantum efficiencies")
    names = [cell.strip() for cell in lines[at]]
    starts = [place for place, name in enumerate(names) if name == "Lambda(nm)"]
    widths = [after - before for before, after in zip(starts, [*starts[1:], len(names)], strict=True)]
    rows = lines[at + 1 :]
    scans, settings = [], []
    for number, (start, width) in enumerate(zip(starts, widths, strict=True), start=1):
        scan = _block(rows, names, start, width)
        label = lines[0][start].strip() if start < len(lines[0]) else ""
        scan.name = f"spectrum {label or number}"
        if scan.rows:
            scans.append(scan)
            settings.append(stated({"spectrum": label or str(number), **_settings(lines, start, width)}))
    if not scans:
        raise CannotParse("column names and no rows: nothing was measured, or the file is cut short")
    return Parsed("external quantum efficiency", list(apart(scans)), {"spectra": settings[:200]}, (), [])
