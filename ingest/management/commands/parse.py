"""`parse FILE...`: what each file says, without storing anything."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand
from ingest.parsing.services import parse_path


class Command(LodestoneCommand):
    """Prints one document for each file; a missing file makes exit code 2 and stops no other."""

    help = "Read files of instruments and print what they say; nothing is stored."

    def arguments(self, parser: CommandParser) -> None:
        """One or more files."""
        parser.add_argument("files", nargs="+", metavar="FILE")

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Parse each file; the number that could not be opened."""
        return sum(not self._one(file) for file in options["files"])

    def _one(self, file: str) -> bool:
        path = Path(file)
        try:
            if path.is_dir():
                raise IsADirectoryError("is a folder; name the files in it")
            document = {"file": file, **parse_path(path).document}
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            print(f"parse: {file!r} cannot be read ({why}); check the path", file=sys.stderr)
            return False
        self.emit(document, _text(document))
        return True


def _text(document: dict[str, Any]) -> str:
    if document["status"] == "kept":
        return f"{document['file']}: kept, {document['reason']}"
    reader = f"parser {document['parser']}, confidence {document['confidence']:.2f}"
    lines = [f"{document['file']}: {document['technique'] or 'technique unknown'} ({reader})"]
    lines += [f"  {key}: {value}" for key, value in document["metadata"].items() if not isinstance(value, dict | list)]
    for channel in document["channels"]:
        unit, span = channel["unit"] or "-", f"{channel['min']} .. {channel['max']}"
        lines.append(
            f"  {channel['name']} [{unit}] {channel['quantity'] or 'unmapped'}: {channel['rows']} rows, {span}"
        )
    return "\n".join(lines + [f"  warning: {warning}" for warning in document["warnings"]])
