"""Reads of saved searches."""

from dataclasses import dataclass

from django.db.models import Q

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from knowledge.materials.models import SavedSearch


@dataclass(frozen=True)
class Saved:
    """The saved searches that a person sees, and the projects to share one with."""

    searches: tuple[tuple[SavedSearch, bool], ...]
    projects: tuple[Project, ...]


def saved_searches(user: User, scope: Scope) -> Saved:
    """One's own and those of readable projects, by name; with each whether the person may take it away."""
    shared = Q(project__isnull=False) & scope.q()
    found = SavedSearch.objects.filter(Q(user=user, project=None) | shared).select_related("project", "user")
    listed = tuple(
        (one, one.user_id == user.pk or (one.project_id is not None and scope.may_write(one.project_id)))
        for one in found.order_by("name", "pk")
    )
    projects = Project.objects.all() if scope.everything else Project.objects.filter(pk__in=scope.writable)
    return Saved(listed, tuple(projects.order_by("title")))
