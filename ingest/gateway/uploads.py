"""Resumable uploads and growing logs: what happens to a part file and its row. Every answer is for durable bytes."""

from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.db import transaction

from ingest.blobs.services import blob_path, blob_store
from ingest.contract import Envelope
from ingest.errors import Conflict, NotAllowed, NotFound, TooLarge
from ingest.feeds.services import feed_append
from ingest.gateway.models import Agent, Receipt, Upload
from ingest.gateway.parts import part_append, part_clear, part_copy, part_hash, part_make, part_path, space_check
from ingest.gateway.selectors import tail_path
from ingest.gateway.services import HashMismatch, receipt_accepted, receipt_adopt, receipt_write


@dataclass(frozen=True)
class Progress:
    """Where an upload or a log stands: the next byte wanted, and the receipt once there is one."""

    offset: int
    state: Literal["open", "done"] = "open"
    receipt: str | None = None


def _done(receipt: Receipt) -> Progress:
    return Progress(receipt.size, "done", receipt.pk)


def _scope_check(agent: Agent, instrument: str | None) -> None:
    if instrument not in (None, agent.instrument.slug):
        raise NotAllowed(f"this token speaks for {agent.instrument.slug}, not for {instrument!r}")


def upload_open(*, agent: Agent, envelope: Envelope) -> Progress:
    """Begin an upload, or say where it stands; the same envelope again goes on or is done."""
    _scope_check(agent, envelope.instrument)
    if envelope.size > settings.INGEST.max_upload_bytes:
        raise TooLarge(f"{envelope.size} bytes are over this server's limit of {settings.INGEST.max_upload_bytes}")
    receipt = receipt_accepted(envelope)
    if receipt is not None:
        return _done(receipt)
    path = part_path(envelope.id)
    upload, made = Upload.objects.get_or_create(
        pk=envelope.id, defaults={"agent": agent, "envelope": envelope.model_dump(mode="json")}
    )
    _owner_check(upload, agent)
    if not made and not path.exists() and blob_store().verify(envelope.sha256):
        return _settled(upload, receipt_write(envelope=envelope, agent=agent))  # killed between file and row
    if not made and Envelope.model_validate(upload.envelope).sha256 != envelope.sha256:
        part_make(path)
        part_clear(path)
        Upload.objects.filter(pk=upload.pk).update(envelope=envelope.model_dump(mode="json"))
    space_check(envelope.size)
    offset = part_make(path)
    if offset >= envelope.size:
        return _finish(upload, envelope, agent)
    return Progress(offset)


def _owner_check(upload: Upload, agent: Agent) -> None:
    if upload.agent_id != agent.pk:
        raise NotAllowed("another agent uploads under this id: choose a new one")


def upload_append(*, agent: Agent, upload_id: str, offset: int, data: bytes) -> Progress:
    """Append bytes; with the last one the hash is checked and the receipt made. Raises Conflict, HashMismatch."""
    upload = Upload.objects.filter(pk=upload_id).first()
    if upload is None:
        receipt = Receipt.objects.filter(pk=upload_id, agent=agent, state=Receipt.State.DONE).first()
        if receipt is None:
            raise NotFound("no upload was begun under this id: POST its envelope first")
        return _done(receipt)
    _owner_check(upload, agent)
    space_check(len(data))
    envelope = Envelope.model_validate(upload.envelope)
    size = part_append(part_path(upload_id), offset=offset, data=data, limit=envelope.size)
    return _finish(upload, envelope, agent) if size == envelope.size else Progress(size)


def _finish(upload: Upload, envelope: Envelope, agent: Agent) -> Progress:
    path = part_path(upload.pk)
    found = part_hash(path)
    if found != envelope.sha256:
        part_clear(path)
        raise HashMismatch(
            f"{envelope.file_name}: the bytes have sha256 {found[:12]}…, the envelope promises {envelope.sha256[:12]}…; "
            "send it again from the start",
            offset=0,
        )
    return _settled(upload, receipt_adopt(envelope=envelope, path=path, agent=agent))


def _settled(upload: Upload, receipt: Receipt) -> Progress:
    tail_path(upload.pk).unlink(missing_ok=True)  # of a log that failed and was sent whole
    upload.delete()
    return _done(receipt)


def tail_open(*, agent: Agent, tail_id: str, instrument: str, source: str, file_name: str, created: str) -> Progress:
    """Begin a growing log, or say where it stands."""
    _scope_check(agent, instrument)
    receipt, _ = Receipt.objects.get_or_create(
        pk=tail_id,
        defaults={
            "agent": agent,
            "instrument": agent.instrument,
            "source": source,
            "file_name": file_name,
            "state": Receipt.State.GROWING,
            "envelope": {"id": tail_id, "created": created, "instrument": instrument, "file_name": file_name},
        },
    )
    if receipt.agent_id != agent.pk:
        raise NotAllowed("another agent sends a log under this id: choose a new one")
    if receipt.state == Receipt.State.DONE:
        return _done(receipt)
    path = tail_path(tail_id)
    if not path.exists() and receipt.size and receipt.state == Receipt.State.GROWING:
        return Progress(receipt.size, receipt=receipt.pk)  # killed while closing: close it again
    offset = part_make(path)
    if offset != receipt.size:  # killed between writing and committing
        _grown(receipt, offset)
    return Progress(offset, receipt=receipt.pk)


def _reopen(receipt: Receipt) -> None:
    """A closed log grows again: its bytes become a part file once more, the receipt is growing."""
    part_copy(blob_path(receipt.sha256), tail_path(receipt.pk))
    with transaction.atomic():
        Receipt.objects.filter(pk=receipt.pk).update(state=Receipt.State.GROWING)
        feed_append("receipts", receipt.pk)


@transaction.atomic
def _grown(receipt: Receipt, size: int) -> None:
    Receipt.objects.filter(pk=receipt.pk, state=Receipt.State.GROWING).update(size=size)
    feed_append("receipts", receipt.pk)


@transaction.atomic
def _failed(receipt: Receipt, reason: str) -> None:
    Receipt.objects.filter(pk=receipt.pk).update(state=Receipt.State.FAILED, reason=reason)
    feed_append("receipts", receipt.pk)


def _tail(agent: Agent, tail_id: str) -> Receipt:
    receipt = Receipt.objects.filter(pk=tail_id, agent=agent).first()
    if receipt is None:
        raise NotFound("no log was begun under this id: POST it to tails first")
    return receipt


def tail_append(*, agent: Agent, tail_id: str, offset: int, data: bytes) -> Progress:
    """Append lines to a log; they are readable at once. A closed log that goes on at its end is opened again.

    Raises Conflict with the right offset.
    """
    receipt = _tail(agent, tail_id)
    if receipt.state == Receipt.State.FAILED:
        raise Conflict(f"this log failed ({receipt.reason}): send the file as an upload under the same id")
    space_check(len(data))
    if receipt.state == Receipt.State.DONE:
        if offset != receipt.size:
            raise Conflict(
                f"the next byte wanted is {receipt.size}, not {offset}: go on from there", offset=receipt.size
            )
        space_check(receipt.size + len(data))
        _reopen(receipt)
    size = part_append(tail_path(tail_id), offset=offset, data=data, limit=None)
    if size > settings.INGEST.max_upload_bytes:
        raise TooLarge(f"the log is over this server's limit of {settings.INGEST.max_upload_bytes} bytes: close it")
    _grown(receipt, size)
    return Progress(size, receipt=receipt.pk)


def tail_close(*, agent: Agent, tail_id: str, envelope: Envelope) -> Progress:
    """The log is whole: check size and hash and keep it as a blob.

    Raises HashMismatch; the log has failed then, its lines stay readable, and an upload under its id makes it whole.
    """
    _scope_check(agent, envelope.instrument)
    receipt = _tail(agent, tail_id)
    whole = envelope.model_copy(update={"id": tail_id})
    if receipt.state == Receipt.State.DONE:
        return _done(receipt_accepted(whole) or receipt)
    path = tail_path(tail_id)
    if not path.exists() and blob_store().verify(whole.sha256):
        return _done(receipt_write(envelope=whole, agent=agent))
    if not path.exists():
        raise NotFound("the lines of this log are not here: send the file as an upload")
    size, found = path.stat().st_size, part_hash(path)
    if (size, found) != (whole.size, whole.sha256):
        _failed(receipt, f"{size} bytes are here, but not the {whole.size} bytes that its sender shipped")
        raise HashMismatch(
            f"{whole.file_name}: {size} bytes with sha256 {found[:12]}… are here, the envelope promises {whole.size} bytes "
            f"with {whole.sha256[:12]}…; send the file as an upload under the same id",
            offset=size,
        )
    return _done(receipt_adopt(envelope=whole, path=path, agent=agent))
