"""Import published tables and crystal structures into the topic databases."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand
from knowledge.errors import KnowledgeError
from knowledge.imports.services import paths_import
from knowledge.imports.stated import stated_read
from knowledge.imports.tables import Refused


def _progress(text: str) -> None:
    sys.stderr.write(f"\r\x1b[K{text}")
    sys.stderr.flush()


class Command(LodestoneCommand):
    """import_topics PATH... [--topic T] [--map FILE.yaml] [--json]: a line per file or data set; exit 2 when one was refused as a whole."""

    help = __doc__

    def arguments(self, parser: CommandParser) -> None:
        """Paths and topic."""
        parser.add_argument("paths", nargs="+", metavar="PATH", help="file or folder")
        parser.add_argument("--topic", help="read as this topic only")
        parser.add_argument("--map", metavar="FILE.yaml", help="what the columns mean, instead of a guess")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Import all; the number of refused sources."""
        progress = _progress if sys.stderr.isatty() else None
        try:
            stated = stated_read(Path(options["map"])) if options["map"] else None
        except Refused as error:
            raise KnowledgeError(str(error)) from error
        refused = 0
        paths = [Path(p) for p in options["paths"]]
        for report in paths_import(paths, topic=options["topic"], progress=progress, stated=stated):
            if progress:
                progress("")
            refused += report.error is not None
            self.emit(report.document(), report.text())
            if report.error is not None and self.as_json:
                print(report.text(), file=sys.stderr)
        return refused
