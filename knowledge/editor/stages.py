"""The stage that brings the index up to date when topics change."""

from collections.abc import Sequence
from datetime import datetime


class TopicStage:
    """Follows `topics`; folders raise no event, so it also looks now and then."""

    name = "knowledge.editor"
    feed = "topics"
    every_s = 30.0

    def process(self, keys: Sequence[str]) -> None:
        """Build the index for the topics as they are now."""
        from knowledge.index.services import index_ensure
        from knowledge.topics.schema import topics_refresh

        topics_refresh(max_age_s=0)
        index_ensure()

    def tick(self, now: datetime) -> None:
        """The same, for folders that changed."""
        from knowledge.index.services import index_ensure
        from knowledge.topics.schema import topics_refresh

        if topics_refresh():
            index_ensure()
