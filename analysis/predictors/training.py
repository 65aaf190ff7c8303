"""From a data set to a model's folder: features, cross-validation, the final fit, the card. No Django, no clock but the timer."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.domain import Dataset
from analysis.datasets.splits import Fold, folds_of, folds_read, groups_of
from analysis.features.spec import build, spec_of
from analysis.predictors.card import card
from analysis.predictors.evaluation import Evaluation, Plan, cross_validate
from analysis.predictors.model import CARD, FEATURES, MODEL, REACH, VALIDATION, ModelFile
from analysis.predictors.reach import reach_of
from analysis.trainers.protocol import Device, Report
from analysis.trainers.registry import params_checked, trainer_get

FINAL = 0.85  # share of the progress bar that cross-validation takes


@dataclass(frozen=True)
class Order:
    """What to train, as job.json says it."""

    trainer: str
    params: dict[str, Any]  # JSON
    seed: int
    device: Device
    threads: int
    folds: int = 5
    grouping: str = "composition"
    folds_file: str | None = None
    created: str = ""


def encoded(dataset: Dataset) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """The target as figures, or as whole numbers with the names of the classes."""
    if dataset.target.task == "regression":
        return np.array(dataset.values, dtype=np.float64), ()
    names = tuple(sorted(set(map(str, dataset.values))))
    place = {name: at for at, name in enumerate(names)}
    return np.array([place[str(value)] for value in dataset.values], dtype=np.float64), names


def _folds(dataset: Dataset, order: Order) -> tuple[list[Fold], str]:
    if order.folds_file is not None:
        folds = folds_read(order.folds_file, dataset)
        return folds, f"{len(folds)} folds from a file"
    names = {"composition": "no composition", "chemical_system": "no chemical system", "none": "random rows,"}
    folds = folds_of(dataset, folds=order.folds, seed=order.seed, grouping=order.grouping)  # type: ignore[arg-type]  # checked by training_submit
    return folds, f"{order.folds} folds, {names[order.grouping]} on both sides"


def train(dataset: Dataset, order: Order, out: Path, report: Report) -> dict[str, Any]:
    """Write the model's folder `out`; the card. Raises LodestoneError with what to do."""
    began = time.perf_counter()
    trainer = trainer_get(order.trainer)
    target, classes = encoded(dataset)
    plan = Plan(
        trainer,
        params_checked(trainer, order.params),
        dataset.target.task,
        len(classes),
        order.seed,
        order.device,
        order.threads,
    )
    report(0.0, "features of the compositions")
    folds, split = _folds(dataset, order)
    spec = spec_of(dataset.rows)
    matrix = build(spec, dataset.rows)
    report(0.03, f"{len(matrix.names)} features of {len(matrix)} rows")
    evaluation = cross_validate(
        plan, matrix, target, folds, lambda share, text: report(0.03 + (FINAL - 0.03) * share, text)
    )
    fitted = plan.fit(
        matrix, target, lambda share, text: report(FINAL + (0.98 - FINAL) * share, f"final model: {text}")
    )
    reach = reach_of(matrix, groups_of(dataset, "composition"), seed=order.seed)
    out.mkdir(parents=True, exist_ok=True)
    fitted.save(out)
    reach.save(out / REACH)
    (out / FEATURES).write_text(spec.model_dump_json(), encoding="utf-8")
    about = ModelFile(
        trainer=trainer.name,
        trainer_version=trainer.version,
        target=dataset.target.name,
        label=dataset.target.label,
        unit=dataset.target.unit,
        task=dataset.target.task,
        classes=classes,
        factor=evaluation.intervals.factor,
        floor=evaluation.intervals.floor,
    )
    (out / MODEL).write_text(about.model_dump_json(), encoding="utf-8")
    _write(out / VALIDATION, _validation(dataset, evaluation, target, classes))
    document = card(
        dataset,
        plan,
        evaluation,
        spec=spec,
        matrix=matrix,
        reach=reach,
        split=split,
        seconds=time.perf_counter() - began,
        created=order.created,
    )
    _write(out / CARD, document)
    report(1.0, "model stored")
    return document


def _write(path: Path, document: object) -> None:
    path.write_text(json.dumps(document, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def _validation(
    dataset: Dataset, evaluation: Evaluation, target: NDArray[np.float64], classes: Sequence[str]
) -> dict[str, Any]:  # Any: a JSON document
    """Each tested row: what it is, the truth and what a model that had not seen it said."""
    at = evaluation.tested
    common = {
        "ids": [dataset.rows.ids[i] for i in at],
        "formulas": [dataset.rows.formulas[i] for i in at],
        "fold": [int(evaluation.fold[i]) for i in at],
    }
    if classes:
        guess = evaluation.guess.values[at].argmax(axis=1)
        table = np.zeros((len(classes), len(classes)), dtype=int)
        np.add.at(table, (target[at].astype(int), guess), 1)
        return common | {
            "truth": [classes[int(target[i])] for i in at],
            "guess": [classes[int(k)] for k in guess],
            "classes": list(classes),
            "confusion": table.tolist(),
        }
    half = evaluation.intervals.factor * (evaluation.guess.spread[at] + evaluation.intervals.floor)
    return common | {
        "truth": target[at].tolist(),
        "guess": evaluation.guess.values[at].tolist(),
        "half_width": half.tolist(),
    }
