"""What the inbox shows of each file: why it waits and where it may belong, as far as the reader may see that."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.entries.models import Attachment, Entry
from eln.entries.selectors import entry_list
from eln.filing.models import Decision

REASONS = {
    "time": _("written during this run"),
    "place": _("written during this run at the same place"),
    "sample": _("names its sample"),
    "sample_in_name": _("its sample is in the file's name"),
}
KINDS = ("all", "proposed", "lost", "unread")


@dataclass(frozen=True)
class Offer:
    """An entry that a file may belong to. `score` in percent."""

    entry: Entry
    score: int
    reasons: list[str]


@dataclass(frozen=True)
class Row:
    """A file of the inbox with what may be done."""

    file: Attachment
    offers: list[Offer]


def rows(*, scope: Scope, files: Sequence[Attachment]) -> list[Row]:
    """The files with those of their proposals that the reader may write."""
    wanted = {one["entry"] for file in files for one in file.proposals}
    entries = {entry.pk: entry for entry in entry_list(scope=scope).filter(pk__in=wanted)}
    return [Row(file, _offers(scope, file, entries)) for file in files]


def _offers(scope: Scope, file: Attachment, entries: dict[int, Entry]) -> list[Offer]:
    return [
        Offer(entries[one["entry"]], round(100 * one["score"]), [str(REASONS.get(key, key)) for key in one["reasons"]])
        for one in file.proposals
        if one["entry"] in entries and scope.may_write(entries[one["entry"]].project_id)
    ]


def stroke_last(*, user: User) -> tuple[str, int, str] | None:
    """The newest stroke of a person that can still be undone: (group, how many files, the first one's name)."""
    newest = Decision.objects.filter(person=user, undone=None).order_by("-created", "-pk").first()
    if newest is None:
        return None
    group = Decision.objects.filter(group=newest.group, undone=None).select_related("attachment").order_by("pk")
    return newest.group, group.count(), group[0].attachment.file_name
