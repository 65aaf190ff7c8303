"""The stage that moves points of small batches into segments, small segments into large ones, and those into the pyramid."""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from ingest.gateway.models import Instrument
from ingest.telemetry.folding import batches_fold
from ingest.telemetry.services import batches_compact, segments_merge, segments_sweep
from ingest.telemetry.tiles import pyramid_advance


class CompactionStage:
    """Keys are instruments."""

    name = "ingest.telemetry"
    feed = "frames"
    every_s = 60.0

    def process(self, keys: Sequence[str]) -> None:
        """Compact what has gathered."""
        for instrument in Instrument.objects.filter(slug__in=keys):
            while batches_compact(instrument=instrument, now=timezone.now()):
                pass

    def tick(self, now: datetime) -> None:
        """Compact what has waited long, merge, and remove files that nobody names."""
        for instrument in Instrument.objects.all():
            batches_compact(instrument=instrument, now=now)
            segments_merge(instrument=instrument, now=now)
            pyramid_advance(instrument=instrument, now=now)
            batches_fold(instrument=instrument, now=now)
        segments_sweep(now=now)
