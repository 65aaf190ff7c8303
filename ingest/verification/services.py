"""Hash stored bytes again, oldest look first and never faster than allowed; set aside what changed."""

from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from ingest.blobs.models import BlobCheck
from ingest.blobs.services import blob_store
from ingest.errors import LodestoneError
from ingest.gateway.models import Receipt

SET_ASIDE = "hand the file over again, or restore it from a backup; until then it is not shown to anybody"
BURST_S = 60.0
State = BlobCheck.State


class Budget:
    """How many bytes may be read now: so many a second, at most BURST_S of them at once; a large file is paid off later."""

    def __init__(self) -> None:
        self._bytes = 0.0
        self._since: datetime | None = None

    def refill(self, now: datetime, bytes_per_s: float) -> None:
        """Time has passed."""
        seconds = BURST_S if self._since is None else max(0.0, (now - self._since).total_seconds())
        self._bytes = min(self._bytes + seconds * bytes_per_s, BURST_S * bytes_per_s)
        self._since = now

    def spend(self, size: int) -> None:
        """So many bytes are read."""
        self._bytes -= size

    @property
    def left(self) -> bool:
        """Whether something may be read."""
        return self._bytes > 0


def blobs_notice(receipt_ids: Iterable[str]) -> None:
    """Put the blobs of these receipts on the list of what is looked at."""
    rows = Receipt.objects.filter(pk__in=list(receipt_ids), state=Receipt.State.DONE).exclude(sha256="")
    new = [BlobCheck(sha256=sha256, size=size) for sha256, size in set(rows.values_list("sha256", "size"))]
    BlobCheck.objects.bulk_create(new, ignore_conflicts=True, batch_size=200)


def blob_examine(sha256: str, *, now: datetime | None = None) -> str:
    """Hash the bytes again, note the result and set changed bytes aside; the state."""
    store = blob_store()
    known = BlobCheck.objects.filter(pk=sha256).first() or BlobCheck(pk=sha256)
    try:
        known.size = store.path(sha256).stat().st_size
        good = store.verify(sha256)
        known.state = State.GOOD if good else State.DAMAGED
        if not good:
            store.set_aside(sha256)
    except LodestoneError:
        known.state = State.DAMAGED if known.state == State.DAMAGED else State.MISSING
    except OSError:  # the disk itself cannot read them
        known.state = State.DAMAGED
    known.checked = now or timezone.now()
    known.noticed = None if known.state == State.GOOD else known.noticed or known.checked
    known.save()
    return known.state


def blobs_sweep(*, now: datetime, budget: Budget) -> int:
    """Look at blobs that were not good, then at those not looked at for longest, within the budget; how many."""
    budget.refill(now, settings.INGEST.verify_bytes_per_s)
    looked = 0
    for blob in BlobCheck.objects.filter(state__in=[State.DAMAGED, State.MISSING]).order_by("checked")[:20]:
        blob_examine(blob.sha256, now=now)  # it may have been handed over again
        budget.spend(blob.size)
        looked += 1
    waiting = BlobCheck.objects.filter(state__in=[State.NEW, State.GOOD]).filter(Q(checked=None) | Q(checked__lt=now))
    for blob in waiting.order_by(F("checked").asc(nulls_first=True), "pk")[:1000]:
        if not budget.left:
            break
        blob_examine(blob.sha256, now=now)
        budget.spend(blob.size)
        looked += 1
    return looked
