"""How fast tables become records, whether every row is accounted for, and how fast formulae are read."""

import time
from collections.abc import Iterator
from pathlib import Path

from knowledge.formula import parse_formula
from knowledge.imports.reports import Report
from knowledge.imports.services import paths_import
from knowledge.imports.sources import sources_in, tables_read
from knowledge.imports.tables import Refused

TOPICS = Path(__file__).resolve().parents[3] / "shared" / "data" / "topics"
TABLES = TOPICS / "topological_materials"


def _accounted(report: Report) -> bool:
    """Whether the counts of a report add up."""
    rejected = sum("column" not in item for item in report.rejected)
    return report.rows == report.records + report.merged + rejected


def _reading() -> Iterator[tuple[str, float, str]]:
    """Files to tables alone: no database, no meaning."""
    begin, rows = time.perf_counter(), 0
    for source in sources_in(TOPICS):
        if source.reader == "structure":
            continue
        try:
            rows += sum(table.count for table in tables_read(source))
        except Refused:
            continue
    seconds = time.perf_counter() - begin
    yield "files of all topics read as tables", seconds, "s"
    yield "rows read", rows / seconds, "rows/s"


def figures() -> Iterator[tuple[str, float, str]]:
    """(name, value, unit)."""
    if not TABLES.is_dir():
        return
    texts = (TABLES / "materiae_2019" / "formula.txt").read_text(encoding="utf-8").splitlines()[1:]
    begin = time.perf_counter()
    for text in texts:
        parse_formula(text)
    yield "formulae read", len(texts) / (time.perf_counter() - begin), "1/s"
    begin = time.perf_counter()
    rows = sum(report.rows for report in paths_import([TABLES]))
    seconds = time.perf_counter() - begin
    yield "topological tables imported", seconds, "s"
    yield "rows imported", rows / seconds, "rows/s"
    begin = time.perf_counter()
    list(paths_import([TABLES]))
    yield "unchanged tables imported again", time.perf_counter() - begin, "s"
    yield from _reading()
    begin = time.perf_counter()
    reports = list(paths_import([TOPICS]))
    yield "files of all topics imported", time.perf_counter() - begin, "s"
    held = [report for report in reports if report.error is None]
    rows = sum(report.rows for report in held)
    yield "rows of all topics", rows, "rows"
    yield "rows accounted for", 100 * sum(r.rows for r in held if _accounted(r)) / rows, "%"
    yield "files refused as a whole", len(reports) - len(held), "files"
