"""What can be asked: topics with their schema, properties over all topics, data sets with licence and citation."""

from typing import Any

from django.http import HttpRequest
from ninja import Query as Parameters
from ninja import Router, Schema
from pydantic import Field

from eln.accounts.scope import Scope
from knowledge.api.application import reading
from knowledge.api.problems import NothingHere
from knowledge.index.columns import columns, unit_in
from knowledge.query.executor import run
from knowledge.query.types import Aggregate, Query
from knowledge.records.models import Dataset, Kind
from knowledge.records.selectors import datasets_visible
from knowledge.topics.schema import Property, TopicSchema, topics

router = Router(tags=["topics"])


class ClassOut(Schema):
    """One value of a class property."""

    id: str
    label: dict[str, str]
    note: dict[str, str] = {}


class PropertyOut(Schema):
    """One property that records of a topic can state."""

    id: str
    type: str
    unit: str | None = Field(description="canonical: values and filters without a unit are in it")
    label: dict[str, str]
    description: dict[str, str] = {}
    searchable: bool
    classes: list[str] = Field(description="ids of its values, for a class property")


class TopicOut(Schema):
    """One topic with its properties and the number of records that the caller may read."""

    id: str
    label: dict[str, str]
    description: dict[str, str]
    limits: dict[str, str] = Field(description="what its data cannot say")
    records: int
    properties: list[PropertyOut]


class TopicWhole(TopicOut):
    """One topic with everything its schema says."""

    schema_version: int
    presets: list[dict[str, Any]]
    classes: dict[str, list[ClassOut]] = Field(description="values of the class properties, by property")


class SearchableOut(Schema):
    """One property that a filter may name; `topics` empty = every record has it."""

    id: str
    type: str = Field(description="number, text, boolean or list")
    unit: str | None
    topics: list[str]
    label: dict[str, str]


class DatasetOut(Schema):
    """A source, with what must be said when its values are used."""

    id: str
    topic: str
    title: str
    kind: str
    version: str = Field(description="hash of the files it was read from")
    licence: str
    citation: str
    url: str
    records: int
    updated: str


class TopicParameter(Schema):
    """Only one topic."""

    topic: str | None = Field(None, max_length=60)


def _counts(scope: Scope, name: str) -> dict[str, int]:
    counted = Query(limit=0, aggregate=Aggregate("count", by=name), kinds=tuple(Kind.values))
    return {value: int(number) for value, number in run(counted, scope=scope).groups.items()}


def _property(item: Property) -> PropertyOut:
    return PropertyOut(
        id=item.id, type=item.type, unit=item.unit, label=item.label, description=item.description,
        searchable=item.searchable, classes=[one.id for one in item.classes],
    )  # fmt: skip


def _brief(schema: TopicSchema, counts: dict[str, int]) -> TopicOut:
    return TopicOut(
        id=schema.id, label=schema.label, description=schema.description, limits=schema.limits,
        records=counts.get(schema.id, 0), properties=[_property(item) for item in schema.properties],
    )  # fmt: skip


@router.get("/topics", response=list[TopicOut], operation_id="topics", summary="Topics and what they can be asked")
def topic_list(request: HttpRequest) -> list[TopicOut]:
    """Every topic with its properties, units and classes."""
    counts = _counts(reading(request).scope, "topic")
    return [_brief(schema, counts) for schema in topics().values()]


@router.get("/topics/{topic}", response=TopicWhole, operation_id="topic", summary="One topic")
def topic(request: HttpRequest, topic: str) -> TopicWhole:
    """The schema of a topic, with the labels of its classes and its ready-made filters."""
    scope, schema = reading(request).scope, topics().get(topic)
    if schema is None:
        raise NothingHere(f"There is no topic '{topic[:60]}'. Topics: {', '.join(topics())}.")
    classes = {
        item.id: [ClassOut(id=one.id, label=one.label, note=one.note) for one in item.classes]
        for item in schema.properties
        if item.classes
    }
    return TopicWhole(
        **_brief(schema, _counts(scope, "topic")).model_dump(), schema_version=schema.version, classes=classes,
        presets=[preset.model_dump() for preset in schema.filters],
    )  # fmt: skip


@router.get("/properties", response=list[SearchableOut], operation_id="properties", summary="What filters may name")
def property_list(request: HttpRequest, asked: Parameters[TopicParameter]) -> list[SearchableOut]:
    """Every searchable property, of all topics or of one, with the unit that filters without a unit are in."""
    reading(request)
    chosen = asked.topic or None
    if chosen is not None and chosen not in topics():
        raise NothingHere(f"There is no topic '{chosen}'. Topics: {', '.join(topics())}.")
    found = []
    for column in columns():
        if chosen is not None and column.topics and chosen not in column.topics:
            continue
        item = next((topics()[place].property(column.property) for place in column.topics if place in topics()), None)
        found.append(
            SearchableOut(
                id=column.property, type=column.family, unit=unit_in(chosen, column.property) if chosen else column.unit,
                topics=list(column.topics), label=item.label if item else {},
            )
        )  # fmt: skip
    return found


def _dataset(source: Dataset, counts: dict[str, int]) -> DatasetOut:
    return DatasetOut(
        id=source.slug, topic=source.topic, title=source.title, kind=source.kind, version=source.version,
        licence=source.licence, citation=source.citation, url=source.url, records=counts.get(source.slug, 0),
        updated=source.updated.isoformat(),
    )  # fmt: skip


@router.get("/datasets", response=list[DatasetOut], operation_id="datasets", summary="Sources")
def dataset_list(request: HttpRequest, asked: Parameters[TopicParameter]) -> list[DatasetOut]:
    """Every source with its licence, citation and number of records."""
    scope = reading(request).scope
    found = datasets_visible(scope=scope).order_by("topic", "slug")
    counts = _counts(scope, "dataset")
    return [_dataset(source, counts) for source in (found.filter(topic=asked.topic) if asked.topic else found)]


@router.get("/datasets/{dataset}", response=DatasetOut, operation_id="dataset", summary="One source")
def dataset(request: HttpRequest, dataset: str) -> DatasetOut:
    """A source with its licence, citation and number of records."""
    scope = reading(request).scope
    found = datasets_visible(scope=scope).filter(slug=dataset).first()
    if found is None:
        raise NothingHere(f"There is no data set '{dataset[:80]}' that you may read.")
    return _dataset(found, _counts(scope, "dataset"))
