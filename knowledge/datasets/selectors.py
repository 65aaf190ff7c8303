"""Reads of data sets with what their pages and descriptions need, as far as the reader may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Max, Q, QuerySet

from eln.accounts.scope import Scope
from knowledge.imports.models import Import
from knowledge.records.models import Dataset, DatasetVersion
from knowledge.records.selectors import records_visible
from knowledge.topics.schema import topics

MOST_REJECTED = 100


def dataset_list(*, scope: Scope, topic: str = "") -> QuerySet[Dataset]:
    """The data sets that the reader may see, by topic and title, each with `present`, its records that are not withdrawn."""
    found = Dataset.objects.filter(scope.q()).order_by("topic", "title", "slug")
    if topic:
        found = found.filter(topic=topic)
    readable = scope.q("records__project")
    return found.annotate(present=Count("records", filter=Q(records__withdrawn=False) & readable))


def dataset_get(*, scope: Scope, slug: str) -> Dataset | None:
    """One data set by its slug; none if it does not exist or is hidden from the reader."""
    return Dataset.objects.filter(scope.q(), slug=slug).first()


@dataclass(frozen=True)
class ColumnRead:
    """How one column of a file was read; `property` none: it was left out."""

    column: str
    property: str | None
    unit: str | None
    confidence: float | None


@dataclass(frozen=True)
class FileRead:
    """One file of a data set with its counts, columns and the first refused rows."""

    name: str
    rows: int
    records: int
    merged: int
    refused: int
    lost: int
    columns: tuple[ColumnRead, ...]
    rejected: Sequence[Mapping[str, Any]]  # Any: JSON


def files_of(dataset: Dataset) -> list[FileRead]:
    """The files that a data set was read from."""
    return [_file(done) for done in Import.objects.filter(dataset=dataset).order_by("part", "pk")]


def _file(done: Import) -> FileRead:
    lost = sum("column" in item for item in done.rejected)
    columns = tuple(
        ColumnRead(name, told.get("property"), told.get("unit"), told.get("confidence"))
        for name, told in done.mapping.items()
        if isinstance(told, dict)
    )
    return FileRead(
        done.file_name, done.rows, done.records, done.merged, len(done.rejected) - lost, lost, columns,
        done.rejected[:MOST_REJECTED],
    )  # fmt: skip


def versions_of(dataset: Dataset) -> QuerySet[DatasetVersion]:
    """What each import changed, newest first."""
    return DatasetVersion.objects.filter(dataset=dataset)


@dataclass(frozen=True)
class Measured:
    """A property that records of a data set state, with its unit and label."""

    name: str
    label: str
    unit: str | None


def properties_of(dataset: Dataset) -> list[Measured]:
    """The properties that its columns were read as, in the order of the topic's schema."""
    schema = topics().get(dataset.topic)
    claimed: set[str] = set()
    for mapping in Import.objects.filter(dataset=dataset).values_list("mapping", flat=True):
        claimed |= {told["property"] for told in mapping.values() if isinstance(told, dict) and told.get("property")}
    if not claimed:  # such as the notebook's: what the newest record states
        newest = records_visible(scope=Scope.system()).filter(dataset=dataset).order_by("-updated").first()
        claimed = {value["property"] for value in newest.values} if newest else set()
    items = schema.properties if schema else ()
    return [Measured(item.id, item.label.get("en", item.id), item.unit) for item in items if item.id in claimed]


def catalogue_changed(*, scope: Scope) -> Any:  # Any: an aware time, or none
    """When any of the reader's data sets last changed."""
    return Dataset.objects.filter(scope.q()).aggregate(newest=Max("updated"))["newest"]
