"""Intervals that hold what they promise: conformal, calibrated on rows no model had seen. Pure.

Figures: |error| / (spread + floor), so that wide spread gives wide intervals. Classes: 1 - probability of the true class.
Source: Angelopoulos & Bates, arXiv 2107.07511, sections 1 and 2.3.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.domain import Task
from analysis.trainers.protocol import Guess

LEVEL = 0.9
FLOOR = 0.25  # of the median spread: keeps an interval open where all trees happen to agree
TWO_SIDED_90 = 1.6449  # half width of a 90 % interval of a normal distribution, in standard deviations
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Intervals:
    """How wide to make an interval: `factor` times (spread + floor), or the least probability 1 - factor of a class."""

    task: Task
    factor: float
    floor: float = 0.0
    level: float = LEVEL

    def half_width(self, guess: Guess) -> Floats:
        """Half width of the interval of each row, in the target's unit."""
        return np.asarray(self.factor * (guess.spread + self.floor))

    def classes(self, guess: Guess) -> NDArray[np.bool_]:
        """Shape (rows, classes): which classes the set holds; at least the likeliest."""
        held = guess.values >= 1 - self.factor
        held[np.arange(len(held)), guess.values.argmax(axis=1)] = True
        return np.asarray(held)

    def holds(self, guess: Guess, truth: Floats) -> NDArray[np.bool_]:
        """Whether each interval or set holds the truth."""
        if self.task == "classification":
            return np.asarray(self.classes(guess)[np.arange(len(truth)), truth.astype(int)])
        return np.asarray(np.abs(guess.values - truth) <= self.half_width(guess) + 1e-12)


def quantile(scores: Floats, level: float = LEVEL) -> float:
    """The score that a new row stays below with probability `level`: rank ceil((n + 1) level)."""
    rank = min(int(np.ceil((len(scores) + 1) * level)), len(scores))
    return float(np.sort(scores)[rank - 1])


def calibrate(task: Task, guess: Guess, truth: Floats, level: float = LEVEL) -> Intervals:
    """Intervals from rows that the model had not seen."""
    if task == "classification":
        return Intervals(task, quantile(1 - guess.values[np.arange(len(truth)), truth.astype(int)], level), level=level)
    floor = FLOOR * float(np.median(guess.spread)) or float(np.std(truth)) * 1e-3 or 1e-12
    return Intervals(task, quantile(np.abs(guess.values - truth) / (guess.spread + floor), level), floor, level)


def covered(task: Task, guess: Guess, truth: Floats, parts: Sequence[NDArray[np.int64]]) -> NDArray[np.bool_]:
    """Whether each row's interval held the truth, each part's intervals calibrated on the other parts only."""
    inside = np.zeros(len(truth), dtype=bool)
    for part in parts:
        others = np.setdiff1d(np.concatenate(list(parts)), part)
        known = calibrate(task, Guess(guess.values[others], guess.spread[others]), truth[others])
        inside[part] = known.holds(Guess(guess.values[part], guess.spread[part]), truth[part])
    return inside
