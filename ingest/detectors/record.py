"""How new a value is: far outside all that was seen lately, alone or as a mean of the last 10 or 50 points.

Source of the rule: measured on public streaming benchmarks, "never seen before" with debouncing outranks most published
detectors; it needs no training and a constant memory.
"""

import math
from collections import deque

import numpy as np
from numpy.typing import NDArray

MEMORY = 4000
WIDTHS = (1, 10, 50)
REFRESH = 50
SPREAD = 0.35  # ranges outside all that was seen that make an alarm
JUMP_SPREAD = 1.0  # the same for jumps, whose tails are heavier
FOLLOW = 0.3
QUIET = 50  # a score counts in full only above everything of the last points
LEARN = 100


class Record:
    """Scores 0..1 of one channel, a point at a time; the past only."""

    def __init__(self) -> None:
        self._rings = [_Ring(SPREAD) for _ in WIDTHS]
        self._jumps = _Ring(JUMP_SPREAD)
        self._last: deque[float] = deque(maxlen=max(WIDTHS))
        self._scores: deque[float] = deque(maxlen=QUIET)
        self._level: float | None = None

    def update(self, value: float) -> tuple[float, float]:
        """The next value; how new it is, and how new the jump to it is. What is not finite is never new."""
        if not math.isfinite(value):
            return 0.0, 0.0
        self._last.append(value)
        recent = list(self._last)
        means = (sum(recent[-width:]) / len(recent[-width:]) for width in WIDTHS)
        new = max(ring.update(mean) for ring, mean in zip(self._rings, means, strict=True))
        residual = 0.0 if self._level is None else value - self._level
        self._level = value if self._level is None else self._level + FOLLOW * residual
        jump = self._jumps.update(residual)
        first = max(new, jump) > 1.05 * max(self._scores, default=0.0)
        self._scores.append(max(new, jump))
        return (new, jump) if first else (0.5 * new, 0.5 * jump)


class _Ring:
    """The last values, their extremes and their 5-95 % range."""

    def __init__(self, spread: float) -> None:
        self._spread = spread
        self._values: NDArray[np.float64] = np.empty(MEMORY)
        self._count = 0
        self._low = self._high = self._range = 0.0
        self._top = -np.inf
        self._bottom = np.inf

    def update(self, value: float) -> float:
        score = self._score(value) if self._count >= LEARN else 0.0
        self._values[self._count % MEMORY] = value
        self._count += 1
        self._top, self._bottom = max(self._top, value), min(self._bottom, value)
        if self._count % REFRESH == 0:
            known = self._values[: min(self._count, MEMORY)]
            self._low, self._high = (float(x) for x in np.quantile(known, (0.05, 0.95)))
            self._top, self._bottom = float(known.max()), float(known.min())
        return score

    def _score(self, value: float) -> float:
        outside = max(value - self._top, self._bottom - value, 0.0)
        spread = max(self._high - self._low, 1e-6 * (abs(self._top) + abs(self._bottom)), 1e-12)
        return 1 - 2 ** (-outside / (self._spread * spread))
