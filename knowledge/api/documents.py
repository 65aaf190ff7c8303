"""What the API takes and gives: typed, so that the OpenAPI description follows."""

from typing import Any

from ninja import Schema
from pydantic import ConfigDict, Field

from knowledge.query.types import Row


class Value(Schema):
    """One value as a record states it."""

    property: str
    value: Any = None  # number, text, truth or list
    unit: str | None = None
    uncertainty: float | None = None
    conditions: dict[str, Any] = {}
    method: str | None = None
    column: str | None = None
    raw: str | None = None


class RecordOut(Schema):
    """One record with what a citation needs."""

    id: str
    version: int
    topic: str
    dataset: str
    kind: str
    formula: str
    formula_source: str
    external_id: str
    spacegroup_number: int | None
    elements: list[str]
    file_name: str
    locator: str
    values: list[Value]


class SearchParameters(Schema):
    """A query by filter text in OPTIMADE's grammar."""

    model_config = ConfigDict(extra="forbid")

    filter: str | None = Field(default=None, description='such as: elements HAS "Bi" AND spacegroup_number = 166')
    topic: str | None = None
    sort: str = Field(default="", description="properties with commas, a minus for falling")
    limit: int = Field(default=50, ge=0, le=1000)
    offset: int = Field(default=0, ge=0, le=10**9)


class SearchIn(SearchParameters):
    """The same, or a whole Query as JSON; not both."""

    query: dict[str, Any] | None = Field(default=None, description="a Query as docs/reference/query.md describes it")


class SearchOut(Schema):
    """The exact number of matches, one page of them, figures and facets."""

    count: int
    items: list[RecordOut]
    aggregate: float | None = None
    groups: dict[str, float] = {}
    facets: dict[str, dict[str, int]] = {}
    query: dict[str, Any]
    elapsed_ms: float


class MaterialOut(Schema):
    """All records of one material."""

    formula: str
    elements: list[str]
    records: list[RecordOut]


class PropertyOut(Schema):
    """One property that can be asked for."""

    id: str
    type: str
    unit: str | None
    label: dict[str, str]
    searchable: bool
    classes: list[str]


class TopicOut(Schema):
    """One topic with its properties."""

    id: str
    label: dict[str, str]
    description: dict[str, str]
    limits: dict[str, str]
    records: int
    properties: list[PropertyOut]


def record_out(row: Row) -> RecordOut:
    """A row of Evidence as the API gives it."""
    values = [
        Value(
            property=one.property, value=list(one.value) if isinstance(one.value, tuple) else one.value, unit=one.unit,
            uncertainty=one.uncertainty, conditions=dict(one.conditions), method=one.method, column=one.column, raw=one.raw,
        )
        for one in row.values
    ]  # fmt: skip
    return RecordOut(
        id=row.record, version=row.version, topic=row.topic, dataset=row.dataset, kind=row.kind, formula=row.formula,
        formula_source=row.formula_source, external_id=row.external_id, spacegroup_number=row.spacegroup_number,
        elements=list(row.elements), file_name=row.file_name, locator=row.locator, values=values,
    )  # fmt: skip
