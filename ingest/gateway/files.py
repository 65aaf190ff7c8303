"""Many small files in one call: each is checked for itself, all that are good become durable together."""

import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import transaction
from pydantic import ValidationError

from ingest.blobs.services import blob_put
from ingest.contract import Envelope
from ingest.errors import BadInput, LodestoneError, NotAllowed, TooLarge
from ingest.gateway.models import Agent
from ingest.gateway.services import HashMismatch, receipt_accepted, receipt_write

WRITERS = 8  # at once: the disk syncs many files in little more time than one
HEAD_LIMIT = 2**16
Part = tuple[Envelope, memoryview]


def files_read(body: bytes) -> Iterator[Part]:
    """Envelopes and bytes: for each file the length of its envelope (uint32, little-endian), the envelope (JSON), its
    `size` bytes. Raises BadInput.
    """
    view, at = memoryview(body), 0
    while at < len(view):
        if len(view) - at < 4:
            raise BadInput("the body ends within the length of an envelope; nothing was stored")
        (length,) = struct.unpack("<I", view[at : at + 4])
        head = view[at + 4 : at + 4 + length]
        if length > HEAD_LIMIT or len(head) < length:
            raise BadInput("the body ends within an envelope, or an envelope is over 64 KiB; nothing was stored")
        try:
            envelope = Envelope.model_validate_json(bytes(head))
        except ValidationError as error:
            raise BadInput(f"an envelope is not as expected: {error}; nothing was stored") from error
        at += 4 + length + envelope.size
        if at > len(view):
            raise BadInput(f"the body ends within {envelope.file_name}; nothing was stored")
        yield envelope, view[at - envelope.size : at]


def files_accept(*, agent: Agent, parts: list[Part]) -> dict[str, dict[str, Any]]:
    """Keep the files; for each envelope's id `{"state": "done"}`, or `{"code", "detail"}` of why not. Durable on return."""
    said: dict[str, dict[str, Any]] = {}
    good: list[Part] = []
    for envelope, data in parts:
        try:
            if not _is_here(agent, envelope):
                good.append((envelope, data))
            said[envelope.id] = {"state": "done"}
        except LodestoneError as error:
            said[envelope.id] = {"code": error.code, "detail": error.message}
    with ThreadPoolExecutor(WRITERS) as pool:
        kept = list(pool.map(lambda part: blob_put(bytes(part[1])), good))
    with transaction.atomic():
        for (envelope, _), (sha256, size) in zip(good, kept, strict=True):
            try:
                if (sha256, size) != (envelope.sha256, envelope.size):
                    raise HashMismatch(
                        f"{envelope.file_name}: other bytes arrived than its envelope promises; send it again"
                    )
                receipt_write(envelope=envelope, agent=agent)
            except LodestoneError as error:
                said[envelope.id] = {"code": error.code, "detail": error.message}
    return said


def _is_here(agent: Agent, envelope: Envelope) -> bool:
    """Whether it was kept before. Raises NotAllowed, TooLarge, Conflict."""
    if envelope.instrument not in (None, agent.instrument.slug):
        raise NotAllowed(f"this token speaks for {agent.instrument.slug}, not for {envelope.instrument!r}")
    if envelope.size > settings.INGEST.max_upload_bytes:
        raise TooLarge(f"{envelope.size} bytes are over this server's limit of {settings.INGEST.max_upload_bytes}")
    return receipt_accepted(envelope) is not None
