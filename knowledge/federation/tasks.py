"""The Celery task that runs federated searches on a worker; on the embedded profile a thread of the site does."""

from celery import shared_task

from knowledge.federation.running import search_run


@shared_task(name="knowledge.federation.search", ignore_result=True)
def federated_search(uid: str) -> None:
    """Run one search."""
    search_run(uid)
