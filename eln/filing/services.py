"""Find the entry of a file and attach it; safe to repeat."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from eln.accounts.models import Project, User
from eln.entries.models import Attachment, Entry
from eln.entries.services import entry_index
from eln.filing.domain import SLACK, Window, best
from eln.instruments.models import Placement
from eln.samples.models import Sample
from eln.samples.services import sample_ensure
from ingest.feeds.services import feed_append
from ingest.gateway.models import Receipt
from ingest.parsing.models import ParsedFile

Place = tuple[Entry | None, str]


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


def _times(receipt: Receipt, parsed: ParsedFile | None) -> tuple[datetime, datetime] | None:
    """When the file was written: as it states itself, else the sender's modification time."""
    if parsed is not None and parsed.started:
        return parsed.started, parsed.ended or parsed.started
    created = receipt.envelope.get("created")
    if not isinstance(created, str):
        return None
    moment = datetime.fromisoformat(created)
    return moment, moment


def _by_time(receipt: Receipt, times: tuple[datetime, datetime]) -> Place:
    start, end = times
    near = Entry.objects.filter(instrument=receipt.instrument, run__isnull=False, started__lte=end + SLACK)
    near = near.filter(Q(ended=None) | Q(ended__gte=start - SLACK))
    rows = near.order_by("-started").values_list("pk", "started", "ended")[:200]
    windows = [Window(pk, begun, ended) for pk, begun, ended in rows if begun is not None]
    key, tied = best(windows, start, end)
    if key is not None:
        return Entry.objects.get(pk=key), "time"
    return None, "several" if tied else "no_match"


def _sample_entry(name: str, project: Project | None) -> Entry | None:
    """The newest entry of a sample of this name in the file's own project, else among what is open to all."""
    wanted = Sample.objects.filter(name__iexact=name.strip())
    wanted = wanted.filter(Q(project=project) | Q(project=None)).order_by("project")
    return Entry.objects.filter(sample__in=wanted).order_by("-started", "-pk").first()


def _by_sample(receipt: Receipt, parsed: ParsedFile | None, project: Project | None) -> Entry | None:
    stated = parsed.document.get("metadata", {}).get("sample") if parsed else None
    names = [receipt.sample, stated if isinstance(stated, str) else ""]
    for name in filter(None, names):
        entry = _sample_entry(name, project)
        if entry is not None:
            return entry
    return _new_for_sample(receipt, parsed, project) if receipt.sample else None


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
    """(entry, why), or (none, why not): a person's choice, the run, the time on the instrument, the sample."""
    chosen = _by_person(receipt)
    if chosen is not None:
        return chosen, "person"
    if receipt.run:
        entry = Entry.objects.filter(run_id=receipt.run).first()
        return entry, "run" if entry else "run_unknown"
    why = "no_instrument"
    if receipt.instrument_id is not None:
        times = _times(receipt, parsed)
        entry, why = _by_time(receipt, times) if times else (None, "no_time")
        if entry is not None:
            return entry, why
    entry = _by_sample(receipt, parsed, project)
    return (entry, "sample") if entry else (None, why)


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
    if attachment.entry is None:
        attachment.entry, attachment.why = place_find(receipt, parsed, attachment.project)
    attachment.save()
    if attachment.entry is not None:
        _entry_grown(attachment.entry)
    return attachment


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
    waiting = Attachment.objects.select_related("receipt", "parsed").filter(entry=None)
    waiting = waiting.filter(Q(receipt__run=entry.run_id) | Q(receipt__instrument_id=entry.instrument_id))
    moved: dict[int, Entry] = {}
    for attachment in waiting.order_by("pk")[:500]:
        found, why = place_find(attachment.receipt, attachment.parsed, attachment.project)
        if found is not None and Attachment.objects.filter(pk=attachment.pk, entry=None).update(entry=found, why=why):
            moved[found.pk] = found
    for grown in moved.values():
        _entry_grown(grown)
    return len(moved)
