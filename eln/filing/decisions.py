"""What people do with files of the inbox: put them somewhere, set them aside, have them read again, undo.

Every stroke is one group of decisions; each is remembered for files that look alike, as far as it can be told from it.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.entries.models import Attachment, Entry
from eln.entries.services import attachment_assign, attachment_to_new_entry, entry_index
from eln.errors import ElnError, NotAllowed
from eln.filing.domain import Window, overlap, pattern_of
from eln.filing.evidence import file_times
from eln.filing.models import Decision, FilingRule
from eln.samples.models import Sample
from ingest.feeds.services import feed_append
from ingest.parsing.services import receipts_reread


def _allowed(scope: Scope, files: Iterable[Attachment]) -> None:
    for file in files:
        if not scope.may_write(file.entry.project_id if file.entry else file.project_id):
            raise NotAllowed(_("You may see {name}, but not file it.").format(name=file.file_name))


@transaction.atomic
def files_assign(
    *, scope: Scope, author: User, files: Sequence[Attachment], entry: Entry, remember: bool = True
) -> str:
    """Put files into an entry, and such files to come where the reason can be told. The stroke, for `stroke_undo`."""
    _allowed(scope, files)
    group = uuid.uuid4().hex
    for file in files:
        before = file.entry
        rule = _remembered(file, entry, author) if remember else None
        attachment_assign(scope=scope, attachment=file, entry=entry)
        _decide(group, author, file, Decision.Action.FILED, before, entry, rule)
    return group


@transaction.atomic
def files_to_new_entry(
    *, scope: Scope, author: User, files: Sequence[Attachment], title: str, sample: Sample | None = None
) -> tuple[Entry, str]:
    """A new entry of these files, and the stroke."""
    _allowed(scope, files)
    group, first = uuid.uuid4().hex, files[0]
    entry = attachment_to_new_entry(scope=scope, author=author, attachment=first, title=title, sample=sample)
    for file in files[1:]:
        attachment_assign(scope=scope, attachment=file, entry=entry)
    for file in files:
        _decide(group, author, file, Decision.Action.FILED, None, entry, None)
    return entry, group


@transaction.atomic
def files_set_aside(*, scope: Scope, author: User, files: Sequence[Attachment], remember: bool = False) -> str:
    """These are no data: out of the inbox, the bytes are kept. `remember`: such files to come as well."""
    _allowed(scope, files)
    group = uuid.uuid4().hex
    for file in files:
        rule = _rule(file, author, FilingRule.How.NOT_DATA) if remember else None
        Attachment.objects.filter(pk=file.pk).update(set_aside=True, why="not_data")
        _decide(group, author, file, Decision.Action.SET_ASIDE, file.entry, None, rule)
    return group


def _decide(
    group: str,
    person: User,
    file: Attachment,
    action: str,
    before: Entry | None,
    after: Entry | None,
    rule: FilingRule | None,
) -> None:
    Decision.objects.create(
        group=group, attachment=file, person=person, action=action, before=before, after=after, rule=rule
    )


def _remembered(file: Attachment, entry: Entry, author: User) -> FilingRule | None:
    """The rule that would have filed this file so: by the time of a run, or by the sample; none where neither fits."""
    if file.receipt.instrument_id is None:
        return None
    times = file_times(file.receipt, file.parsed)
    if times is not None and entry.run_id and entry.started and entry.instrument_id:
        window = Window(entry.pk, entry.started, entry.ended)
        if overlap(window, times[0], times[1]).total_seconds() > 0:
            own = entry.instrument_id == file.receipt.instrument_id
            return _rule(file, author, FilingRule.How.TIME, partner=None if own else entry.instrument_id)
    reasons = {one["entry"]: one["reasons"] for one in file.proposals}
    if {"sample", "sample_in_name"} & set(reasons.get(entry.pk, ())):
        return _rule(file, author, FilingRule.How.SAMPLE)
    return None


def _rule(file: Attachment, author: User, how: str, partner: int | None = None) -> FilingRule:
    """The rule for files that look like this one; an older one of the same pattern ends."""
    pattern = pattern_of(file.file_name)
    same = FilingRule.objects.filter(instrument=file.receipt.instrument, pattern=pattern, active=True)
    known = same.filter(how=how, partner_id=partner).first()
    if known is not None:
        return known
    same.update(active=False)
    return FilingRule.objects.create(
        instrument_id=file.receipt.instrument_id, pattern=pattern, how=how, partner_id=partner, person=author
    )


@transaction.atomic
def stroke_undo(*, scope: Scope, author: User, group: str, now: datetime) -> int:
    """Take back a stroke of one's own: every file lies where it lay, and what it taught is forgotten; how many files."""
    rows = Decision.objects.filter(group=group, person=author, undone=None)
    decisions = list(rows.select_related("attachment", "attachment__entry", "attachment__receipt", "before", "rule"))
    if not decisions:
        raise ElnError(_("There is nothing to undo: it was undone already, or somebody else did it."))
    _allowed(scope, (one.attachment for one in decisions))
    for one in decisions:
        file = one.attachment
        if one.after is not None and file.entry_id != one.after.pk:
            continue  # somebody moved it since
        Attachment.objects.filter(pk=file.pk).update(entry=one.before, set_aside=False, why=_why_before(one))
        for entry in filter(None, (one.before, one.after)):
            entry_index(entry)
            feed_append("entries", str(entry.pk))
        if one.rule is not None and not one.rule.decisions.filter(undone=None).exclude(group=group).exists():
            FilingRule.objects.filter(pk=one.rule.pk).update(active=False)
    rows.update(undone=now)
    return len(decisions)


def _why_before(decision: Decision) -> str:
    if decision.before is not None:
        return "person"
    return "unsure" if decision.attachment.proposals else "no_match"


def files_read_again(*, scope: Scope, files: Sequence[Attachment]) -> int:
    """Have files parsed again, as after an upgrade of the parsers; how many."""
    _allowed(scope, files)
    receipts_reread(receipts=[file.receipt_id for file in files])
    return len(files)


@transaction.atomic
def rule_forget(*, scope: Scope, rule: FilingRule) -> None:
    """Such files find their place by time and sample again."""
    placement = getattr(rule.instrument, "placement", None) if rule.instrument else None
    if not scope.may_write(placement.project_id if placement else None):
        raise NotAllowed(_("You may see this rule, but not end it."))
    FilingRule.objects.filter(pk=rule.pk).update(active=False)
