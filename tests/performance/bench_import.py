"""How fast the topological tables become records, and how fast formulae are read."""

import time
from collections.abc import Iterator
from pathlib import Path

from knowledge.formula import parse_formula
from knowledge.imports.services import paths_import

TABLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "topics" / "topological_materials"


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
