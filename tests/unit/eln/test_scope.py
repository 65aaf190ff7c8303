"""What a person may see and change."""

import pytest

from eln.accounts.scope import Scope
from eln.accounts.services import membership_end, membership_set
from eln.entries.models import Entry
from eln.errors import ElnError, NotAllowed
from tests.builders.eln import a_person, a_project

pytestmark = pytest.mark.django_db


def test_a_member_reads_what_the_role_allows() -> None:
    bob = a_person("bob")
    mine, theirs = a_project(bob="reader"), a_project()
    scope = Scope.of(bob)
    assert scope.may_read(mine.pk) and not scope.may_write(mine.pk)
    assert not scope.may_read(theirs.pk)
    assert scope.may_read(None) and scope.may_write(None)


def test_the_condition_keeps_foreign_rows_out_of_a_queryset() -> None:
    bob = a_person("bob")
    mine, theirs = a_project(bob="writer"), a_project()
    for project in (mine, theirs, None):
        Entry.objects.create(title="x", project=project)
    assert set(Entry.objects.filter(Scope.of(bob).q()).values_list("project", flat=True)) == {mine.pk, None}
    assert Entry.objects.filter(Scope.system().q()).count() == 3


def test_only_owners_invite_and_the_last_owner_stays() -> None:
    ada, bob = a_person("ada"), a_person("bob")
    project = a_project(owner=ada, bob="writer")
    with pytest.raises(NotAllowed):
        membership_set(scope=Scope.of(bob), project=project, username="bob", role="owner")
    with pytest.raises(ElnError, match="at least one owner"):
        membership_end(scope=Scope.of(ada), project=project, username="ada")
    membership_set(scope=Scope.of(ada), project=project, username="bob", role="owner")
    membership_end(scope=Scope.of(ada), project=project, username="ada")
    assert not Scope.of(ada).may_read(project.pk)
