"""Cross-validation: what the model says of rows it has not seen, and how wrong that is. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from analysis.datasets.domain import Task
from analysis.datasets.splits import Fold
from analysis.features.spec import Matrix
from analysis.predictors import metrics
from analysis.predictors.intervals import Intervals, calibrate, covered
from analysis.trainers.protocol import Device, Fitted, Guess, Report, Trainer

Floats = NDArray[np.float64]
SCORE = {"regression": "mae", "classification": "balanced_accuracy"}


@dataclass(frozen=True)
class Plan:
    """How to train: the trainer and all that its result depends on."""

    trainer: Trainer
    params: BaseModel
    task: Task
    classes: int
    seed: int
    device: Device
    threads: int

    def fit(self, matrix: Matrix, target: Floats, report: Report) -> Fitted:
        """A model of these rows."""
        return self.trainer.fit(
            matrix,
            target,
            task=self.task,
            classes=self.classes,
            params=self.params,
            seed=self.seed,
            device=self.device,
            threads=self.threads,
            report=report,
        )


@dataclass(frozen=True)
class Evaluation:
    """What cross-validation found. `tested` are the rows in a test fold; arrays are of all rows, NaN elsewhere."""

    guess: Guess
    tested: NDArray[np.int64]
    fold: NDArray[np.int64]
    per_fold: tuple[dict[str, float], ...]
    metrics: dict[str, float]
    intervals: Intervals
    usable: bool


def padded(values: Floats, classes: int) -> Floats:
    """Probabilities with a column for every class, also for those a fold's training rows lacked."""
    if values.shape[1] == classes:
        return values
    return np.hstack([values, np.zeros((len(values), classes - values.shape[1]))])


def cross_validate(plan: Plan, matrix: Matrix, target: Floats, folds: Sequence[Fold], report: Report) -> Evaluation:
    """Train without each fold and judge on it; `report` goes from 0 to 1."""
    size = len(target)
    values = np.full((size, plan.classes) if plan.task == "classification" else size, np.nan)
    spread, place = np.full(size, np.nan), np.full(size, -1, dtype=np.int64)
    per_fold = []
    for at, (train, test) in enumerate(folds):

        def step(share: float, message: str, at: int = at) -> None:
            report((at + share) / len(folds), f"fold {at + 1} of {len(folds)}: {message}")

        step(0.0, f"{len(train)} rows to train on, {len(test)} to judge by")
        guess = plan.fit(matrix.take(train), target[train], step).predict(matrix.take(test))
        found = padded(guess.values, plan.classes) if plan.task == "classification" else guess.values
        values[test], spread[test], place[test] = found, guess.spread, at
        judge = metrics.classification if plan.task == "classification" else metrics.regression
        per_fold.append(judge(target[test], found, target[train]))
    tested = np.flatnonzero(place >= 0)
    guess = Guess(values[tested], spread[tested])
    inside = covered(plan.task, guess, target[tested], _parts(place[tested], plan.seed))
    intervals = calibrate(plan.task, guess, target[tested])
    size_of = intervals.classes(guess).sum(axis=1) if plan.task == "classification" else 2 * intervals.half_width(guess)
    summary = {
        **_summary(per_fold),
        "coverage_90": float(inside.mean()),
        "set_size_90" if plan.task == "classification" else "interval_width_90": float(size_of.mean()),
        "folds": float(len(folds)),
    }
    return Evaluation(
        Guess(values, spread), tested, place, tuple(per_fold), summary, intervals, is_usable(plan.task, per_fold)
    )


def _parts(place: NDArray[np.int64], seed: int) -> list[NDArray[np.int64]]:
    """The folds, or two random halves where there is but one."""
    found = [np.flatnonzero(place == fold) for fold in np.unique(place)]
    if len(found) > 1:
        return found
    order = np.random.default_rng(seed).permutation(len(place))
    return [np.sort(half) for half in np.array_split(order, 2)]


def _summary(per_fold: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each figure over the folds, and its standard deviation as NAME_std for those that are not baselines."""
    result = {}
    for name in per_fold[0]:
        found = [fold[name] for fold in per_fold if name in fold]
        result[name] = float(np.mean(found))
        if not name.startswith("baseline"):
            result[f"{name}_std"] = float(np.std(found))
    return result


def is_usable(task: Task, per_fold: Sequence[dict[str, float]]) -> bool:
    """Whether the model is better than the trivial one, on average and in most folds."""
    if task == "classification":
        gains = [fold["balanced_accuracy"] - fold["baseline_balanced_accuracy"] for fold in per_fold]
    else:
        gains = [min(fold["baseline_mae"], fold["baseline_median_mae"]) - fold["mae"] for fold in per_fold]
    return float(np.mean(gains)) > 0 and sum(gain > 0 for gain in gains) > len(gains) / 2
