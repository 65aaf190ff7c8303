"""The JSON API as one NinjaAPI: how callers are known, how bodies are read and answers written, how errors are told."""

import hashlib
import logging
from typing import Any

import orjson
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.parser import Parser
from ninja.renderers import BaseRenderer
from ninja.security import HttpBearer, SessionAuth

from ingest.errors import BadInput, LodestoneError, NotAllowed, NotAuthorised, Unavailable
from knowledge.access.callers import Caller, caller_by_key, caller_by_session, visitor
from knowledge.access.limits import TooOften, allow
from knowledge.access.models import Right
from knowledge.api.description import described
from knowledge.api.problems import Failed, problem
from knowledge.index.segments import manifest_read

log = logging.getLogger(__name__)
VERSION = "1.1"
ABOUT = """Records of all topics, by the same executor and the same rights as the pages of the site.

Send a key as `Authorization: Bearer KEY`. Every error is a problem document (RFC 9457) with a stable `code`. Answers carry an
`ETag`; `RateLimit-*` headers say how many requests are left. Requests that make something take an `Idempotency-Key`."""


class NotModified(Exception):
    """What the caller has is still right."""

    def __init__(self, etag: str) -> None:
        super().__init__(etag)
        self.etag = etag


def _counted(request: HttpRequest, caller: Caller | None) -> Caller | None:
    """The caller, with one request more on the count that the answer's headers tell."""
    if caller is None:
        return None
    try:
        request.META["api.allowance"] = allow(caller)
    except TooOften as error:
        request.META["api.allowance"] = error.allowance
        raise
    return caller


class Key(HttpBearer):
    """`Authorization: Bearer KEY`."""

    def authenticate(self, request: HttpRequest, token: str) -> Caller | None:
        """The caller the key stands for."""
        caller = _counted(request, caller_by_key(token.strip()))
        if caller is not None and caller.user is not None:
            request.user = caller.user
        return caller


class Session(SessionAuth):
    """The person logged in with this browser; requests that change something carry Django's CSRF token."""

    def __call__(self, request: HttpRequest) -> Caller | None:
        """The person, if this browser is logged in and the request came from our pages."""
        caller = None if "Authorization" in request.headers else caller_by_session(request)
        if caller is not None:
            self._get_key(request)  # raises where the CSRF token is missing
        return _counted(request, caller)


class Visitor:
    """Somebody unknown, where LODESTONE_OPEN_READING lets such people read."""

    def __call__(self, request: HttpRequest) -> Caller | None:
        """A visitor, unless something was sent that opens nothing."""
        return None if "Authorization" in request.headers else _counted(request, visitor(request))


class Body(Parser):
    """JSON as RFC 8259 has it: no NaN, no bottomless nesting, no zero character, which no database holds."""

    def parse_body(self, request: HttpRequest) -> Any:  # Any: JSON
        """The body. Raises BadInput with the place where it does not read."""
        raw = request.body
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise BadInput(f"The body is no JSON: {error}.") from error
        if b"\\u0000" in raw and _holds_zero(document):
            raise BadInput("A zero character cannot be kept; remove it.")
        return document


def _holds_zero(document: Any) -> bool:
    match document:
        case str():
            return "\0" in document
        case dict():
            return any(_holds_zero(key) or _holds_zero(value) for key, value in document.items())
        case list():
            return any(map(_holds_zero, document))
    return False


class Answer(BaseRenderer):
    """JSON, quickly; a number that is no number becomes null."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        """The bytes of an answer."""
        return orjson.dumps(data, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY)


class KnowledgeApi(NinjaAPI):
    """NinjaAPI whose description names the errors too."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> Any:  # Any: ninja's own dictionary
        """The OpenAPI 3.1 document."""
        return described(super().get_openapi_schema(*args, **kwargs))


api = KnowledgeApi(
    title="Lodestone knowledge",
    version=VERSION,
    description=ABOUT,
    urls_namespace="knowledge:knowledge-api",
    docs_url=None,
    auth=[Key(), Session(), Visitor()],
    parser=Body(),
    renderer=Answer(),
)


def reading(request: HttpRequest, right: str = Right.READ) -> Caller:
    """The caller, who has this right. Raises NotAllowed, NotAuthorised."""
    caller: Caller = request.auth  # type: ignore[attr-defined]  # set by ninja before the view runs
    caller.check(right)
    return caller


def reading_index(request: HttpRequest) -> Caller:
    """A reader whose answer depends on the index only. Raises NotModified where If-None-Match shows that it did not change."""
    caller = reading(request)
    scope, manifest = caller.scope, manifest_read()
    parts = [
        VERSION, manifest.generation, manifest.fingerprint, scope.everything, sorted(scope.readable),
        request.get_full_path(), request.headers.get("Accept", ""), get_language(),
    ]  # fmt: skip
    etag = f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:27]}"'
    if etag_matches(request, etag):
        raise NotModified(etag)
    request.META["api.etag"] = etag
    return caller


def etag_matches(request: HttpRequest, etag: str) -> bool:
    """Whether the reader has this version already (weak comparison, as RFC 9110 wants for reading)."""
    asked = [part.strip().removeprefix("W/") for part in request.headers.get("If-None-Match", "").split(",")]
    return request.method in ("GET", "HEAD") and (etag.removeprefix("W/") in asked or "*" in asked)


@api.exception_handler(NotModified)
def _unchanged(request: HttpRequest, same: NotModified) -> HttpResponse:
    return HttpResponse(status=304, headers={"ETag": same.etag})


@api.exception_handler(LodestoneError)
def _told(request: HttpRequest, error: LodestoneError) -> HttpResponse:
    return problem(error)


@api.exception_handler(AuthenticationError)
def _stranger(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
    return problem(NotAuthorised("Log in, or send a key: Authorization: Bearer KEY (your page “API keys” makes one)."))


@api.exception_handler(ValidationError)
def _wrong(request: HttpRequest, error: ValidationError) -> HttpResponse:
    faults = [
        {"place": ".".join(map(str, fault["loc"][1:] or fault["loc"])), "told": fault["msg"]} for fault in error.errors
    ]
    told = "; ".join(f"{fault['place']}: {fault['told']}" for fault in faults)
    return problem(BadRequest(told[:1000] or "The request does not read.", faults=faults[:50]))


@api.exception_handler(HttpError)
def _http(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 403:
        return problem(NotAllowed("The CSRF token is missing; programs send a key instead."))
    refused = BadRequest(str(error))
    refused.status = error.status_code
    return problem(refused)


@api.exception_handler(OperationalError)
def _busy(request: HttpRequest, error: OperationalError) -> HttpResponse:
    log.warning("the database did not answer %s: %s", request.path, error)
    return problem(Unavailable("The database is busy: try again.", retry_after_s=2))


@api.exception_handler(Exception)
def _failed(request: HttpRequest, error: Exception) -> HttpResponse:
    log.exception("%s %s", request.method, request.path, exc_info=error)
    return problem(Failed("Something went wrong here; it is in the site's log. Trying again may help."))


class BadRequest(BadInput):
    """A parameter or a member of the body does not read; `details.faults` says which."""

    code = "bad_query"
