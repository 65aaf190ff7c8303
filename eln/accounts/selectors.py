"""Reads of accounts: who asks, and which projects may be chosen."""

from django.db.models import QuerySet
from django.http import Http404, HttpRequest

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope


def reader(request: HttpRequest) -> User:
    """The person who asks; the login middleware has let only people through."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user


def projects_readable(*, scope: Scope) -> QuerySet[Project]:
    """Projects a reader sees."""
    found = Project.objects.order_by("title")
    return found if scope.everything else found.filter(pk__in=scope.readable)


def projects_writable(*, scope: Scope) -> QuerySet[Project]:
    """Projects a person may add to."""
    found = Project.objects.order_by("title")
    return found if scope.everything else found.filter(pk__in=scope.writable)


def project_chosen(*, scope: Scope, slug: str) -> Project | None:
    """The project of this slug that the person may add to; none for an empty slug. Raises Http404."""
    if not slug:
        return None
    found = projects_writable(scope=scope).filter(slug=slug).first()
    if found is None:
        raise Http404
    return found
