"""The only writer of records: new ones, newer versions of changed ones, and the withdrawal of those a source no longer has."""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import transaction
from django.utils import timezone

from ingest.feeds.services import feed_append
from knowledge.records.drafts import Draft
from knowledge.records.models import Dataset, DatasetVersion, Record, RecordVersion

CHUNK, PART = 2000, 500
# What a record says; a change of any of them is a new version. Where it stands in the source may move freely.
_SAID = (
    "formula",
    "formula_source",
    "elements",
    "spacegroup_number",
    "external_id",
    "title",
    "values",
    "structure",
    "withdrawn",
)
_PLACE = ("receipt", "file_name", "locator", "entry_id", "project_id", "kind")


@dataclass(frozen=True)
class Written:
    """How many records a call made, changed, left as they were, and withdrew."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    withdrawn: int = 0

    def __add__(self, other: "Written") -> "Written":
        return Written(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.withdrawn + other.withdrawn,
        )


def record_id(dataset: str, key: str) -> str:
    """The id of a record: computed from its source, so that citations survive a rebuild."""
    return hashlib.sha256(f"{dataset}\n{key}".encode()).hexdigest()[:20]


def _fields(dataset: Dataset, draft: Draft) -> dict[str, Any]:
    return {
        "formula": draft.formula,
        "formula_source": draft.formula_source[:400],
        "elements": list(draft.elements),
        "spacegroup_number": draft.spacegroup_number,
        "external_id": draft.external_id[:80],
        "title": draft.title[:200],
        "values": [value.document() for value in draft.values],
        "structure": draft.structure,
        "withdrawn": False,
        "receipt": draft.receipt,
        "file_name": draft.file_name,
        "locator": draft.locator[:200],
        "entry_id": draft.entry_id,
        "project_id": draft.project_id if draft.project_id is not None else dataset.project_id,
        "kind": dataset.kind,
    }


def _kept(record: Record) -> RecordVersion:
    document = {name: getattr(record, name) for name in (*_SAID, *_PLACE)}
    return RecordVersion(record=record, version=record.version, document=document)


def _overwrite(records: Sequence[Record], columns: Sequence[str]) -> None:
    """Store changed rows; an upsert takes a tenth of the time of bulk_update."""
    fields = [column.removesuffix("_id") if column == "project_id" else column for column in columns]
    Record.objects.bulk_create(
        records, batch_size=CHUNK, update_conflicts=True, unique_fields=["id"], update_fields=fields
    )


@transaction.atomic
def _write_chunk(dataset: Dataset, drafts: Sequence[Draft]) -> Written:
    wanted = {record_id(dataset.slug, draft.key): _fields(dataset, draft) for draft in drafts}
    known = {record.pk: record for record in Record.objects.filter(pk__in=list(wanted))}
    new, changed, moved, old = [], [], [], []
    for pk, fields in wanted.items():
        record = known.get(pk)
        if record is None:
            new.append(Record(pk=pk, dataset=dataset, topic=dataset.topic, **fields))
            continue
        if any(getattr(record, name) != fields[name] for name in _SAID):
            old.append(_kept(record))
            record.version += 1
            changed.append(record)
        elif any(getattr(record, name) != fields[name] for name in _PLACE):
            moved.append(record)
        else:
            continue
        for name, value in fields.items():
            setattr(record, name, value)
        record.updated = timezone.now()
    RecordVersion.objects.bulk_create(old, batch_size=CHUNK)
    Record.objects.bulk_create(new, batch_size=CHUNK)
    _overwrite([*changed, *moved], [*_SAID, *_PLACE, "version", "updated"])
    feed_append("records", [record.pk for record in (*new, *changed, *moved)])
    return Written(len(new), len(changed), len(wanted) - len(new) - len(changed))


@transaction.atomic
def records_withdraw(ids: Sequence[str]) -> int:
    """Mark records as no longer stated by their source; they stay readable by id, with a new version. The number marked."""
    records = list(Record.objects.filter(pk__in=ids, withdrawn=False))
    RecordVersion.objects.bulk_create([_kept(record) for record in records], batch_size=CHUNK)
    for record in records:
        record.version, record.withdrawn, record.updated = record.version + 1, True, timezone.now()
    _overwrite(records, ["version", "withdrawn", "updated"])
    feed_append("records", [record.pk for record in records])
    return len(records)


def records_write(
    dataset: Dataset, drafts: Iterable[Draft], *, complete_files: Collection[str] = (), complete: bool = False
) -> Written:
    """Store drafts in short transactions. Same content again writes nothing and raises no event.

    Records of `complete_files` (or of the whole data set, with `complete`) that are not among the drafts are withdrawn.
    """
    written, source = Written(), iter(drafts)
    seen: set[str] = set()
    while chunk := list(islice(source, CHUNK)):
        seen.update(record_id(dataset.slug, draft.key) for draft in chunk)
        written += _write_chunk(dataset, chunk)
    if complete or complete_files:
        present = Record.objects.filter(dataset=dataset, withdrawn=False)
        if not complete:
            present = present.filter(file_name__in=list(complete_files))
        gone = [pk for pk in present.values_list("pk", flat=True).iterator() if pk not in seen]
        count = sum(records_withdraw(gone[at : at + 500]) for at in range(0, len(gone), 500))
        written += Written(withdrawn=count)
    return written


def dataset_undo(*, dataset: Dataset, since: datetime) -> Written:
    """Bring the records of a data set back to what they said at `since`, in short transactions.

    Records made since are withdrawn; changed or withdrawn ones get their former content as a newer version.
    """
    touched = Record.objects.filter(dataset=dataset, updated__gte=since).order_by("pk").values_list("pk", flat=True)
    written = Written()
    for keys in _parts(list(touched)):
        written += _chunk_undo(keys, since)
    return written


def _parts(keys: list[str]) -> Iterator[list[str]]:
    for at in range(0, len(keys), PART):
        yield keys[at : at + PART]


@transaction.atomic
def _chunk_undo(keys: Sequence[str], since: datetime) -> Written:
    former = _former(keys, since)
    records = list(Record.objects.filter(pk__in=keys).select_for_update())
    made = [record.pk for record in records if record.pk not in former and record.created >= since]
    changed = [record for record in records if record.pk in former and _differs(record, former[record.pk])]
    RecordVersion.objects.bulk_create([_kept(record) for record in changed])
    for record in changed:
        for name, value in former[record.pk].document.items():
            setattr(record, name, value)
        record.version, record.updated = record.version + 1, timezone.now()
    _overwrite(changed, [*_SAID, *_PLACE, "version", "updated"])
    feed_append("records", [record.pk for record in changed])
    return Written(updated=len(changed), withdrawn=records_withdraw(made))


def _former(keys: Sequence[str], since: datetime) -> dict[str, RecordVersion]:
    """What each of these records said at `since`, where it was replaced later: the oldest version replaced since."""
    found: dict[str, RecordVersion] = {}
    kept = RecordVersion.objects.filter(record__in=keys, replaced__gte=since, record__created__lt=since)
    for version in kept.order_by("record_id", "version"):
        found.setdefault(version.record_id, version)
    return found


def _differs(record: Record, former: RecordVersion) -> bool:
    return any(getattr(record, name) != value for name, value in former.document.items())


def dataset_ensure(*, slug: str, topic: str, **fields: Any) -> Dataset:  # Any: the model's own fields
    """The data set of this slug with these fields; made or brought up to date, untouched where nothing differs."""
    dataset, made = Dataset.objects.get_or_create(slug=slug, defaults={"topic": topic, **fields})
    different = {n: v for n, v in {"topic": topic, **fields}.items() if getattr(dataset, n) != v}
    if not made and different:
        for name, value in different.items():
            setattr(dataset, name, value)
        dataset.save()
    return dataset


def dataset_version_note(dataset: Dataset, written: Written, *, part: str = "") -> None:
    """Remember what an import changed in a data set; nothing where it changed nothing."""
    if written.created or written.updated or written.withdrawn:
        DatasetVersion.objects.create(
            dataset=dataset,
            version=dataset.version,
            part=part[:400],
            added=written.created,
            changed=written.updated,
            withdrawn=written.withdrawn,
            records=Record.objects.filter(dataset=dataset, withdrawn=False).count(),
        )
