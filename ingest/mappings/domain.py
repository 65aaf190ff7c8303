"""Corrections of a reading as pure values: which apply to a file, and what the file says with them."""

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, field_validator

from ingest.parsers.protocol import Channel
from ingest.schemas.registry import quantities, techniques
from ingest.schemas.units import kinds_of, parse_unit

ALIKE = 0.7  # share of channel names two files must have in common to be of one layout
LIVE = "live"  # in place of a parser: corrections of live channels
HOUR_NS = 3_600_000_000_000


class Hints(BaseModel):
    """How a text file is to be read where it does not say so itself; None leaves the decision to the parser."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decimal: Literal[".", ","] | None = None
    delimiter: Literal[",", ";", "\t", " ", "|"] | None = None
    day_first: bool | None = None
    header_line: int | None = Field(
        default=None, ge=0, le=100_000, description="line of the column names; 0 = there is none"
    )
    encoding: str | None = Field(default=None, max_length=20)

    @field_validator("encoding")
    @classmethod
    def _encoding_known(cls, value: str | None) -> str | None:
        if not value:
            return None
        try:
            codecs.lookup(value)
        except LookupError as error:
            raise ValueError(f"{value!r} is no known encoding; try utf-8, cp1252, gbk or shift_jis") from error
        return value

    def given(self) -> dict[str, Any]:
        """Only what was decided, as JSON."""
        return self.model_dump(exclude_none=True)


class ChannelCorrection(BaseModel):
    """What a channel called `name`, with the unit `stated` in the file, really is; None clears a claim."""

    model_config = ConfigDict(frozen=True)

    name: str = Field(min_length=1, max_length=400)
    stated: str | None = None
    unit: str | None = Field(default=None, max_length=60)
    quantity: str | None = None

    @field_validator("quantity")
    @classmethod
    def _quantity_known(cls, value: str | None) -> str | None:
        if value and value not in quantities():
            raise ValueError(f"{value!r} is no quantity of the registry")
        return value or None

    @field_validator("unit")
    @classmethod
    def _unit_known(cls, value: str | None) -> str | None:
        if not value or not value.strip():
            return None
        known = parse_unit(value)
        if known is None:
            raise ValueError(f"{value!r} is no unit; write it as for example degC, mbar, 1/cm, A/cm^2")
        return known

    def contradiction(self) -> str | None:
        """Why unit and quantity cannot both be right, if so."""
        if self.unit is None or self.quantity is None:
            return None
        known = quantities()[self.quantity]
        kinds = kinds_of(self.unit)
        if known.units and not any(kinds == kinds_of(unit) for unit in known.units):
            return f"{self.unit} is no unit of {known.label['en']} (usual: {', '.join(known.units)})"
        return None


@dataclass(frozen=True)
class Correction:
    """All of one mapping that concerns files. `names`: channels of the file it was made on; `whole_lab`: bound to no instrument."""

    parser: str
    names: tuple[str, ...]
    whole_lab: bool = False
    technique: str = ""
    time_zone: str = ""
    hints: Mapping[str, Any] = field(default_factory=dict)
    channels: tuple[ChannelCorrection, ...] = ()
    key: int | None = None

    def fits(self, parser: str, names: Sequence[str]) -> bool:
        """Whether a file read by `parser` with these channel names is of the layout the correction was made on."""
        mine, theirs = set(self.names), set(names)
        return parser == self.parser and len(mine & theirs) >= ALIKE * len(mine | theirs)


def zone_of(name: str) -> tzinfo | None:
    """The time zone of an IANA name, or none."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def technique_known(name: str) -> str | None:
    """The field's usual name of a technique given by id, label or synonym, or none."""
    wanted = name.strip().lower()
    for technique in techniques().values():
        if wanted in {technique.id, *(one.lower() for one in (*technique.label.values(), *technique.synonyms))}:
            return technique.label["en"]
    return None


def hints_for(corrections: Sequence[Correction], document: Mapping[str, Any]) -> dict[str, Any]:
    """How to read the file again, from the newest fitting correction that says so; `corrections` newest first."""
    names = [channel["name"] for channel in document["channels"]]
    for one in corrections:
        if one.hints and one.fits(str(document["parser"]), names):
            return dict(one.hints)
    return {}


def corrected(
    document: dict[str, Any], channels: Sequence[Channel], corrections: Sequence[Correction], names: Sequence[str]
) -> tuple[dict[str, Any], tuple[Channel, ...]]:
    """The parse document and channels with what people corrected; `names` = channel names as first read, newest correction first."""
    fitting = [one for one in corrections if one.fits(str(document["parser"]), names)]
    used: list[int] = []
    document = {**document, "metadata": dict(document["metadata"])}
    technique = next((one for one in fitting if one.technique), None)
    if technique is not None:
        document["technique"] = technique.technique
        used.append(technique.key or 0)
    zoned = next((one for one in fitting if one.time_zone and zone_of(one.time_zone)), None)
    made = list(channels)
    if zoned is not None and _zone_unknown(document["metadata"]):
        made = [_shifted(channel, zone_of(zoned.time_zone)) for channel in made]
        document["metadata"] = _zoned(document["metadata"], zone_of(zoned.time_zone))
        used.append(zoned.key or 0)
    rules = _rules(corrections, fitting)
    entries = []
    for at, entry in enumerate(document["channels"]):
        rule = rules.get((entry["name"], entry["unit"] or None))
        if rule is not None:
            change, key = rule
            entry = {
                **entry,
                "unit": change.unit,
                "quantity": change.quantity,
                "confidence": 1.0,
                "stated": entry["unit"],
            }
            made[at] = replace(made[at], unit=change.unit, quantity=change.quantity, confidence=1.0)
            used.append(key)
        entries.append(entry)
    document["channels"] = entries
    if used:
        document["metadata"]["mapping"] = sorted(set(used))
    return document, tuple(made)


def _rules(
    corrections: Sequence[Correction], fitting: Sequence[Correction]
) -> dict[tuple[str, str | None], tuple[ChannelCorrection, int]]:
    """Corrections by (name, unit stated): an instrument's hold for all its files, those of the whole laboratory for one layout."""
    rules: dict[tuple[str, str | None], tuple[ChannelCorrection, int]] = {}
    for one in corrections:
        if not one.whole_lab or one in fitting:
            for change in one.channels:
                rules.setdefault((change.name, change.stated or None), (change, one.key or 0))
    return rules


def _zone_unknown(metadata: Mapping[str, Any]) -> bool:
    start = metadata.get("start")
    return isinstance(start, str) and datetime.fromisoformat(start).tzinfo is None


def _zoned(metadata: Mapping[str, Any], zone: tzinfo | None) -> dict[str, Any]:
    made = dict(metadata)
    for key in ("start", "end"):
        if isinstance(made.get(key), str) and (moment := datetime.fromisoformat(made[key])).tzinfo is None:
            made[key] = moment.replace(tzinfo=zone).isoformat()
    return made


def _shifted(channel: Channel, zone: tzinfo | None) -> Channel:
    """Times that were taken for UTC, as times of the zone; an hour is looked up once."""
    if channel.times is None or zone is None or not len(channel.times):
        return channel
    hours, places = np.unique(channel.times // HOUR_NS, return_inverse=True)
    offsets: NDArray[np.int64] = np.array([_offset_ns(int(hour), zone) for hour in hours], dtype=np.int64)
    return replace(channel, times=channel.times - offsets[places])


def _offset_ns(hour: int, zone: tzinfo) -> int:
    wall = datetime.fromtimestamp(hour * 3600, UTC).replace(tzinfo=zone)
    offset = wall.utcoffset()
    return round(offset.total_seconds() * 1e9) if offset else 0
