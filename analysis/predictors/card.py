"""The model card: what a model is, how wrong it is, and where it may be believed. Pure."""

import platform
from collections import Counter
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from analysis.datasets.domain import Dataset
from analysis.features.spec import FeatureSpec, Matrix
from analysis.predictors.evaluation import SCORE, Evaluation, Plan
from analysis.predictors.reach import Reach

LIBRARIES = ("lodestone", "numpy", "scikit-learn", "skops", "pymatgen", "torch")


def versions() -> dict[str, str]:
    """Versions of what a result depends on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def card(
    dataset: Dataset,
    plan: Plan,
    evaluation: Evaluation,
    *,
    spec: FeatureSpec,
    matrix: Matrix,
    reach: Reach,
    split: str,
    seconds: float,
    created: str,
) -> dict[str, Any]:  # Any: a JSON document
    """The card as a JSON document."""
    score = SCORE[dataset.target.task]
    return {
        "target": {
            "name": dataset.target.name,
            "label": dataset.target.label,
            "unit": dataset.target.unit,
            "task": dataset.target.task,
        },
        "data": {
            "title": dataset.title,
            "version": dataset.version,
            "origin": dict(dataset.origin),
            "rows": len(dataset.rows),
            "compositions": len(set(dataset.rows.formulas)),
            "values": _values(dataset),
            "notes": list(dataset.notes),
        },
        "trainer": {
            "name": plan.trainer.name,
            "version": plan.trainer.version,
            "params": plan.params.model_dump(mode="json"),
            "device": plan.device,
            "threads": plan.threads,
            "seed": plan.seed,
        },
        "features": {"count": len(matrix.names), "blocks": dict(Counter(matrix.blocks))},
        "validation": {
            "split": split,
            "score": score,
            "metrics": evaluation.metrics,
            "folds": list(evaluation.per_fold),
            "rows": len(evaluation.tested),
            "usable": evaluation.usable,
        },
        "intervals": {
            "level": evaluation.intervals.level,
            "method": "conformal, calibrated on held-out folds; coverage of each fold by intervals from the others",
            "coverage": evaluation.metrics["coverage_90"],
        },
        "domain": {
            "elements": {
                symbol: sum(symbol in row for row in dataset.rows.amounts) for symbol in sorted(spec.elements)
            },
            "spacegroups": len({number for number in dataset.rows.spacegroups if number is not None}),
            "columns": [column.model_dump(mode="json") for column in (*spec.numbers, *spec.words)],
            "distance_limit": reach.limit,
        },
        "versions": versions(),
        "seconds": round(seconds, 3),
        "created": created,
    }


def _values(dataset: Dataset) -> Mapping[str, Any]:
    """Range of the figures, or how many rows each class has."""
    if dataset.target.task == "classification":
        return dict(Counter(map(str, dataset.values)).most_common())
    values = np.array(dataset.values, dtype=np.float64)
    return {
        "least": float(values.min()),
        "median": float(np.median(values)),
        "mean": float(values.mean()),
        "largest": float(values.max()),
    }
