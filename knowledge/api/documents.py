"""What the API gives of records and materials, and how a search is asked: typed, so that the description follows."""

from typing import Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from knowledge.query.executor import stated_of
from knowledge.query.types import Evidence, Row, Stated
from knowledge.records.models import Record

MOST_ROWS = 1000
MOST_IDS = 10_000
FILTER = 'elements HAS "Bi" AND spacegroup_number = 166'


class Value(Schema):
    """One value as a record states it."""

    property: str
    value: Any = Field(None, description="number, text, truth or a list; in `unit`")
    unit: str | None = None
    uncertainty: float | None = None
    bound: str | None = Field(
        None, description="set where the source gives only a limit: the true value is `bound` of it"
    )
    low: float | None = Field(None, description="lower end of a range; `value` is its middle")
    high: float | None = None
    conditions: dict[str, Any] = {}
    method: str | None = None
    column: str | None = Field(None, description="column of the source")
    raw: str | None = Field(None, description="as the source spells it")


class RecordOut(Schema):
    """One record with what a citation needs."""

    id: str
    version: int
    topic: str
    dataset: str
    kind: str = Field(description="measurement, literature, computation or prediction")
    formula: str = Field(description="reduced; empty if there is none")
    formula_source: str = Field(description="as the source wrote it")
    external_id: str
    spacegroup_number: int | None
    elements: list[str]
    file_name: str
    locator: str = Field(description="row, line or entry inside the file")
    values: list[Value]


class RecordWhole(RecordOut):
    """One record with all that is stored of it."""

    title: str
    withdrawn: bool = Field(description="its source no longer states it")
    structure: bool = Field(description="whether records/{record}/structure gives a CIF")
    licence: str
    citation: str
    url: str
    created: str
    updated: str


class VersionOut(Schema):
    """What a record said in one version. `replaced` is null for the present one."""

    version: int
    replaced: str | None
    record: dict[str, Any]


class SearchParameters(Schema):
    """A query by filter text in OPTIMADE's grammar."""

    model_config = ConfigDict(extra="forbid")

    filter: str | None = Field(None, max_length=8000, examples=[FILTER])
    topic: str | None = Field(None, max_length=60, examples=["topological_materials"])
    kind: list[str] = Field([], max_length=4, description="only these kinds; without: all but predictions")


class PageParameters(SearchParameters):
    """The same, one page of it."""

    sort: str = Field(
        "", max_length=500, description="properties with commas, a minus for falling", examples=["-band_gap"]
    )
    select: list[str] = Field([], max_length=100, description="only the values of these properties")
    limit: int = Field(50, ge=0, le=MOST_ROWS)
    offset: int = Field(0, ge=0, le=10**9, description="skip so many; `after` is quicker")
    after: str | None = Field(None, max_length=2000, description="`next` of the page before, for the same query")
    entities: Literal["records", "materials"] = Field("records", description="materials: each reduced formula once")
    facet: list[str] = Field([], max_length=20, description="count the values of these properties")


class SearchIn(PageParameters):
    """The same as a body, or a whole Query as docs/reference/query.md describes it; not both."""

    query: dict[str, Any] | None = Field(
        None, examples=[{"where": {"elements": {"mode": "all", "symbols": ["Bi"]}}, "limit": 10}]
    )


class BinnedOut(Schema):
    """Counts between `edges` (one more than counts), in `unit`."""

    property: str
    unit: str | None
    edges: list[float]
    counts: list[int]
    groups: dict[str, list[int]] = {}


class SearchOut(Schema):
    """The exact number of matches, one page of them, figures, facets; `next` is `after` of the page behind."""

    count: int
    items: list[RecordOut]
    next: str | None = None
    aggregate: float | None = None
    groups: dict[str, float] = {}
    facets: dict[str, dict[str, int]] = {}
    histograms: list[BinnedOut] = []
    query: dict[str, Any] = Field(description="what was understood, as a Query")
    elapsed_ms: float


class MaterialOut(Schema):
    """All records of one material; `count` may be larger than what is listed."""

    formula: str
    elements: list[str]
    count: int
    records: list[RecordOut]


class LookupIn(Schema):
    """Many ids at once."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(min_length=1, max_length=MOST_IDS, examples=[["mp-541837", "Bi2Se3"]])


class FoundRecord(Schema):
    """One id of a lookup and the records it names."""

    asked: str
    records: list[RecordOut]


class LookupOut(Schema):
    """What a lookup found, in the order of the ids; `missing` names nothing that the caller may read."""

    items: list[FoundRecord]
    missing: list[str]


def _value(one: Stated) -> Value:
    return Value.model_construct(
        property=one.property, value=list(one.value) if isinstance(one.value, tuple) else one.value, unit=one.unit,
        uncertainty=one.uncertainty, bound=one.bound, low=one.low, high=one.high, conditions=dict(one.conditions),
        method=one.method, column=one.column, raw=one.raw,
    )  # fmt: skip


def record_out(row: Row) -> RecordOut:
    """A row of Evidence as the API gives it."""
    return RecordOut.model_construct(
        id=row.record, version=row.version, topic=row.topic, dataset=row.dataset, kind=row.kind, formula=row.formula,
        formula_source=row.formula_source, external_id=row.external_id, spacegroup_number=row.spacegroup_number,
        elements=list(row.elements), file_name=row.file_name, locator=row.locator,
        values=[_value(one) for one in row.values],
    )  # fmt: skip


def _fields(record: Record) -> dict[str, Any]:
    return {
        "id": record.pk, "version": record.version, "topic": record.topic, "dataset": record.dataset.slug,
        "kind": record.kind, "formula": record.formula, "formula_source": record.formula_source,
        "external_id": record.external_id, "spacegroup_number": record.spacegroup_number,
        "elements": list(record.elements), "file_name": record.file_name, "locator": record.locator,
        "values": [_value(stated_of(value)) for value in record.values],
    }  # fmt: skip


def stored_out(record: Record) -> RecordOut:
    """A stored record as searches give it."""
    return RecordOut.model_construct(**_fields(record))


def whole_out(record: Record) -> RecordWhole:
    """A stored record with all there is, its source with licence and citation among it."""
    source = record.dataset
    return RecordWhole.model_construct(
        **_fields(record), title=record.title, withdrawn=record.withdrawn, structure=bool(record.structure),
        licence=source.licence, citation=source.citation, url=source.url, created=record.created.isoformat(),
        updated=record.updated.isoformat(),
    )  # fmt: skip


def search_out(found: Evidence, query: dict[str, Any]) -> SearchOut:
    """Evidence as the API gives it; `query` is its JSON form."""
    return SearchOut(
        count=found.count,
        items=[record_out(row) for row in found.rows],
        next=found.next,
        aggregate=found.aggregate,
        groups=dict(found.groups),
        facets={name: dict(counts) for name, counts in found.facets.items()},
        histograms=[
            BinnedOut(
                property=one.property, unit=one.unit, edges=list(one.edges), counts=list(one.counts),
                groups={name: list(counts) for name, counts in one.groups.items()},
            )
            for one in found.histograms
        ],
        query=query,
        elapsed_ms=round(found.elapsed_ms, 3),
    )  # fmt: skip
