"""The Celery task that carries the wake-up for jobs; losing one costs a look at the job's page, never a job."""

from celery import shared_task
from django.conf import settings

from analysis.jobs import runner


@shared_task(name="analysis.jobs.run", ignore_result=True)
def job_run(uid: str) -> None:
    """Run waiting jobs: in a thread of this process (embedded), or in this worker (queue cpu)."""
    if settings.ANALYSIS.runner == "thread":
        runner.jobs_wake()
    else:
        runner.jobs_run()
