"""Append to feeds and run the stages that follow them."""

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterable
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.utils import timezone

from ingest.feeds.models import Cursor, Failure, FeedEvent
from ingest.feeds.stage import Stage, stages

log = logging.getLogger(__name__)
OWNER = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
LEASE = timedelta(minutes=5)
BATCH = 5000
MAX_DELAY = timedelta(hours=6)

_wake: Callable[[str], None] | None = None


def waker_set(wake: Callable[[str], None] | None) -> None:
    """Say what to do after a feed has grown; a lost wake-up costs seconds, never data."""
    global _wake
    _wake = wake


def feed_append(feed: str, keys: str | Iterable[str]) -> None:
    """Record that these keys changed. Call it inside the transaction of the change."""
    keys = [keys] if isinstance(keys, str) else list(keys)
    if not keys:
        return
    xid = 0
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            xid = cursor.fetchone()[0]
    FeedEvent.objects.bulk_create([FeedEvent(feed=feed, key=key, xid=xid) for key in keys], batch_size=5000)
    if _wake is not None:
        wake = _wake
        transaction.on_commit(lambda: wake(feed), robust=True)


def _pending(stage: Stage, cursor: Cursor) -> list[tuple[int, int, str]]:
    """Events after the cursor that no running transaction can still precede: (xid, seq, key), at most BATCH."""
    events = FeedEvent.objects.filter(feed=stage.feed).filter(
        Q(xid__gt=cursor.xid) | Q(xid=cursor.xid, seq__gt=cursor.seq)
    )
    if connection.vendor == "postgresql":
        events = events.extra(where=["xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"])
    return list(events.order_by("xid", "seq").values_list("xid", "seq", "key")[:BATCH])


def _lease(stage: Stage) -> Cursor | None:
    """The stage's cursor if this process may advance it now, else none."""
    Cursor.objects.get_or_create(stage=stage.name)
    now = timezone.now()
    taken = Cursor.objects.filter(Q(owner="") | Q(lease_until__lt=now) | Q(lease_until=None), stage=stage.name).update(
        owner=f"{OWNER}:{threading.get_ident()}", lease_until=now + LEASE
    )
    return Cursor.objects.get(stage=stage.name) if taken else None


def _failed(stage: Stage, key: str, error: Exception) -> None:
    log.exception("stage %s failed on %s", stage.name, key, exc_info=error)
    reason = f"{type(error).__name__}: {error}"[:4000]
    failure, created = Failure.objects.get_or_create(
        stage=stage.name, key=key, defaults={"reason": reason, "next_attempt": timezone.now() + timedelta(seconds=30)}
    )
    if not created:
        delay = min(timedelta(seconds=30 * 2 ** min(failure.attempts, 20)), MAX_DELAY)
        Failure.objects.filter(pk=failure.pk).update(
            reason=reason, attempts=F("attempts") + 1, next_attempt=timezone.now() + delay
        )


def _process(stage: Stage, keys: list[str]) -> None:
    try:
        stage.process(keys)
        good = keys
    except Exception as error:  # a stage may fail in any way; the key is set aside with its reason
        good = []
        if len(keys) == 1:
            _failed(stage, keys[0], error)
        for key in keys if len(keys) > 1 else []:
            try:
                stage.process([key])
                good.append(key)
            except Exception as single:
                _failed(stage, key, single)
    for at in range(0, len(good), 500):
        Failure.objects.filter(stage=stage.name, key__in=good[at : at + 500]).delete()


def stage_run(stage: Stage) -> int:
    """Process one batch of what is new or due again; the number of keys handled, 0 when idle or leased elsewhere."""
    cursor = _lease(stage)
    if cursor is None:
        return 0
    try:
        events = _pending(stage, cursor)
        keys = list(dict.fromkeys(key for _, _, key in events))
        if keys:
            _process(stage, keys)
            xid, seq, _ = events[-1]
            Cursor.objects.filter(pk=cursor.pk).update(xid=xid, seq=seq, lease_until=timezone.now() + LEASE)
        due = list(
            Failure.objects.filter(stage=stage.name, next_attempt__lte=timezone.now())
            .exclude(key__in=keys[:500])
            .values_list("key", flat=True)[:50]
        )
        for key in due:
            _process(stage, [key])
        return len(keys) + len(due)
    finally:
        Cursor.objects.filter(pk=cursor.pk, owner=cursor.owner).update(owner="", lease_until=None)


def stages_drain(*, only: Iterable[str] | None = None, rounds: int = 1000) -> int:
    """Run all stages until none has anything to do; what commands and tests call. The number of keys handled."""
    names = set(only) if only is not None else None
    total = 0
    for _ in range(rounds):
        done = sum(stage_run(stage) for stage in stages() if names is None or stage.name in names)
        total += done
        if not done:
            break
    return total


def stage_rewind(name: str) -> None:
    """Rebuild from the start: the stage will read its feed again from the first event."""
    Cursor.objects.filter(stage=name).update(xid=0, seq=0)
    Failure.objects.filter(stage=name).delete()


def failure_retry(failure_id: int) -> None:
    """Make a failed key due now."""
    Failure.objects.filter(pk=failure_id).update(next_attempt=timezone.now())
