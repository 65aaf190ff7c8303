"""The stage that keeps the live view: follows `frames`, and looks after silent instruments and forgotten runs."""

from collections.abc import Sequence
from datetime import datetime

from ingest.gateway.models import Instrument
from ingest.stream.services import runs_expire, silence_check, stream_advance


class StreamStage:
    """Keys are instruments; every batch of theirs that was not yet read is read once."""

    name = "ingest.stream"
    feed = "frames"
    every_s = 2.0

    def process(self, keys: Sequence[str]) -> None:
        """Read what is new of these instruments."""
        for instrument in Instrument.objects.filter(slug__in=keys):
            while stream_advance(instrument=instrument):
                pass

    def tick(self, now: datetime) -> None:
        """Look after what no batch calls attention to."""
        silence_check(now=now)
        runs_expire(now=now)
