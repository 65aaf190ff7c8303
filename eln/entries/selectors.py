"""Reads of entries and files; each takes a Scope and applies it inside the query."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Q, QuerySet

from eln.accounts.scope import Scope
from eln.entries.models import Attachment, Entry
from eln.samples.models import Sample


def entry_list(
    *,
    scope: Scope,
    text: str = "",
    instrument: str = "",
    technique: str = "",
    sample: Sample | str | None = None,
    project: str = "",
    since: date | None = None,
    until: date | None = None,
) -> QuerySet[Entry]:
    """Entries a reader may see, newest first. `text`: every word must occur somewhere; substrings count, so Chinese works."""  # fmt: skip
    found = Entry.objects.filter(scope.q()).select_related("instrument", "sample", "person", "project", "run")
    for word in text.lower().split():
        found = found.filter(words__contains=word)
    if instrument:
        found = found.filter(instrument__slug=instrument)
    if technique:
        found = found.filter(technique=technique)
    if isinstance(sample, Sample):
        found = found.filter(sample=sample)
    elif sample:
        found = found.filter(sample__name__icontains=sample.strip())
    if project:
        found = found.filter(project__slug=project)
    if since:
        found = found.filter(Q(ended__date__gte=since) | Q(ended=None, started__date__gte=since) | Q(state="open"))
    if until:
        found = found.filter(started__date__lte=until)
    return found.order_by("-started", "-pk")


def entry_get(*, scope: Scope, entry_id: int) -> Entry:
    """One entry; Entry.DoesNotExist when it is absent or not for this reader."""
    return entry_list(scope=scope).get(pk=entry_id)


def files_named(entries: Iterable[Entry], text: str, most: int = 3) -> dict[int, list[str]]:
    """Why a search found an entry, where a file's name did it: names by entry. Rights were applied to `entries`."""
    words = text.lower().split()
    if not words:
        return {}
    found: dict[int, list[str]] = {}
    files = Attachment.objects.filter(entry__in=[entry.pk for entry in entries]).order_by("pk")
    for entry_id, name in files.values_list("entry_id", "file_name"):
        if entry_id is not None and any(word in name.lower() for word in words):
            found.setdefault(entry_id, []).append(name)
    return {entry_id: names[:most] for entry_id, names in found.items()}


def techniques(*, scope: Scope) -> list[str]:
    """Techniques that occur, for the filter."""
    found = Entry.objects.filter(scope.q()).exclude(technique="")
    return sorted(found.values_list("technique", flat=True).distinct())


def attachment_list(*, scope: Scope) -> QuerySet[Attachment]:
    """Files a reader may see: of readable entries, and of the inbox by the project they came for."""
    rights = (Q(entry__isnull=False) & scope.q("entry__project")) | (Q(entry=None) & scope.q())
    return Attachment.objects.filter(rights).select_related("receipt", "receipt__instrument", "parsed", "entry")


def inbox_list(*, scope: Scope) -> QuerySet[Attachment]:
    """Files that found no entry, newest first."""
    return attachment_list(scope=scope).filter(entry=None, set_aside=False).order_by("-created", "-pk")
