"""What each entry type can be asked: OPTIMADE's own properties, and one provider field for each searchable property of the topics."""

from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from knowledge.index.columns import Column, columns
from knowledge.query.properties import schema_of
from knowledge.topics.schema import per_topics, yaml_read

PREFIX = "_lodestone_"
FieldType = Literal["string", "integer", "float", "boolean", "timestamp", "list", "dictionary"]
_OF_FAMILY: dict[str, FieldType] = {"number": "float", "text": "string", "boolean": "boolean", "list": "list"}
# what every record has besides OPTIMADE's properties: the index's name and what it means
_COMMON = {
    "dataset": "Short name of the data set: the id of its reference.",
    "topic": "The topic whose properties the entry states.",
    "kind": "How the values came to be: measurement, literature or computation.",
    "external_id": "The source's own id, such as mp-541837.",
    "title": "Title of the record.",
    "formula": "The reduced formula with the elements by electronegativity, as most programs write it.",
}


@dataclass(frozen=True)
class Field:
    """One property of an entry type. `column` is the index's column that answers filters; none = it cannot be filtered.

    `fold`: the value of every entry whose structure is known. `constant`: the value of every entry. `absent`: no entry states it.
    """

    name: str
    type: FieldType
    description: str
    column: str | None = None
    unit: str | None = None
    items: str | None = None
    required: bool = False
    constant: str | None = None
    fold: int | list[int] | None = None
    geometry: bool = False
    derived: bool = False
    absent: bool = False
    topics: tuple[str, ...] = ()

    @property
    def sortable(self) -> bool:
        """Whether a listing can be sorted by it."""
        return self.column is not None and self.type not in ("list", "dictionary")


@cache
def _standard(kind: str) -> dict[str, Field]:
    text = (files("knowledge.optimade") / "properties.yaml").read_text(encoding="utf-8")
    found = {name: Field(name, **said) for name, said in yaml_read(text)[kind].items()}
    if kind == "structures":
        return found
    return {
        name: one if one.absent else replace(one, column=name) for name, one in found.items()
    }  # small, filtered in Python


@per_topics
def fields(kind: str) -> dict[str, Field]:
    """The properties of `structures`, `references` or `links` by name."""
    found = dict(_standard(kind))
    if kind == "structures":
        for name, meaning in _COMMON.items():
            found[PREFIX + name] = Field(PREFIX + name, "string", meaning, column=name)
        found[f"{PREFIX}version"] = Field(f"{PREFIX}version", "integer", "Counts the versions of what the entry says.")
        found |= {field.name: field for column in columns() if column.topics and (field := _provided(column))}
    return found


def _provided(column: Column) -> Field:
    item = schema_of(column, None)
    whole = item is not None and item.type == "integer"
    name = PREFIX + column.name.removeprefix("p_")
    labels = item.label if item else {}
    said: list[str] = [labels.get("en", column.property).capitalize() + "."]
    said += [item.description["en"]] if item and "en" in item.description else []
    said += [f"One of: {', '.join(one.id for one in item.classes)}."] if item and item.classes else []
    said.append(f"Topics: {', '.join(column.topics)}.")
    return Field(
        name,
        "integer" if whole else _OF_FAMILY[column.family],
        " ".join(said),
        column=column.name,
        unit=column.unit,
        items="string" if column.family == "list" else None,
        topics=column.topics,
    )


def info(kind: str) -> dict[str, Any]:
    """The properties as /info/<kind> gives them."""
    described = {}
    for field in fields(kind).values():
        said: dict[str, Any] = {"description": field.description, "type": field.type, "sortable": field.sortable}
        described[field.name] = said | ({"unit": field.unit} if field.unit else {})
    return described
