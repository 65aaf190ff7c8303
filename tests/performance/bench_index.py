"""Index: rows built per second, how long queries take on a published table and on a million invented materials.

`LODESTONE_BENCH_MATERIALS` chooses another number of these than 1,000,000.
"""

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
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
SIZE = int(os.environ.get("LODESTONE_BENCH_MATERIALS", "1000000"))
FACETS = (
    "elements", "spacegroup_number", "nelements", "topic", "dataset", "kind", "topological_class_soc", "crystal_system",
    "nontrivial_soc", "prototype",
)  # fmt: skip
LINK = 'band_gap > {} AND LINKED material IN topological_materials (topological_class_soc = "TI" AND nsites > {})'
Figures = Iterator[tuple[str, float, str]]


def figures() -> Figures:
    """Import the Materiae table, build index and graph, ask; then the same questions and more of a million materials."""
    if MATERIAE.is_dir():
        yield from _published()
    yield from _invented()


def _published() -> Figures:
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


def _queries() -> Figures:
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
    yield from _spread("query", times)


def _spread(name: str, times: list[float]) -> Figures:
    yield f"{name}_p50", median(times), "ms"
    yield f"{name}_p95", quantiles(times, n=20)[-1], "ms"


def _invented() -> Figures:
    from tests.performance.materials import index_fill

    began = time.perf_counter()
    index_fill(SIZE)
    yield "million_filled", SIZE / (time.perf_counter() - began), "rows/s"
    fresh = [sys.executable, "-c", FIRST]
    first = subprocess.run(fresh, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    yield "million_first_query_of_a_process", float(first.stdout), "ms"
    yield from _asked()
    yield from _filed()


FIRST = """
import django; django.setup()
import time; began = time.perf_counter()
from eln.accounts.scope import Scope
from knowledge.query.executor import run
from knowledge.query.filters import parse_filter
from knowledge.query.types import Query
run(Query(where=parse_filter('elements HAS "Bi" AND band_gap > 1'), limit=20), scope=Scope(user_id=1))
print((time.perf_counter() - began) * 1000)
"""


def _asked() -> Figures:
    """Every question is another one, so that nothing is answered from what was kept; a reader with rights to one project."""
    from eln.accounts.scope import Scope
    from knowledge.query.executor import run
    from knowledge.query.filters import parse_filter
    from knowledge.query.types import Histogram, Query, Sort
    from tests.performance.materials import filters

    member = Scope(user_id=2, readable=frozenset({1}))

    def timed(query: Query) -> float:
        return run(query, scope=member).elapsed_ms

    def asked(seed: int) -> list[Query]:
        return [Query(where=parse_filter(text), limit=20) for text in islice(filters(seed), 200)]

    drawn = (Histogram("band_gap"), Histogram("nsites"))
    yield from _spread("million_page", [timed(query) for query in asked(2)])
    yield from _spread("million_page_sorted", [timed(replace(q, sort=(Sort("band_gap", True),))) for q in asked(3)])
    counted = [timed(replace(query, limit=0, facets=FACETS, histograms=drawn)) for query in asked(4)]
    yield from _spread("million_count_10_facets_2_histograms", counted)
    links = [Query(where=parse_filter(LINK.format(0.01 * at, at)), limit=20) for at in range(60)]
    yield from _spread("million_linked", [timed(query) for query in links])
    materials = [timed(replace(query, entities="materials")) for query in asked(5)[:60]]
    yield from _spread("million_as_materials", materials)
    page, times = run(Query(where=parse_filter("nsites > 20"), limit=100, offset=SIZE // 2), scope=member), []
    for _ in range(60):
        page = run(Query(where=parse_filter("nsites > 20"), limit=100, after=page.next), scope=member)
        times.append(page.elapsed_ms)
    yield from _spread("million_deep_page_by_key", times)


def _filed() -> Figures:
    """From a record's event to a search that finds it, one after the other; and what the pages of readers take meanwhile."""
    from eln.accounts.scope import Scope
    from ingest.feeds.services import feed_append, stages_drain
    from knowledge.query.executor import run
    from knowledge.query.types import Compare, Query
    from tests.builders.knowledge import a_record

    times, pages = [], []
    for at in range(40):
        record = a_record("Bi2Se3", id=f"filed{at}")
        began = time.perf_counter()
        feed_append("records", record.pk)
        stages_drain(only=["knowledge.index"])
        answer = run(Query(where=Compare("record", "=", record.pk)), scope=Scope.system())
        if answer.count != 1:
            raise AssertionError("a filed record is not found")
        times.append(time.perf_counter() - began)
        pages.append(run(Query(where=Compare("nsites", ">", 20 + at)), scope=Scope.system()).elapsed_ms)
    yield "million_record_visible_p50", median(times), "s"
    yield "million_record_visible_worst", max(times), "s"
    yield from _spread("million_page_right_after_a_change", pages)
