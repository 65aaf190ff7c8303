"""Writes of quality runs: ask for one, stop one."""

from django.db import transaction
from django.utils import timezone

from eln.accounts.models import User
from ingest.feeds.services import feed_append
from knowledge.quality.models import QualityRun

FEED = "quality"
ACTIVE = (QualityRun.State.QUEUED, QualityRun.State.RUNNING)


@transaction.atomic
def run_ask(*, topic: str, asked_by: User | None) -> QualityRun:
    """A run over a topic (empty = all); the one that already waits or runs, if there is one."""
    known = QualityRun.objects.filter(topic=topic, state__in=ACTIVE).first()
    if known is not None:
        return known
    run = QualityRun.objects.create(topic=topic, asked_by=asked_by)
    feed_append(FEED, str(run.pk))
    return run


@transaction.atomic
def run_cancel(*, run: QualityRun) -> None:
    """End a run: at once while it waits, at its next step while it runs; nothing happens where it is over."""
    waiting = QualityRun.objects.filter(pk=run.pk, state=QualityRun.State.QUEUED)
    if not waiting.update(state=QualityRun.State.CANCELLED, ended=timezone.now()):
        QualityRun.objects.filter(pk=run.pk, state=QualityRun.State.RUNNING).update(cancel_asked=True)
