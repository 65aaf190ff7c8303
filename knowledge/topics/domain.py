"""The shape of a topic's schema.yaml: what a topic can be asked is said there, never in code."""

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
    covers: tuple[str, ...] = Field(
        default=(), description="finer classes that this one does not tell apart; a source that says one of them agrees"
    )


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
    tolerance: float | None = Field(
        default=None, gt=0, description="relative difference up to which two sources agree; none = 5 %"
    )
    condition: bool = Field(
        default=False,
        description="a circumstance of the row's other values, such as the temperature they were measured at",
    )
    limits: dict[str, str] = Field(default_factory=dict, description="what this property does not say, en and zh")


class FromEntry(BaseModel):
    """Where a finished notebook entry gives one property: a parsed channel's quantity, and which of its values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    property: str
    quantity: str = Field(description="quantity of the channel, as ingest.schemas names it")
    statistic: Literal["first", "last", "min", "max", "mean", "at_max", "at_min"] = "mean"
    of: str | None = Field(default=None, description="for at_max and at_min: the quantity whose extreme says where")


class Projection(BaseModel):
    """Which notebook entries are proposed for the topic, and how their data fill it in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    techniques: tuple[str, ...] = Field(description="techniques as ingest.schemas names them")
    values: tuple[FromEntry, ...] = ()


class Preset(BaseModel):
    """A ready-made filter that the search page of the topic offers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    label: dict[str, str]
    filter: str = Field(description="in the filter grammar")


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
    general: bool = Field(
        default=False, description="takes tables of properties that it knows and that no other topic claims"
    )
    main_dataset: str | None = Field(
        default=None, description="slug of the data set meant by 'the table' and by counts that name no source"
    )
    properties: tuple[Property, ...]
    facts: tuple[str, ...] = Field(
        default=(), description="the properties that matter most, in the order a reader wants them"
    )
    summary: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="en, zh: sentences with {property} places; one whose places are not all stated by a record is left out",
    )
    filters: tuple[Preset, ...] = ()
    projection: Projection | None = None
    limits: dict[str, str] = Field(default_factory=dict, description="what a label of this topic can and cannot mean")

    def property(self, name: str) -> Property | None:
        """The property of this id."""
        return next((item for item in self.properties if item.id == name), None)


def yaml_read(text: str) -> Any:  # Any: YAML
    """A YAML document; by libyaml where it is there, which is ten times as fast."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (safe loader)
