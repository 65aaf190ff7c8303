"""Writes of proposals: propose anew, accept as a record, decline, follow the entry's project."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from eln.accounts.models import User
from eln.accounts.scope import Scope
from eln.entries.models import Entry
from knowledge.errors import KnowledgeError
from knowledge.formula import NotAFormula, parse_formula
from knowledge.proposals.domain import edited_values
from knowledge.proposals.models import Proposal
from knowledge.records.drafts import Draft, Value
from knowledge.records.models import Dataset, Kind, Record
from knowledge.records.services import dataset_ensure, record_id, records_withdraw, records_write
from knowledge.topics.schema import topics

Json = dict[str, Any]
OUTCOME = "outcome"
FAILED = "failed"


class NotProposed(KnowledgeError):
    """What was decided cannot be done; the message says why."""

    code = "not_proposed"


def notebook_slug(topic: str) -> str:
    """The data set of a topic that holds what this laboratory's notebook gave."""
    return f"notebook-{topic}".replace("_", "-")[:80]


def _dataset(topic: str) -> Dataset:
    schema = topics()[topic]
    return dataset_ensure(
        slug=notebook_slug(topic),
        topic=topic,
        title=f"Notebook of this laboratory: {schema.label.get('en', topic)}"[:200],
        kind=Kind.MEASUREMENT,
        citation="the notebook entry named by the record",
        version="live",
    )


def proposal_put(*, entry: Entry, topic: str, draft: Json) -> Proposal | None:
    """Propose an entry for a topic, or propose it again where its data changed; none where nothing changed."""
    known = Proposal.objects.filter(entry=entry, topic=topic).first()
    if known is None:
        return Proposal.objects.create(entry=entry, topic=topic, draft=draft)
    if known.draft == draft:
        return None
    known.changed = known.state != Proposal.State.PROPOSED or known.changed
    known.draft, known.state = draft, Proposal.State.PROPOSED
    known.save()
    return known


def _checked(scope: Scope, proposal: Proposal) -> None:
    if not scope.may_write(proposal.entry.project_id):
        raise NotProposed(
            _("You may read this entry, but not file it into a topic: ask for the right to write in its project.")
        )
    if proposal.topic not in topics():
        raise NotProposed(_("This topic does not exist any more."))


@transaction.atomic
def proposal_accept(
    *, scope: Scope, user: User, proposal: Proposal, formula: str, spacegroup: str = "", entered: Mapping[str, str],
    failed: bool = False,
) -> Record:  # fmt: skip
    """Make the record that a proposal stands for, with what the person made of it. Raises NotProposed naming every fault."""
    _checked(scope, proposal)
    faults: list[str] = []
    try:
        values = list(edited_values(topics()[proposal.topic], proposal.draft.get("values", ()), entered))
    except ValueError as error:
        values, faults = [], [str(error)]
    if formula.strip():
        try:
            parse_formula(formula.strip())
        except NotAFormula as error:
            faults.append(f"{formula.strip()[:60]!r}: {error}")
    if spacegroup.strip() and not (spacegroup.strip().isdigit() and 1 <= int(spacegroup) <= 230):
        faults.append(_("A space group is a number from 1 to 230."))
    if not values and not failed and not faults:
        faults.append(_("State at least one value, or mark the experiment as failed."))
    if faults:
        raise NotProposed(" ".join(faults))
    proposal.edited = {
        "formula": formula.strip(), "spacegroup_number": int(spacegroup) if spacegroup.strip() else None, "values": values,
    }  # fmt: skip
    proposal.failed, proposal.changed, proposal.note = failed, False, ""
    proposal.state, proposal.decided_by, proposal.decided = Proposal.State.ACCEPTED, user, timezone.now()
    proposal.record = record_write(proposal)
    proposal.save()
    return Record.objects.get(pk=proposal.record)


def record_write(proposal: Proposal) -> str:
    """Write the record of an accepted proposal, in the entry's present project; its id."""
    said, entry = proposal.edited, proposal.entry
    formula = parse_formula(said["formula"]) if said.get("formula") else None
    values = [_value(value) for value in said["values"]]
    if proposal.failed:
        values.append(Value(OUTCOME, FAILED, column="notebook", raw=FAILED))
    if entry.sample:
        values.append(Value("sample", entry.sample.name, column="notebook", raw=entry.sample.name))
    dataset = _dataset(proposal.topic)
    draft = Draft(
        key=f"entry {entry.pk}",
        formula=formula.reduced if formula else "",
        formula_source=formula.source if formula else "",
        elements=formula.elements if formula else (),
        spacegroup_number=said.get("spacegroup_number"),
        title=(f"{_failed_word()}: " if proposal.failed else "") + entry.title,
        values=tuple(values),
        locator=f"entry {entry.pk}",
        entry_id=entry.pk,
        project_id=entry.project_id,
    )
    records_write(dataset, [draft])
    return record_id(dataset.slug, draft.key)


def _failed_word() -> str:
    return "failed"  # stored text: not translated


def _value(said: Mapping[str, Any]) -> Value:
    names = ("property", "value", "unit", "column", "raw", "uncertainty", "method", "bound", "low", "high")
    return Value(**{name: said.get(name) for name in names}, conditions=said.get("conditions") or {})  # type: ignore[arg-type]  # JSON of our own


@transaction.atomic
def proposal_decline(*, scope: Scope, user: User, proposal: Proposal, note: str) -> None:
    """Leave an entry out of a topic; a record that it had become is withdrawn."""
    _checked(scope, proposal)
    if proposal.record:
        records_withdraw([proposal.record])
    proposal.state, proposal.decided_by, proposal.decided = Proposal.State.DECLINED, user, timezone.now()
    proposal.note, proposal.changed = note.strip()[:400], False
    proposal.save()


def projects_follow(entries: Sequence[Entry]) -> int:
    """Bring the records of accepted proposals into the present projects of their entries; how many moved."""
    moved = 0
    by_pk = {entry.pk: entry for entry in entries}
    decided = Proposal.objects.filter(entry__in=by_pk, record__gt="").exclude(edited={})
    for proposal in decided.exclude(state=Proposal.State.DECLINED):
        entry = by_pk[proposal.entry_id]
        stored = Record.objects.filter(pk=proposal.record, withdrawn=False).values_list("project_id", flat=True).first()
        if stored != entry.project_id and proposal.topic in topics():
            proposal.entry = entry
            record_write(proposal)
            moved += 1
    return moved


def records_orphaned(entries: Sequence[int]) -> int:
    """Withdraw the records of entries that are gone; how many."""
    slugs = [notebook_slug(topic) for topic in topics()]
    gone = Record.objects.filter(entry_id__in=list(entries), dataset__slug__in=slugs, withdrawn=False)
    return records_withdraw(list(gone.values_list("pk", flat=True)))
