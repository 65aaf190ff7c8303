"""`similar FORMULA|ID|CIF`: materials like it, each with its reasons."""

from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from eln.accounts.scope import Scope
from ingest.commands import LodestoneCommand
from ingest.feeds.services import stages_drain
from knowledge.index.services import index_ensure


class Command(LodestoneCommand):
    """Lists similar materials."""

    help = "List materials like a formula, a record or a crystal structure, with the reasons"

    def arguments(self, parser: CommandParser) -> None:
        """What to compare with, and how many to list."""
        parser.add_argument("material", help="formula, id of a record or of its source, or a CIF file")
        parser.add_argument("-k", type=int, default=10, help="how many (default 10)")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Drain the stages, compare, print."""
        from knowledge.materials.reasons import reason_told
        from knowledge.similar.services import similar

        stages_drain()
        index_ensure()
        items = similar(material=options["material"], k=options["k"], scope=Scope.system())
        told = [{axis: reason_told(axis, reason) for axis, reason in item.why.items()} for item in items]
        documents = [
            {**asdict(item), "why": {axis: {**reason, "text": texts[axis]} for axis, reason in item.why.items()}}
            for item, texts in zip(items, told, strict=True)
        ]
        lines = [
            f"{item.score:.3f}  {item.formula:20} " + "; ".join(texts.values())
            for item, texts in zip(items, told, strict=True)
        ]
        self.emit(
            {"query": options["material"], "items": documents},
            "\n".join(lines) or "nothing to compare with: import a topic first (import_topics)",
        )
        return 0
