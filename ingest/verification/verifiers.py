"""The checks of ingest: blobs against their hashes, receipts, segments and batches against the catalogue, feeds."""

from collections.abc import Iterator

from django.db.models import Max

from ingest.blobs.models import BlobCheck
from ingest.contract import BatchError
from ingest.errors import LodestoneError
from ingest.feeds.models import Cursor, FeedEvent
from ingest.gateway.models import Instrument, Receipt
from ingest.gateway.selectors import receipt_path, tail_path
from ingest.telemetry.codecs import batch_read
from ingest.telemetry.models import FrameBatch, Segment
from ingest.telemetry.points import batch_points
from ingest.telemetry.segments import segment_read, telemetry_folder
from ingest.verification.faults import Count, Fault
from ingest.verification.services import SET_ASIDE, blob_examine


def blobs_verify(count: Count) -> Iterator[Fault]:
    """Hash the bytes of every receipt again."""
    done = Receipt.objects.filter(state=Receipt.State.DONE)
    for sha256, name, size in done.order_by("sha256").values_list("sha256", "file_name", "size").iterator():
        count.things, count.size = count.things + 1, count.size + size
        state = blob_examine(sha256)
        if state != BlobCheck.State.GOOD:
            yield Fault("blob", f"{name} ({sha256[:12]}…)", f"its bytes are {state}: {SET_ASIDE}")


def receipts_verify(count: Count) -> Iterator[Fault]:
    """Growing logs have the lines they were answered for; sizes agree."""
    for receipt in Receipt.objects.iterator():
        count.things += 1
        if receipt.state == Receipt.State.GROWING:
            path = tail_path(receipt.pk)
            here = path.stat().st_size if path.exists() else 0
            if here < receipt.size:
                yield Fault(
                    "log", receipt.file_name, f"{here} of {receipt.size} acknowledged bytes are here: {SET_ASIDE}"
                )
            continue
        try:
            here = receipt_path(receipt).stat().st_size
        except (LodestoneError, OSError):
            continue  # told by the check of the blobs
        if receipt.state == Receipt.State.DONE and here != receipt.size:
            yield Fault("receipt", receipt.file_name, f"it promises {receipt.size} bytes, {here} are here: {SET_ASIDE}")


def segments_verify(count: Count) -> Iterator[Fault]:
    """Every segment can be read and holds what the catalogue says of it."""
    restore = "restore the folder telemetry from a backup"
    for segment in Segment.objects.filter(retired=None).iterator():
        count.things, count.size = count.things + 1, count.size + segment.size
        path = telemetry_folder() / segment.path
        if not path.is_file():
            yield Fault("segment", segment.path, f"the file is missing: {restore}")
            continue
        try:
            points = segment_read(segment.path)
        except Exception as error:  # whatever the reader makes of damaged bytes
            yield Fault("segment", segment.path, f"it cannot be read ({str(error)[:200]}): {restore}")
            continue
        here = {name: [len(s), int(s.times[0]), int(s.times[-1])] for name, s in points.items()}
        said = {name: [int(row[0]), int(row[3]), int(row[4])] for name, row in segment.statistics.items()}
        if here != said:
            wrong = sorted(name for name in here.keys() | said.keys() if here.get(name) != said.get(name))
            yield Fault(
                "segment", segment.path, f"it holds other points than the catalogue says of {wrong[0]}: {restore}"
            )


def batches_verify(count: Count) -> Iterator[Fault]:
    """Every batch has its points, in its row or in a segment."""
    for batch in FrameBatch.objects.iterator(chunk_size=200):
        count.things += 1
        name = f"{batch.source} {batch.epoch} {batch.sequence}"
        if batch.payload is None:
            if batch.points and batch.segment_id is None:
                yield Fault("batch", name, "its points are in no segment: restore the database from a backup")
            continue
        try:
            here = sum(len(series) for series in batch_points(batch_read(bytes(batch.payload))).values())
        except BatchError as error:
            yield Fault("batch", name, f"its bytes cannot be read ({error}): restore the database from a backup")
            continue
        if here != batch.points:
            yield Fault("batch", name, f"it holds {here} of {batch.points} points: restore the database from a backup")


def feeds_verify(count: Count) -> Iterator[Fault]:
    """What was stored was told to the followers, and nobody has read further than was written."""
    for feed, keys in (
        ("receipts", Receipt.objects.exclude(state=Receipt.State.GROWING, size=0).values_list("pk", flat=True)),
        ("frames", Instrument.objects.filter(batches__isnull=False).distinct().values_list("slug", flat=True)),
    ):
        told = set(FeedEvent.objects.filter(feed=feed).values_list("key", flat=True))
        for key in keys.iterator():
            count.things += 1
            if key not in told:
                yield Fault(
                    "feed", f"{feed} {key}", "its followers were not told of it: restore the database from a backup"
                )
    written = FeedEvent.objects.aggregate(xid=Max("xid"), seq=Max("seq"))
    for cursor in Cursor.objects.all():
        count.things += 1
        if (cursor.xid, cursor.seq) > (written["xid"] or 0, written["seq"] or 0):
            yield Fault("feed", cursor.stage, "it has read further than was written: run `stage_rewind` for it")
