"""Writes of accounts: people, projects, membership, language."""

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from eln.accounts.models import Membership, Project, User
from eln.accounts.scope import Scope
from eln.errors import ElnError, NotAllowed
from ingest.feeds.services import feed_append


@transaction.atomic
def person_create(*, username: str, password: str, full_name: str = "", staff: bool = False) -> User:
    """A person who may log in. Raises ElnError when the name is taken."""
    if User.objects.filter(username=username).exists():
        raise ElnError(_("There is already a person called {name}.").format(name=username))
    first, _space, last = full_name.partition(" ")
    return User.objects.create_user(
        username=username, password=password, first_name=first, last_name=last, is_staff=staff, is_superuser=staff
    )


@transaction.atomic
def project_create(*, title: str, owner: User, slug: str = "") -> Project:
    """A project with its first owner."""
    title = title.strip()
    slug = slug or slugify(title) or f"project-{Project.objects.count() + 1}"
    if not title or Project.objects.filter(slug=slug).exists():
        raise ElnError(_("A project needs a title that no other project has."))
    project = Project.objects.create(title=title, slug=slug)
    Membership.objects.create(user=owner, project=project, role=Membership.Role.OWNER)
    feed_append("rights", str(project.pk))
    return project


def _owned(scope: Scope, project: Project) -> None:
    owners = Membership.objects.filter(project=project, role=Membership.Role.OWNER).values_list("user_id", flat=True)
    if not scope.everything and scope.user_id not in set(owners):
        raise NotAllowed(_("Only an owner of the project may change who belongs to it."))


@transaction.atomic
def membership_set(*, scope: Scope, project: Project, username: str, role: str) -> Membership:
    """Invite a person into a project, or change the role; only owners may."""
    _owned(scope, project)
    user = User.objects.filter(username=username.strip()).first()
    if user is None:
        raise ElnError(_("There is nobody called {name}.").format(name=username))
    if role not in Membership.Role.values:
        raise ElnError(_("Choose a role: reader, writer or owner."))
    membership, _created = Membership.objects.update_or_create(user=user, project=project, defaults={"role": role})
    _keep_an_owner(project)
    feed_append("rights", str(project.pk))
    return membership


@transaction.atomic
def membership_end(*, scope: Scope, project: Project, username: str) -> None:
    """Take a person out of a project; the last owner stays."""
    _owned(scope, project)
    Membership.objects.filter(project=project, user__username=username).delete()
    _keep_an_owner(project)
    feed_append("rights", str(project.pk))


def _keep_an_owner(project: Project) -> None:
    if not Membership.objects.filter(project=project, role=Membership.Role.OWNER).exists():
        raise ElnError(_("A project keeps at least one owner."))


@transaction.atomic
def language_set(*, user: User, language: str) -> None:
    """Remember the language a person chose."""
    User.objects.filter(pk=user.pk).update(language=language)
