"""Index: rows built per second, and how long queries on it take."""

import io
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median, quantiles

MATERIAE = (
    Path(__file__).resolve().parents[3] / "shared" / "data" / "topics" / "topological_materials" / "materiae_2019"
)
FILTERS = [
    'elements HAS "Bi"',
    'elements HAS ALL "Bi","Se" AND nelements = 2',
    'NOT elements HAS "O"',
    "spacegroup_number = 166 AND nsites < 10",
    'topological_class_soc = "TI" AND NOT elements HAS ANY "O","F"',
]


def figures() -> Iterator[tuple[str, float, str]]:
    """Import the Materiae table, build the index and the graph, ask many times."""
    if not MATERIAE.is_dir():
        return
    from django.core.management import call_command

    from ingest.feeds.services import stages_drain
    from knowledge.graph.services import graph_rebuild
    from knowledge.index.services import index_rebuild
    from knowledge.records.models import Record

    began = time.perf_counter()
    call_command("import_topics", str(MATERIAE), "--json", stdout=io.StringIO())
    stages_drain()
    yield "materiae_import_and_index", time.perf_counter() - began, "s"
    began = time.perf_counter()
    index_rebuild()
    yield "index_build", Record.objects.count() / (time.perf_counter() - began), "rows/s"
    began = time.perf_counter()
    edges = graph_rebuild()["edges"]
    yield "graph_build", edges / (time.perf_counter() - began), "edges/s"
    yield from _queries()


def _queries() -> Iterator[tuple[str, float, str]]:
    from eln.accounts.scope import Scope
    from knowledge.query.executor import run
    from knowledge.query.filters import parse_filter
    from knowledge.query.types import Query

    facets = ("topological_class_soc", "spacegroup_number", "elements")
    times = [
        run(Query("topological_materials", parse_filter(text), facets=facets), scope=Scope.system()).elapsed_ms
        for _ in range(20)
        for text in FILTERS
    ]
    yield "query_p50", median(times), "ms"
    yield "query_p95", quantiles(times, n=20)[-1], "ms"
