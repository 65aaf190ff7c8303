"""Stages of webhooks: one notes what happened to records, one has deliveries sent."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings


class WebhookStage:
    """Follows `records`, behind the index."""

    name = "knowledge.webhooks"
    feed = "records"

    def process(self, keys: Sequence[str]) -> None:
        """Store deliveries for whom these records concern."""
        from knowledge.webhooks.matching import changes_note

        changes_note(keys)


class DeliveryStage:
    """Follows `webhooks`. It only wakes whoever sends, so that no feed waits for other people's servers."""

    name = "knowledge.deliveries"
    feed = "webhooks"
    every_s = 5.0

    def process(self, keys: Sequence[str]) -> None:
        """Have what waits sent."""
        _wake()

    def tick(self, now: datetime) -> None:
        """Send what is due again, and tidy up."""
        from knowledge.webhooks.sending import deliveries_tidy

        deliveries_tidy()
        _wake()


def _wake() -> None:
    from knowledge.webhooks.sending import deliveries_due, deliveries_wake
    from knowledge.webhooks.tasks import deliveries_send

    if not deliveries_due():
        return
    if settings.CELERY_BROKER_URL.startswith("memory:"):
        deliveries_wake()
    else:
        deliveries_send.apply_async(expires=60)
