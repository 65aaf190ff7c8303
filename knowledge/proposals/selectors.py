"""Reads of proposals; every one applies the reader's Scope to the entry."""

from django.db.models import Count, QuerySet

from eln.accounts.scope import Scope
from eln.entries.models import Entry
from knowledge.proposals.models import Proposal


def proposal_list(*, scope: Scope, state: str = "", topic: str = "") -> QuerySet[Proposal]:
    """Proposals of the entries that the reader may see, those that changed last first."""
    found = Proposal.objects.filter(scope.q("entry__project")).select_related(
        "entry__sample", "entry__project", "decided_by"
    )
    if state:
        found = found.filter(state=state)
    return found.filter(topic=topic) if topic else found


def proposal_counts(*, scope: Scope) -> dict[str, int]:
    """How many there are in each state."""
    return dict(proposal_list(scope=scope).order_by().values_list("state").annotate(n=Count("pk")))


def proposals_of(*, scope: Scope, entry: Entry) -> QuerySet[Proposal]:
    """The proposals of one entry."""
    return proposal_list(scope=scope).filter(entry=entry).order_by("topic")
