"""A Sparkplug B edge node for tests: writes payloads field by field, independently of the reader under test."""

import struct
from typing import Any

INT8, INT32, INT64, FLOAT, DOUBLE, BOOLEAN, STRING, DATASET = 1, 3, 4, 9, 10, 11, 12, 16


def varint(value: int) -> bytes:
    out = b""
    value &= 2**64 - 1
    while value > 127:
        out += bytes([value % 128 + 128])
        value //= 128
    return out + bytes([value])


def whole(number: int, value: int) -> bytes:
    return varint(number * 8) + varint(value)


def chunk(number: int, data: bytes) -> bytes:
    return varint(number * 8 + 2) + varint(len(data)) + data


def value_field(kind: int, value: Any, first: int) -> bytes:
    if kind in (FLOAT, DOUBLE):
        size = "<f" if kind == FLOAT else "<d"
        return varint((first + (2 if kind == FLOAT else 3)) * 8 + (5 if kind == FLOAT else 1)) + struct.pack(
            size, value
        )
    if kind == STRING:
        return chunk(first + 5, value.encode())
    if kind == DATASET:
        return chunk(17, b"\x08\x01")
    if kind == BOOLEAN:
        return whole(first + 4, int(value))
    return whole(first + 1, value) if kind in (INT64, 8) else whole(first, value & 0xFFFFFFFF)


def metric(
    kind: int,
    value: Any = None,
    *,
    name: str = "",
    alias: int | None = None,
    ms: int | None = None,
    historical: bool = False,
    properties: dict[str, tuple[int, Any]] | None = None,
) -> bytes:
    data = chunk(1, name.encode()) if name else b""
    data += whole(2, alias) if alias is not None else b""
    data += whole(3, ms) if ms is not None else b""
    data += whole(4, kind) if name else b""
    data += whole(5, 1) if historical else b""
    data += whole(7, 1) if value is None else b""
    if properties:
        keys = b"".join(chunk(1, key.encode()) for key in properties)
        values = b"".join(chunk(2, whole(1, k) + value_field(k, v, 3)) for k, v in properties.values())
        data += chunk(9, keys + values)
    return data + (value_field(kind, value, 10) if value is not None else b"")


def payload(*metrics: bytes, ms: int, seq: int | None) -> bytes:
    data = whole(1, ms) + b"".join(chunk(2, one) for one in metrics)
    return data + (whole(3, seq) if seq is not None else b"")
