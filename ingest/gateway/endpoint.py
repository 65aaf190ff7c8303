"""What all addresses of the wire share: methods, bodies with a limit, tokens instead of cookies, errors as problem+json."""

import json
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from pydantic import BaseModel, ValidationError

from ingest.errors import BadInput, IngestError, LodestoneError, TooLarge, Unavailable

log = logging.getLogger(__name__)
Model = TypeVar("Model", bound=BaseModel)
View = Callable[..., "dict[str, Any] | HttpResponse"]
JSON_LIMIT = 2**20


class NotThisMethod(IngestError):
    """The address exists, the method does not."""

    code = "method_not_allowed"
    status = 405


class ServerFault(IngestError):
    """A fault of ours; the sender keeps its data and tries again."""

    code = "server_error"
    status = 500


def problem(error: LodestoneError) -> JsonResponse:
    """An RFC 9457 problem document, with Retry-After where trying again helps."""
    body = {
        "type": f"urn:lodestone:{error.code}",
        "title": error.code.replace("_", " "),
        "status": error.status,
        "detail": error.message,
        "code": error.code,
        "details": error.details,
    }
    response = JsonResponse(body, status=error.status, content_type="application/problem+json")
    if error.status in (429, 503):
        response["Retry-After"] = str(error.details.get("retry_after", 5))
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    return response


def answered(work: Callable[[], dict[str, Any] | HttpResponse], *, what: str) -> HttpResponse:
    """What `work` gives, as JSON unless it is a response, or the problem that it met."""
    try:
        said = work()
        return said if isinstance(said, HttpResponse) else JsonResponse(said)
    except LodestoneError as error:
        return problem(error)
    except UnreadablePostError:
        return problem(BadInput("the body was cut off; nothing was stored, send it again"))
    except OperationalError as error:
        log.warning("database busy or full: %s", error)
        return problem(Unavailable(f"the database takes nothing now ({error}); try again", retry_after=5))
    except Exception:
        log.exception("%s failed", what)
        return problem(ServerFault("a fault of the server, which its log describes; try again later"))


def endpoint(*methods: str) -> Callable[[View], Callable[..., HttpResponse]]:
    """Make a view of the wire: takes the request, gives a dict that is sent as JSON (or a response), raises our errors."""

    def decorate(view: View) -> Callable[..., HttpResponse]:
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # Any: parts of the address
            def work() -> dict[str, Any] | HttpResponse:
                if request.method not in methods:
                    raise NotThisMethod(f"this address takes {' or '.join(methods)}, not {request.method}")
                return view(request, *args, **kwargs)

            return answered(work, what=f"{request.method} {request.path}")

        return csrf_exempt(login_not_required(answer))

    return decorate


def body_read(request: HttpRequest, limit: int) -> bytes:
    """The body, at most `limit` bytes. Raises TooLarge, BadInput when it is shorter than announced."""
    length = request.headers.get("Content-Length", "")
    announced = int(length) if length.isascii() and length.isdigit() else None
    if announced is not None and announced > limit:
        raise TooLarge(f"the body has {announced} bytes, at most {limit} are taken: send smaller pieces", limit=limit)
    data = request.read(limit + 1)
    if len(data) > limit:
        raise TooLarge(f"the body has more than {limit} bytes: send smaller pieces", limit=limit)
    if announced is not None and len(data) != announced:
        raise BadInput(
            f"the body was cut off after {len(data)} of {announced} bytes; nothing was stored, send it again"
        )
    return bytes(data)


def json_read(request: HttpRequest, model: type[Model]) -> Model:
    """The JSON body as a value. Raises BadInput that names every wrong field."""
    data = body_read(request, JSON_LIMIT)
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is no JSON: {error}") from error
    if b"\\u0000" in data:
        raise BadInput("the body holds a NUL character, which cannot be stored")
    return validated(model, document)


def validated(model: type[Model], document: object) -> Model:
    """The document as a value. Raises BadInput that names every wrong field."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        wrong = {".".join(str(part) for part in fault["loc"]) or "body": fault["msg"] for fault in error.errors()}
        text = "; ".join(f"{name}: {fault}" for name, fault in wrong.items())
        raise BadInput(f"the body is not as expected: {text}", fields=wrong) from error
