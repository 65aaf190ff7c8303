"""The Celery task that carries a wake-up; losing one costs seconds, never data."""

from celery import shared_task

from ingest.feeds.services import stage_run
from ingest.feeds.stage import stages


@shared_task(name="ingest.feeds.run", ignore_result=True)
def feed_run(feed: str | None = None) -> int:
    """Run the stages that follow a feed (all of them without one) until they are idle; the number of keys handled."""
    total = 0
    for _ in range(1000):
        done = sum(stage_run(stage) for stage in stages() if feed is None or stage.feed == feed)
        total += done
        if not done:
            break
    return total
