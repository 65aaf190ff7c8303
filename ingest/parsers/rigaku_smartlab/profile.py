"""Rows of a Rigaku profile: position, intensity, and the attenuator's factor."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse
from ingest.parsers.rigaku_smartlab.axes import QUANTITIES, unit_of
from ingest.parsers.scans import Column, Scan


def rows_of(lines: Sequence[str], number: int) -> tuple[NDArray[np.float64], list[str]]:
    """Numbers of all whole rows, shape (rows, 2 or 3), and a warning for a cut one. Raises CannotParse for what is no number."""
    cells = [line.split() for line in lines if line.strip()]
    if not cells:
        return np.zeros((0, 2)), []
    width = min(3, max(len(row) for row in cells))
    whole = [row[:width] for row in cells if len(row) >= width]
    try:
        values = np.array(whole, dtype=np.float64)
    except ValueError as error:
        raise CannotParse(f"a row of scan {number} holds something that is no number: {error}") from error
    cut = len(cells) - len(whole)
    return values, [f"scan {number}: {cut} rows are cut short and left out"] if cut else []


def profile_scan(
    lines: Sequence[str],
    axis: str | None,
    unit: str | None,
    intensity_unit: str | None,
    promised: float | None,
    number: int,
) -> tuple[Scan, list[str]]:
    """The columns of a profile and what is odd about them."""
    values, warnings = rows_of(lines, number)
    name = axis or "position"
    columns = {
        name: Column(values[:, 0], unit_of(unit), QUANTITIES.get(name)),
        "intensity": Column(values[:, 1], unit_of(intensity_unit), "intensity" if unit_of(intensity_unit) else None),
    }
    if values.shape[1] > 2 and len(values) and bool((values[:, 2] != 1).any()):
        columns["attenuator factor"] = Column(values[:, 2])
    if promised is not None and promised > len(values):
        warnings.append(f"scan {number}: the header promises {promised:g} points, {len(values)} rows follow")
    return Scan(columns), warnings
