"""The stage that parses what came in: follows `receipts`, feeds `parsed`."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from ingest.gateway.models import Receipt
from ingest.parsing.models import ParsedFile
from ingest.parsing.selectors import is_current
from ingest.parsing.services import receipt_parse

OTHER_DOORS = ("literature", "computation", "prediction")  # data sets, which knowledge imports itself
LEAST_WAIT = timedelta(seconds=10)
SHARE = 20  # a growing log is parsed again after at least 20 times what its last parse took


class ParsingStage:
    """Parses each receipt once, a growing one again as it grows, any again when a newer parser asks for it."""

    name = "ingest.parsing"
    feed = "receipts"
    every_s = LEAST_WAIT.total_seconds()

    def process(self, keys: Sequence[str]) -> None:
        """Bring the parsed files of these receipts up to date."""
        receipts = Receipt.objects.filter(pk__in=set(keys)).exclude(kind__in=OTHER_DOORS)
        for receipt in receipts.order_by("received"):
            if is_due(receipt):
                receipt_parse(receipt=receipt)

    def tick(self, now: datetime) -> None:
        """Read the last lines of logs that grew after their last parse and then fell silent."""
        behind = Receipt.objects.filter(state=Receipt.State.GROWING, parsed_files__size__lt=F("size"))
        for receipt in behind.exclude(kind__in=OTHER_DOORS).order_by("received"):
            if is_due(receipt):
                receipt_parse(receipt=receipt)


def is_due(receipt: Receipt) -> bool:
    """True when the receipt was never parsed, has changed since, or a newer parser may read it better."""
    parsed = ParsedFile.objects.filter(receipt=receipt).first()
    if parsed is None:
        return True
    if receipt.state == Receipt.State.GROWING:
        wait = max(LEAST_WAIT, timedelta(seconds=SHARE * parsed.seconds))
        return timezone.now() - parsed.updated >= wait
    return parsed.growing or parsed.sha256 != receipt.sha256 or not is_current(parsed)
