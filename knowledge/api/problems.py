"""Errors as RFC 9457 problem documents."""

from http.client import responses

import orjson
from django.http import HttpResponse

from ingest.errors import IngestError, LodestoneError, NotFound
from knowledge.errors import KnowledgeError

MEDIA = "application/problem+json"


class NothingHere(NotFound):
    """There is no such thing, or it is not the reader's to see."""


class WrongMethod(KnowledgeError):
    """The address exists, but not for this method."""

    code = "method_not_allowed"
    status = 405


class NotAcceptable(KnowledgeError):
    """The answer cannot be given in a form that the request accepts."""

    code = "not_acceptable"
    status = 406


class NoLength(KnowledgeError):
    """A body comes without its length."""

    code = "length_required"
    status = 411


class WrongType(KnowledgeError):
    """The body is not in a form that is read here."""

    code = "unsupported_media_type"
    status = 415


class Failed(IngestError):
    """A fault of ours."""

    code = "internal_error"
    status = 500


def problem(error: LodestoneError) -> HttpResponse:
    """The problem document of an error; `details.retry_after_s` becomes Retry-After."""
    body: dict[str, object] = {
        "type": f"urn:lodestone:{error.code}",
        "title": responses.get(error.status, "Error"),
        "status": error.status,
        "detail": error.message,
        "code": error.code,
    }
    if error.details:
        body["details"] = error.details
    response = HttpResponse(orjson.dumps(body, default=str), status=error.status, content_type=MEDIA)
    if error.status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Lodestone"'
    if (wait := error.details.get("retry_after_s")) is not None:
        response["Retry-After"] = str(wait)
    return response
