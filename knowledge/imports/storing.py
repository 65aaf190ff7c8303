"""What every importer ends with: bytes through the gateway, drafts into records, counts and the data set's version."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q

from ingest.contract import Envelope
from ingest.contract.envelope import EnvelopeKind, name_clean
from ingest.gateway.services import receipt_accept
from knowledge.imports.keys import keys_settled
from knowledge.imports.mappings import ColumnMapping
from knowledge.imports.models import Import
from knowledge.imports.reports import Report
from knowledge.imports.rows import Read, fingerprint
from knowledge.imports.tables import Source
from knowledge.records.models import Dataset
from knowledge.records.services import Written, dataset_ensure, dataset_undo, dataset_version_note, records_write

READING_VERSION = "2"  # raise when the same bytes shall give other records
SOURCE = "import"


def file_sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bytes_accept(path: Path, *, kind: str, dataset: str, sha256: str, name: str | None = None) -> str:
    """Hand one file to the gateway; the id of its receipt. The same file of the same data set is the same receipt."""
    envelope = Envelope(
        id=f"import-{fingerprint(dataset, name_clean(name or path.name), sha256)[:40]}",
        kind=_kind(kind),
        source=SOURCE,
        file_name=name_clean(name or path.name),
        size=path.stat().st_size,
        sha256=sha256,
        metadata={"importer": "knowledge.imports", "dataset": dataset},
    )
    return receipt_accept(envelope=envelope, payload=path).pk


def _kind(kind: str) -> EnvelopeKind:
    kinds: dict[str, EnvelopeKind] = {
        "measurement": "measurement",
        "literature": "literature",
        "computation": "computation",
        "prediction": "prediction",
    }
    return kinds[kind]


def dataset_of(mapping: ColumnMapping) -> Dataset:
    """The data set a mapping names, made or brought up to date."""
    known = Dataset.objects.filter(slug=mapping.slug).first()
    project = {} if mapping.project_id is None else {"project_id": mapping.project_id}
    return dataset_ensure(
        **project,
        slug=mapping.slug,
        topic=mapping.topic,
        title=mapping.title,
        kind=mapping.kind,
        licence=mapping.licence,
        citation=mapping.citation,
        url=mapping.url,
        version=known.version if known else "",
    )


def version_update(dataset: Dataset) -> None:
    """The version of a data set: a hash over the state of all its files."""
    files = Import.objects.filter(dataset=dataset).order_by("part").values_list("part", "fingerprint")
    version = fingerprint(*(f"{name} {mark}" for name, mark in files))[:16]
    if dataset.version != version:
        dataset.version = version
        dataset.save(update_fields=["version", "updated"])


def import_store(
    dataset: Dataset,
    source: Source,
    read: Read,
    *,
    part: str,
    mark: str,
    receipts: list[str],
    mapping: dict[str, Any],
    tables: Sequence[dict[str, Any]] = (),
) -> Report:
    """Write what was read of one source, withdraw what it no longer holds, and note the counts."""
    before = Import.objects.filter(dataset=dataset, part=part).values_list("file_name", flat=True)
    drafts = keys_settled(dataset, read.drafts)
    written = records_write(dataset, drafts, complete_files={source.name, *before})
    lost_rows = sum("column" not in item for item in read.rejected)
    counts: dict[str, Any] = {
        "rows": len(read.drafts) + read.merged + lost_rows,
        "records": len(read.drafts),
        "merged": read.merged,
        "rejected": read.rejected,
        "mapping": mapping,
        "tables": list(tables),
    }
    Import.objects.update_or_create(
        dataset=dataset,
        part=part,
        defaults={**counts, "file_name": source.name, "fingerprint": mark, "receipts": receipts},
    )
    version_update(dataset)
    dataset_version_note(dataset, written, part=source.name)
    return Report(file=source.name, topic=dataset.topic, dataset=dataset.slug, **counts)


def stored_report(dataset_slug: str, source: Source, mark: str, part: str = "") -> Report | None:
    """The report of an import that was already made with exactly these bytes and this reading; none otherwise."""
    further = Q(part=part) | Q(part__startswith=f"{part} file=".strip())
    done = Import.objects.filter(further, dataset__slug=dataset_slug, fingerprint=mark)
    row = done.select_related("dataset").first()
    if row is None:
        return None
    return Report(
        file=source.name,
        topic=row.dataset.topic,
        dataset=dataset_slug,
        rows=row.rows,
        records=row.records,
        merged=row.merged,
        rejected=row.rejected,
        mapping=row.mapping,
        tables=row.tables,
        unchanged=True,
    )


KEPT = ("part", "file_name", "fingerprint", "receipts", "rows", "records", "merged", "rejected", "mapping", "tables")


def imports_noted(slugs: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """The imports of these data sets as they are now, for `import_undo` to put back."""
    found: dict[str, list[dict[str, Any]]] = {slug: [] for slug in slugs}
    for slug, *values in Import.objects.filter(dataset__slug__in=slugs).values_list("dataset__slug", *KEPT):
        found[slug].append(dict(zip(KEPT, values, strict=True)))
    return found


def import_undo(dataset: Dataset, *, since: datetime, before: Sequence[dict[str, Any]]) -> Written:
    """Bring a data set back to what it was at `since`: its records, and the imports that were noted then."""
    written = dataset_undo(dataset=dataset, since=since)
    noted = {row["part"]: row for row in before}
    with transaction.atomic():
        for row in Import.objects.filter(dataset=dataset, updated__gte=since):
            if row.part not in noted:
                row.delete()
                continue
            for name, value in noted[row.part].items():
                setattr(row, name, value)
            row.save()
        version_update(dataset)
    return written
