"""Around every view of the API: what may come in, and the headers that every answer has."""

import functools
import hashlib
from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.views.decorators.csrf import csrf_exempt

from ingest.errors import TooLarge
from knowledge.api.application import etag_matches
from knowledge.api.problems import NoLength, NotAcceptable, NothingHere, WrongMethod, WrongType, problem
from knowledge.errors import KnowledgeError

View = Callable[..., HttpResponseBase]
MOST_BYTES = 8 * 2**20
JSON = ("application/json", "application/problem+json")
LINES = ("application/jsonl", "application/x-ndjson")
MORE_FORMS = {"lookup": LINES, "structure": ("chemical/x-cif", "text/plain")}
ANY_FORM = {"file"}  # a file is what it is


_gzip = GZipMiddleware(lambda request: HttpResponse())


def _last(request: HttpRequest) -> str:
    return request.path.rstrip("/").rpartition("/")[2]


def _check(request: HttpRequest) -> None:
    """Raises what is wrong with the request before anything reads it."""
    last = _last(request)
    if last not in ANY_FORM:
        forms = (*JSON, *MORE_FORMS.get(last, ()))
        if not any(request.accepts(form) for form in forms):
            raise NotAcceptable(f"This answer comes as {' or '.join(forms)}: accept one of them.")
    if request.method not in ("POST", "PUT", "PATCH"):
        return
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        raise NoLength("Send Content-Length: bodies of unknown length are not read.")
    length = request.headers.get("Content-Length", "") or "0"
    if not length.isdigit() or int(length) > MOST_BYTES:
        raise TooLarge(f"The body has at most {MOST_BYTES} bytes: send it in parts.")
    if length != "0" and request.content_type != "application/json":
        raise WrongType("Send the body as application/json.")


def _finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    allowance = request.META.get("api.allowance")
    for name, value in (allowance.headers() if allowance else {}).items():
        response.headers[name] = value
    if not response.has_header("Cache-Control"):
        response.headers["Cache-Control"] = "private, no-cache"
    for name in ("Authorization", "Cookie", "Accept"):
        _vary(response, name)
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or response.has_header("ETag"):
        return response
    etag = request.META.get("api.etag")
    if etag is None and isinstance(response, HttpResponse):
        etag = f'W/"{hashlib.sha256(response.content).hexdigest()[:27]}"'
    if etag is None:
        return response
    if etag_matches(request, etag):
        kept = {name: response.headers[name] for name in ("Cache-Control", "Vary")}
        limits = allowance.headers() if allowance else {}
        return HttpResponse(status=304, headers={**kept, **limits, "ETag": etag})
    response.headers["ETag"] = etag
    return response


def _vary(response: HttpResponseBase, name: str) -> None:
    present = [part.strip() for part in response.headers.get("Vary", "").split(",") if part.strip()]
    if name.lower() not in map(str.lower, present):
        response.headers["Vary"] = ", ".join([*present, name])


def gated(view: View) -> View:
    """The view within the API's rules: problem documents for every error, limits, ETag, gzip, no shared caching."""

    @functools.wraps(view)
    def inside(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        method = request.method
        try:
            _check(request)
            request.method = "GET" if method == "HEAD" else method  # the server leaves the body away
            response = view(request, *args, **kwargs)
        except (KnowledgeError, TooLarge) as error:
            response = problem(error)
        finally:
            request.method = method
        if response.status_code == 405:
            told = problem(WrongMethod(f"{request.method} is not possible here; {response.headers.get('Allow')} is."))
            told.headers["Allow"] = response.headers.get("Allow", "GET")
            response = told
        response = _finish(request, response)
        if _last(request) in ANY_FORM:  # a file is resumed byte by byte, so it goes as it is
            return response
        return _gzip.process_response(request, response)

    open_view: View = login_not_required(csrf_exempt(inside))
    return open_view


def _nothing(request: HttpRequest, rest: str = "") -> HttpResponseBase:
    raise_told = NothingHere("There is no such address in the API: openapi.json lists all.")
    return problem(raise_told)


nothing_here = gated(_nothing)
