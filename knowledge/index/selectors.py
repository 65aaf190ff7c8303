"""How far the index is behind the records."""

from datetime import datetime

from django.db.models import Q

from ingest.feeds.models import Cursor, FeedEvent


def waiting_s(now: datetime) -> float | None:
    """For how long the oldest change that the index does not show yet has been waiting, in seconds; none if none waits."""
    cursor = Cursor.objects.filter(stage="knowledge.index").first()
    changes = FeedEvent.objects.filter(feed="records")
    if cursor is not None:
        changes = changes.filter(Q(xid__gt=cursor.xid) | Q(xid=cursor.xid, seq__gt=cursor.seq))
    oldest = changes.order_by("xid", "seq").values_list("created", flat=True).first()
    return None if oldest is None else (now - oldest).total_seconds()
