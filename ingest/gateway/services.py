"""What the gateway writes: instruments, agents and receipts. Each returns only after its work is durable."""

import hashlib
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.text import slugify

from ingest.blobs.services import blob_put, blob_store
from ingest.contract import Envelope
from ingest.errors import BadInput, Conflict, NotAuthorised
from ingest.feeds.services import feed_append
from ingest.gateway.models import Agent, EnrolmentCode, Instrument, Receipt


class HashMismatch(Conflict):
    """The bytes that arrived are not those the envelope promises."""

    code = "hash_mismatch"


def secret_hash(secret: str) -> str:
    """How tokens and codes are stored: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


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
        name=name, instrument=row.instrument, token_hash=secret_hash(token), host=host, version=version, last_seen=now
    )
    return agent, token


def agent_revoke(*, agent: Agent, now: datetime | None = None) -> None:
    """From now on the agent's token opens nothing; what it sent stays."""
    Agent.objects.filter(pk=agent.pk, revoked__isnull=True).update(revoked=now or timezone.now())


def _conflict_check(receipt: Receipt, envelope: Envelope) -> Receipt:
    if (receipt.sha256, receipt.size) != (envelope.sha256, envelope.size):
        raise Conflict(
            f"receipt {envelope.id} already holds other bytes (sha256 {receipt.sha256[:12]}…): give new bytes a new id",
            receipt=receipt.pk,
        )
    return receipt


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
    known = Receipt.objects.filter(pk=envelope.id, state=Receipt.State.DONE).first()
    if known is not None:
        return _conflict_check(known, envelope)
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
