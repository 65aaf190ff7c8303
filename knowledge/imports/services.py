"""Import published tables and structures: through the gateway like everything that enters, then into records."""

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from knowledge.errors import KnowledgeError
from knowledge.imports.claims import tables_claimed
from knowledge.imports.combining import Part, joined, keys_apart, mapping_shown, report_of
from knowledge.imports.long_tables import long_drafts
from knowledge.imports.mappings import ColumnMapping, Rule
from knowledge.imports.parts import part_settled
from knowledge.imports.reports import Report
from knowledge.imports.rows import Read, RowReader, fingerprint
from knowledge.imports.sources import sources_in, tables_read
from knowledge.imports.stated import StatedMapping
from knowledge.imports.storing import (
    READING_VERSION,
    bytes_accept,
    dataset_of,
    file_sha256,
    import_store,
    stored_report,
)
from knowledge.imports.structures.archives import archive_import, structure_members
from knowledge.imports.structures.importing import structures_import
from knowledge.imports.structures.tables import with_structures
from knowledge.imports.tables import Refused, Source
from knowledge.topics.schema import topics

log = logging.getLogger(__name__)
Progress = Callable[[str], None]


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


def table_import(
    source: Source,
    *,
    topic: str | None = None,
    progress: Progress | None = None,
    stated: StatedMapping | None = None,
) -> Report:
    """Import all tables of a file, by what a person `stated` or by what topics claim. Raises Refused when none is claimed."""
    return parts_import(source, tables_claimed(source, tables_read(source), topic, stated), progress=progress)


def parts_import(source: Source, parts: Sequence[Part], *, progress: Progress | None = None) -> Report:
    """Import tables of a file whose mappings are settled. Raises Refused where no row can be read."""
    sets: dict[tuple[str, str], list[Part]] = {}
    for part in parts:
        if part.mapping is not None:
            sets.setdefault((part.mapping.slug, part.mapping.part), []).append(part)
    hashes = [file_sha256(path) for path in source.files]
    marks = {name: _mark(members, hashes) for name, members in sets.items()}
    stored = [stored_report(slug, source, marks[slug, name], name) for slug, name in sets]
    done = [report for report in stored if report]
    if len(done) == len(sets):
        return report_of(done, parts)
    read = [_read(part, source, hashes, progress) for members in sets.values() for part in members]
    if not any(found.drafts or found.merged for found in read):
        reasons = [item["reason"] for found in read for item in found.rejected]
        raise Refused(f"no row could be read; the first: {reasons[0] if reasons else 'it has no rows'}")
    reports = [_store(source, members, marks[name], hashes, len(parts) > 1) for name, members in sets.items()]
    return report_of(reports, parts)


def _mark(members: Sequence[Part], hashes: Sequence[str]) -> str:
    """What the present reading of a data set's tables rests on: the bytes and how they are read."""
    return fingerprint(*(_mapping_hash(part.mapping) for part in members if part.mapping), *hashes)


def _receipts(source: Source, mapping: ColumnMapping, hashes: Sequence[str]) -> list[str]:
    return [
        bytes_accept(path, kind=mapping.kind, dataset=mapping.slug, sha256=sha256)
        for path, sha256 in zip(source.files, hashes, strict=True)
    ]


def _read(part: Part, source: Source, hashes: Sequence[str], progress: Progress | None) -> Read:
    """The rows of one table as drafts, with the cells that the file itself lacks named."""
    table, mapping = part.table, part.mapping
    assert mapping is not None  # noqa: S101 - the caller reads claimed tables only
    receipt = _receipts(source, mapping, hashes)[0]
    reader = RowReader(table, mapping, file_name=source.name, receipt=receipt)
    read = long_drafts(table, reader) if mapping.layout == "long" else reader.run()
    for (number, column), reason in table.lost.items():
        rule = mapping.rules.get(column, Rule())
        if rule.property or rule.role != "value":
            read.refuse(number, reason, column)
    read.rejected.sort(key=lambda item: int(item["row"]))
    part.read = with_structures(table, read, mapping.topic, progress) if table.structures else read
    return part.read


def _store(source: Source, members: Sequence[Part], mark: str, hashes: Sequence[str], several: bool) -> Report:
    mapping = members[0].mapping
    assert mapping is not None  # noqa: S101 - as above
    if len(members) > 1:
        keys_apart(members)
    part, read = part_settled(mapping.slug, mapping.part, source.name, joined(members, several))
    return import_store(
        dataset_of(mapping),
        source,
        read,
        part=part,
        mark=mark,
        receipts=_receipts(source, mapping, hashes),
        mapping=mapping_shown(members),
        tables=[part.document() for part in members],
    )


def paths_import(
    paths: list[Path],
    *,
    topic: str | None = None,
    progress: Progress | None = None,
    stated: StatedMapping | None = None,
) -> Iterator[Report]:
    """Import files and folders one source after the other; a refused one stops no other."""
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
                yield _one(source, topic, progress, stated)
        yield from structures_import(structures, topic=topic, progress=progress, complete=path.is_dir())


def _one(source: Source, topic: str | None, progress: Progress | None, stated: StatedMapping | None) -> Report:
    try:
        if members := structure_members(source.files[0]):
            return archive_import(source, members, progress)
        return table_import(source, topic=topic, progress=progress, stated=stated)
    except Refused as error:
        return Report(file=source.name, error=str(error))
    except OSError as error:
        return Report(file=source.name, error=f"cannot be read: {error.strerror or error}")
    except Exception as error:  # whatever a strange file provokes in a reader: the others must go on
        log.exception("import of %s", source.name)
        return Report(file=source.name, error=f"its reader failed ({type(error).__name__}: {str(error)[:120]})")
