"""What a trainer is: features and targets in, something that predicts with a spread out. No Django, no database."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from analysis.datasets.domain import Task
from analysis.features.spec import Matrix

Device = Literal["cpu", "cuda"]
Report = Callable[[float, str], None]  # share done 0..1 of this fit, a sentence


@dataclass(frozen=True)
class Guess:
    """What a model says of rows.

    Regression: `values` shape (rows,), `spread` shape (rows,) > 0, in the target's unit: larger where it knows less.
    Classification: `values` shape (rows, classes), probabilities; `spread` is not used.
    """

    values: NDArray[np.float64]
    spread: NDArray[np.float64]


class Fitted(Protocol):
    """A trained model in memory."""

    def predict(self, matrix: Matrix) -> Guess:
        """What the model says of these rows."""
        ...

    def save(self, folder: Path) -> None:
        """Write files that hold no code: skops with a list of types, or arrays and JSON."""
        ...


class Trainer(Protocol):
    """A way to learn. Plugin: a folder with plugin.py (`plugin = TheTrainer()`), params.py, README.md and samples/.

    For classes `target` holds whole numbers 0 … classes-1, for figures the figures. The same seed and data give the same
    model on the CPU.
    """

    name: str
    version: str
    label: dict[str, str]  # en, zh
    params: type[BaseModel]
    devices: tuple[Device, ...]

    def absent(self) -> str | None:
        """Why it cannot run on this machine, or none; imports nothing heavy."""
        ...

    def fit(
        self,
        matrix: Matrix,
        target: NDArray[np.float64],
        *,
        task: Task,
        classes: int,
        params: BaseModel,
        seed: int,
        device: Device,
        threads: int,
        report: Report,
    ) -> Fitted:
        """Learn. Calls `report` at least every few seconds."""
        ...

    def load(self, folder: Path) -> Fitted:
        """What `save` wrote. Raises ModelRefused if the files hold anything that is not on the list."""
        ...
