"""`manage.py ingest FILE...`: keep files, parse them and file them in the notebook, in one go."""

import time
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from eln.entries.models import Attachment
from eln.upload.services import path_accept
from ingest.commands import LodestoneCommand
from ingest.feeds.models import Failure
from ingest.feeds.services import stages_drain
from ingest.gateway.models import Receipt

WAIT_TRIES = 240
STAGES = ("ingest.parsing", "eln.filing.runs", "eln.filing.files")


class Command(LodestoneCommand):
    """Take files from this machine's disk through the same door as an instrument's."""

    help = "Store, parse and file FILE...; prints what was read, the receipt and the entry."

    def arguments(self, parser: CommandParser) -> None:
        """Files, and hints where they belong."""
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--instrument", help="slug of the instrument they come from")
        parser.add_argument("--sample", default="", help="name of the sample they are about")

    def run(self, **options: Any) -> int:
        """One document a file; a bad file does not stop the others."""
        refused = 0
        for name in options["files"]:
            path = Path(name)
            if not path.is_file():
                self.emit({"file": name, "error": "there is no such file"}, f"{name}: there is no such file")
                self.stderr.write(f"ingest: {name}: there is no such file; check the path")
                refused += 1
                continue
            try:
                receipt = path_accept(path=path, instrument=options["instrument"], sample=options["sample"])
            except OSError as error:
                reason = f"it cannot be read: {error.strerror or error}"
                self.emit({"file": name, "error": reason}, f"{name}: {reason}")
                self.stderr.write(f"ingest: {name}: {reason}; nothing of it was stored")
                refused += 1
                continue
            file_now(receipt)
            document = outcome(receipt, name)
            self.emit(document, said(document))
        return refused


def file_now(receipt: Receipt) -> None:
    """Run the stages; beside a running server, which may hold them at this moment, wait for their result."""
    for _attempt in range(WAIT_TRIES):
        stages_drain(only=STAGES)
        if Attachment.objects.filter(receipt=receipt).exists() or Failure.objects.filter(key=receipt.pk).exists():
            return
        time.sleep(0.5)


def outcome(receipt: Receipt, name: str) -> dict[str, Any]:
    """The contract's document of one file."""
    attachment = Attachment.objects.select_related("parsed").filter(receipt=receipt).first()
    if attachment is None or attachment.parsed is None:
        reason = "it is stored and waits: another process is filing just now"
        return {"file": name, "status": "kept", "reason": reason, "receipt": receipt.pk, "entry": None}
    document = dict(attachment.parsed.document)
    return {**document, "file": name, "receipt": receipt.pk, "entry": attachment.entry_id, "why": attachment.why}


def said(document: dict[str, Any]) -> str:
    """One line for people."""
    place = f"entry {document['entry']}" if document["entry"] else "the inbox"
    what = document.get("technique") or document.get("reason") or ""
    return f"{document['file']}: {document['status']} ({what}), receipt {document['receipt']}, in {place}"
