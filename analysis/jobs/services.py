"""Writes of jobs: submit, cancel, retry; `stages` sees to it that they start, and `runner` follows them."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from analysis.datasets.domain import Dataset, Rows
from analysis.errors import AnalysisError, BadDataset
from analysis.jobs.folders import dataset_put, job_folder, rows_put
from analysis.jobs.models import Job
from analysis.predictors.models import Predictor
from eln.accounts.models import User
from ingest.feeds.services import feed_append

GROUPINGS = ("composition", "chemical_system", "none")


class CannotChange(AnalysisError):
    """The job is not in a state for this."""

    code = "job_state"
    status = 409


def limits_now() -> dict[str, int]:
    """The limits of a job started now, from the settings."""
    chosen = settings.ANALYSIS
    return {name: getattr(chosen, name) for name in ("memory_mb", "cpu_s", "wall_s", "nice")}


def job_submit(
    *,
    dataset: Dataset,
    owner: User | None,
    trainer: str,
    params: Mapping[str, Any],
    seed: int,
    device: str = "auto",
    folds: int = 5,
    grouping: str = "composition",
    folds_file: str | None = None,
    limits: Mapping[str, int] | None = None,
) -> Job:
    """Store a training job with its data. Raises LodestoneError for a wrong trainer, parameter, device or fold count."""
    from analysis.datasets.splits import folds_read
    from analysis.predictors.training import Order
    from analysis.trainers.registry import device_chosen, params_checked, trainer_get

    if grouping not in GROUPINGS:
        raise BadDataset(f"there is no split {grouping!r}: choose one of {', '.join(GROUPINGS)}")
    if not 2 <= folds <= 20:
        raise BadDataset("the number of folds is between 2 and 20")
    if not 0 <= seed < 2**31:
        raise BadDataset("the seed is a whole number between 0 and 2147483647")
    plugin = trainer_get(trainer)
    checked = params_checked(plugin, params).model_dump(mode="json")
    chosen = device_chosen(plugin, device)
    if folds_file is not None:
        folds_read(folds_file, dataset)
    created = timezone.now().isoformat()
    threads = settings.ANALYSIS.threads
    order = Order(trainer, checked, seed, chosen, threads, folds, grouping, folds_file, created)
    job = Job(
        owner=owner,
        title=dataset.title[:200],
        order=asdict(order),
        origin=dict(dataset.origin),
        data_version=dataset.version,
        device=chosen,
        limits={**limits_now(), **(limits or {})},
    )
    dataset_put(job, dataset, fold_keys=folds_file is not None)
    return _stored(job)


def prediction_submit(
    *,
    predictor: Predictor,
    rows: Rows,
    sources: list[str],
    projects: list[int | None],
    origin: Mapping[str, Any],
    owner: User | None,
) -> Job:
    """Store a job that predicts these rows and files the result of each in its project, or open to everybody."""
    from analysis.datasets.domain import fingerprint

    version = fingerprint([predictor.uid, list(rows.formulas), list(rows.spacegroups), sources])
    job = Job(
        kind=Job.Kind.PREDICT,
        owner=owner,
        title=f"{predictor.title}: {len(rows)}"[:200],
        order={"threads": settings.ANALYSIS.threads},
        origin=dict(origin),
        data_version=version,
        limits=limits_now(),
        predictor=predictor,
    )
    rows_put(job, rows, sources, projects)
    return _stored(job)


def _stored(job: Job) -> Job:
    """Save and tell the feed, which the stage that starts jobs follows."""
    with transaction.atomic():
        job.save(force_insert=True)
        feed_append("jobs", job.uid)
    return job


@transaction.atomic
def job_cancel(*, job: Job) -> None:
    """End a job: at once while it waits, within seconds when it runs. Raises CannotChange when it is over."""
    now = timezone.now()
    if Job.objects.filter(uid=job.uid, state=Job.State.QUEUED).update(
        state=Job.State.CANCELLED, cancel_asked=True, ended=now
    ):
        feed_append("jobs", job.uid)
        return
    if not Job.objects.filter(uid=job.uid, state=Job.State.RUNNING).update(cancel_asked=True):
        raise CannotChange("this job is over: there is nothing to cancel")


def job_retry(*, job: Job, owner: User | None) -> Job:
    """The same order on the same stored data as a new job, within the limits of now. Raises CannotChange while it runs."""
    if job.is_active:
        raise CannotChange("this job has not ended yet")
    again = Job(
        kind=job.kind,
        owner=owner,
        title=job.title,
        order={**job.order, "created": timezone.now().isoformat()} if job.kind == Job.Kind.TRAIN else job.order,
        origin=job.origin,
        data_version=job.data_version,
        device=job.device,
        limits=limits_now(),
        parent=job,
        predictor=job.predictor,
    )
    _inputs_copy(job, again)
    return _stored(again)


def _inputs_copy(job: Job, again: Job) -> None:
    """The same bytes, not a new reading of the sources."""
    import shutil

    source, target = job_folder(job.uid), job_folder(again.uid)
    target.mkdir(parents=True, exist_ok=True)
    for name in ("dataset.json", "rows.parquet", "fold_keys.json"):
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
