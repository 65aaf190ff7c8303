"""From records in the database to the columns of a segment."""

import json
import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast, Coalesce

from knowledge.index import columns as layout
from knowledge.index.compositions import composition
from knowledge.index.elements import mask
from knowledge.records.models import Record
from knowledge.topics.schema import per_topics, topics

if TYPE_CHECKING:
    import pyarrow

Json: TypeAlias = Any  # what a JSON document holds
FIELDS = (
    "id", "version", "topic", "dataset__slug", "kind", "reader", "formula", "formula_source", "elements",
    "spacegroup_number", "external_id", "title", "file_name", "locator", "updated", "geometry__nsites", "geometry__hill",
    "geometry__features", "raw_values",
)  # fmt: skip
CHUNK = 5000


def records_due(condition: Q | None = None) -> QuerySet[Record, tuple[Any, ...]]:
    """The records that belong in the index, as tuples of FIELDS; the stated values stay JSON text."""
    found = Record.objects.filter(condition or Q(), withdrawn=False)
    reader = Coalesce("project_id", "dataset__project_id")
    return found.annotate(reader=reader, raw_values=Cast("values", TextField())).values_list(*FIELDS)


def fold(text: str) -> str:
    """Text as full text search compares it: no case, no typographic variants such as subscripts."""
    return unicodedata.normalize("NFKC", text).casefold()


@per_topics
def class_words(topic: str, name: str, value: str) -> str:
    """What a class is called in both languages, so that words find it."""
    schema = topics().get(topic)
    item = schema.property(name) if schema else None
    found = next((c for c in item.classes if c.id == value), None) if item else None
    return fold(" ".join((value, *found.label.values(), *found.synonyms))) if found else fold(value)


def typed(value: Json, family: layout.Family) -> Json:
    """The value as its column holds it; none where it does not fit (it stays readable in the record)."""
    if value is None:
        return None
    if family == "number":
        fits = isinstance(value, int | float) and math.isfinite(value)
        return float(value) if fits else None
    if family == "boolean":
        return value if isinstance(value, bool) else None
    if family == "list":
        return [str(part) for part in (value if isinstance(value, list) else [value])]
    return str(value)


def _converter(topic: str, column: layout.Column) -> Callable[[float], float] | None:
    unit = layout.unit_in(topic, column.property)
    if column.family != "number" or unit == column.unit or unit is None or column.unit is None:
        return None
    from ingest.schemas import units

    wanted = column.unit
    return lambda value: float(units.convert(value, unit, wanted))


def _interval(item: Mapping[str, Json], value: float) -> tuple[float, float]:
    """The ends between which the true value lies, both included: a limit such as "< 3" ends at the last number below 3."""
    low, high = item.get("low"), item.get("high")
    bound = item.get("bound") or ""
    low = float(low) if low is not None else value
    high = float(high) if high is not None else value
    if bound.startswith("<"):
        low, high = -math.inf, value if bound == "<=" else math.nextafter(value, -math.inf)
    elif bound.startswith(">"):
        low, high = value if bound == ">=" else math.nextafter(value, math.inf), math.inf
    return min(low, high), max(low, high)


def _numbers(stated: list[tuple[float, Mapping[str, Json]]], convert: Callable[[float], float] | None) -> list[Json]:
    """Every stated value as its interval, in the column's unit; empty where one exact number says it all."""
    found = []
    for value, item in stated:
        low, high = _interval(item, value)
        if convert:
            low, high = sorted(end if math.isinf(end) else convert(end) for end in (low, high))
        found.append({"lo": low, "hi": high})
    exact = all(one["lo"] == one["hi"] == found[0]["lo"] for one in found)
    return [] if exact else found


def properties(topic: str, stated: list[Mapping[str, Json]]) -> dict[str, Json]:
    """The typed values of the topic's columns: the first that the record states, and every one where there are more."""
    place = layout.columns_of(topic)
    gathered: dict[str, list[tuple[Json, Mapping[str, Json]]]] = {}
    for item in stated:
        column = place.get(item["property"])
        value = typed(item.get("value"), column.family) if column else None
        if value is not None:
            gathered.setdefault(item["property"], []).append((value, item))
    found: dict[str, Json] = {}
    for name, values in gathered.items():
        found |= _in_columns(place[name], topic, values)
    return found


def _in_columns(column: layout.Column, topic: str, values: list[tuple[Json, Mapping[str, Json]]]) -> dict[str, Json]:
    first = values[0][0]
    if column.family == "list":
        return {column.name: [part for value, _item in values for part in value]}
    if column.family == "number":
        convert = _converter(topic, column)
        every = _numbers(values, convert)
        first = convert(first) if convert else first
    else:
        every = list(dict.fromkeys(value for value, _item in values))
        every = every if len(every) > 1 else []
    return {column.name: first} | ({column.every: every} if every and column.every else {})


def _words(topic: str, fixed: Iterable[str], stated: list[Mapping[str, Json]]) -> str:
    parts = [fold(text) for text in fixed if text]
    for item in stated:
        value = item.get("value")
        if isinstance(value, str):
            parts.append(class_words(topic, item["property"], value) if len(value) <= 40 else fold(value))
        elif isinstance(value, list):
            parts.append(fold(" ".join(map(str, value))))
    return " ".join(parts)


def _row(source: tuple[Json, ...]) -> dict[str, Json]:
    (record, version, topic, dataset, kind, project, formula, formula_source, elements) = source[:9]
    (spacegroup, external_id, title, file_name, locator, updated) = source[9:15]
    cell_sites, hill, features, raw = source[15:]
    stated = json.loads(raw) if raw else []
    low, high = mask(elements)
    made = composition(formula) if formula else None
    return {
        "record": record, "version": version, "topic": topic, "dataset": dataset, "kind": kind, "project_id": project,
        "formula": formula or None, "formula_source": formula_source or None, "elements": elements or None,
        "nelements": len(elements) or None, "e0": low, "e1": high, "spacegroup_number": spacegroup,
        "formula_alphabetical": made and made.reduced, "formula_anonymous": made and made.anonymous,
        "chemsys": "-".join(elements) or None,
        "elements_ratios": made.ratios if made and len(made.ratios) == len(elements) else None,
        "last_modified": updated.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "external_id": external_id or None, "title": title or None, "file_name": file_name, "locator": locator,
        "words": _words(topic, (formula, formula_source, title, external_id, dataset), stated), "stated": raw,
        "cell_sites": cell_sites, "formula_hill": hill or None, "structure_features": features or [],
        "deleted": False,
    } | properties(topic, stated)  # fmt: skip


def _arrow_type(sql: str) -> "pyarrow.DataType":
    import pyarrow as pa

    types: dict[str, pa.DataType] = {
        "VARCHAR": pa.string(), "INTEGER": pa.int32(), "BIGINT": pa.int64(), "UBIGINT": pa.uint64(),
        "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(), "VARCHAR[]": pa.list_(pa.string()),
        "DOUBLE[]": pa.list_(pa.float64()), "BOOLEAN[]": pa.list_(pa.bool_()),
        "STRUCT(lo DOUBLE, hi DOUBLE)[]": pa.list_(pa.struct([("lo", pa.float64()), ("hi", pa.float64())])),
    }  # fmt: skip
    return types[sql]


def table(rows: list[dict[str, Json]], deleted: Iterable[str] = ()) -> "pyarrow.Table":
    """The columns of a segment: these rows, and marks for records that are gone."""
    import pyarrow as pa

    rows = rows + [{"record": key, "deleted": True} for key in deleted]
    types = layout.sql_types() | {"deleted": "BOOLEAN"}
    filled: set[str] = set().union(*rows)

    def column(name: str, sql: str) -> "pyarrow.Array[Any]":
        values = [row.get(name) for row in rows] if name in filled else [None] * len(rows)
        return pa.array(values, type=_arrow_type(sql))

    return pa.table({name: column(name, sql) for name, sql in types.items()})


def rows_of(keys: list[str]) -> Iterator[dict[str, Json]]:
    """The rows of these records as they are now."""
    for at in range(0, len(keys), 500):
        yield from map(_row, records_due(Q(pk__in=keys[at : at + 500])))


def chunks() -> Iterator[list[dict[str, Json]]]:
    """All rows of the index, CHUNK at a time, in order of id."""
    last = ""
    while found := [_row(source) for source in records_due(Q(pk__gt=last)).order_by("pk")[:CHUNK]]:
        yield found
        last = found[-1]["record"]
