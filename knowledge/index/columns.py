"""The columns of the index: the same few for every record, and one for each searchable property of the topics."""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from knowledge.errors import KnowledgeError
from knowledge.topics.schema import Property, per_topics, topics

Family = Literal["number", "text", "boolean", "list", "numbers"]
FAMILIES: dict[str, Family] = {
    "number": "number",
    "integer": "number",
    "string": "text",
    "class": "text",
    "boolean": "boolean",
    "list": "list",
}
SQL_TYPES: dict[Family, str] = {
    "number": "DOUBLE",
    "text": "VARCHAR",
    "boolean": "BOOLEAN",
    "list": "VARCHAR[]",
    "numbers": "DOUBLE[]",
}
# every value a record states of one property, where one number does not say it: several values, a limit, a range
EVERY_TYPES: dict[Family, str] = {
    "number": "STRUCT(lo DOUBLE, hi DOUBLE)[]",
    "text": "VARCHAR[]",
    "boolean": "BOOLEAN[]",
}


@dataclass(frozen=True)
class Column:
    """One searchable column. `topics` empty = every record has it; `unit` is what its numbers are in."""

    name: str
    property: str
    family: Family
    unit: str | None = None
    topics: tuple[str, ...] = ()

    @cached_property
    def every(self) -> str | None:
        """The column beside this one that holds every stated value of a record that states more than one number says."""
        return f"{self.name}__all" if self.topics and self.family in EVERY_TYPES else None


FIXED: tuple[Column, ...] = (
    Column("record", "record", "text"),
    Column("topic", "topic", "text"),
    Column("dataset", "dataset", "text"),
    Column("kind", "kind", "text"),
    Column("formula", "formula", "text"),
    Column("formula_source", "formula_source", "text"),
    Column("formula_alphabetical", "formula_alphabetical", "text"),
    Column("formula_anonymous", "formula_anonymous", "text"),
    Column("chemsys", "chemsys", "text"),
    Column("elements", "elements", "list"),
    Column("elements_ratios", "elements_ratios", "numbers"),
    Column("nelements", "nelements", "number"),
    Column("spacegroup_number", "spacegroup_number", "number"),
    Column("external_id", "external_id", "text"),
    Column("title", "title", "text"),
    Column("last_modified", "last_modified", "text"),
    Column("cell_sites", "cell_sites", "number"),
    Column("formula_hill", "formula_hill", "text"),
    Column("structure_features", "structure_features", "list"),
)
CARRIED: dict[str, str] = {
    "record": "VARCHAR",
    "version": "INTEGER",
    "topic": "VARCHAR",
    "dataset": "VARCHAR",
    "kind": "VARCHAR",
    "project_id": "BIGINT",
    "formula": "VARCHAR",
    "formula_source": "VARCHAR",
    "formula_alphabetical": "VARCHAR",
    "formula_anonymous": "VARCHAR",
    "chemsys": "VARCHAR",
    "elements": "VARCHAR[]",
    "elements_ratios": "DOUBLE[]",
    "nelements": "INTEGER",
    "e0": "UBIGINT",
    "e1": "UBIGINT",
    "spacegroup_number": "INTEGER",
    "external_id": "VARCHAR",
    "title": "VARCHAR",
    "last_modified": "VARCHAR",
    "cell_sites": "INTEGER",
    "formula_hill": "VARCHAR",
    "structure_features": "VARCHAR[]",
    "file_name": "VARCHAR",
    "locator": "VARCHAR",
    "words": "VARCHAR",
    "stated": "VARCHAR",
}


def _convertible(one: str | None, other: str | None) -> bool:
    if one == other:
        return True
    if not one or not other:
        return False
    from ingest.errors import LodestoneError
    from ingest.schemas import units

    try:
        units.convert(1.0, one, other)
    except (LodestoneError, ValueError, ArithmeticError):
        return False
    return True


def _checked(item: Property, topic: str) -> Family:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", item.id):
        raise KnowledgeError(
            f"topic {topic}: property id '{item.id}' must be lower-case letters, digits and underscores"
        )
    return FAMILIES[item.type]


@per_topics
def columns() -> tuple[Column, ...]:
    """All searchable columns. Topics share a column where they mean the same: same id, type and a unit that converts."""
    fixed = {column.property for column in FIXED}
    found: list[Column] = []
    for topic in topics().values():
        for item in topic.properties:
            if item.id in fixed or not item.searchable:
                continue
            family = _checked(item, topic.id)
            for at, column in enumerate(found):
                if (column.property, column.family) == (item.id, family) and _convertible(item.unit, column.unit):
                    found[at] = Column(column.name, item.id, family, column.unit, (*column.topics, topic.id))
                    break
            else:
                twin = any(column.property == item.id for column in found)
                name = f"p_{item.id}__{topic.id}" if twin else f"p_{item.id}"
                found.append(Column(name, item.id, family, item.unit, (topic.id,)))
    return (*FIXED, *found)


@per_topics
def columns_of(topic: str) -> dict[str, Column]:
    """The property columns of one topic by property id, without the fixed ones."""
    return {column.property: column for column in columns() if topic in column.topics}


@per_topics
def unit_in(topic: str | None, name: str) -> str | None:
    """The canonical unit of a property in a topic; without a topic that of the column."""
    schema = topics().get(topic) if topic else None
    item = schema.property(name) if schema else None
    if item is not None:
        return item.unit
    return next((column.unit for column in columns() if column.property == name), None)


@per_topics
def sql_types() -> dict[str, str]:
    """Every column of a segment with its SQL type, in order."""
    types = dict(CARRIED)
    for column in columns():
        if column.topics:
            types[column.name] = SQL_TYPES[column.family]
            if column.every:
                types[column.every] = EVERY_TYPES[column.family]
    return types


LAYOUT = 3  # grows when the same columns come to hold something else


@per_topics
def fingerprint() -> str:
    """Changes when the topics' schemas change what the index holds: then it is built anew."""
    described = [[c.name, c.property, c.family, c.unit, c.topics] for c in columns()]
    return hashlib.sha256(json.dumps([described, list(CARRIED), LAYOUT]).encode()).hexdigest()[:16]


@per_topics
def layout() -> dict[str, list[list[str | None]]]:
    """What the index holds of each topic, and of every record: kept with it, to know what a change of the topics touches."""
    held: dict[str, list[list[str | None]]] = {
        topic: sorted([c.name, c.property, c.family, c.unit] for c in columns_of(topic).values()) for topic in topics()
    }
    return held | {"": [[name, sql, str(LAYOUT), None] for name, sql in CARRIED.items()]}
