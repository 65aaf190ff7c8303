"""The stage that keeps the live view: follows `frames`, and looks after silent instruments and forgotten runs."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from ingest.gateway.models import Instrument
from ingest.parsing.models import ParsedFile
from ingest.stream.models import RunRule
from ingest.stream.moments import nanoseconds
from ingest.stream.renewal import rule_dirty, runs_renew
from ingest.stream.services import BATCHES, runs_expire, silence_check, stream_advance


class StreamStage:
    """Keys are instruments; every batch of theirs that was not yet read is read once."""

    name = "ingest.stream"
    feed = "frames"
    every_s = 2.0

    def process(self, keys: Sequence[str]) -> None:
        """Read what is new of these instruments."""
        for instrument in Instrument.objects.filter(slug__in=keys):
            while stream_advance(instrument=instrument) == BATCHES:
                pass
            runs_renew(instrument=instrument, now=timezone.now())

    def tick(self, now: datetime) -> None:
        """Look after what no batch calls attention to."""
        silence_check(now=now)
        for instrument in Instrument.objects.filter(run_rule__dirty_ns__isnull=False):
            runs_renew(instrument=instrument, now=now)
        runs_expire(now=now)


class LogStage:
    """Finds runs in event logs; keys are primary keys of ParsedFile."""

    name = "ingest.stream.logs"
    feed = "parsed"

    def process(self, keys: Sequence[str]) -> None:
        """Look again at the instruments whose runs are told by their files."""
        files = ParsedFile.objects.filter(pk__in=keys, receipt__instrument__run_rule__source=RunRule.Source.FILE)
        for parsed in files.exclude(started=None).select_related("receipt__instrument"):
            instrument, started = parsed.receipt.instrument, parsed.started
            if instrument is not None and started is not None:
                with transaction.atomic():
                    rule_dirty(instrument, nanoseconds(started))
                runs_renew(instrument=instrument, now=timezone.now(), patient=False)
