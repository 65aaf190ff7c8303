"""Find the entry of a file and attach it; safe to repeat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import Q

from eln.accounts.models import Project, User
from eln.entries.models import Attachment, Entry
from eln.entries.services import entry_index
from eln.filing.domain import LEAD, Proposal, Window, best, overlap, proposals, settled
from eln.filing.evidence import evidence_for, file_times, rule_for, sample_evidence, windows
from eln.filing.models import FilingRule
from eln.instruments.models import Placement
from eln.samples.services import sample_ensure
from ingest.feeds.services import feed_append
from ingest.gateway.models import Receipt
from ingest.parsing.models import ParsedFile


@dataclass(frozen=True)
class Place:
    """Where a file goes and why (a key of FILED_BY), or why nowhere, with what a person may choose from."""

    entry: Entry | None
    why: str
    proposals: Sequence[Proposal] = ()
    set_aside: bool = False


def receipt_project(receipt: Receipt) -> Project | None:
    """The project a file came for: the one a person chose (agents cannot choose one), else that of its instrument."""
    slug = receipt.envelope.get("metadata", {}).get("project") if receipt.agent_id is None else None
    named = Project.objects.filter(slug=slug).first() if isinstance(slug, str) and slug else None
    if named is not None or receipt.instrument_id is None:
        return named
    placement = Placement.objects.select_related("project").filter(instrument_id=receipt.instrument_id).first()
    return placement.project if placement else None


def _by_person(receipt: Receipt) -> Entry | None:
    """The entry that a person chose on a page; agents cannot choose one."""
    chosen = receipt.envelope.get("metadata", {}).get("entry")
    return Entry.objects.filter(pk=chosen).first() if isinstance(chosen, int) and receipt.agent_id is None else None


def _new_for_sample(receipt: Receipt, parsed: ParsedFile | None, project: Project | None) -> Entry:
    """The sender names a sample that has no entry yet: the file makes its first one."""
    return Entry.objects.create(
        title=receipt.file_name[:200],
        project=project,
        sample=sample_ensure(name=receipt.sample, project=project),
        technique=(parsed.technique or "") if parsed else "",
        instrument=receipt.instrument,
        person=User.objects.filter(username=receipt.person).first() if receipt.person else None,
        person_name=receipt.person,
        started=parsed.started if parsed else None,
        ended=parsed.ended if parsed else None,
    )


def place_find(receipt: Receipt, parsed: ParsedFile | None, project: Project | None) -> Place:
    """Where a file belongs and why: a person's choice, the run, what a person decided of such files, time and sample."""
    chosen = _by_person(receipt)
    if chosen is not None:
        return Place(chosen, "person")
    if receipt.run:
        entry = Entry.objects.filter(run_id=receipt.run).first()
        if entry is not None:
            return Place(entry, "run")
    rule = rule_for(receipt)
    if rule is not None and rule.how == FilingRule.How.NOT_DATA:
        return Place(None, "not_data", set_aside=True)
    ranked = proposals(evidence_for(receipt, parsed, project))
    ruled = _by_rule(rule, receipt, parsed, project) if rule else None
    if ruled is not None:
        return Place(ruled, "rule", ranked)
    if receipt.run:
        return Place(None, "run_unknown", ranked)
    sure = settled(ranked)
    if sure is not None:
        why = "sample" if sure.reasons[0] == "sample_in_name" else sure.reasons[0]
        return Place(Entry.objects.get(pk=sure.entry), why, ranked)
    if receipt.sample and not ranked:
        return Place(_new_for_sample(receipt, parsed, project), "sample")
    return Place(None, _why_not(receipt, parsed, ranked), ranked)


def _by_rule(rule: FilingRule, receipt: Receipt, parsed: ParsedFile | None, project: Project | None) -> Entry | None:
    times = file_times(receipt, parsed)
    key: int | None = None
    if rule.how == FilingRule.How.SAMPLE:
        found = proposals(sample_evidence(receipt, parsed, project, times))
        key = found[0].entry if len(found) == 1 else None
    elif times is not None and (instrument := rule.partner or receipt.instrument) is not None:
        among = Q(project=project) if rule.partner else Q()
        key, _tied = best(windows(instrument, times[0], times[1], among), times[0], times[1])
    return Entry.objects.filter(pk=key).first() if key is not None else None


def _why_not(receipt: Receipt, parsed: ParsedFile | None, ranked: Sequence[Proposal]) -> str:
    """Why no place is sure: a key of FILED_BY."""
    if ranked:
        own = [one for one in ranked if one.reasons[0] == "time"]
        return "several" if len(own) > 1 and abs(own[0].score - own[1].score) < LEAD else "unsure"
    if receipt.instrument_id is None:
        return "no_instrument"
    return "no_match" if file_times(receipt, parsed) else "no_time"


@transaction.atomic
def file_parsed(parsed: ParsedFile) -> Attachment | None:
    """Attach a parsed or kept file, or bring what is already attached up to date."""
    receipt = parsed.receipt
    if receipt.kind != "measurement":
        return None
    attachment = Attachment.objects.select_related("entry").filter(receipt=receipt).first()
    if attachment is None:
        attachment = Attachment(receipt=receipt, project=receipt_project(receipt))
    attachment.parsed = parsed
    attachment.file_name, attachment.size = receipt.file_name, receipt.size
    attachment.sha256 = receipt.sha256 or parsed.sha256
    attachment.status, attachment.reason = parsed.status, parsed.reason or ""
    if attachment.entry is None and not attachment.set_aside:
        _place(attachment, place_find(receipt, parsed, attachment.project))
    attachment.save()
    if attachment.entry is not None:
        _entry_grown(attachment.entry)
    return attachment


def _place(attachment: Attachment, place: Place) -> None:
    attachment.entry, attachment.why, attachment.set_aside = place.entry, place.why, place.set_aside
    attachment.proposals = [
        {"entry": one.entry, "score": one.score, "reasons": list(one.reasons)} for one in place.proposals
    ]


def _entry_grown(entry: Entry) -> None:
    entry_index(entry)
    feed_append("entries", str(entry.pk))


def files_release(entry: Entry) -> list[ParsedFile]:
    """Take out of an entry the files that a stage put there by run or time; what was read of them."""
    mine = entry.attachments.filter(why__in=("run", "time"))
    parsed = list(ParsedFile.objects.filter(attachments__in=mine).select_related("receipt", "receipt__instrument"))
    mine.update(entry=None, why="no_match")
    return parsed


def inbox_refile(entry: Entry) -> int:
    """Move into this entry of a run what waited in the inbox for it; the number of entries that grew."""
    waiting = Attachment.objects.select_related("receipt", "receipt__instrument", "parsed").filter(
        entry=None, set_aside=False
    )
    near = Q(receipt__run=entry.run_id) | Q(receipt__instrument_id=entry.instrument_id)
    if entry.instrument is not None and entry.instrument.location:
        near |= Q(receipt__instrument__location__iexact=entry.instrument.location)
    grown = {entry.pk: entry} if _strays_out(entry) else {}
    for attachment in waiting.filter(near).order_by("pk")[:500]:
        place = place_find(attachment.receipt, attachment.parsed, attachment.project)
        _place(attachment, place)
        values = {
            "entry": place.entry,
            "why": place.why,
            "proposals": attachment.proposals,
            "set_aside": place.set_aside,
        }
        moved = Attachment.objects.filter(pk=attachment.pk, entry=None).update(**values)
        if moved and place.entry is not None:
            grown[place.entry.pk] = place.entry
    for one in grown.values():
        _entry_grown(one)
    return len(grown)


def _strays_out(entry: Entry) -> int:
    """Files that lie here because of their time, and whose time is no longer that of the run, go back to the inbox."""
    if entry.started is None:
        return 0
    window = Window(entry.pk, entry.started, entry.ended)
    strays = []
    for attachment in entry.attachments.filter(why="time").select_related("receipt", "parsed"):
        times = file_times(attachment.receipt, attachment.parsed)
        if times is not None and overlap(window, times[0], times[1]) <= timedelta(0):
            strays.append(attachment.pk)
    return Attachment.objects.filter(pk__in=strays).update(entry=None, why="no_match")
