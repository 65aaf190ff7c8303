"""The Celery task that makes quality runs on a worker; on the embedded profile a thread of the site does."""

from celery import shared_task

from knowledge.quality.runner import runs_make


@shared_task(name="knowledge.quality.make", ignore_result=True)
def quality_make() -> int:
    """Make waiting runs; how many."""
    return runs_make()
