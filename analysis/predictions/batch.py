"""Predictions of many rows in a job's process: files in, files out; no Django."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from analysis.datasets.store import ROWS, rows_read
from analysis.jobs.layout import PREDICTIONS
from analysis.predictors.model import model_load
from analysis.trainers.protocol import Report


def predict(folder: Path, out: Path, job: dict[str, Any], report: Report) -> None:  # Any: job.json
    """Write predictions.json for the rows of the job's folder."""
    report(0.0, "reading the model")
    model = model_load(Path(job["model"]), job["files"])
    rows, table = rows_read(folder / ROWS)
    report(0.3, f"{len(rows)} rows")
    said = model.predict(rows)
    documents = [
        {
            "formula": formula,
            "spacegroup_number": spacegroup,
            "source_record": source or None,
            "project": project,
            **asdict(prediction),
        }
        for formula, spacegroup, source, project, prediction in zip(
            rows.formulas,
            rows.spacegroups,
            table["source"].to_pylist(),
            table["project"].to_pylist(),
            said,
            strict=True,
        )
    ]
    out.mkdir(parents=True, exist_ok=True)
    (out / PREDICTIONS).write_text(json.dumps(documents, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    report(1.0, f"{len(rows)} rows predicted")
