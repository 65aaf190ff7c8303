"""The stage that keeps the site's Neo4j in step with the records."""

from collections.abc import Sequence


class Neo4jStage:
    """Follows `records`; registered only where the site names a Neo4j."""

    name = "knowledge.neo4j"
    feed = "records"

    def process(self, keys: Sequence[str]) -> None:
        """Replace what these records say."""
        from knowledge.neo4j.services import graph_update

        graph_update(records=keys)
