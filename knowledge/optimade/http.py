"""HTTP around the answers, the same for the door and for Django's view: methods, rights, cross-origin reading, caching."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from eln.accounts.models import User
from eln.accounts.scope import Scope
from ingest.errors import LodestoneError
from knowledge.optimade.access import Anonymous, key_of, scope_by_key, scope_of_nobody
from knowledge.optimade.answers import Answer, answer, refusal
from knowledge.optimade.asking import Asked
from knowledge.optimade.errors import OptimadeError

MOUNT = "/optimade"
METHODS = "GET, HEAD, OPTIONS"
CROSS_ORIGIN = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "ETag, Link, Retry-After"),
)
PREFLIGHT = (
    ("Access-Control-Allow-Methods", METHODS),
    ("Access-Control-Allow-Headers", "Authorization, X-API-Key, If-None-Match, Content-Type"),
    ("Access-Control-Max-Age", "86400"),
)
STANDING = (("Cache-Control", "no-cache"), ("Vary", "Authorization, X-API-Key, Cookie"))


@dataclass(frozen=True)
class Call:
    """One request as any server hands it over. headers: by lower-case name; client: the asker's address; path: decoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    scheme: str
    host: str
    client: str
    person: User | None = None


class NotThisMethod(OptimadeError):
    """Anything but reading."""

    code = "method_not_allowed"
    status = 405
    title = "Method Not Allowed"


def respond(call: Call) -> Answer:
    """The whole answer with its headers; HEAD has the body that GET would have, for the server to leave out."""
    if call.method == "OPTIONS":
        return Answer(204, b"", "text/plain", (*CROSS_ORIGIN, *PREFLIGHT))
    said = settings.KNOWLEDGE
    base = said.optimade_base_url.rstrip("/") or f"{call.scheme}://{call.host}{MOUNT}"
    asked = Asked(
        call.path.removeprefix(MOUNT).strip("/"), call.query, base, Scope(), call.headers.get("if-none-match", "")
    )
    if call.method not in ("GET", "HEAD"):
        found = refusal(NotThisMethod(f"Only {METHODS} are answered here."), asked)
        return _sent(found, ("Allow", METHODS))
    try:
        open_to_all = said.open_reading and said.optimade_anonymous == "auto"
        scope = _scope(call, "yes" if open_to_all else said.optimade_anonymous)
    except LodestoneError as error:
        return _sent(refusal(error, asked))
    return _sent(answer(Asked(asked.path, asked.query, base, scope, asked.if_none_match)))


def _sent(found: Answer, *more: tuple[str, str]) -> Answer:
    return Answer(found.status, found.body, found.content_type, (*found.headers, *CROSS_ORIGIN, *STANDING, *more))


def _scope(call: Call, anonymous: Anonymous) -> Scope:
    if key := key_of(call.headers):
        return scope_by_key(key)
    if call.person is not None:
        return Scope.of(call.person)
    forwarded = any(name in call.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
    return scope_of_nobody(anonymous, names=settings.ALLOWED_HOSTS, client=call.client, forwarded=forwarded)
