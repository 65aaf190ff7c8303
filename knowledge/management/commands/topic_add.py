"""Add a topic of a folder to this site: it is checked, copied into the data folder, and used from then on."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand
from knowledge.editor.services import folder_add


class Command(LodestoneCommand):
    """topic_add FOLDER [--json]: the folder is named as the topic; exit 2 with every fault when it cannot be used."""

    help = __doc__

    def arguments(self, parser: CommandParser) -> None:
        """The folder."""
        parser.add_argument("folder", metavar="FOLDER", help="folder with schema.yaml and datasets/*.yaml")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Check and copy."""
        topic = folder_add(folder=Path(options["folder"]))
        self.emit({"topic": topic}, f"topic {topic} is in use; a running site sees it within a second")
        return 0
