"""What the data of an entry give a topic: statistics of parsed channels by quantity, in the topic's units. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import LodestoneError
from ingest.parsers.protocol import Channel
from ingest.schemas.registry import techniques
from ingest.schemas.units import convert
from knowledge.topics.domain import FromEntry, Property, TopicSchema

Json = dict[str, Any]  # one value of a proposal, as Record.values holds it
_SET_POINT = re.compile(r"(?i)(^|[\s_.])(sp|set|setpoint|target|wsp)($|[\s_.])")
STEADY = 0.02  # a circumstance that varies less, relative to its middle, is one value
METHODS = {
    "first": "first value", "last": "last value", "min": "smallest value", "max": "largest value", "mean": "mean of all values",
    "at_max": "value at the largest", "at_min": "value at the smallest",
}  # fmt: skip


@dataclass(frozen=True)
class File:
    """One parsed file of an entry with its channels."""

    name: str
    technique: str
    channels: Sequence[Channel]


def technique_id(text: str) -> str | None:
    """The registry's id of a technique called by id, label or synonym; none if it is none."""
    wanted = text.strip().lower()
    for known in techniques().values():
        if wanted and wanted in {name.lower() for name in (known.id, *known.label.values(), *known.synonyms)}:
            return known.id
    return None


def wanted_by(schema: TopicSchema, technique: str, files: Sequence[File]) -> bool:
    """Whether a topic wants entries of this technique, or of that of one of the files."""
    if schema.projection is None:
        return False
    named = {technique_id(text) for text in (technique, *(file.technique for file in files))}
    return bool(named & {technique_id(one) or one for one in schema.projection.techniques} - {None})


def values_of(schema: TopicSchema, files: Sequence[File]) -> list[Json]:
    """The values that the projection finds in the files: of each property the first file that has its quantity.

    Properties that are conditions become circumstances of the other values of their file, and so does each condition of the
    topic that a channel of the same quantity records: one number where it stays steady, else its span as text.
    """
    found: dict[str, Json] = {}
    for file in files:
        if schema.projection is None or (file.technique and not wanted_by(schema, file.technique, ())):
            continue
        circumstances = _conditions(schema, file)
        for rule in schema.projection.values:
            item = schema.property(rule.property)
            if item is None or item.condition or item.id in found:
                continue
            value = _value(item, rule, file)
            if value is not None:
                found[item.id] = value | ({"conditions": circumstances} if circumstances else {})
    return list(found.values())


def _channel(quantity: str, file: File) -> Channel | None:
    """The channel that stands for a quantity: a reading rather than a set point, the surest claim, the longest."""
    fitting = [
        one
        for one in file.channels
        if one.quantity == quantity and one.values is not None and not _SET_POINT.search(one.name)
    ]
    return max(fitting, key=lambda one: (one.confidence, one.rows), default=None)


def _finite(channel: Channel | None) -> NDArray[np.float64]:
    if channel is None or channel.values is None:
        return np.empty(0)
    return channel.values[np.isfinite(channel.values)]


def _statistic(rule: FromEntry, channel: Channel, file: File) -> float | None:
    values = _finite(channel)
    if not len(values):
        return None
    match rule.statistic:
        case "first":
            return float(values[0])
        case "last":
            return float(values[-1])
        case "min":
            return float(values.min())
        case "max":
            return float(values.max())
        case "mean":
            return float(values.mean())
    return _value_at(rule, channel, file)


def _value_at(rule: FromEntry, channel: Channel, file: File) -> float | None:
    """The value in the row where another quantity of the same file is largest or smallest."""
    other = _channel(rule.of or "", file)
    if other is None or other.values is None or channel.values is None or len(other.values) != len(channel.values):
        return None
    both = np.isfinite(other.values) & np.isfinite(channel.values)
    if not both.any():
        return None
    places = np.flatnonzero(both)
    extreme = np.argmax if rule.statistic == "at_max" else np.argmin
    return float(channel.values[places[extreme(other.values[places])]])


def _in_unit(value: float, unit: str | None, item: Property) -> float | None:
    """A number in the property's unit; none where the two do not convert, or only one of them has a unit."""
    if unit == item.unit:
        return value
    if not unit or not item.unit:
        return None
    try:
        return float(convert(value, unit, item.unit))
    except (LodestoneError, ValueError, ArithmeticError):
        return None


def _value(item: Property, rule: FromEntry, file: File) -> Json | None:
    channel = _channel(rule.quantity, file)
    raw = _statistic(rule, channel, file) if channel else None
    if channel is None or raw is None:
        return None
    value = _in_unit(raw, channel.unit, item)
    if value is None or (item.low is not None and value < item.low) or (item.high is not None and value > item.high):
        return None
    method = METHODS[rule.statistic] + (f" {rule.of}" if rule.of else "")
    return {
        "property": item.id, "value": float(f"{value:.6g}"), "unit": item.unit, "column": f"{file.name}: {channel.name}",
        "raw": f"{raw:.6g} {channel.unit or ''}".strip(), "method": method,
    }  # fmt: skip


def _conditions(schema: TopicSchema, file: File) -> Json:
    """What the file says of the circumstances that the topic knows."""
    rules = {rule.property: rule for rule in (schema.projection.values if schema.projection else ())}
    found: Json = {}
    for item in schema.properties:
        if not item.condition or item.type not in ("number", "integer"):
            continue
        rule = rules.get(item.id)
        channel = _channel(rule.quantity if rule else item.id, file)
        values = [
            one
            for raw in _span(rule, channel, file)
            if (one := _in_unit(raw, channel.unit if channel else None, item)) is not None
        ]
        if len(values) == 1 or (values and values[1] - values[0] <= STEADY * max(abs(values[0]), abs(values[1]))):
            found[item.id] = float(f"{sum(values) / len(values):.6g}")
        elif values:
            found[item.id] = f"{values[0]:.6g} to {values[1]:.6g} {item.unit or ''}".strip()
    return found


def _span(rule: FromEntry | None, channel: Channel | None, file: File) -> list[float]:
    values = _finite(channel)
    if channel is None or not len(values):
        return []
    if rule is not None:
        one = _statistic(rule, channel, file)
        return [] if one is None else [one]
    return [float(values.min()), float(values.max())]


_STATED = re.compile(
    r"(?P<bound><=|>=|<|>|≤|≥)?\s*(?P<number>[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)"
    r"(?:\s*(?:±|\+/-)\s*(?P<spread>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?))?"
)


def value_entered(item: Property, text: str) -> Json:
    """What a person wrote into the field of a property, in its unit: '5.2', '5.2 ± 0.1', '< 1e-9', a class, yes or no.

    Raises ValueError with what would do.
    """
    text = text.strip()
    if item.type in ("number", "integer"):
        return _number_entered(item, text)
    if item.type == "class":
        if text not in {known.id for known in item.classes}:
            raise ValueError(f"{item.id}: choose one of {', '.join(known.id for known in item.classes)}")
        return {"property": item.id, "value": text, "raw": text}
    if item.type == "boolean":
        if text not in ("true", "false"):
            raise ValueError(f"{item.id}: choose true or false")
        return {"property": item.id, "value": text == "true", "raw": text}
    if item.type == "list":
        return {"property": item.id, "value": [part.strip() for part in text.split(",") if part.strip()], "raw": text}
    return {"property": item.id, "value": text[:2000], "raw": text[:2000]}


def _number_entered(item: Property, text: str) -> Json:
    found = _STATED.fullmatch(text.replace("−", "-"))
    if not found:
        raise ValueError(
            f"{item.id}: {text[:40]!r} is no number; write 5.2, 5.2 ± 0.1 or < 1e-9, in {item.unit or 'no unit'}"
        )
    value = float(found["number"])
    if (
        not np.isfinite(value)
        or (item.low is not None and value < item.low)
        or (item.high is not None and value > item.high)
    ):
        raise ValueError(f"{item.id}: {text[:40]} is outside {item.low} to {item.high} {item.unit or ''}".rstrip())
    if item.type == "integer" and value != int(value):
        raise ValueError(f"{item.id}: {text[:40]!r} is no whole number")
    said: Json = {
        "property": item.id,
        "value": int(value) if item.type == "integer" else value,
        "unit": item.unit,
        "raw": text,
    }
    if found["spread"]:
        said["uncertainty"] = float(found["spread"])
    if found["bound"]:
        said["bound"] = {"≤": "<=", "≥": ">="}.get(found["bound"], found["bound"])
    return said


def edited_values(
    schema: TopicSchema, draft: Sequence[Mapping[str, Any]], entered: Mapping[str, str]
) -> Iterator[Json]:
    """The values after a person's editing: what the data gave where it was left as it stood, else what was written."""
    given = {value["property"]: dict(value) for value in draft}
    for item in schema.properties:
        text = entered.get(item.id, "").strip()
        if not text:
            continue
        known = given.get(item.id)
        if known is not None and text == value_shown(known):
            yield known
        else:
            yield (
                value_entered(item, text)
                | {"column": "entered by hand", "method": "entered by hand"}
                | ({"conditions": known["conditions"]} if known and known.get("conditions") else {})
            )


def value_shown(value: Mapping[str, Any]) -> str:
    """A value as its field shows it."""
    said = value.get("value")
    text = str(said).lower() if isinstance(said, bool) else ", ".join(said) if isinstance(said, list) else f"{said}"
    spread = f" ± {value['uncertainty']:g}" if value.get("uncertainty") is not None else ""
    return f"{value.get('bound', '')}{text}{spread}"
