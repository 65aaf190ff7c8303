"""The stage that has exports written: when one is asked for, and after a restart those that waited."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings


class ExportStage:
    """Follows `exports`. It only wakes whoever writes, so that no feed waits for a large file."""

    name = "knowledge.exports"
    feed = "exports"
    every_s = 5.0

    def process(self, keys: Sequence[str]) -> None:
        """Have what waits written."""
        _wake()

    def tick(self, now: datetime) -> None:
        """Fail what nobody writes any more, remove files whose time is over, start what waits."""
        from knowledge.exports.runner import orphans_fail
        from knowledge.exports.services import exports_expire

        orphans_fail()
        exports_expire(now=now)
        _wake()


def _wake() -> None:
    from knowledge.exports.runner import export_due, exports_wake
    from knowledge.exports.tasks import exports_write

    if export_due() is None:
        return
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        exports_wake()
    else:
        exports_write.apply_async(expires=60)
