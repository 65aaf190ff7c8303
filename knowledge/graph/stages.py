"""The stage that keeps the graph in step with the records."""

from collections.abc import Sequence


class GraphStage:
    """Follows `records`."""

    name = "knowledge.graph"
    feed = "records"

    def process(self, keys: Sequence[str]) -> None:
        """Replace what these records say in the graph."""
        from knowledge.graph.services import graph_update

        graph_update(records=keys)
