"""`parse_coverage PATH...`: a table of what the installed parsers make of files and folders."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand
from ingest.errors import BadInput
from ingest.parsing.coverage import Line, coverage, files_below, summary

ROW = "{status:7} {technique:34.34} {channels:>4} {with_unit:>5} {mapped:>6} {rows:>8} {seconds:>7.2f}  {file}"


class Command(LodestoneCommand):
    """Prints a line for each file and the totals; with --json one document a line, the last with `summary`."""

    help = (
        "Read files and folders with the installed parsers and print how much of them is understood; nothing is stored."
    )

    def arguments(self, parser: CommandParser) -> None:
        """Files or folders."""
        parser.add_argument("paths", nargs="+", metavar="PATH", type=Path)
        parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="parsers at a time (processors)")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Parse all and print."""
        missing = [str(path) for path in options["paths"] if not path.exists()]
        if missing:
            raise BadInput(f"{', '.join(missing)}: no such file or folder; check the path")
        if not self.as_json:
            head = {"status": "status", "technique": "technique", "channels": "ch", "with_unit": "units"}
            self.stdout.write(
                ROW.replace(".2f", "").format(**head, mapped="mapped", rows="rows", seconds="s", file="file")
            )
        lines: list[Line] = []
        for line in coverage(files_below(options["paths"]), max(1, options["workers"])):
            lines.append(line)
            shown = {**asdict(line), "technique": line.technique or (line.reason or "unknown")}
            self.emit(asdict(line), ROW.format(**shown))
        total = summary(lines)
        self.emit({"summary": total}, "\n".join(f"{key}: {value}" for key, value in total.items()))
        return 0
