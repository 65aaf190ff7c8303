"""Starts federated searches: in a thread of this process, or on a worker where the site has workers."""

import threading

from django.conf import settings
from django.db import connections

from knowledge.federation.running import search_run


def search_begin(uid: str) -> None:
    """Have a search run: in a thread of this process, or on a worker where the site has workers."""
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        threading.Thread(target=_run_and_close, args=(uid,), name=f"federation-{uid[:6]}", daemon=True).start()
        return
    from knowledge.federation.tasks import federated_search

    federated_search.delay(uid)


def _run_and_close(uid: str) -> None:
    try:
        search_run(uid)
    finally:
        connections.close_all()
