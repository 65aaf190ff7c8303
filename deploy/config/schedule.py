"""Wake-ups between processes: where the broker is a real one, a grown feed is told to the workers at once."""

from django.conf import settings

from ingest.feeds.services import waker_set


def wakeups_connect() -> None:
    """Send wake-ups to Celery unless the broker lives in memory, where only `manage.py up` has a worker to wake."""
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        return
    from ingest.feeds.tasks import feed_run

    waker_set(feed_run.delay)
