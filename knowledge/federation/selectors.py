"""Reads of federated search: a person's own questions, and what was found merged into crystals with all their sources."""

from dataclasses import dataclass
from itertools import groupby

from django.db.models import QuerySet

from eln.accounts.models import User
from knowledge.federation.models import FederatedSearch, Found


@dataclass(frozen=True)
class Crystal:
    """Entries that mean the same: one formula, group and structure. `sources` counts databases."""

    formula: str
    spacegroup: int | None
    entries: tuple[Found, ...]
    sources: int


def search_list(*, user: User) -> QuerySet[FederatedSearch]:
    """The person's own questions, newest first."""
    return FederatedSearch.objects.filter(owner=user)


def crystals(search: FederatedSearch) -> list[Crystal]:
    """What was found so far, each crystal once; those that more databases know come first. Nothing is dropped."""
    found = Found.objects.filter(part__search=search).select_related("part__provider")

    def key(one: Found) -> tuple[str, int, int, str]:
        return one.formula, one.spacegroup or 0, one.structure, "" if one.formula else str(one.pk)

    made = []
    for (formula, group, _structure, _alone), members in groupby(sorted(found, key=key), key=key):
        entries = tuple(members)
        made.append(Crystal(formula, group or None, entries, len({one.part_id for one in entries})))
    return sorted(made, key=lambda one: (-one.sources, one.formula, one.spacegroup or 0))
