"""All tables of ingest in one place, for Django and for the newcomer."""

from ingest.feeds.models import Cursor, Failure, FeedEvent

__all__ = ["Cursor", "Failure", "FeedEvent"]
