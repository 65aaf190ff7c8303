"""`search FILTER`: records that a filter in OPTIMADE's grammar finds."""

import re
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from eln.accounts.scope import Scope
from ingest.commands import LodestoneCommand
from ingest.feeds.services import stages_drain
from knowledge.index.services import index_ensure
from knowledge.neo4j import executor as neo4j
from knowledge.query.executor import run
from knowledge.query.filters import parse_filter
from knowledge.query.types import Evidence, Query, Row
from knowledge.query.urls import sort_of


class Command(LodestoneCommand):
    """Finds records; the newest data are filed first."""

    help = "Find records by a filter, such as: search 'elements HAS \"Bi\" AND spacegroup_number = 166'"

    def arguments(self, parser: CommandParser) -> None:
        """The filter and how to list what it finds."""
        parser.add_argument("filter", help="filter text in OPTIMADE's grammar")
        parser.add_argument("--sort", default="", help="property, or -property for falling; several with commas")
        parser.add_argument("--limit", type=int, default=20, help="rows to list (default 20)")
        parser.add_argument("--offset", type=int, default=0, help="rows to skip")
        parser.add_argument("--store", choices=["index", "neo4j"], default="index", help="what to ask (default index)")
        parser.add_argument("--after", help="the `next` of an answer: the page behind it, in the same sort")
        parser.add_argument("--topic", help="search one topic only")
        parser.add_argument("--kind", action="append", default=[], help="kinds to find; predictions only when named")
        # argparse takes a lone `-nsites` for an option; what it believes to be a negative number it takes as a value
        parser._negative_number_matcher = re.compile(r"^-\d+$|^-[a-z_][\w,-]*$")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Drain the stages, ask, print."""
        query = Query(
            topic=options["topic"],
            where=parse_filter(options["filter"]),
            sort=sort_of(options["sort"]),
            limit=max(options["limit"], 0),
            offset=max(options["offset"], 0),
            kinds=tuple(options["kind"]),
            after=options["after"],
        )
        stages_drain()
        index_ensure()
        ask = neo4j.run if options["store"] == "neo4j" else run
        evidence = ask(query, scope=Scope.system())
        self.emit(document(evidence), "\n".join([f"{evidence.count} records", *map(line, evidence.rows)]))
        return 0


def document(evidence: Evidence) -> dict[str, Any]:  # Any: a JSON document
    """What `search --json` prints."""
    items = [{"id": row.record, **asdict(row)} for row in evidence.rows]
    return {"count": evidence.count, "items": items, "next": evidence.next, "elapsed_ms": round(evidence.elapsed_ms, 3)}


def line(row: Row) -> str:
    """One record on one line for people."""
    values = ", ".join(f"{item.property} {item.value}{f' {item.unit}' if item.unit else ''}" for item in row.values[:6])
    return f"{row.record}  {row.formula or '-':20} {row.spacegroup_number or '-':>4}  {row.dataset}  {values}"
