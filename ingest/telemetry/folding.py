"""Old batch rows become ranges of sequences, so that the catalogue does not grow for ever and every old batch is still known."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from ingest.gateway.models import Instrument
from ingest.telemetry.models import BatchRange, FrameBatch

KEEP = timedelta(days=7)
NEWEST = 100  # rows of each instrument that stay whatever their age: the live view looks at them
MOST = 5_000


def ranges_joined(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same whole numbers as few ranges (first, last), both ends included, in order."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return joined


def batch_is_folded(*, agent_id: int, source: str, epoch: str, sequence: int) -> bool:
    """Whether this batch was stored and its row folded away."""
    known = BatchRange.objects.filter(agent_id=agent_id, source=source, epoch=epoch)
    return known.filter(first__lte=sequence, last__gte=sequence).exists()


def batches_fold(*, instrument: Instrument, now: datetime) -> int:
    """Fold rows whose points lie in segments and that the live view has read a week ago; how many. All or nothing."""
    rows = FrameBatch.objects.filter(instrument=instrument)
    newest = list(rows.order_by("-pk").values_list("pk", flat=True)[NEWEST - 1 : NEWEST])
    if not newest:
        return 0
    old = rows.filter(payload__isnull=True, streamed=True, received__lt=now - KEEP, pk__lt=newest[0])
    chosen = list(old.order_by("pk").values_list("pk", "agent_id", "source", "epoch", "sequence")[:MOST])
    if not chosen:
        return 0
    found: dict[tuple[int, str, str], list[tuple[int, int]]] = defaultdict(list)
    for _, agent_id, source, epoch, sequence in chosen:
        found[agent_id, source, epoch].append((sequence, sequence))
    with transaction.atomic():
        for key, ranges in found.items():
            _fold(*key, ranges_joined(ranges))
        for at in range(0, len(chosen), 500):
            FrameBatch.objects.filter(pk__in=[row[0] for row in chosen[at : at + 500]]).delete()
    return len(chosen)


def _fold(agent_id: int, source: str, epoch: str, ranges: list[tuple[int, int]]) -> None:
    """Join new ranges with those that they touch."""
    known = BatchRange.objects.filter(agent_id=agent_id, source=source, epoch=epoch)
    touched = known.filter(first__lte=ranges[-1][1] + 1, last__gte=ranges[0][0] - 1)
    whole = ranges_joined([*ranges, *touched.values_list("first", "last")])
    touched.delete()
    BatchRange.objects.bulk_create(
        [BatchRange(agent_id=agent_id, source=source, epoch=epoch, first=a, last=b) for a, b in whole], batch_size=200
    )
