"""Import published tables and structures: through the gateway like everything that enters, then into records."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from knowledge.errors import KnowledgeError
from knowledge.imports.columns import guessed_mapping
from knowledge.imports.facts_table import long_drafts
from knowledge.imports.mappings import ColumnMapping, known_mapping
from knowledge.imports.models import Import
from knowledge.imports.reports import Report
from knowledge.imports.rows import RowReader, fingerprint
from knowledge.imports.sources import sources_in, table_read
from knowledge.imports.storing import (
    READING_VERSION,
    bytes_accept,
    dataset_of,
    file_sha256,
    import_store,
    stored_report,
)
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
