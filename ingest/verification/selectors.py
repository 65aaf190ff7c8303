"""How the stored bytes are, for the status page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Min, Sum

from ingest.blobs.models import BlobCheck
from ingest.gateway.models import Receipt


@dataclass(frozen=True)
class Custody:
    """`oldest`: the longest time since any blob was looked at; `faulty`: names of files whose bytes are damaged or missing."""

    blobs: int
    size: int
    unseen: int
    oldest: datetime | None
    faulty: list[str]


def custody() -> Custody:
    """What the last looks found."""
    good = BlobCheck.objects.filter(state__in=[BlobCheck.State.GOOD, BlobCheck.State.NEW])
    total = BlobCheck.objects.aggregate(size=Sum("size"))
    bad = list(
        BlobCheck.objects.exclude(state__in=["good", "new"]).order_by("noticed").values_list("pk", flat=True)[:20]
    )
    names = dict(Receipt.objects.filter(sha256__in=bad).values_list("sha256", "file_name"))
    return Custody(
        blobs=BlobCheck.objects.count(),
        size=total["size"] or 0,
        unseen=good.filter(checked=None).count(),
        oldest=good.aggregate(at=Min("checked"))["at"],
        faulty=[names.get(sha256, sha256[:12]) for sha256 in bad],
    )
