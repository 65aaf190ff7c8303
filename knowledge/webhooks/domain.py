"""Signatures, ids and waiting times of deliveries: pure. The signature is that of the Standard Webhooks specification 1.0."""

import base64
import hashlib
import hmac
from datetime import timedelta

PREFIX = "whsec_"
DELAYS = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800, 3600, 3 * 3600, 6 * 3600))
MOST_ATTEMPTS = 12
LONGEST_WAIT = timedelta(hours=6)


def secret_text(key: bytes) -> str:
    """A secret as people copy it."""
    return PREFIX + base64.b64encode(key).decode()


def signature(secret: str, *, uid: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = hmac.new(key, b".".join([uid.encode(), str(timestamp).encode(), body]), hashlib.sha256)
    return f"v1,{base64.b64encode(signed.digest()).decode()}"


def event_id(webhook: str, event: str, record: str, version: int) -> str:
    """The id of one event, the same however often it is sent: by it a receiver drops what it has."""
    return hashlib.sha256(f"{webhook}\n{event}\n{record}\n{version}".encode()).hexdigest()[:24]


def delay_after(failures: int, *, retry_after: str = "") -> timedelta:
    """How long to wait after so many failures in a row; what the other side asks for counts, up to six hours."""
    delay = DELAYS[min(max(failures, 1), len(DELAYS)) - 1]
    if retry_after.isascii() and retry_after.isdigit():
        delay = max(delay, min(timedelta(seconds=int(retry_after[:9])), LONGEST_WAIT))
    return delay
