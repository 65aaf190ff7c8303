"""Who asks: an API key, a person who is logged in, or nobody, whom settings let read open records; and how often."""

import time
from collections.abc import Mapping
from typing import Literal

from eln.accounts.scope import Scope
from ingest.errors import NotAuthorised
from knowledge.access.callers import Caller, caller_by_key
from knowledge.access.limits import allow
from knowledge.access.models import Right

KEPT_S = 5.0  # how long a key is trusted without asking the database again; a revoked one works so much longer
MOST_KEPT = 1000
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost", "[::1]"})
_known: dict[str, tuple[float, Caller]] = {}

Anonymous = Literal["auto", "yes", "no"]


def key_of(headers: Mapping[str, str]) -> str:
    """The API key of a request: `Authorization: Bearer KEY` or `X-API-Key: KEY`; headers by lower-case name."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "").strip()


def scope_by_key(key: str) -> Scope:
    """What a key may read. Raises NotAuthorised for a wrong or ended one, NotAllowed without the right, TooOften."""
    caller = _caller(key)
    caller.check(Right.READ)
    allow(caller)
    return caller.scope


def _caller(key: str) -> Caller:
    now = time.monotonic()
    kept = _known.get(key)
    if kept is not None and now - kept[0] < KEPT_S:
        return kept[1]
    caller = caller_by_key(key)
    if caller is None:
        _known.pop(key, None)
        raise NotAuthorised("This API key is wrong, expired or revoked.")
    if len(_known) >= MOST_KEPT:
        _known.clear()
    _known[key] = (now, caller)
    return caller


def scope_of_nobody(anonymous: Anonymous, *, names: list[str], client: str, forwarded: bool) -> Scope:
    """What may be read without a key: open records, where the settings allow it. Raises NotAuthorised otherwise, or TooOften.

    names: the names the site answers to; client: the address of the asker; forwarded: whether a proxy stands between.
    """
    here = set(names) <= LOOPBACK and client in LOOPBACK and not forwarded
    if anonymous == "auto" and here:
        return Scope.visitor()
    if anonymous == "yes":
        caller = Caller(f"visitor:{client}", Scope.visitor())
        allow(caller)
        return caller.scope
    raise NotAuthorised("Send an API key: the header X-API-Key: KEY, or Authorization: Bearer KEY.")
