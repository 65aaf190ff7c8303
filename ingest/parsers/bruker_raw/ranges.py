"""What every version of the DIFFRAC raw file holds, in one shape."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse

# drives whose positions are angles or lengths; what a scan of them is called
AXES = {
    "2Theta": ("deg", "two_theta"),
    "Theta": ("deg", "omega"),
    "Omega": ("deg", "omega"),
    "Chi": ("deg", "chi"),
    "Psi": ("deg", "psi"),
    "Phi": ("deg", "phi"),
    "X": ("mm", "position"),
    "Y": ("mm", "position"),
    "Z": ("mm", "position"),
}
MAX_STEPS = 20_000_000


@dataclass
class Range:
    """One scan: `steps` promised positions from `start` on, `step` apart, and the intensities the file really holds."""

    axis: str
    start: float
    step: float
    steps: int
    intensity: NDArray[np.float64]
    scan_type: str = ""
    coupled: list[tuple[str, float, float, str]] = field(default_factory=list)
    still: dict[str, float] = field(default_factory=dict)

    @property
    def unit(self) -> str | None:
        """Unit of the axis, where it is known."""
        return AXES.get(self.axis, (None, None))[0]

    @property
    def quantity(self) -> str | None:
        """Quantity of the axis, where it is known."""
        return AXES.get(self.axis, (None, None))[1]


@dataclass
class File:
    """All ranges, what the header says, and what is odd."""

    ranges: list[Range]
    metadata: dict[str, Any]
    warnings: list[str] = field(default_factory=list)


def checked(start: float, step: float, steps: int, number: int) -> None:
    """Raises CannotParse for a range no goniometer measures: a damaged header."""
    if (
        not (np.isfinite(start) and np.isfinite(step))
        or abs(step) > 360
        or abs(start) > 1e5
        or not 0 <= steps <= MAX_STEPS
    ):
        raise CannotParse(f"range {number} steps {steps} times by {step:g} from {start:g}; the header is damaged")
