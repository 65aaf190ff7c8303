"""Say what is wrong with a topic's folder, without using it."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand
from knowledge.editor.checks import folder_checked


class Command(LodestoneCommand):
    """topic_check FOLDER... [--json]: a line per folder; exit 2 when one cannot be used."""

    help = __doc__

    def arguments(self, parser: CommandParser) -> None:
        """The folders."""
        parser.add_argument("folders", nargs="+", metavar="FOLDER", help="folder with schema.yaml and datasets/*.yaml")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Check all; the number of folders that cannot be used."""
        refused = 0
        for name in options["folders"]:
            found, faults = folder_checked(Path(name).resolve())
            refused += bool(faults)
            told = "\n  ".join(faults) or f"can be used, with {len(found.datasets)} described data sets"
            self.emit(
                {"topic": found.topic, "folder": name, "datasets": len(found.datasets), "faults": faults},
                f"{name}: {told}",
            )
        return refused
