"""The OPTIMADE server as a view of Django: for people who are logged in, and for servers that do not speak ASGI."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from eln.accounts.models import User
from knowledge.optimade.http import Call, respond


@csrf_exempt
@login_not_required
def optimade(request: HttpRequest, path: str = "") -> HttpResponse:
    """Any address below /optimade. Reads only, and checks keys and sessions itself."""
    person = request.user if isinstance(request.user, User) else None
    call = Call(
        method=request.method or "GET",
        path=request.path,
        query=request.META.get("QUERY_STRING", ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        scheme=request.scheme or "http",
        host=request.get_host(),
        client=request.META.get("REMOTE_ADDR", ""),
        person=person,
    )
    found = respond(call)
    response = HttpResponse(found.body, status=found.status, content_type=found.content_type)
    for name, value in found.headers:
        response[name] = value
    return response
