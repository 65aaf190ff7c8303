"""`rebuild index|graph`: drop what is derived and build it anew from the records."""

import time
from typing import Any

from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand
from ingest.feeds.services import stages_drain
from knowledge.graph.services import graph_rebuild
from knowledge.index.services import index_rebuild
from knowledge.neo4j import services as neo4j
from knowledge.neo4j.connection import configured


class Command(LodestoneCommand):
    """Builds a derived store anew; readers keep the old index until the new one is whole."""

    help = "Build the search index or the graph anew from the records"

    def arguments(self, parser: CommandParser) -> None:
        """Which store."""
        parser.add_argument("store", choices=["index", "graph"], nargs="+", help="what to build anew")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Drain the stages so that nothing is left behind, then build."""
        stages_drain()
        for store in dict.fromkeys(options["store"]):
            began = time.perf_counter()
            counts = {"records": index_rebuild(self.told)} if store == "index" else graph_rebuild()
            if store == "graph" and configured():
                counts["in_neo4j"] = neo4j.graph_rebuild()
            seconds = round(time.perf_counter() - began, 3)
            told = ", ".join(f"{number} {what}" for what, number in counts.items())
            self.emit({"store": store, **counts, "seconds": seconds}, f"{store}: {told} in {seconds} s")
        return 0

    def told(self, done: int) -> None:
        """Say now and then how far the reading of the records is."""
        if done % 50_000 == 0:
            self.stderr.write(f"index: {done} records read")
