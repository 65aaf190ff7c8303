"""Reads of samples."""

from django.db.models import Count, Q, QuerySet

from eln.accounts.scope import Scope
from eln.samples.models import Sample


def sample_list(*, scope: Scope, text: str = "") -> QuerySet[Sample]:
    """Samples a reader may see, newest first, with `entry_count`."""
    found = Sample.objects.filter(scope.q()).select_related("project")
    for word in text.split():
        found = found.filter(Q(name__icontains=word) | Q(formula__icontains=word) | Q(description__icontains=word))
    return found.annotate(entry_count=Count("entries", filter=scope.q("entries__project"))).order_by("-created", "-pk")


def sample_find(*, scope: Scope, name: str) -> Sample | None:
    """The newest readable sample of exactly this name, capitals aside."""
    return Sample.objects.filter(scope.q(), name__iexact=name.replace("\0", "").strip()).order_by("-created").first()
