"""Writes of saved searches."""

from django.db import transaction
from django.http import QueryDict
from django.utils.translation import gettext as _

from eln.accounts.models import Project, User
from eln.accounts.scope import Scope
from knowledge.errors import QueryError
from knowledge.materials.models import MOST_CHARACTERS, SavedSearch
from knowledge.materials.search import SearchState


@transaction.atomic
def search_keep(*, user: User, scope: Scope, name: str, address: str, project: str = "") -> SavedSearch:
    """Keep a search; the same name of the same owner is written over. `project`: the slug of one to share it with.

    Raises QueryError for an empty name, an address that does not read, or a project that the person may not write to.
    """
    name = " ".join(name.split())
    if not name or len(name) > 120:
        raise QueryError(_("Give the search a name of at most 120 characters."))
    clean = SearchState.of(QueryDict(address)).address(compared=())
    if len(clean) > MOST_CHARACTERS:
        raise QueryError(_("The search is too long to be kept: remove a condition."))
    shared = _project(project, scope) if project else None
    owner = {"project": shared} if shared else {"project": None, "user": user}
    saved = SavedSearch.objects.select_for_update().filter(name=name, **owner).first()
    if saved is None:
        return SavedSearch.objects.create(user=user, project=shared, name=name, address=clean)
    saved.address = clean
    saved.save(update_fields=["address", "updated"])
    return saved


def _project(slug: str, scope: Scope) -> Project:
    found = Project.objects.filter(slug=slug).first()
    if found is None or not scope.may_write(found.pk):
        raise QueryError(_("There is no project '%(project)s' that you may write to.") % {"project": slug[:60]})
    return found


def search_drop(*, user: User, scope: Scope, pk: int) -> None:
    """Take a saved search away: one's own, or one of a project that one may write to. Others are left alone."""
    saved = SavedSearch.objects.filter(pk=pk).first()
    if saved is None:
        return
    if saved.user_id == user.pk or (saved.project_id is not None and scope.may_write(saved.project_id)):
        saved.delete()
