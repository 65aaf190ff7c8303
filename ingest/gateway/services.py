"""What the gateway writes: instruments, agents and receipts. Each returns only after its work is durable."""

import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from ingest.blobs.services import blob_is_here, blob_put, blob_store
from ingest.contract import SUPPORTED_VERSIONS, Batch, BatchError, BatchVersionError, Envelope
from ingest.errors import BadInput, Conflict, NotAllowed, NotAuthorised
from ingest.feeds.services import feed_append
from ingest.gateway.models import Agent, EnrolmentCode, Instrument, Receipt
from ingest.gateway.tokens import secret_hash, token_expiry


class HashMismatch(Conflict):
    """The bytes that arrived are not those the envelope promises."""

    code = "hash_mismatch"


class BadVersion(BadInput):
    """The sender speaks a version of the wire that this server does not; the sender keeps its data until one is updated."""

    code = "unsupported_version"


class SequenceReused(Conflict):
    """A number that was stored already came with other rows; the sender must give these rows a new number."""

    code = "sequence_reused"


class BadBatch(BadInput):
    """The bytes are no batch; sending them again will not help."""

    code = "bad_batch"


def instrument_ensure(
    *, slug: str, title: str = "", title_zh: str = "", technique: str = "", location: str = ""
) -> Instrument:
    """The instrument of this slug, made if it is new; given texts fill in what is still empty."""
    if slugify(slug) != slug.lower() or not slug or len(slug) > 80:
        raise BadInput(f"instrument name {slug!r}: use letters, digits, - and _ only, at most 80 characters")
    given = {"title": title, "title_zh": title_zh, "technique": technique, "location": location}
    instrument, made = Instrument.objects.get_or_create(slug=slug, defaults={**given, "title": title or slug})
    missing = {key: value for key, value in given.items() if value and getattr(instrument, key) in ("", slug)}
    if not made and missing:
        Instrument.objects.filter(pk=instrument.pk).update(**missing)
        instrument.refresh_from_db()
    return instrument


def instrument_edit(*, instrument: Instrument, title: str, title_zh: str, technique: str, location: str) -> Instrument:
    """Change what an instrument is called and where it stands; the slug stays, for agents and addresses use it."""
    if not title.strip():
        raise BadInput("an instrument needs a title")
    Instrument.objects.filter(pk=instrument.pk).update(
        title=title.strip()[:200],
        title_zh=title_zh.strip()[:200],
        technique=technique.strip()[:80],
        location=location.strip()[:200],
    )
    instrument.refresh_from_db()
    return instrument


def enrolment_cancel(*, code: EnrolmentCode, now: datetime) -> None:
    """A code that nobody has used opens nothing any more."""
    EnrolmentCode.objects.filter(pk=code.pk, used__isnull=True).update(expires=now)


def enrolment_create(*, instrument: Instrument, hours: float = 24) -> str:
    """A one-time code for a new agent of this instrument; only its hash is kept, so show it at once."""
    code = "-".join(secrets.token_hex(3) for _ in range(4))
    EnrolmentCode.objects.create(
        code_hash=secret_hash(code), instrument=instrument, expires=timezone.now() + timedelta(hours=hours)
    )
    return code


@transaction.atomic
def agent_enrol(*, code: str, name: str, host: str = "", version: str = "", now: datetime) -> tuple[Agent, str]:
    """Exchange a one-time code for an agent and its token. Raises NotAuthorised."""
    used = EnrolmentCode.objects.filter(code_hash=secret_hash(code.strip()), used__isnull=True, expires__gt=now).update(
        used=now
    )
    if not used:
        raise NotAuthorised(
            "this enrolment code is unknown, used or expired: ask for a new one on the instrument's page"
        )
    row = EnrolmentCode.objects.select_related("instrument").get(code_hash=secret_hash(code.strip()))
    token = secrets.token_urlsafe(32)
    agent = Agent.objects.create(
        name=name,
        instrument=row.instrument,
        token_hash=secret_hash(token),
        token_issued=now,
        token_expires=token_expiry(now),
        host=host,
        version=version,
        last_seen=now,
    )
    EnrolmentCode.objects.filter(pk=row.pk).update(agent=agent)
    return agent, token


def agent_revoke(*, agent: Agent, now: datetime | None = None) -> None:
    """From now on the agent's token opens nothing; what it sent stays."""
    Agent.objects.filter(pk=agent.pk, revoked__isnull=True).update(revoked=now or timezone.now())


def agent_heard(*, agent: Agent, now: datetime, health: dict[str, object] | None = None) -> None:
    """Note that an agent speaks, with its heartbeat where it sent one; without one at most every ten seconds."""
    if health is not None:
        Agent.objects.filter(pk=agent.pk).update(
            last_seen=now, health=health, version=str(health.get("version", ""))[:40]
        )
    elif agent.last_seen is None or now - agent.last_seen > timedelta(seconds=10):
        Agent.objects.filter(pk=agent.pk).update(last_seen=now)


def frames_accept(*, agent: Agent, data: bytes) -> tuple[Batch, bool]:
    """Make the batch in `data` durable; the batch, and whether it was stored before. Raises BadBatch, NotAllowed."""
    from ingest.telemetry.codecs import batch_read
    from ingest.telemetry.services import batch_is_stored, batch_store

    try:
        batch = batch_read(data)
    except BatchVersionError as error:
        raise BadVersion(f"{error}; nothing was stored", versions=list(SUPPORTED_VERSIONS)) from error
    except BatchError as error:
        raise BadBatch(f"{error}; nothing was stored") from error
    if batch.instrument != agent.instrument.slug:
        raise NotAllowed(
            f"this token speaks for {agent.instrument.slug}, not for {batch.instrument!r}: enrol an agent for it"
        )
    _batch_check(batch)
    new = batch_store(agent=agent, batch=batch, data=data)
    if not new and not batch_is_stored(agent=agent, batch=batch):
        raise SequenceReused(
            f"batch {batch.sequence} of epoch {batch.epoch!r} was stored with other rows before (was the sender's disk set "
            "back to an older state?): send these rows in a new epoch",
        )
    return batch, not new


def _batch_check(batch: Batch) -> None:
    """What the wire format allows and no store can keep."""
    names = [batch.source, batch.epoch, *(row.name for row in batch.descriptors)]
    names += [name for block in batch.blocks for name in block.channels]
    names += [text for event in batch.events for text in (event.kind, event.name)]
    if any("\x00" in name for name in names):
        raise BadBatch("a name holds a NUL character; nothing was stored")
    too_long = [name for name in names if len(name) > 200] + [
        name for block in batch.blocks for name in block.channels if not 0 < len(name) <= 120
    ]
    if too_long or len(batch.epoch) > 80:
        raise BadBatch(f"a name is empty or too long ({(too_long or [batch.epoch])[0][:60]!r}…); nothing was stored")
    if batch.sequence >= 2**63:
        raise BadBatch("the sequence number is over 2^63; nothing was stored")
    times = [event.time for event in batch.events] + [min(block.times, default=0) for block in batch.blocks]
    if any(not 0 <= time < 2**63 for time in times):
        raise BadBatch(
            "a time lies before 1970 or after 2262; times are nanoseconds since 1970 UTC; nothing was stored"
        )


def _conflict_check(receipt: Receipt, envelope: Envelope) -> Receipt:
    if (receipt.sha256, receipt.size) != (envelope.sha256, envelope.size):
        raise Conflict(
            f"receipt {envelope.id} already holds other bytes (sha256 {receipt.sha256[:12]}…): give new bytes a new id",
            receipt=receipt.pk,
        )
    return receipt


def receipt_accepted(envelope: Envelope) -> Receipt | None:
    """The receipt of an envelope whose bytes are already here. Raises Conflict if its id stands for other bytes.

    Where the bytes were lost or set aside as damaged there is none: what is handed over again takes their place.
    """
    known = Receipt.objects.filter(pk=envelope.id, state=Receipt.State.DONE).first()
    if known is None or not blob_is_here(_conflict_check(known, envelope).sha256):
        return None
    return known


def _store(payload: BinaryIO | bytes | Path) -> tuple[str, int]:
    if isinstance(payload, Path):
        with payload.open("rb") as file:
            return blob_put(file)
    return blob_put(payload)


def receipt_accept(*, envelope: Envelope, payload: BinaryIO | bytes | Path, agent: Agent | None = None) -> Receipt:
    """Keep a payload and give its receipt; the same envelope again gives the same receipt.

    The in-process door for uploads of a page, imports and predictions; agents come through the wire. Raises HashMismatch
    when the bytes are not those of the envelope, Conflict when the id already stands for other bytes.
    """
    known = receipt_accepted(envelope)
    if known is not None:
        return known
    sha256, size = _store(payload)
    if (sha256, size) != (envelope.sha256, envelope.size):
        raise HashMismatch(
            f"{envelope.file_name}: {size} bytes with sha256 {sha256[:12]}… arrived, the envelope promises "
            f"{envelope.size} bytes with {envelope.sha256[:12]}…; send it again"
        )
    return receipt_write(envelope=envelope, agent=agent)


def receipt_adopt(*, envelope: Envelope, path: Path, agent: Agent | None) -> Receipt:
    """The receipt of a part file whose size and hash were checked; the file moves into the blob store."""
    blob_store().adopt(path, envelope.sha256)
    return receipt_write(envelope=envelope, agent=agent)


def receipt_write(*, envelope: Envelope, agent: Agent | None) -> Receipt:
    """Write the row and its feed event once; the blob must be durable before."""
    instrument = agent.instrument if agent else None
    if instrument is None and envelope.instrument:
        instrument = instrument_ensure(slug=envelope.instrument)
    fields = {
        "envelope": envelope.model_dump(mode="json"),
        "kind": envelope.kind,
        "instrument": instrument,
        "agent": agent,
        "source": envelope.source,
        "file_name": envelope.file_name,
        "sha256": envelope.sha256,
        "size": envelope.size,
        "state": Receipt.State.DONE,
        "reason": "",
        "person": envelope.person or "",
        "sample": envelope.sample or "",
        "run": envelope.run or "",
    }
    try:
        with transaction.atomic():
            receipt, made = Receipt.objects.get_or_create(pk=envelope.id, defaults=fields)
            if not made and receipt.state == Receipt.State.DONE:
                return _conflict_check(receipt, envelope)
            if not made:
                for name, value in fields.items():
                    setattr(receipt, name, value)
                receipt.save(update_fields=list(fields))
            feed_append("receipts", receipt.pk)
            return receipt
    except IntegrityError:  # another process wrote the same id meanwhile
        return _conflict_check(Receipt.objects.get(pk=envelope.id), envelope)
