"""Figures of training: seconds from a table to a model card, and its honest error, on two real tables."""

import time
from collections.abc import Iterator
from pathlib import Path

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "training"
CASES = (
    ("steels", "matbench_steels/fold0_train.csv", "yield_strength_MPa"),
    ("supercon_1000", "supercon_tc/train.csv", "Tc_K"),
)
MOST_ROWS = 1000


def figures() -> Iterator[tuple[str, float, str]]:
    """Yield name, value, unit."""
    if not SHARED.is_dir():
        return
    from dataclasses import replace

    from analysis.datasets.splits import folds_of
    from analysis.datasets.table import table_dataset, table_read
    from analysis.features import build, spec_of
    from analysis.jobs.models import Job
    from analysis.predictors.services import training_submit
    from analysis.running.runner import job_wait

    for name, file, target in CASES:
        table = table_read(SHARED / file)
        table = replace(table, columns={key: cells[:MOST_ROWS] for key, cells in table.columns.items()})
        dataset = table_dataset(table, target=target)
        began = time.perf_counter()
        matrix = build(spec_of(dataset.rows), dataset.rows)
        yield f"train.{name}.features", len(matrix) / (time.perf_counter() - began), "rows/s"
        assert folds_of(dataset, folds=5, seed=0)
        began = time.perf_counter()
        job = training_submit(dataset=dataset, owner=None, trainer="tree_ensemble", params={}, seed=0)
        job_wait(job.uid)
        yield f"train.{name}.card", time.perf_counter() - began, "s"
        metrics = Job.objects.get(uid=job.uid).made.card["validation"]["metrics"]
        yield f"train.{name}.mae", metrics["mae"], dataset.target.unit or ""
        yield f"train.{name}.mae_trivial", metrics["baseline_mae"], dataset.target.unit or ""
        yield f"train.{name}.coverage_90", 100 * metrics["coverage_90"], "%"
