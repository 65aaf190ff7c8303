"""CIF and POSCAR files: each file is a source, the files of one folder a data set of topic crystal_structures."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from knowledge.imports.columns import slug_of
from knowledge.imports.mappings import ColumnMapping
from knowledge.imports.models import Import
from knowledge.imports.reports import Report
from knowledge.imports.rows import Read, fingerprint
from knowledge.imports.storing import (
    READING_VERSION,
    bytes_accept,
    dataset_of,
    file_sha256,
    import_store,
    stored_report,
    version_update,
)
from knowledge.imports.structures.drafts import structure_draft
from knowledge.imports.structures.pool import structures_read
from knowledge.imports.tables import Source
from knowledge.records.models import Record
from knowledge.records.services import records_withdraw

TOPIC = "crystal_structures"
_MAPPING = {"structure": {"property": "structure", "unit": None, "confidence": 1.0}}


def structures_import(
    sources: list[Source],
    *,
    topic: str | None = None,
    progress: Callable[[str], None] | None = None,
    complete: bool = False,
) -> Iterator[Report]:
    """Import structure files; one report each, broken ones refused with their reason.

    With `complete` the sources are all files of their folders: what a folder held before and holds no more is withdrawn.
    """
    if topic not in (None, TOPIC):
        yield from (Report(file=s.name, error=f"is a crystal structure: topic {TOPIC}, not {topic}") for s in sources)
        return
    folders: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        folders[source.group].append(source)
    for folder, members in folders.items():
        slug = slug_of(folder)
        before = set(Import.objects.filter(dataset__slug=slug).values_list("part", flat=True))
        yield from _folder_import(folder, members, progress)
        present = {member.files[0].name for member in members}
        if complete and present & before:  # another folder of the same name takes nothing away
            for part in before - present:
                _part_withdraw(slug, part)


def _folder_import(folder: str, sources: list[Source], progress: Callable[[str], None] | None) -> Iterator[Report]:
    slug, title = slug_of(folder), folder.replace("_", " ")[:200]
    mapping = ColumnMapping(topic=TOPIC, slug=slug, title=title, kind="literature", rules={})
    due: list[tuple[Source, str, str]] = []
    for source in sources:
        sha256 = file_sha256(source.files[0])
        mark = fingerprint(READING_VERSION, sha256)
        if report := stored_report(slug, source, mark, source.files[0].name):
            yield report
        else:
            due.append((source, sha256, mark))
    requests = [{"path": str(s.files[0]), "name": s.files[0].name, "diffraction": True} for s, _, _ in due]

    def tell(count: int) -> None:
        if progress and count % 10 == 0:
            progress(f"{count} of {len(due)} structures of {folder}")

    for (source, sha256, mark), answer in zip(due, structures_read(requests, progress=tell), strict=True):
        yield _file_import(source, mapping, answer, sha256, mark)


def _part_withdraw(slug: str, part: str) -> None:
    """Withdraw what a file said that was damaged or removed."""
    row = Import.objects.filter(dataset__slug=slug, part=part).first()
    if row is not None:
        held = Record.objects.filter(dataset=row.dataset, file_name=row.file_name, withdrawn=False)
        records_withdraw(list(held.values_list("pk", flat=True)))
        row.delete()
        version_update(row.dataset)


def _file_import(source: Source, mapping: ColumnMapping, answer: dict[str, Any], sha256: str, mark: str) -> Report:
    if "error" in answer:
        _part_withdraw(mapping.slug, source.files[0].name)
        return Report(file=source.name, error=answer["error"])
    receipt = bytes_accept(source.files[0], kind=mapping.kind, dataset=mapping.slug, sha256=sha256)
    read = Read()
    for number, found in enumerate(answer["structures"], 1):
        many = len(answer["structures"]) > 1
        draft = structure_draft(
            found,
            key=f"{source.files[0].name}#{number}" if many else source.files[0].name,
            receipt=receipt,
            file_name=source.name,
            locator=f"block {found['block']}" if many and found["block"] else f"structure {number}",
            name=source.files[0].stem,
        )
        read.drafts.append(draft)
    for number, fault in enumerate(answer.get("faults", ()), len(answer["structures"]) + 1):
        read.refuse(number, f"block {fault['block']}: {fault['reason']}")
    return import_store(
        dataset_of(mapping), source, read, part=source.files[0].name, mark=mark, receipts=[receipt], mapping=_MAPPING
    )
