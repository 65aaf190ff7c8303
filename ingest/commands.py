"""What all Lodestone commands share: a prepared data folder, `--json`, and errors that say what to do."""

import json
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError

from ingest.contract.envelope import name_clean
from ingest.errors import LodestoneError
from ingest.home import home, home_prepare

ROOM = "Check that the path can be written and that its disk has room (the data folder is LODESTONE_HOME)."


class LodestoneCommand(BaseCommand):
    """Base of the command-line contract: one JSON document (a line each in batches), exit 2 on bad input.

    A subclass writes `arguments` and `run`; `run` returns the number of inputs refused (0 = success).
    """

    requires_system_checks: list[str] = []
    output_transaction = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --json and what the command adds."""
        parser.add_argument("--json", action="store_true", help="print JSON, one document a line")
        self.arguments(parser)

    def arguments(self, parser: CommandParser) -> None:
        """Declare the command's own arguments."""

    def run(self, **options: Any) -> int:  # Any: argparse's own
        """Do the work; the number of inputs that were refused."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare the data folder, run, and translate errors once."""
        self.as_json = bool(options["json"])
        try:
            home_prepare()
            refused = self.run(**options)
        except LodestoneError as error:
            print(f"{self.name()}: {error.message}", file=sys.stderr)
            sys.exit(2)
        except DatabaseError as error:
            print(f"{self.name()}: the database of {home()} refuses: {error}. {ROOM}", file=sys.stderr)
            sys.exit(2)
        except BrokenPipeError:  # the reader, such as `head`, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return
        except OSError as error:
            print(f"{self.name()}: {error}. {ROOM}", file=sys.stderr)
            sys.exit(2)
        if refused:
            sys.exit(2)

    def name(self) -> str:
        """The command's name as typed."""
        return type(self).__module__.rsplit(".", 1)[-1]

    def emit(self, document: dict[str, Any], text: str | None = None) -> None:
        """Print one result: JSON with --json, else `text` for people."""
        if self.as_json or text is None:
            text = json.dumps(document, ensure_ascii=False, default=str, allow_nan=False)
        self.stdout.write(name_clean(text))  # names of files may hold bytes that are no text
