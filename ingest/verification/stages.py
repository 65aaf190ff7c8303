"""The stage that looks after the stored bytes: slowly, all the time."""

from collections.abc import Sequence
from datetime import datetime

from ingest.verification.services import Budget, blobs_notice, blobs_sweep


class VerificationStage:
    """Keys are receipts; the tick hashes old blobs again."""

    name = "ingest.verification"
    feed = "receipts"
    every_s = 60.0

    def __init__(self) -> None:
        self._budget = Budget()

    def process(self, keys: Sequence[str]) -> None:
        """Note new blobs."""
        for at in range(0, len(keys), 500):
            blobs_notice(keys[at : at + 500])

    def tick(self, now: datetime) -> None:
        """Look at what was not looked at for longest."""
        blobs_sweep(now=now, budget=self._budget)
