"""The records of a Query, page by page, with the rights of the reader; each as a full JSON document."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from eln.accounts.scope import Scope
from knowledge.query.executor import run
from knowledge.query.types import Query
from knowledge.records.models import Dataset, Record
from knowledge.records.selectors import records_visible

PAGE = 5000
SELECTED = 500  # ids in one condition


@dataclass
class Reading:
    """What was read so far: for the manifest, and for the rights at download."""

    total: int = 0
    rows: int = 0
    gone: int = 0
    datasets: dict[int, int] = field(default_factory=dict)
    kinds: dict[str, int] = field(default_factory=dict)
    projects: set[int] = field(default_factory=set)


def document_of(record: Record, select: frozenset[str]) -> dict[str, Any]:  # Any: JSON
    """A record with its provenance; only the selected properties, or all."""
    values = record.values if not select else [value for value in record.values if value["property"] in select]
    return {
        "record": record.pk, "version": record.version, "topic": record.topic, "dataset": record.dataset.slug,
        "kind": record.kind, "formula": record.formula, "formula_source": record.formula_source,
        "elements": record.elements, "spacegroup_number": record.spacegroup_number, "external_id": record.external_id,
        "title": record.title, "file_name": record.file_name, "locator": record.locator, "receipt": record.receipt,
        "entry": record.entry_id, "updated": record.updated.isoformat(), "values": values, "structure": record.structure,
    }  # fmt: skip


def pages(query: Query, *, scope: Scope, reading: Reading) -> Iterator[list[dict[str, Any]]]:
    """The matches in the order of the query, a page at a time; `reading` counts along. Rights apply to every page anew."""
    select = frozenset(query.select)
    asked = replace(
        query, select=("record",), limit=PAGE, offset=0, after=None, facets=(), aggregate=None, histograms=()
    )
    while True:
        found = run(asked, scope=scope)
        reading.total = max(found.count, reading.rows)
        ids = [row.record for row in found.rows]
        stored = _stored(ids, scope)
        documents = [document_of(stored[pk], select) for pk in ids if pk in stored]
        for pk in ids:
            if pk not in stored:
                reading.gone += 1
                continue
            record = stored[pk]
            reading.datasets[record.dataset_id] = reading.datasets.get(record.dataset_id, 0) + 1
            reading.kinds[record.kind] = reading.kinds.get(record.kind, 0) + 1
            if record.project_id is not None:
                reading.projects.add(record.project_id)
        reading.rows += len(documents)
        yield documents
        if found.next is None:
            return
        asked = replace(asked, after=found.next)


def _stored(ids: list[str], scope: Scope) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for at in range(0, len(ids), SELECTED):
        for record in records_visible(scope=scope).filter(pk__in=ids[at : at + SELECTED]):
            found[record.pk] = record
    return found


def sources_of(reading: Reading) -> list[dict[str, Any]]:
    """The data sets of what was read, with what must be said when their values are used."""
    return [
        {
            "id": source.slug, "title": source.title, "topic": source.topic, "kind": source.kind,
            "version": source.version, "licence": source.licence, "citation": source.citation, "url": source.url,
            "records": reading.datasets[source.pk],
        }
        for source in Dataset.objects.filter(pk__in=list(reading.datasets)).order_by("slug")
    ]  # fmt: skip
