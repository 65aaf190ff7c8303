"""Entries as JSON: a record of the index with its geometry becomes a structure, a data set a reference. Kept for repeated answers."""

import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC
from typing import Any

import orjson

from knowledge.chemistry.spacegroups import spaced_symbols
from knowledge.geometry.models import Geometry
from knowledge.index.columns import columns_of, fingerprint
from knowledge.index.rows import properties
from knowledge.optimade.fields import PREFIX, fields
from knowledge.optimade.listing import KEY, Row
from knowledge.records.models import Dataset, Record

Json = dict[str, Any]  # a JSON object
KEPT_BYTES = 64 * 2**20
SOURCE_S = 2.0
TOLD = (
    "record", "version", "dataset", "topic", "kind", "formula", "formula_source", "formula_alphabetical",
    "formula_anonymous", "formula_hill", "elements", "elements_ratios", "nelements", "spacegroup_number", "external_id",
    "title", "last_modified", "cell_sites", "structure_features",
)  # fmt: skip
_DOI = re.compile(r"10\.\d{4,9}/[^\s\"<>;,]+[^\s\"<>;,.)\]]")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_STANDARD = {
    "last_modified": "last_modified", "elements": "elements", "nelements": "nelements",
    "elements_ratios": "elements_ratios", "chemical_formula_descriptive": "formula_source",
    "chemical_formula_reduced": "formula_alphabetical", "chemical_formula_anonymous": "formula_anonymous",
    "chemical_formula_hill": "formula_hill", "nsites": "cell_sites", "space_group_it_number": "spacegroup_number",
    **{PREFIX + name: name for name in ("dataset", "topic", "kind", "external_id", "title", "formula", "version")},
}  # fmt: skip


class Kept:
    """Finished JSON by key, the least used dropped first; safe to use from several threads."""

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._held: OrderedDict[object, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: object) -> bytes | None:
        """What is held for the key."""
        with self._lock:
            found = self._held.get(key)
            if found is not None:
                self._held.move_to_end(key)
            return found

    def put(self, key: object, value: bytes) -> None:
        """Hold this, and drop what no longer fits."""
        with self._lock:
            old = self._held.pop(key, b"")
            self._held[key] = value
            self._size += len(value) - len(old)
            while self._size > self._most:
                self._size -= len(self._held.popitem(last=False)[1])


_whole = Kept(KEPT_BYTES)
_sources: dict[str, tuple[float, bytes]] = {}


def structures_json(rows: Sequence[Row], wanted: tuple[str, ...] | None, more: Callable[[], list[Row]]) -> list[bytes]:
    """The structures of a page as JSON. rows: as `columns_for` says; `more` gives the whole rows where some are not kept.

    `wanted` none = with all their properties; finished ones are kept.
    """
    if wanted is not None:
        return [orjson.dumps(entry) for entry in structures(rows, wanted)]
    mark = fingerprint()
    found = [_whole.get((mark, row)) for row in rows]
    if None not in found:
        return [text for text in found if text is not None]
    made = []
    for row, entry in zip(rows, structures(more(), None), strict=False):  # the same statement, so the same rows
        made.append(orjson.dumps(entry))
        _whole.put((mark, row), made[-1])
    return made


def columns_for(wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    """The columns of the snapshot that a page must bring along: keys where finished entries may be kept, else what is asked."""
    if wanted is None:
        return KEY
    needed = {"record", "dataset", "topic", "spacegroup_number", "cell_sites"} | {
        _STANDARD.get(name, name) for name in wanted
    }
    return tuple(name for name in TOLD if name in needed)


def structures(rows: Sequence[Row], wanted: tuple[str, ...] | None) -> list[Json]:
    """The structures of rows of the columns TOLD, or of `columns_for(wanted)`."""
    if not rows:
        return []
    asked = fields("structures")
    names = [name for name in wanted if name in asked] if wanted is not None else list(asked)
    columns = TOLD if wanted is None else columns_for(wanted)
    said = {row[0]: dict(zip(columns, row, strict=True)) for row in rows}
    if any(asked[name].topics for name in names):
        for pk, stated in Record.objects.filter(pk__in=list(said)).values_list("pk", "values"):
            said[pk]["stated"] = stated
    shapes = _shapes(list(said)) if any(asked[name].geometry for name in names) else {}
    return [_structure(told, shapes.get(pk, {}), names, wanted) for pk, told in said.items()]


def _shapes(ids: list[str]) -> dict[str, Json]:
    found = Geometry.objects.filter(record_id__in=ids).exclude(document="").values_list("record_id", "document")
    return {pk: orjson.loads(document) for pk, document in found}


def _structure(told: Json, shape: Json, names: list[str], wanted: tuple[str, ...] | None) -> Json:
    provided = _provided(told) if "stated" in told else {}
    attributes: Json = {}
    for name in names:
        if name in ("id", "type"):
            continue
        if name in provided:
            attributes[name] = provided[name]
        elif wanted is not None or not name.startswith(PREFIX) or name in _STANDARD:
            attributes[name] = _attribute(name, told, shape)
    for name in wanted or ():
        if name not in ("id", "type"):
            attributes.setdefault(name, None)
    source = {"data": [{"type": "references", "id": told["dataset"]}]}
    return {
        "id": told["record"],
        "type": "structures",
        "attributes": attributes,
        "relationships": {"references": source},
    }


def _provided(told: Json) -> Json:
    found = properties(told["topic"], told["stated"])
    place = columns_of(told["topic"])
    values = {column.name: found[column.name] for column in place.values() if column.name in found}
    return {PREFIX + name.removeprefix("p_"): _whole_number(name, value) for name, value in values.items()}


def _whole_number(name: str, value: Any) -> Any:
    said = fields("structures")[PREFIX + name.removeprefix("p_")]
    return int(value) if said.type == "integer" and float(value).is_integer() else value


def _attribute(name: str, told: Json, shape: Json) -> Any:
    if name in _STANDARD:
        return told[_STANDARD[name]]
    match name:
        case "immutable_id":
            return told["record"]
        case "nperiodic_dimensions":
            return 3 if told["cell_sites"] else None
        case "dimension_types":
            return [1, 1, 1] if told["cell_sites"] else None
        case "structure_features":
            return sorted(told["structure_features"] or [])
        case "space_group_symbol_hermann_mauguin":
            return spaced_symbols().get(told["spacegroup_number"])
        case "space_group_symmetry_operations_xyz":
            agree = shape.get("space_group_number") == told["spacegroup_number"]
            return shape.get("operations") if agree else None
    return shape.get(name) if told["cell_sites"] else None


def reference(dataset: Dataset) -> Json:
    """A data set as a reference."""
    text = f"{dataset.citation} {dataset.url}"
    doi, years = _DOI.search(text), set(_YEAR.findall(dataset.citation))
    attributes = {
        "immutable_id": f"{dataset.slug}@{dataset.version}",
        "last_modified": dataset.updated.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "title": dataset.title,
        "note": dataset.citation or None,
        "doi": doi[0] if doi else None,
        "url": dataset.url or None,
        "year": years.pop() if len(years) == 1 else None,
        "bib_type": "misc",
        f"{PREFIX}licence": dataset.licence or None,
        f"{PREFIX}topic": dataset.topic,
        f"{PREFIX}kind": dataset.kind,
    }
    return {"id": dataset.slug, "type": "references", "attributes": attributes}


def references_json(slugs: Iterable[str]) -> list[bytes]:
    """The references of these data sets, as JSON; kept for a few seconds."""
    now, wanted = time.monotonic(), sorted(set(slugs))
    missing = [slug for slug in wanted if slug not in _sources or now - _sources[slug][0] > SOURCE_S]
    if missing:
        for dataset in Dataset.objects.filter(slug__in=missing):
            _sources[dataset.slug] = (now, orjson.dumps(reference(dataset)))
    return [_sources[slug][1] for slug in wanted if slug in _sources]


def limited(entry: Json, wanted: tuple[str, ...] | None) -> Json:
    """The same entry with the wanted attributes only, null where it has none of the name."""
    if wanted is None:
        return entry
    attributes = {name: entry["attributes"].get(name) for name in wanted if name not in ("id", "type")}
    return entry | {"attributes": attributes}
