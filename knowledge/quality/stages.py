"""The stage that has quality runs made: when one is asked for, and after a restart those that waited."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings


class QualityStage:
    """Follows `quality`. It only wakes whoever makes the runs, so that no feed waits for them."""

    name = "knowledge.quality"
    feed = "quality"
    every_s = 5.0

    def process(self, keys: Sequence[str]) -> None:
        """Have what waits made."""
        _wake()

    def tick(self, now: datetime) -> None:
        """Fail what nobody makes any more, start what waits."""
        from knowledge.quality.runner import orphans_fail

        orphans_fail()
        _wake()


def _wake() -> None:
    from knowledge.quality.runner import run_due, runs_wake
    from knowledge.quality.tasks import quality_make

    if run_due() is None:
        return
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        runs_wake()
    else:
        quality_make.apply_async(expires=60)
