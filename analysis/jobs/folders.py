"""Where the files of jobs and models lie, and how they are put there."""

import json
from pathlib import Path
from typing import Any

from analysis.datasets.domain import Dataset, Rows
from analysis.jobs.layout import EVENTS, JOB
from analysis.jobs.models import Job
from ingest.home import home


def job_folder(uid: str) -> Path:
    """The folder of a job."""
    return home() / "jobs" / uid


def model_folder(uid: str) -> Path:
    """The folder of a stored model."""
    return home() / "models" / uid


def dataset_put(job: Job, dataset: Dataset, fold_keys: bool) -> None:
    """Put a data set into the job's folder, so that the process needs no database."""
    from analysis.datasets.store import dataset_write

    folder = job_folder(job.uid)
    folder.mkdir(parents=True, exist_ok=True)
    dataset_write(dataset, folder)
    if fold_keys:
        keys = {name: list(cells) for name, cells in dataset.fold_keys.items()}
        (folder / "fold_keys.json").write_text(json.dumps(keys), encoding="utf-8")


def rows_put(job: Job, rows: Rows, sources: list[str], projects: list[int | None]) -> None:
    """Put rows to predict into the job's folder: of each the record it is for (empty: a bare formula) and its project."""
    import pyarrow as pa

    from analysis.datasets.store import ROWS, rows_write

    folder = job_folder(job.uid)
    folder.mkdir(parents=True, exist_ok=True)
    rows_write(rows, folder / ROWS, {"source": sources, "project": pa.array(projects, type=pa.int64())})


def order_put(job: Job, *, parent: int) -> Path:
    """Write job.json for the process; the job's folder."""
    folder = job_folder(job.uid)
    document: dict[str, Any] = {
        "kind": job.kind,
        "parent": parent,
        "device": job.device,
        "limits": job.limits,
        "order": job.order,
    }
    keys = folder / "fold_keys.json"
    if keys.exists():
        document["fold_keys"] = json.loads(keys.read_text(encoding="utf-8"))
    if job.predictor_id:
        document["model"] = str(model_folder(job.predictor_id))
        document["files"] = job.predictor.files if job.predictor else {}
    (folder / JOB).write_text(json.dumps(document), encoding="utf-8")
    return folder


def events_read(uid: str, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
    """Whole lines the process has written since `offset`, and the next offset."""
    try:
        with (job_folder(uid) / EVENTS).open("rb") as file:
            file.seek(offset)
            data = file.read()
    except FileNotFoundError:
        return [], offset
    whole = data[: data.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines() if line.strip()], offset + len(whole)
