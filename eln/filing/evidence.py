"""What speaks for the entries a file may belong to: its time, its sample, what a person once decided."""

from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower

from eln.accounts.models import Project
from eln.entries.models import Entry
from eln.filing.domain import (
    CONTRADICTED,
    DECLARED,
    MODIFIED,
    NAMED,
    NEIGHBOUR,
    SLACK,
    STATED,
    WRITTEN,
    Evidence,
    Window,
    by_time,
    name_parts,
    same_sample,
)
from eln.filing.models import FilingRule
from eln.samples.models import Sample
from ingest.gateway.models import Instrument, Receipt
from ingest.parsing.models import ParsedFile

Times = tuple[datetime, datetime, float]


def file_times(receipt: Receipt, parsed: ParsedFile | None) -> Times | None:
    """When a file was written and how sure that is: as it states itself, else the sender's modification time."""
    if parsed is not None and parsed.started:
        return parsed.started, parsed.ended or parsed.started, STATED
    created = receipt.envelope.get("created")
    if not isinstance(created, str):
        return None
    moment = datetime.fromisoformat(created)
    return moment, moment, MODIFIED


def rule_for(receipt: Receipt) -> FilingRule | None:
    """The newest rule that a person made for files of this name from this instrument."""
    rules = FilingRule.objects.filter(instrument=receipt.instrument, active=True).select_related("partner")
    name = receipt.file_name.lower()
    return next((rule for rule in rules.order_by("-pk") if fnmatchcase(name, _escaped(rule.pattern))), None)


def _escaped(pattern: str) -> str:
    return pattern.replace("[", "[[]").replace("?", "[?]")


def windows(instrument: Instrument, start: datetime, end: datetime, among: Q = Q()) -> list[Window]:  # noqa: B008 - never changed
    """Entries of runs of this instrument near a time."""
    near = Entry.objects.filter(among, instrument=instrument, run__isnull=False, started__lte=end + SLACK)
    near = near.filter(Q(ended=None) | Q(ended__gte=start - SLACK))
    rows = near.order_by("-started").values_list("pk", "started", "ended")[:200]
    return [Window(pk, begun, ended) for pk, begun, ended in rows if begun is not None]


def time_evidence(receipt: Receipt, times: Times | None, project: Project | None) -> list[Evidence]:
    """Runs of the file's own instrument, and of those at the same place."""
    if times is None or receipt.instrument is None:
        return []
    start, end, weight = times
    found = by_time(windows(receipt.instrument, start, end), start, end, weight=weight, reason="time")
    for other in neighbours(receipt.instrument):
        mine = windows(other, start, end, Q(project=project))  # another machine's runs may be another group's
        found += by_time(mine, start, end, weight=NEIGHBOUR, reason="place")
    return found


def neighbours(instrument: Instrument) -> QuerySet[Instrument]:
    """Instruments that stand at the same place."""
    if not instrument.location.strip():
        return Instrument.objects.none()
    return Instrument.objects.filter(location__iexact=instrument.location).exclude(pk=instrument.pk)


def sample_names(receipt: Receipt, parsed: ParsedFile | None) -> list[tuple[str, float]]:
    """Samples that the sender or the file names, with how much that says."""
    stated = parsed.document.get("metadata", {}).get("sample") if parsed else None
    names = [(receipt.sample, DECLARED), (stated if isinstance(stated, str) else "", WRITTEN)]
    return [(name.strip(), weight) for name, weight in names if name.strip()]


def sample_evidence(
    receipt: Receipt, parsed: ParsedFile | None, project: Project | None, times: Times | None
) -> list[Evidence]:
    """The entry of each sample that is named: the one nearest in time, else the newest."""
    found = []
    mine = Sample.objects.filter(Q(project=project) | Q(project=None))
    for name, weight in sample_names(receipt, parsed):
        entry = sample_entry(mine.filter(name__iexact=name), times)
        if entry is not None:
            found.append(Evidence(entry, "sample", weight))
    if not found:
        in_name = mine.annotate(low=Lower("name")).filter(low__in=name_parts(receipt.file_name))
        found += [
            Evidence(entry, "sample_in_name", NAMED)
            for one in in_name[:5]
            if (entry := sample_entry(mine.filter(pk=one.pk), times)) is not None
        ]
    return found


def sample_entry(samples: QuerySet[Sample], times: Times | None) -> int | None:
    """The newest entry of these samples, those of the file's own project first; of several the one at its time."""
    rows = Entry.objects.filter(sample__in=samples).order_by("sample__project", "-started", "-pk")
    keys = list(rows.values_list("pk", "started", "ended")[:50])
    if times is not None:
        start, end, _ = times
        for pk, begun, ended in keys:
            if begun is not None and begun - SLACK <= end and (ended is None or ended + timedelta(days=1) >= start):
                return int(pk)
    return int(keys[0][0]) if keys else None


def evidence_for(receipt: Receipt, parsed: ParsedFile | None, project: Project | None) -> list[Evidence]:
    """All that speaks for an entry; a run of another sample than the file names speaks less."""
    times = file_times(receipt, parsed)
    found = time_evidence(receipt, times, project) + sample_evidence(receipt, parsed, project, times)
    names = [name for name, _ in sample_names(receipt, parsed)]
    if not names:
        return found
    rows = Entry.objects.filter(pk__in={one.entry for one in found}).exclude(sample=None)
    of = dict(rows.values_list("pk", "sample__name"))
    return [
        Evidence(one.entry, one.reason, one.weight * CONTRADICTED)
        if one.reason in ("time", "place")
        and one.entry in of
        and not any(same_sample(of[one.entry], name) for name in names)
        else one
        for one in found
    ]
