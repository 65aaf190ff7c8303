"""The Celery task that writes exports on a worker machine; on the embedded profile a thread of the site does."""

from celery import shared_task

from knowledge.exports.runner import exports_run


@shared_task(name="knowledge.exports.write", ignore_result=True)
def exports_write() -> int:
    """Write waiting exports; how many."""
    return exports_run()
