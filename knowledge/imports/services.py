"""Import published tables and structures: through the gateway like everything that enters, then into records."""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.contract import Envelope
from ingest.contract.envelope import EnvelopeKind
from ingest.gateway.services import receipt_accept
from knowledge.errors import KnowledgeError
from knowledge.imports.columns import guessed_mapping
from knowledge.imports.facts_table import long_drafts
from knowledge.imports.mappings import ColumnMapping, known_mapping
from knowledge.imports.models import Import
from knowledge.imports.reports import Report
from knowledge.imports.rows import Read, RowReader, fingerprint
from knowledge.imports.sources import sources_in, table_read
from knowledge.imports.structures.tables import with_structures
from knowledge.imports.tables import Refused, Source
from knowledge.records.models import Dataset
from knowledge.records.services import dataset_ensure, records_write
from knowledge.topics.schema import topics

log = logging.getLogger(__name__)
READING_VERSION = "2"  # raise when the same bytes shall give other records
SOURCE = "import"
Progress = Callable[[str], None]


def file_sha256(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def bytes_accept(path: Path, *, kind: str, dataset: str, sha256: str, name: str | None = None) -> str:
    """Hand one file to the gateway; the id of its receipt. The same file of the same data set is the same receipt."""
    envelope = Envelope(
        id=f"import-{fingerprint(dataset, name or path.name, sha256)[:40]}",
        kind=_kind(kind),
        source=SOURCE,
        file_name=name or path.name,
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


def _mapping_hash(mapping: ColumnMapping) -> str:
    parts = [
        READING_VERSION,
        str(topics()[mapping.topic].version),
        mapping.slug,
        mapping.layout,
        str(mapping.constants),
    ]
    parts += [f"{column}={rule}" for column, rule in sorted(mapping.rules.items())]
    return fingerprint(*parts)


def dataset_of(mapping: ColumnMapping) -> Dataset:
    """The data set a mapping names, made or brought up to date."""
    known = Dataset.objects.filter(slug=mapping.slug).first()
    return dataset_ensure(
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
    dataset: Dataset, source: Source, read: Read, *, part: str, mark: str, receipts: list[str], mapping: dict[str, Any]
) -> Report:
    """Write what was read of one source, withdraw what it no longer holds, and note the counts."""
    before = Import.objects.filter(dataset=dataset, part=part).values_list("file_name", flat=True)
    records_write(dataset, read.drafts, complete_files={source.name, *before})
    lost_rows = sum("column" not in item for item in read.rejected)
    counts: dict[str, Any] = {
        "rows": len(read.drafts) + read.merged + lost_rows,
        "records": len(read.drafts),
        "merged": read.merged,
        "rejected": read.rejected,
        "mapping": mapping,
    }
    Import.objects.update_or_create(
        dataset=dataset,
        part=part,
        defaults={**counts, "file_name": source.name, "fingerprint": mark, "receipts": receipts},
    )
    version_update(dataset)
    return Report(file=source.name, topic=dataset.topic, dataset=dataset.slug, **counts)


def stored_report(dataset_slug: str, source: Source, mark: str, part: str = "") -> Report | None:
    """The report of an import that was already made with exactly these bytes and this reading; none otherwise."""
    done = Import.objects.filter(dataset__slug=dataset_slug, part=part, fingerprint=mark)
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
        unchanged=True,
    )


def _apart(mapping: ColumnMapping) -> ColumnMapping:
    """The same mapping under a slug of its own, where another table of this name has other columns."""
    known = Import.objects.filter(dataset__slug=mapping.slug).first()
    if known is None or set(known.mapping) == set(mapping.rules):
        return mapping
    return replace(mapping, slug=f"{mapping.slug[:70]}-{fingerprint(*sorted(mapping.rules))[:8]}")


def table_import(source: Source, *, topic: str | None = None, progress: Progress | None = None) -> Report:
    """Import one table. Raises Refused when it is none that a topic claims."""
    table = table_read(source)
    mapping = known_mapping(source, table, topic) or _apart(guessed_mapping(source, table, topic))
    hashes = [file_sha256(path) for path in source.files]
    mark = fingerprint(_mapping_hash(mapping), *hashes)
    if report := stored_report(mapping.slug, source, mark, mapping.part):
        return report
    receipts = [
        bytes_accept(path, kind=mapping.kind, dataset=mapping.slug, sha256=sha256)
        for path, sha256 in zip(source.files, hashes, strict=True)
    ]
    reader = RowReader(table, mapping, file_name=source.name, receipt=receipts[0])
    read = long_drafts(table, reader) if mapping.layout == "long" else reader.run()
    if not read.drafts and not read.merged:
        first = read.rejected[0]["reason"] if read.rejected else "it has no rows"
        raise Refused(f"no row could be read; the first: {first}")
    if table.structures:
        read = with_structures(table, read, progress)
    shown = {column: rule.document() for column, rule in mapping.rules.items()}
    return import_store(
        dataset_of(mapping), source, read, part=mapping.part, mark=mark, receipts=receipts, mapping=shown
    )


def paths_import(paths: list[Path], *, topic: str | None = None, progress: Progress | None = None) -> Iterator[Report]:
    """Import files and folders one source after the other; a refused one stops no other."""
    from knowledge.imports.structures.importing import structures_import

    if topic is not None and topic not in topics():
        raise KnowledgeError(f"there is no topic {topic!r}: choose one of {', '.join(topics())}")
    for path in paths:
        try:
            sources = sources_in(path)
        except (Refused, OSError, ValueError) as error:
            yield Report(file=str(path), error=f"{error}")
            continue
        structures = [source for source in sources if source.reader == "structure"]
        for source in sources:
            if source.reader != "structure":
                if progress:
                    progress(f"reading {source.name}")
                yield _one(source, topic, progress)
        yield from structures_import(structures, topic=topic, progress=progress)


def _one(source: Source, topic: str | None, progress: Progress | None) -> Report:
    try:
        return table_import(source, topic=topic, progress=progress)
    except Refused as error:
        return Report(file=source.name, error=str(error))
    except OSError as error:
        return Report(file=source.name, error=f"cannot be read: {error.strerror or error}")
    except (ValueError, KeyError, IndexError, RecursionError, OverflowError) as error:
        log.exception("import of %s", source.name)  # a reader's fault, not the person's: the others must go on
        return Report(file=source.name, error=f"its reader failed ({type(error).__name__}: {str(error)[:120]})")
