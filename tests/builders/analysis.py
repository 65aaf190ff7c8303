"""Small data sets, tables and jobs of analysis; a test states only what matters to it."""

import json
import os
from contextlib import closing
from itertools import combinations
from typing import Any

from analysis.datasets import Dataset, Rows, Target
from analysis.jobs.folders import order_put
from analysis.jobs.layout import EVENTS, JOB
from analysis.jobs.models import Job
from analysis.predictors.models import Predictor
from analysis.predictors.services import predictor_store, training_submit
from analysis.running.worker import Events, work
from eln.accounts.models import User
from knowledge.formula import parse_formula

CATIONS = {
    "Li": 0.98,
    "Na": 0.93,
    "K": 0.82,
    "Mg": 1.31,
    "Ca": 1.0,
    "Sr": 0.95,
    "Al": 1.61,
    "Zn": 1.65,
    "Cd": 1.69,
    "Bi": 2.02,
}
ANIONS = {"O": 3.44, "S": 2.58, "Se": 2.55, "Te": 2.1, "F": 3.98, "Cl": 3.16}


def formulas() -> dict[str, float]:
    """Formulas and the difference of electronegativity of their ions: a target that the composition decides."""
    found = {
        f"{c}{n if n > 1 else ''}{a}": round(ANIONS[a] - CATIONS[c], 3) for c in CATIONS for a in ANIONS for n in (1, 2)
    }
    for (c, x), (d, y) in combinations(CATIONS.items(), 2):
        found[f"{c}{d}O2"] = round(3.44 - (x + y) / 2, 3)
    return found


def a_dataset(*, task: str = "regression", noise: bool = False) -> Dataset:
    """165 formulas with a figure the composition decides, or with two classes of it; noise = a target nothing decides."""
    table = formulas()
    read = [parse_formula(text) for text in table]
    values: Any = tuple(table.values())
    if noise:
        values = tuple(float(at * 7919 % 101) for at in range(len(table)))
    if task == "classification":
        values = tuple("ionic" if value > 1.7 else "covalent" for value in values)
    rows = Rows(
        ids=tuple(str(at + 1) for at in range(len(read))),
        formulas=tuple(item.reduced for item in read),
        amounts=tuple(dict(item.amounts) for item in read),
        spacegroups=(None,) * len(read),
    )
    target = Target("difference", task, "eV" if task == "regression" else None, "difference")  # type: ignore[arg-type]
    return Dataset("ions: difference", target, rows, values, "v" * 64, {"file": "ions.csv"})


def a_job(*, dataset: Dataset | None = None, owner: User | None = None, trees: int = 20, **more: Any) -> Job:
    """A waiting job; nothing starts it."""
    return training_submit(
        dataset=dataset or a_dataset(),
        owner=owner,
        trainer="tree_ensemble",
        params={"trees": trees, "features": "statistics"},
        seed=1,
        folds=3,
        **more,
    )


def worked(job: Job) -> Job:
    """The job with the work of its process done here: for tests of what comes of it, not of processes."""
    folder = order_put(job, parent=os.getppid())
    with closing(Events(folder / EVENTS)) as events:
        work(folder, json.loads((folder / JOB).read_text(encoding="utf-8")), events)
    return job


def a_model(**more: Any) -> Predictor:
    """A model trained here and stored."""
    return predictor_store(job=worked(a_job(**more)))
