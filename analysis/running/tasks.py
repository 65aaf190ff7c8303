"""The Celery task that runs jobs on a worker machine; on the embedded profile a thread of the site does."""

from celery import shared_task

from analysis.running.runner import jobs_run


@shared_task(name="analysis.jobs.run", ignore_result=True)
def job_run(uid: str) -> int:
    """Run waiting jobs to their end; how many. `uid` is the one that was just submitted."""
    return jobs_run()
