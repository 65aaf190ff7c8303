"""Answers as values: records with what they state, topics, data sets, distributions."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, TypeVar

Document = Mapping[str, Any]  # Any: JSON
T = TypeVar("T")


def _known(kind: type[T], document: Document) -> dict[str, Any]:
    """The members that this client knows; a newer site may send more."""
    names = {item.name for item in fields(kind)}  # type: ignore[arg-type]  # T is always a dataclass here
    return {name: value for name, value in document.items() if name in names}


@dataclass(frozen=True)
class Value:
    """One value as a record states it, in `unit`. `bound` set: only a limit is known. `low`, `high`: a range, `value` its middle."""

    property: str
    value: Any = None  # number, text, truth or a list
    unit: str | None = None
    uncertainty: float | None = None
    bound: str | None = None
    low: float | None = None
    high: float | None = None
    conditions: Mapping[str, Any] = field(default_factory=dict)
    method: str | None = None
    column: str | None = None
    raw: str | None = None


@dataclass(frozen=True)
class Record:
    """One row of a source, with what a citation needs."""

    id: str
    version: int
    topic: str
    dataset: str
    kind: str
    formula: str
    formula_source: str
    external_id: str
    spacegroup_number: int | None
    elements: tuple[str, ...]
    file_name: str
    locator: str
    values: tuple[Value, ...]

    @classmethod
    def of(cls, document: Document) -> "Record":
        """A record of the API's JSON."""
        known = _known(cls, document)
        known["elements"] = tuple(document["elements"])
        known["values"] = tuple(Value(**_known(Value, value)) for value in document["values"])
        return cls(**known)

    def all(self, name: str) -> list[Value]:
        """Every value of a property that the record states."""
        return [value for value in self.values if value.property == name]

    def value(self, name: str) -> Value | None:
        """The first value of a property."""
        return next(iter(self.all(name)), None)

    def number(self, name: str) -> float | None:
        """The first value of a property as a number in the topic's unit; none for a limit, which is no number."""
        found = self.value(name)
        if found is None or found.bound is not None or isinstance(found.value, bool):
            return None
        return float(found.value) if isinstance(found.value, int | float) else None

    def row(self, *names: str) -> dict[str, Any]:
        """A flat row, as `pandas.DataFrame` takes a list of: the record's own fields and the first value of each property."""
        own = ("id", "version", "topic", "dataset", "kind", "formula", "spacegroup_number", "external_id")
        row: dict[str, Any] = {name: getattr(self, name) for name in own}
        for name in names or tuple(dict.fromkeys(value.property for value in self.values)):
            found = self.value(name)
            row[name] = found.value if found else None
        return row


@dataclass(frozen=True)
class Material:
    """All records of one reduced formula; `count` may be larger than what is listed."""

    formula: str
    elements: tuple[str, ...]
    count: int
    records: tuple[Record, ...]

    @classmethod
    def of(cls, document: Document) -> "Material":
        """A material of the API's JSON."""
        records = tuple(Record.of(record) for record in document["records"])
        return cls(document["formula"], tuple(document["elements"]), document["count"], records)


@dataclass(frozen=True)
class Topic:
    """A topic and what it can be asked. `properties`: id, type, unit, label and classes of each."""

    id: str
    label: Mapping[str, str]
    description: Mapping[str, str]
    limits: Mapping[str, str]
    records: int
    properties: tuple[Mapping[str, Any], ...]

    @classmethod
    def of(cls, document: Document) -> "Topic":
        """A topic of the API's JSON."""
        return cls(**{**_known(cls, document), "properties": tuple(document["properties"])})


@dataclass(frozen=True)
class Dataset:
    """A source, with what must be said when its values are used."""

    id: str
    topic: str
    title: str
    kind: str
    version: str
    licence: str
    citation: str
    url: str
    records: int

    @classmethod
    def of(cls, document: Document) -> "Dataset":
        """A data set of the API's JSON."""
        return cls(**_known(cls, document))


@dataclass(frozen=True)
class Histogram:
    """Counts between `edges` (one more than counts), in `unit`; `groups` has counts per value where asked."""

    property: str
    unit: str | None
    edges: tuple[float, ...]
    counts: tuple[int, ...]
    groups: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Document) -> "Histogram":
        """A distribution of the API's JSON."""
        groups = {name: tuple(counts) for name, counts in document["groups"].items()}
        return cls(document["property"], document["unit"], tuple(document["edges"]), tuple(document["counts"]), groups)
