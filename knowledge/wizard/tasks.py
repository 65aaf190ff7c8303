"""The Celery task that follows imports on a worker machine; on the embedded profile a thread of the site does."""

from celery import shared_task

from knowledge.wizard.runner import imports_run


@shared_task(name="knowledge.wizard.run", ignore_result=True)
def imports_follow() -> int:
    """Follow waiting imports; how many."""
    return imports_run()
