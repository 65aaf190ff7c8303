"""Reads of jobs: a job belongs to the person who started it."""

from django.db.models import Q, QuerySet

from analysis.errors import NotFound
from analysis.jobs.folders import events_read
from analysis.jobs.models import Job
from eln.accounts.scope import Scope


def owned(scope: Scope) -> Q:
    """The condition that a row belongs to the reader; administrators and commands see all."""
    return Q() if scope.everything else Q(owner_id=scope.user_id, owner_id__isnull=False)


def job_list(*, scope: Scope) -> QuerySet[Job]:
    """The reader's jobs, newest first."""
    return Job.objects.filter(owned(scope)).select_related("predictor")


def job_get(*, scope: Scope, uid: str) -> Job:
    """One of the reader's jobs. Raises NotFound, also for other people's."""
    job = job_list(scope=scope).filter(uid=uid).first()
    if job is None:
        raise NotFound("there is no such job among yours")
    return job


def log_lines(job: Job, most: int = 200) -> list[tuple[float, str]]:
    """The last lines of a job's log: (epoch seconds, text)."""
    events, _ = events_read(job.uid)
    lines = [(event["time"], str(event.get("message") or event.get("log") or event.get("failed"))) for event in events]
    return lines[-most:]
