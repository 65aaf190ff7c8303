"""Valid things of ingest; a test states only what matters to it."""

import hashlib
import math
from array import array
from typing import Any

from ingest.contract import Batch, Block, Descriptor, Envelope, Event, encode_batch
from ingest.gateway.models import Agent, Instrument
from ingest.gateway.tokens import secret_hash

T0 = 1_760_000_000_000_000_000
SECOND = 1_000_000_000
TOKEN = "right-token"


def an_instrument(slug: str = "oxide-mbe") -> Instrument:
    """An instrument, made once."""
    return Instrument.objects.get_or_create(slug=slug, defaults={"title": slug})[0]


def an_agent(token: str = TOKEN, instrument: str = "oxide-mbe") -> Agent:
    """An enrolled agent with this token."""
    return Agent.objects.create(name="pc", instrument=an_instrument(instrument), token_hash=secret_hash(token))


def a_batch(sequence: int = 0, **changes: Any) -> Batch:
    """`rows` (default 10) rows of `channels` (default 3) channels at 1 Hz, going on from batch to batch."""
    rows, channels = changes.pop("rows", 10), changes.pop("channels", 3)
    start = changes.pop("start", T0 + sequence * rows * SECOND)
    times = array("q", range(start, start + rows * SECOND, SECOND))
    columns = {f"ch{c:02d}": array("d", (math.sin(t / 7e9 + c) for t in times)) for c in range(channels)}
    fields: dict[str, Any] = {
        "instrument": "oxide-mbe",
        "source": "machine",
        "epoch": "e1",
        "sequence": sequence,
        "sent": start,
        "descriptors": (Descriptor(name="ch00", unit="degC"),),
        "blocks": (Block(times=times, channels=columns),) if rows else (),
    }
    return Batch(**(fields | changes))


def batch_bytes(sequence: int = 0, **changes: Any) -> bytes:
    """The same on the wire."""
    return encode_batch(a_batch(sequence, **changes))


def an_event(kind: str, seconds: float = 0, name: str = "", value: Any = None) -> Event:
    """An event so many seconds after T0."""
    return Event(time=T0 + int(seconds * SECOND), kind=kind, name=name, value=value)


def an_envelope(data: bytes, **changes: Any) -> Envelope:
    """The envelope of these bytes."""
    fields: dict[str, Any] = {
        "id": "envelope-0001",
        "file_name": "growth.log",
        "size": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    return Envelope(**(fields | changes))
