"""Append to feeds and run the stages that follow them."""

import logging
import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Max, Q
from django.utils import timezone

from ingest.feeds.models import Cursor, Failure, FeedEvent
from ingest.feeds.stage import Periodic, Stage, stages

log = logging.getLogger(__name__)
OWNER = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
HOST = socket.gethostname()
LEASE = timedelta(seconds=60)
RENEW_S = 20.0
BATCH = 5000
MAX_DELAY = timedelta(hours=6)

_wake: Callable[[str], None] | None = None
_ticked: dict[str, datetime] = {}


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


def _pending(stage: Stage, cursor: Cursor, limit: int = BATCH) -> list[tuple[int, int, str]]:
    """Events after the cursor that no running transaction can still precede: (xid, seq, key), at most `limit`."""
    events = FeedEvent.objects.filter(feed=stage.feed).filter(
        Q(xid__gt=cursor.xid) | Q(xid=cursor.xid, seq__gt=cursor.seq)
    )
    if connection.vendor == "postgresql":
        events = events.extra(where=["xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint"])
    return list(events.order_by("xid", "seq").values_list("xid", "seq", "key")[:limit])


def _lease(stage: Stage) -> Cursor | None:
    """The stage's cursor if this thread may advance it now, else none."""
    now = timezone.now()
    cursor, _ = Cursor.objects.get_or_create(stage=stage.name)
    free = Q(owner="") | Q(lease_until__lt=now) | Q(lease_until=None)
    if _is_dead(cursor.owner):
        free |= Q(owner=cursor.owner)
    owner = f"{OWNER}:{threading.get_ident()}"
    taken = Cursor.objects.filter(free, stage=stage.name).update(owner=owner, lease_until=now + LEASE)
    return Cursor.objects.get(stage=stage.name) if taken else None


def _is_dead(owner: str) -> bool:
    """Whether a lease belongs to a process of this machine that no longer lives, so that nobody need wait for its end."""
    host, _, rest = owner.rpartition(":")[0].rpartition(":")[0].rpartition(":")
    if host != HOST or not rest.isdigit():
        return False
    if int(rest) == os.getpid():
        return not owner.startswith(f"{OWNER}:")  # another program had our number before
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


@contextmanager
def _leased(stage: Stage) -> Iterator[Cursor | None]:
    """Hold the stage's lease, renewed while the work lasts; none when another holds it.

    How far the stage has read (`xid`, `seq` of what is yielded) is written when the lease is let go: one commit for both.
    """
    cursor = _lease(stage)
    if cursor is None:
        yield None
        return
    done = threading.Event()
    keeper = threading.Thread(target=_renew, args=(cursor, done), name=f"lease {stage.name}", daemon=True)
    keeper.start()
    try:
        yield cursor
    finally:
        done.set()
        keeper.join()
        Cursor.objects.filter(pk=cursor.pk, owner=cursor.owner).update(
            owner="", lease_until=None, xid=cursor.xid, seq=cursor.seq
        )


def _renew(cursor: Cursor, done: threading.Event) -> None:
    while not done.wait(RENEW_S):
        try:
            Cursor.objects.filter(pk=cursor.pk, owner=cursor.owner).update(lease_until=timezone.now() + LEASE)
        finally:
            connection.close()


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


def _due(stage: Stage) -> list[str]:
    return list(
        Failure.objects.filter(stage=stage.name, next_attempt__lte=timezone.now())
        .order_by("next_attempt")
        .values_list("key", flat=True)[:50]
    )


def _idle(stage: Stage) -> bool:
    """Whether there is nothing to do; only reads, since this is asked every second of every stage."""
    cursor = Cursor.objects.filter(stage=stage.name).first() or Cursor(stage=stage.name)
    return not _pending(stage, cursor, 1) and not _due(stage)


def stage_run(stage: Stage) -> int:
    """Process one batch of what is new or due again; the number of keys handled, 0 when idle or leased elsewhere."""
    if _idle(stage):
        return 0
    with _leased(stage) as cursor:
        if cursor is None:
            return 0
        events = _pending(stage, cursor)
        keys = list(dict.fromkeys(key for _, _, key in events))
        if keys:
            _process(stage, keys)
            cursor.xid, cursor.seq, _ = events[-1]
        due = [key for key in _due(stage) if key not in set(keys)]
        for key in due:
            _process(stage, [key])
        return len(keys) + len(due)


def stage_tick(stage: Stage, *, now: datetime) -> bool:
    """Let a periodic stage look after what no event calls attention to, if it is time; whether it did."""
    if not isinstance(stage, Periodic) or now < _ticked.get(stage.name, now) + timedelta(seconds=stage.every_s):
        _ticked.setdefault(stage.name, now)
        return False
    _ticked[stage.name] = now
    with _leased(stage) as cursor:
        if cursor is None:
            return False
        try:
            stage.tick(now)
        except Exception:  # the next tick tries again; nothing is lost by one that failed
            log.exception("stage %s failed at its tick", stage.name)
    return True


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


def feeds_trim(*, keep: timedelta = timedelta(hours=1)) -> int:
    """Drop events that all followers have read and whose key came again later; a rebuild reads the same keys. How many."""
    limit, removed = timezone.now() - keep, 0
    for feed in FeedEvent.objects.values_list("feed", flat=True).distinct():
        names = [stage.name for stage in stages() if stage.feed == feed]
        cursors = list(Cursor.objects.filter(stage__in=names))
        if not names or len(cursors) < len(names):
            continue
        first = min(((cursor.xid, cursor.seq) for cursor in cursors), default=(0, 0))
        read = FeedEvent.objects.filter(Q(xid__lt=first[0]) | Q(xid=first[0], seq__lte=first[1]), feed=feed)
        newest = read.values("key").annotate(newest=Max("seq")).values("newest")
        old = list(read.filter(created__lt=limit).exclude(pk__in=newest).values_list("pk", flat=True)[:5000])
        for at in range(0, len(old), 500):
            removed += FeedEvent.objects.filter(pk__in=old[at : at + 500]).delete()[0]
    return removed


def failure_list() -> list[Failure]:
    """What stages could not process, newest first; each with its reason, and when it is tried again."""
    return list(Failure.objects.order_by("-pk")[:500])


def failure_retry(failure_id: int) -> None:
    """Make a failed key due now."""
    Failure.objects.filter(pk=failure_id).update(next_attempt=timezone.now())
