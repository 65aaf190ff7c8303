"""A trained model as a folder of files, and how it is read back: verified first, never pickle. No Django.

model.json (what it is), features.json, reach.npz, the trainer's own files, card.json, validation.json.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from analysis.datasets.domain import Rows, Task
from analysis.errors import ModelRefused
from analysis.features.spec import FeatureSpec, build
from analysis.predictors.evaluation import padded
from analysis.predictors.intervals import LEVEL, TWO_SIDED_90, Intervals
from analysis.predictors.reach import Reach, reasons
from analysis.trainers.protocol import Fitted
from analysis.trainers.registry import trainer_get

MODEL, FEATURES, REACH, CARD, VALIDATION = "model.json", "features.json", "reach.npz", "card.json", "validation.json"


class ModelFile(BaseModel):
    """model.json."""

    model_config = ConfigDict(frozen=True)

    format: int = 1
    trainer: str
    trainer_version: str
    target: str
    label: str = ""
    unit: str | None
    task: Task
    classes: tuple[str, ...] = ()
    factor: float
    floor: float = 0.0


@dataclass(frozen=True)
class Prediction:
    """What a model says of one row. Figures: `uncertainty` is a standard one (90 % interval / 2 / 1.645), in the unit.

    Classes: `uncertainty` is 1 - probability of the class, `low` and `high` are none. `why` says why it is out of reach.
    """

    value: float | str
    uncertainty: float
    low: float | None
    high: float | None
    in_domain: bool
    why: str


@dataclass(frozen=True)
class Model:
    """A model in memory."""

    about: ModelFile
    spec: FeatureSpec
    reach: Reach
    fitted: Fitted

    def predict(self, rows: Rows) -> list[Prediction]:
        """What the model says of rows. Raises OutOfReach when a needed column is absent."""
        matrix = build(self.spec, rows)
        guess = self.fitted.predict(matrix)
        why = reasons(self.spec, self.reach, rows, matrix)
        intervals = Intervals(self.about.task, self.about.factor, self.about.floor, LEVEL)
        if self.about.task == "classification":
            return self._classes(padded(guess.values, len(self.about.classes)), why)
        half = intervals.half_width(guess)
        return [
            Prediction(float(v), float(h) / TWO_SIDED_90, float(v - h), float(v + h), not reason, reason)
            for v, h, reason in zip(guess.values, half, why, strict=True)
        ]

    def _classes(self, shares: NDArray[np.float64], why: list[str]) -> list[Prediction]:
        return [
            Prediction(self.about.classes[int(row.argmax())], float(1 - row.max()), None, None, not reason, reason)
            for row, reason in zip(shares, why, strict=True)
        ]


def manifest(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a model."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def verify(folder: Path, expected: Mapping[str, str]) -> None:
    """Raises ModelRefused if a file was changed, added or lost since the model was stored."""
    found = manifest(folder)
    changed = sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name))
    if changed:
        raise ModelRefused(
            f"the stored model is not what was trained ({', '.join(changed)} changed): it is not loaded; train it again"
        )


def model_load(folder: Path, expected: Mapping[str, str]) -> Model:
    """The model in a folder, once its files are what the store wrote down. Raises ModelRefused."""
    verify(folder, expected)
    about = ModelFile.model_validate_json((folder / MODEL).read_text(encoding="utf-8"))
    trainer = trainer_get(about.trainer)
    if trainer.version != about.trainer_version:
        raise ModelRefused(
            f"the model was trained by {about.trainer} version {about.trainer_version}, this is version "
            f"{trainer.version}: train it again"
        )
    spec = FeatureSpec.model_validate_json((folder / FEATURES).read_text(encoding="utf-8"))
    return Model(about, spec, Reach.load(folder / REACH), trainer.load(folder))


def card_read(folder: Path) -> dict[str, Any]:  # Any: a JSON document
    """The card of a model."""
    document: dict[str, Any] = json.loads((folder / CARD).read_text(encoding="utf-8"))
    return document
