"""Files of the folder as what the agent ships: envelopes with ids that are the same whenever the same bytes are met."""

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

from ingest.agent.sources.folder.ledger import key_of
from ingest.agent.sources.folder.params import FolderParams
from ingest.agent.sources.folder.scan import Seen
from ingest.agent.sources.protocol import FileShip, SourceContext
from ingest.contract import Envelope


def file_item(params: FolderParams, context: SourceContext, relative: str, seen: Seen, sha256: str) -> FileShip:
    """A finished file."""
    identity = "\0".join([context.instrument, context.name, key_of(relative), sha256])
    number = "f-" + hashlib.sha256(identity.encode()).hexdigest()[:40]
    name = printable(Path(relative).name)
    envelope = envelope_of(context, number, relative, name, seen.size, sha256, seen.mtime_ns / 1e9)
    return FileShip(envelope, params.path / relative)


def envelope_of(
    context: SourceContext, number: str, relative: str, name: str, size: int, sha256: str, created: float
) -> Envelope:
    """The envelope of a file or a log; `created` in s since 1970."""
    return Envelope(
        id=number,
        instrument=context.instrument,
        source=context.name,
        file_name=name[:400],
        size=size,
        sha256=sha256,
        created=datetime.fromtimestamp(created, UTC),
        metadata={"path": printable(relative)},
    )


def printable(text: str) -> str:
    """Text that can be sent, whatever bytes the file system holds."""
    return os.fsencode(text).decode("utf-8", "replace")
