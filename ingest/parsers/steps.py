"""Steps of a test: runs of rows with the same number, as cyclers and potentiostats write them."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import Step

MAX_STEPS = 2000


def steps_of_runs(
    numbers: NDArray[np.float64], seconds: NDArray[np.float64], describe: Callable[[int], tuple[str, Mapping[str, Any]]]
) -> tuple[list[Step], list[str]]:
    """One step for each run of equal `numbers`, from its first to its last row, at most 2000; and a warning where there are more.

    `seconds` since the start, shape (rows,). `describe` gives name and values of the step that begins at a row.
    """
    if not len(numbers) or not np.isfinite(numbers).all():
        return [], []
    starts = np.concatenate([[0], np.flatnonzero(np.diff(numbers)) + 1])
    ends = np.concatenate([starts[1:], [len(numbers)]]) - 1
    steps = []
    for first, last in list(zip(starts, ends, strict=True))[:MAX_STEPS]:
        name, values = describe(int(first))
        steps.append(Step(name, _finite(seconds[first]), _finite(seconds[last]), values))
    left = len(starts) > MAX_STEPS
    return steps, [f"the first {MAX_STEPS} of {len(starts)} steps are listed"] if left else []


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
