"""Records and materials by id: one, its versions and its structure, or thousands at once."""

from collections.abc import Iterator, Sequence

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from ninja import Query as Parameters
from ninja import Router, Schema
from pydantic import Field

from eln.accounts.scope import Scope
from knowledge.api.application import reading, reading_index
from knowledge.api.documents import (
    MOST_ROWS,
    FoundRecord,
    LookupIn,
    LookupOut,
    MaterialOut,
    PageParameters,
    RecordOut,
    RecordWhole,
    VersionOut,
    record_out,
    stored_out,
    whole_out,
)
from knowledge.api.lines import lines, streamed, wants_lines
from knowledge.api.problems import NothingHere
from knowledge.api.search import page_query
from knowledge.errors import QueryError
from knowledge.formula import NotAFormula, parse_formula
from knowledge.query.executor import run
from knowledge.query.types import Compare, Query
from knowledge.records.models import Kind, Record
from knowledge.records.selectors import record_get, records_found

router = Router(tags=["records"])
CHUNK = 500
LINES = {"responses": {200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}}}}
CIF = {"responses": {200: {"description": "CIF", "content": {"chemical/x-cif": {"schema": {"type": "string"}}}}}}


class MaterialBrief(Schema):
    """One material of a list, with the first of its records."""

    formula: str
    elements: list[str]
    record: str


class MaterialsOut(Schema):
    """The exact number of materials and one page of them."""

    count: int
    items: list[MaterialBrief]
    next: str | None


class MaterialParameters(Schema):
    """Which records of a material."""

    predictions: bool = False
    limit: int = Field(MOST_ROWS, ge=1, le=MOST_ROWS)


def _record(scope: Scope, name: str) -> Record:
    found = record_get(scope=scope, record_id=name)
    if found is None:
        raise NothingHere(f"There is no record '{name[:80]}' that you may read.")
    return found


@router.post(
    "/records/lookup", response=LookupOut, operation_id="lookup_records", summary="Many records", openapi_extra=LINES
)
def lookup_records(request: HttpRequest, asked: LookupIn) -> LookupOut | HttpResponseBase:
    """Records by up to 10,000 ids: the record's own, or the source's (mp-541837). With Accept: application/jsonl a line each."""
    scope = reading(request).scope
    return _looked_up(request, _by_ids(asked.ids, scope))


@router.post(
    "/materials/lookup",
    response=LookupOut,
    operation_id="lookup_materials",
    summary="Many materials",
    openapi_extra=LINES,
)
def lookup_materials(request: HttpRequest, asked: LookupIn) -> LookupOut | HttpResponseBase:
    """The records of up to 10,000 formulae in any spelling. With Accept: application/jsonl a line each."""
    scope = reading(request).scope
    return _looked_up(request, _by_formulae(asked.ids, scope))


@router.get("/records/{record}", response=RecordWhole, operation_id="record", summary="One record")
def record(request: HttpRequest, record: str) -> RecordWhole:
    """Everything one record states, with its place in its source; also a withdrawn one, marked so."""
    return whole_out(_record(reading(request).scope, record))


@router.get(
    "/records/{record}/versions",
    response=list[VersionOut],
    operation_id="record_versions",
    summary="What it said before",
)
def versions(request: HttpRequest, record: str) -> list[VersionOut]:
    """All versions of a record, the present one first."""
    found = _record(reading(request).scope, record)
    present = VersionOut(version=found.version, replaced=None, record=whole_out(found).model_dump())
    before = [
        VersionOut(version=old.version, replaced=old.replaced.isoformat(), record={"id": found.pk, **old.document})
        for old in found.versions.order_by("-version")
    ]
    return [present, *before]


@router.get(
    "/records/{record}/structure", operation_id="record_structure", summary="Its crystal structure", openapi_extra=CIF
)
def structure(request: HttpRequest, record: str) -> HttpResponse:
    """The CIF, where the source gives a structure."""
    found = _record(reading(request).scope, record)
    if not found.structure:
        raise NothingHere("This record has no crystal structure.")
    return HttpResponse(found.structure, content_type="chemical/x-cif; charset=utf-8")


def _looked_up(request: HttpRequest, found: Iterator[tuple[str, list[Record]]]) -> LookupOut | HttpResponseBase:
    if wants_lines(request):
        documents = (
            {"asked": name, "records": [stored_out(record).model_dump() for record in records]}
            for name, records in found
        )
        return streamed(request, lines(documents))
    items, missing = [], []
    for name, records in found:
        if records:
            items.append(FoundRecord.model_construct(asked=name, records=[stored_out(record) for record in records]))
        else:
            missing.append(name)
    return LookupOut.model_construct(items=items, missing=missing)


def _by_ids(names: Sequence[str], scope: Scope) -> Iterator[tuple[str, list[Record]]]:
    for at in range(0, len(names), CHUNK):
        chunk = names[at : at + CHUNK]
        by_id = {record.pk: [record] for record in records_found(scope=scope, ids=chunk)}
        by_source: dict[str, list[Record]] = {}
        for record in records_found(scope=scope, external_ids=[name for name in chunk if name and name not in by_id]):
            by_source.setdefault(record.external_id, []).append(record)
        yield from ((name, by_id.get(name) or by_source.get(name, [])) for name in chunk)


def _by_formulae(names: Sequence[str], scope: Scope) -> Iterator[tuple[str, list[Record]]]:
    for at in range(0, len(names), CHUNK):
        chunk = names[at : at + CHUNK]
        reduced = {name: _reduced(name) for name in chunk}
        found: dict[str, list[Record]] = {}
        for record in records_found(scope=scope, formulae=sorted(set(filter(None, reduced.values())))):
            found.setdefault(record.formula, []).append(record)
        yield from ((name, found.get(reduced[name] or "", [])) for name in chunk)


def _reduced(name: str) -> str | None:
    try:
        return parse_formula(name).reduced
    except NotAFormula:
        return None


@router.get("/materials", response=MaterialsOut, operation_id="materials", summary="Find materials")
def materials(request: HttpRequest, asked: Parameters[PageParameters]) -> MaterialsOut:
    """Each reduced formula once that has a record matching the filter."""
    query = page_query(asked.model_copy(update={"entities": "materials", "facet": []}))
    found = run(query, scope=reading_index(request).scope)
    items = [MaterialBrief(formula=row.formula, elements=list(row.elements), record=row.record) for row in found.rows]
    return MaterialsOut(count=found.count, items=items, next=found.next)


@router.get("/materials/{formula}", response=MaterialOut, operation_id="material", summary="All records of a material")
def material(request: HttpRequest, formula: str, asked: Parameters[MaterialParameters]) -> MaterialOut:
    """The records of one reduced formula; predictions only when asked for."""
    scope = reading_index(request).scope
    reduced = _reduced(formula)
    if reduced is None:
        raise QueryError(f"'{formula[:80]}' is no formula.")
    kinds = tuple(Kind.values) if asked.predictions else ()
    found = run(Query(where=Compare("formula", "=", reduced), kinds=kinds, limit=asked.limit), scope=scope)
    if not found.rows:
        raise NothingHere(f"No record of {reduced} that you may read.")
    rows: list[RecordOut] = [record_out(row) for row in found.rows]
    return MaterialOut(formula=reduced, elements=rows[0].elements, count=found.count, records=rows)
