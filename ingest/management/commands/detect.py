"""`manage.py detect FILE.csv`: a score and a kind for each row of a table, online."""

import math
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand


class Command(LodestoneCommand):
    """Judge each row of a CSV file by the rows before it."""

    help = "Score every row of a CSV file for anomalies, using only the rows before it."

    def arguments(self, parser: CommandParser) -> None:
        """The file and its columns."""
        parser.add_argument("file", type=Path, help="CSV file with a header")
        parser.add_argument("--value", help="column to judge; else the first with numbers beside the time")
        parser.add_argument(
            "--time", help="column of times (ISO or seconds); else the one named so, or the first that rises"
        )

    def run(self, **options: Any) -> int:
        """Read, score, print a document per row."""
        from ingest.detectors.score import score_rows
        from ingest.detectors.table import table_read

        judged = table_read(options["file"], value=options["value"], time=options["time"])
        rows = zip(judged.shown, judged.values, score_rows(judged.times, judged.values), strict=True)
        for text, shown, score in rows:
            finite = shown if math.isfinite(shown) else None
            document = {"time": text, "value": finite, "score": round(score.score, 6), "kind": score.kind or None}
            self.emit(document, f"{text}\t{finite}\t{score.score:.3f}\t{score.kind}")
        return 0
