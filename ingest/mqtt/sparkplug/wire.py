"""The Sparkplug B payload: the fields we use of its Protocol Buffers message. Pure.

Source: Eclipse Sparkplug 3.0 specification, chapter 6. Wire types: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.readings.errors import Garbled

SIGNED = {1: 8, 2: 16, 3: 32, 4: 64}  # data type -> bits
UNSIGNED = {5, 6, 7, 8}
FLOAT, DOUBLE, BOOLEAN, DATETIME = 9, 10, 11, 13
TEXTS = {12, 14, 15}
Value = float | str | bool | None


@dataclass(frozen=True)
class Metric:
    """One metric of a payload; `raw` as it stood in the message, still to be read by its data type."""

    name: str = ""
    alias: int | None = None
    timestamp: int | None = None  # ms since 1970
    datatype: int = 0
    is_historical: bool = False
    is_null: bool = False
    raw: int | float | str | None = None
    properties: dict[str, int | float | str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Payload:
    """A whole message."""

    timestamp: int | None = None  # ms since 1970
    seq: int | None = None
    metrics: tuple[Metric, ...] = ()


def payload_read(data: bytes) -> Payload:
    """The payload in a message. Raises Garbled."""
    timestamp, seq, metrics = None, None, []
    for number, value in _fields(memoryview(data)):
        if number == 1 and isinstance(value, int):
            timestamp = value
        elif number == 2 and isinstance(value, memoryview):
            metrics.append(_metric(value))
        elif number == 3 and isinstance(value, int):
            seq = value
    return Payload(timestamp, seq, tuple(metrics))


def value_of(raw: int | float | str | None, datatype: int) -> Value:
    """A raw value by its data type: signs restored, booleans as such. Raises Garbled for what is no single value."""
    if raw is None:
        return None
    if datatype in SIGNED and isinstance(raw, int):
        bits = SIGNED[datatype]
        low = raw & ((1 << bits) - 1)
        return low - (1 << bits) if low >> (bits - 1) else low
    if datatype == BOOLEAN:
        return bool(raw)
    if datatype in UNSIGNED or datatype in (FLOAT, DOUBLE, 0) or datatype in TEXTS or datatype == DATETIME:
        return raw
    raise Garbled(f"metrics of data type {datatype} (data sets, templates, files, arrays) are not collected")


def rebirth_command(timestamp_ms: int) -> bytes:
    """The NCMD payload that asks an edge node to be born again."""
    name = b"Node Control/Rebirth"
    metric = _length(1, name) + _varint(3 << 3) + _varint(timestamp_ms) + _varint(4 << 3) + _varint(BOOLEAN)
    metric += _varint(14 << 3) + _varint(1)
    return _varint(1 << 3) + _varint(timestamp_ms) + _length(2, metric)


def _metric(data: memoryview) -> Metric:
    found: dict[str, object] = {}
    for number, value in _fields(data):
        match number, value:
            case 1, memoryview():
                found["name"] = _text(value)
            case 2, int():
                found["alias"] = value
            case 3, int():
                found["timestamp"] = value
            case 4, int():
                found["datatype"] = value
            case 5, int():
                found["is_historical"] = bool(value)
            case 7, int():
                found["is_null"] = bool(value)
            case 9, memoryview():
                found["properties"] = _properties(value)
            case ((10 | 11 | 12 | 13 | 14 | 15), _):
                found["raw"] = _scalar(number - 10, value)
    return Metric(**found)  # type: ignore[arg-type] # each of its type by the match above


def _scalar(kind: int, value: int | bytes | memoryview) -> int | float | str | None:
    """A member of the value's `oneof`: 0 int, 1 long, 2 float, 3 double, 4 boolean, 5 string."""
    if isinstance(value, int):
        return value if kind in (0, 1, 4) else None
    if kind in (2, 3) and isinstance(value, bytes):
        number: float = (
            struct.unpack("<f" if kind == 2 else "<d", value)[0] if len(value) == (4 if kind == 2 else 8) else 0.0
        )
        return number
    return _text(value) if kind == 5 and isinstance(value, memoryview) else None


def _properties(data: memoryview) -> dict[str, int | float | str | None]:
    keys: list[str] = []
    values: list[int | float | str | None] = []
    for number, value in _fields(data):
        if number == 1 and isinstance(value, memoryview):
            keys.append(_text(value))
        elif number == 2 and isinstance(value, memoryview):
            values.append(_property(value))
    return dict(zip(keys, values, strict=False))


def _property(data: memoryview) -> int | float | str | None:
    kind, found = 0, None
    for number, value in _fields(data):
        if number == 1 and isinstance(value, int):
            kind = value
        elif 3 <= number <= 8:
            found = _scalar(number - 3, value)
    try:
        return value_of(found, kind)
    except Garbled:
        return None


def _text(value: memoryview) -> str:
    try:
        return bytes(value).decode()
    except UnicodeDecodeError as error:
        raise Garbled("a text of the Sparkplug payload is no UTF-8") from error


def _fields(data: memoryview) -> Iterator[tuple[int, int | bytes | memoryview]]:
    """Number and value of each field: int for a varint, bytes for four or eight, memoryview for the rest."""
    at = 0
    while at < len(data):
        key, at = _number(data, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _number(data, at)
            yield number, value
            continue
        if kind == 2:
            size, at = _number(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise Garbled(f"no Sparkplug B payload: wire type {kind} at byte {at}")
        if at + size > len(data) or number == 0:
            raise Garbled("no Sparkplug B payload: a field is longer than the message")
        yield number, data[at : at + size] if kind == 2 else bytes(data[at : at + size])
        at += size


def _number(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & (2**64 - 1), at
        shift += 7
    raise Garbled("no Sparkplug B payload: a number is cut off")


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _length(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data
