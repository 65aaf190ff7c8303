"""The stage that has imports read: when one is handed over or decided, and after a restart those that waited."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings


class TableImportStage:
    """Follows `table_imports`. It only wakes whoever reads, so that no feed waits for a large file."""

    name = "knowledge.wizard"
    feed = "table_imports"
    every_s = 5.0

    def process(self, keys: Sequence[str]) -> None:
        """Have what waits read."""
        _wake()

    def tick(self, now: datetime) -> None:
        """Fail what nobody follows any more, start what waits."""
        from knowledge.wizard.runner import orphans_fail

        orphans_fail()
        _wake()


def _wake() -> None:
    from knowledge.wizard.runner import import_due, imports_wake
    from knowledge.wizard.tasks import imports_follow

    if import_due() is None:
        return
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        imports_wake()
    else:
        imports_follow.apply_async(expires=60)
