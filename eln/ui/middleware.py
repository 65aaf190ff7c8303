"""Turns our errors into a page, a partial or a JSON problem: the one place where that happens for pages."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from ingest.errors import BadInput, LodestoneError


def problem(error: LodestoneError) -> JsonResponse:
    """An RFC 9457 problem document."""
    body = {
        "type": f"urn:lodestone:{error.code}",
        "title": error.code,
        "status": error.status,
        "detail": error.message,
        "code": error.code,
    }
    if error.details:
        body["details"] = error.details
    return JsonResponse(body, status=error.status, content_type="application/problem+json")


def _holds_zero(request: HttpRequest) -> bool:
    if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return True
    typed = request.content_type == "application/x-www-form-urlencoded" and request.method == "POST"
    return typed and any("\0" in value for _key, values in request.POST.lists() for value in values)


class ErrorMiddleware:
    """Shows a LodestoneError as what the caller reads: JSON for programs, a page for people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass on what a database can hold: none keeps a zero character, and nobody types one."""
        if _holds_zero(request):
            refused = self.process_exception(request, BadInput(_("A zero character cannot be kept; remove it.")))
            if refused is not None:
                return refused
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The answer for our own errors; others go to Django."""
        if not isinstance(exception, LodestoneError):
            return None
        if "/api/" in request.path or (request.accepts("application/json") and not request.accepts("text/html")):
            return problem(exception)
        template = "ui/error.html#notice" if request.headers.get("HX-Request") else "ui/error.html"
        return render(request, template, {"error": exception}, status=exception.status)
