"""The page of a person's API keys: make, rotate, revoke; a key's text is shown once."""

from datetime import timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from eln.accounts.selectors import projects_readable, reader
from knowledge.access.models import ApiKey, Right
from knowledge.access.selectors import key_list
from knowledge.access.services import KeyRefused, key_create, key_revoke, key_rotate

LIFETIMES = (30, 90, 365, 0)


def _page(request: HttpRequest, user: User, *, status: int = 200, **more: object) -> HttpResponse:
    context = {
        "keys": key_list(user=user)[:200],
        "rights": Right.choices,
        "projects": projects_readable(scope=Scope.of(user)),
        "lifetimes": LIFETIMES,
        "typed": request.POST,
        "chosen": request.POST.getlist("right") or [Right.READ, Right.EXPORT],
    }
    return render(request, "knowledge/access/keys.html", {**context, **more}, status=status)


def _project(user: User, slug: str) -> Project | None:
    if not slug:
        return None
    found = projects_readable(scope=Scope.of(user)).filter(slug=slug).first()
    if found is None:
        raise Http404
    return found


@never_cache
def keys(request: HttpRequest) -> HttpResponse:
    """The person's keys; a new one on POST, whose text this answer alone shows."""
    user = reader(request)
    if request.method != "POST":
        return _page(request, user)
    days = request.POST.get("days", "")
    expires = timezone.now() + timedelta(days=int(days)) if days in map(str, LIFETIMES) and days != "0" else None
    project = _project(user, request.POST.get("project", ""))
    try:
        key, token = key_create(
            user=user, name=request.POST.get("name", ""), rights=request.POST.getlist("right"), project=project,
            expires=expires,
        )  # fmt: skip
    except KeyRefused as error:
        return _page(request, user, status=400, error=error)
    return _page(request, user, made=key, token=token, typed={}, chosen=[Right.READ, Right.EXPORT])


def _own(request: HttpRequest, pk: int) -> ApiKey:
    found = key_list(user=reader(request)).filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


@never_cache
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """A new text for the same key, shown once."""
    key = _own(request, pk)
    token = key_rotate(key=key)
    return _page(request, reader(request), made=key, token=token, typed={}, chosen=[Right.READ, Right.EXPORT])


@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a key."""
    key_revoke(key=_own(request, pk))
    return redirect("knowledge:keys")


def account_panel(request: HttpRequest, subject: object) -> str:
    """Links of the account page to what a person's programs need."""
    return render_to_string("knowledge/access/panel.html", {}, request)
