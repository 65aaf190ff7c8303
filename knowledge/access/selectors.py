"""Reads of access: a person's keys, and the scope that a key gives."""

from django.db.models import QuerySet

from eln.accounts.models import User
from eln.accounts.scope import Scope
from knowledge.access.models import ApiKey


def key_list(*, user: User) -> QuerySet[ApiKey]:
    """The person's own keys, newest first."""
    return ApiKey.objects.filter(user=user).select_related("project")


def scope_of_key(key: ApiKey) -> Scope:
    """What the key may read: what its owner may read now, and of projects only its own where it is bound to one."""
    return scope_bound(Scope.of(key.user), key.project_id)


def scope_bound(scope: Scope, project_id: int | None) -> Scope:
    """The part of a scope that lies in one project, beside what is open to all; the whole scope without a project."""
    if project_id is None:
        return scope
    own = frozenset({project_id})
    return Scope(
        user_id=scope.user_id,
        readable=own if scope.may_read(project_id) else frozenset(),
        writable=own if scope.may_write(project_id) else frozenset(),
    )
