"""What a topic can be asked: read from its schema.yaml, never from code."""

from functools import cache
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

ValueType = Literal["number", "integer", "string", "class", "boolean", "list"]


class ClassValue(BaseModel):
    """One allowed value of a class property: its labels, what people call it, what it means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    label: dict[str, str] = Field(description="en, zh")
    synonyms: tuple[str, ...] = Field(default=(), description="English and Chinese")
    note: dict[str, str] = Field(default_factory=dict)
    broader: tuple[str, ...] = Field(default=(), description="group names this class belongs to, such as 'semimetal'")


class Property(BaseModel):
    """One property of a topic. `columns` are names seen in sources; `unit` is canonical (pint spelling)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    type: ValueType
    label: dict[str, str]
    synonyms: tuple[str, ...] = ()
    unit: str | None = None
    description: dict[str, str] = Field(default_factory=dict)
    classes: tuple[ClassValue, ...] = ()
    columns: tuple[str, ...] = ()
    searchable: bool = True
    facet: bool = False
    low: float | None = Field(default=None, description="below this a value is impossible")
    high: float | None = None


class TopicSchema(BaseModel):
    """A topic database: properties, words for it in both languages, and what its data cannot say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    version: int = 1
    label: dict[str, str]
    synonyms: tuple[str, ...] = ()
    description: dict[str, str] = Field(default_factory=dict)
    identifies: tuple[str, ...] = Field(
        default=("formula", "spacegroup_number"), description="properties that tell two entries apart"
    )
    claims: tuple[str, ...] = Field(
        default=(), description="a table nobody described belongs here if it has one of these; none = never by guess"
    )
    main_dataset: str | None = Field(
        default=None, description="slug of the data set meant by 'the table' and by counts that name no source"
    )
    properties: tuple[Property, ...]
    limits: dict[str, str] = Field(default_factory=dict, description="what a label of this topic can and cannot mean")

    def property(self, name: str) -> Property | None:
        """The property of this id."""
        return next((item for item in self.properties if item.id == name), None)


def yaml_read(text: str) -> Any:  # Any: YAML
    """A YAML document; by libyaml where it is there, which is ten times as fast."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (safe loader)


@cache
def topics() -> dict[str, TopicSchema]:
    """All topics by id; each is a package with a schema.yaml, registered under `lodestone.topics`."""
    found = {}
    for point in sorted(entry_points(group="lodestone.topics"), key=lambda point: point.name):
        text = (files(point.value) / "schema.yaml").read_text(encoding="utf-8")
        found[point.name] = TopicSchema.model_validate(yaml_read(text))
    return found
