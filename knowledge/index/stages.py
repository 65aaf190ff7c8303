"""The stage that keeps the index in step with the records."""

from collections.abc import Sequence


class IndexStage:
    """Follows `records`; one segment per batch of changes."""

    name = "knowledge.index"
    feed = "records"

    def process(self, keys: Sequence[str]) -> None:
        """Bring these records up to date in the index."""
        from knowledge.index.services import index_update

        index_update(records=keys)
