"""What a push says: rows as JSON or CSV into a Gatherer, all or nothing. Pure but for the clock it is given."""

import math
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.readings.errors import Garbled
from ingest.readings.gather import Gatherer
from ingest.readings.payloads import json_of, name_and_unit, numeric, table, text_of
from ingest.readings.times import time_ns

TIME = ("time", "timestamp")
MAX_ROWS = 100_000
Value = tuple[str, int, float | str]  # channel, time, value


class Channel(BaseModel):
    """What a client may say of a channel."""

    model_config = ConfigDict(extra="forbid")

    unit: str | None = Field(default=None, max_length=60)
    quantity: str | None = Field(default=None, max_length=120)
    low: float | None = None
    high: float | None = None


class Happening(BaseModel):
    """An event of a client."""

    model_config = ConfigDict(extra="forbid")

    time: float | int | str | None = None
    kind: str = Field(min_length=1, max_length=40)
    name: str = Field(default="", max_length=200)
    value: Any = None


class Push(BaseModel):
    """The JSON body."""

    model_config = ConfigDict(extra="forbid")

    rows: list[dict[str, Any]] = Field(default=[], max_length=MAX_ROWS)
    channels: dict[str, Channel] = {}
    events: list[Happening] = []


def json_push(body: bytes, gatherer: Gatherer, *, now: int, zone: str | None) -> int:
    """Take a JSON body; the number of rows. Raises Garbled, and then nothing was taken."""
    try:
        push = Push.model_validate(json_of(body))
    except ValidationError as error:
        fault = error.errors()[0]
        raise Garbled(f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}") from error
    values: list[Value] = []
    for number, row in enumerate(push.rows):
        at = _time(next((row[key] for key in TIME if key in row), None), number, now, zone)
        values += [
            (name, at, _value(name, cell, number))
            for name, cell in row.items()
            if name not in TIME and cell is not None
        ]
    times = [now if one.time is None else time_ns(one.time, zone=zone) for one in push.events]
    first = min((at for _, at, _ in values), default=now)
    for name, said in push.channels.items():
        gatherer.describe(name, time_ns=first, **said.model_dump())
    _take(values, gatherer)
    for at, one in zip(times, push.events, strict=True):
        gatherer.event(at, one.kind, one.name, one.value)
    return len(push.rows)


def csv_push(body: bytes, gatherer: Gatherer, *, now: int, zone: str | None) -> int:
    """Take a CSV body: a header with units in brackets, then rows; the number of rows. Raises Garbled."""
    header, rows = table(text_of(body))
    if len(rows) > MAX_ROWS:
        raise Garbled(f"at most {MAX_ROWS} rows at once")
    columns = [name_and_unit(one) for one in header]
    names = [name for name, _ in columns]
    if len(set(names)) != len(names) or not all(names):
        raise Garbled(f"the header names a column twice or not at all: {', '.join(header)[:200]}")
    clock = next((at for at, name in enumerate(names) if name.lower() in TIME), None)
    values: list[Value] = []
    for number, row in enumerate(rows):
        at = _time(None if clock is None else row[clock], number, now, zone)
        values += _cells(names, row, clock, at, number)
    for at_column, (name, unit) in enumerate(columns):
        if unit and at_column != clock:
            gatherer.describe(name, time_ns=min((at for _, at, _ in values), default=now), unit=unit[:60])
    _take(values, gatherer)
    return len(rows)


def _cells(names: Sequence[str], row: Sequence[str], clock: int | None, at: int, number: int) -> list[Value]:
    cells = [(name, cell) for column, (name, cell) in enumerate(zip(names, row, strict=True)) if column != clock]
    return [(name, at, _value(name, cell, number)) for name, cell in cells if cell]


def _time(value: object, number: int, now: int, zone: str | None) -> int:
    if value is None or value == "":
        return now
    try:
        return time_ns(value, zone=zone)
    except Garbled as error:
        raise Garbled(f"row {number + 1}: {error}") from error


def _value(name: str, cell: object, number: int) -> float | str:
    found = numeric(cell)
    if found is not None:
        return found
    if isinstance(cell, str):
        return cell
    raise Garbled(f"row {number + 1}: {name!r} is neither a number nor a text")


def _take(values: Sequence[Value], gatherer: Gatherer) -> None:
    for name, at, value in values:
        if isinstance(value, str):
            gatherer.state(name, at, value)
        elif math.isnan(value):
            continue  # a client's way to say "no value"
        else:
            gatherer.reading(name, at, value)
