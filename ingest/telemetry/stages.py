"""The stage that moves points of small batches into segments, small segments into large ones, and those into the pyramid."""

import time
from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from ingest.gateway.models import Instrument
from ingest.telemetry.folding import batches_fold
from ingest.telemetry.services import batches_compact, segments_merge, segments_sweep
from ingest.telemetry.tiles import pyramid_advance

AGAIN_S = 10.0


class CompactionStage:
    """Keys are instruments."""

    name = "ingest.telemetry"
    feed = "frames"
    every_s = 60.0

    def __init__(self) -> None:
        self._looked: dict[str, float] = {}

    def process(self, keys: Sequence[str]) -> None:
        """Compact what has gathered; an instrument that sends all the time is looked at every few seconds, the tick does the rest."""
        now = time.monotonic()
        due = [key for key in keys if now - self._looked.get(key, -AGAIN_S) >= AGAIN_S]
        self._looked.update(dict.fromkeys(due, now))
        for instrument in Instrument.objects.filter(slug__in=due) if due else ():
            while batches_compact(instrument=instrument, now=timezone.now()):
                pass

    def tick(self, now: datetime) -> None:
        """Compact what has waited long, merge, and remove files that nobody names."""
        for instrument in Instrument.objects.all():
            while batches_compact(instrument=instrument, now=now):
                pass
            segments_merge(instrument=instrument, now=now)
            pyramid_advance(instrument=instrument, now=now)
            batches_fold(instrument=instrument, now=now)
        segments_sweep(now=now)
