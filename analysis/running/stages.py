"""The stage that starts jobs: when one is submitted, and after a restart those that waited."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from analysis.jobs.followers import orphans_fail
from analysis.running.runner import job_due, jobs_wake
from analysis.running.tasks import job_run

STALE_S = 60  # a later tick asks again, so that wake-ups do not heap up while every worker is busy


class JobStage:
    """Follows `jobs`. It only wakes whoever runs jobs, so that no feed waits for a training."""

    name = "analysis.jobs"
    feed = "jobs"
    every_s = 5.0

    def process(self, keys: Sequence[str]) -> None:
        """Start what waits; a job that has ended makes room for the next."""
        wake()

    def tick(self, now: datetime) -> None:
        """Fail running jobs whose follower is gone, and start those that no event calls attention to."""
        orphans_fail()
        wake()


def wake() -> None:
    """Have a waiting job run, if there is one and room for it: in a thread here, or by a worker where there is a broker."""
    uid = job_due()
    if uid is None:
        return
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        jobs_wake()
    else:
        job_run.apply_async((uid,), expires=STALE_S)
