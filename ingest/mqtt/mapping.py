"""How topics become channels; the same keys in the agent's source and in the gateway's bridge."""

import string
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ingest.readings.payloads import Path
from ingest.readings.times import TimeUnit, zone_check


class Channel(BaseModel):
    """One channel inside a JSON payload."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path = Field(
        default="", description='where the value lies: `zones.0.T`, or ["a.b", 0] where a key holds a dot'
    )
    unit: str | None = Field(default=None, max_length=60)
    unit_path: Path | None = Field(default=None, description="where the payload says the unit itself")
    quantity: str | None = Field(default=None, max_length=120, description="name in the registry of quantities")
    low: float | None = Field(default=None, description="below this the reading is out of range")
    high: float | None = None
    scale: float = 1.0
    offset: float = Field(default=0.0, description="value = raw * scale + offset")


class Topic(BaseModel):
    """Messages of one topic filter."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    topic: str = Field(min_length=1, description="filter, with + and # as MQTT has them")
    format: Literal["json", "number", "csv", "text"] = Field(
        default="json", description="`text`: an event whenever it changes"
    )
    qos: Literal[0, 1] = Field(default=1, description="0 may lose messages")
    channel: str = Field(
        default="",
        description="name: {topic} with dots, {0} {1} ... its levels, {path} in JSON; none = {topic} or {topic}.{path}",
    )
    channels: dict[str, Channel] = Field(default={}, description="JSON: name -> where; none = every number in it")
    rows: Path | None = Field(
        default=None, description="JSON: where a list of rows lies; a payload that is a list needs none"
    )
    time: Path | None = Field(default=None, description="JSON: where the time lies; none = moment of arrival")
    time_unit: TimeUnit = Field(default="auto", description="of a time that is a number: auto, s, ms, us, ns")
    zone: str | None = Field(default=None, description="time zone of times without offset; none = this computer's")
    columns: tuple[str, ...] = Field(
        default=(),
        description="CSV: names with units in brackets, `time` among them or not; none = the payload's first line",
    )
    delimiter: str = Field(default="", max_length=1, description="CSV: none = told from the first line")
    unit: str | None = Field(default=None, max_length=60, description="of a `number`")
    quantity: str | None = Field(default=None, max_length=120, description="of a `number`")
    low: float | None = None
    high: float | None = None

    @field_validator("topic")
    @classmethod
    def _filter(cls, topic: str) -> str:
        levels = topic.split("/")
        if any(("+" in one or "#" in one) and len(one) > 1 for one in levels) or "#" in levels[:-1]:
            raise ValueError("+ and # stand for whole levels, # only for the last")
        return topic

    @field_validator("zone")
    @classmethod
    def _zone(cls, zone: str | None) -> str | None:
        return zone_check(zone)

    @field_validator("channel")
    @classmethod
    def _template(cls, template: str) -> str:
        for _, name, _, _ in string.Formatter().parse(template):
            if name is not None and name not in ("topic", "path") and not name.isdigit():
                raise ValueError("use {topic}, {path} and {0}, {1}, ... only")
        return template

    def matches(self, topic: str) -> bool:
        """Whether a message of this topic is meant."""
        return topic_matches(self.topic, topic)


class Sparkplug(BaseModel):
    """Edge nodes that speak Sparkplug B; their births say names, units and types."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: str = Field(default="+", description="group id, + for all")
    node: str = Field(default="+", description="edge node id, + for all")
    channel: str = Field(default="{node}/{device}/{metric}", description="how a metric becomes a channel's name")
    rebirth: bool = Field(
        default=True, description="ask a node to be born again when messages were lost (publishes NCMD)"
    )

    @field_validator("channel")
    @classmethod
    def _template(cls, template: str) -> str:
        names = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
        if not {"metric"} <= names <= {"node", "device", "metric"}:
            raise ValueError("use {node}, {device} and {metric}; {metric} must be there")
        return template

    @property
    def filters(self) -> list[str]:
        """What to subscribe to."""
        below = f"spBv1.0/{self.group}"
        return [f"{below}/{kind}/{self.node}" for kind in ("NBIRTH", "NDATA", "NDEATH")] + [
            f"{below}/{kind}/{self.node}/+" for kind in ("DBIRTH", "DDATA", "DDEATH")
        ]

    def matches(self, topic: str) -> bool:
        """Whether a message of this topic is meant."""
        return any(topic_matches(one, topic) for one in self.filters)


def topic_matches(wanted: str, topic: str) -> bool:
    """MQTT's rule; wildcards at the first level do not match topics that begin with $."""
    want, have = wanted.split("/"), topic.split("/")
    if have[0].startswith("$") and want[0] in ("+", "#"):
        return False
    for at, level in enumerate(want):
        if level == "#":
            return True
        if at >= len(have) or level not in ("+", have[at]):
            return False
    return len(want) == len(have)
