"""The Celery task that carries a wake-up; losing one costs seconds, never data."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from ingest.feeds.services import BATCH, feeds_trim, stage_run, stage_tick
from ingest.feeds.stage import stages


@shared_task(name="ingest.feeds.run", ignore_result=True)
def feed_run(feed: str | None = None) -> int:
    """Run the stages that follow a feed until they are idle; without one, all of them, and tick them. The keys handled."""
    if feed is None:
        for stage in stages():
            stage_tick(stage, now=timezone.now())
        _trim()
    total = 0
    for _ in range(1000):
        done = [stage_run(stage) for stage in stages() if feed is None or stage.feed == feed]
        total += sum(done)
        if not any(done) or (feed is not None and max(done) < BATCH):  # what comes meanwhile wakes us again
            break
    return total


_trimmed = timezone.now()


def _trim() -> None:
    """Every ten minutes drop events that nobody needs any more."""
    global _trimmed
    if timezone.now() - _trimmed > timedelta(minutes=10):
        _trimmed = timezone.now()
        feeds_trim()
