"""Hand a file of a person to the gateway, as one more sender."""

import hashlib
import uuid
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from eln.ui.quantity import pretty_bytes
from ingest.contract import Envelope
from ingest.contract.envelope import name_clean
from ingest.errors import TooLarge
from ingest.gateway.models import Instrument, Receipt
from ingest.gateway.services import receipt_accept


def _digest(stream: BinaryIO) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    while chunk := stream.read(2**20):
        digest.update(chunk)
        size += len(chunk)
    stream.seek(0)
    return digest.hexdigest(), size


def stream_accept(
    *,
    stream: BinaryIO,
    name: str,
    source: str,
    person: str = "",
    instrument: str | None = None,
    sample: str = "",
    project: str = "",
    entry: int | None = None,
) -> Receipt:
    """Keep the bytes of `stream` under a new receipt. `source`: the page or command they came from."""  # fmt: skip
    sha256, size = _digest(stream)
    metadata = {key: value for key, value in (("project", project), ("entry", entry)) if value}
    envelope = Envelope(
        id=f"upload-{uuid.uuid4()}",
        instrument=instrument or None,
        source=source,
        file_name=name_clean(name)[-400:] or "unnamed",
        size=size,
        sha256=sha256,
        sample=name_clean(sample).strip()[:120] or None,
        person=person or None,
        metadata=metadata,
    )
    return receipt_accept(envelope=envelope, payload=stream)


def upload_accept(*, file: "UploadedFile[Any]", **facts: object) -> Receipt:
    """Keep a file that came with a form. Raises TooLarge."""
    if (file.size or 0) > settings.INGEST.max_upload_bytes:
        limit = pretty_bytes(settings.INGEST.max_upload_bytes)
        raise TooLarge(_("{name} is larger than {limit}; let an agent send it.").format(name=file.name, limit=limit))
    if file.file is None:
        raise ValueError("an uploaded file without bytes")
    return stream_accept(stream=file.file, name=file.name or "unnamed", source="upload page", **facts)  # type: ignore[arg-type]


def path_accept(*, path: Path, instrument: str | None, sample: str) -> Receipt:
    """Keep a file of this machine's disk."""
    with path.open("rb") as stream:
        return stream_accept(
            stream=stream, name=path.name, source="ingest command", instrument=instrument, sample=sample
        )


def path_accept_as(*, path: str, name: str, person: str, instrument: Instrument | None) -> Receipt:
    """Keep a file that a person tried first, as if it had come with the upload page."""
    slug = instrument.slug if instrument else None
    with Path(path).open("rb") as stream:
        return stream_accept(stream=stream, name=name, source="upload page", person=person, instrument=slug)
