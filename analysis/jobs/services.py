"""Writes of jobs: store, cancel, retry; what `analysis.running` follows."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from analysis.errors import AnalysisError
from analysis.jobs.folders import job_folder
from analysis.jobs.models import Job
from eln.accounts.models import User
from ingest.feeds.services import feed_append


class CannotChange(AnalysisError):
    """The job is not in a state for this."""

    code = "job_state"
    status = 409


def limits_now() -> dict[str, int]:
    """The limits of a job started now, from the settings."""
    chosen = settings.ANALYSIS
    return {name: getattr(chosen, name) for name in ("memory_mb", "cpu_s", "wall_s", "nice")}


def job_store(job: Job) -> Job:
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
    return job_store(again)


def _inputs_copy(job: Job, again: Job) -> None:
    """The same bytes, not a new reading of the sources."""
    import shutil

    source, target = job_folder(job.uid), job_folder(again.uid)
    target.mkdir(parents=True, exist_ok=True)
    for name in ("dataset.json", "rows.parquet", "fold_keys.json"):
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
