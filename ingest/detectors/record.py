"""How new a value is: far outside all that was seen lately, alone or as a mean of the last 10 or 50 points.

Source of the rule: measured on public streaming benchmarks, "never seen before" with debouncing outranks most published
detectors; it needs no training and a constant memory.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

MEMORY = 4000
WIDTHS = (1, 10, 50)
REFRESH = 25
QUIET = 50  # a score counts in full only above everything of the last points
LEARN = 100


class Record:
    """Scores 0..1 of one channel, a point at a time; the past only."""

    def __init__(self) -> None:
        self._rings = [_Ring() for _ in WIDTHS]
        self._last: deque[float] = deque(maxlen=max(WIDTHS))
        self._scores: deque[float] = deque(maxlen=QUIET)

    def update(self, value: float) -> float:
        """The next value; how new it is. NaN is never new."""
        if value != value:
            return 0.0
        self._last.append(value)
        recent = list(self._last)
        raw = [
            ring.update(sum(recent[-width:]) / len(recent[-width:]))
            for ring, width in zip(self._rings, WIDTHS, strict=True)
        ]
        score = max(raw)
        first = score > 1.05 * max(self._scores, default=0.0)
        self._scores.append(score)
        return score if first else 0.5 * score


class _Ring:
    """The last values, their extremes and their 5-95 % range."""

    def __init__(self) -> None:
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
        return 1 - 2 ** (-outside / (0.35 * spread))
