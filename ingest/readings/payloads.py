"""Values in JSON documents, bare numbers and delimited lines. Pure."""

import csv
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

from ingest.readings.errors import Garbled

Path = str | list[str | int]
UNIT = re.compile(r"^(?P<name>.+?)\s*[\[(](?P<unit>[^\[\]()]*)[\])]\s*$")
COMMA_NUMBER = re.compile(r"^[+-]?\d*,\d+([eE][+-]?\d+)?$")
MAX_LEAVES = 10_000
MAX_DEPTH = 20


def text_of(payload: bytes) -> str:
    """The payload as text: UTF-8 with or without mark, UTF-16 with mark. Raises Garbled."""
    encoding = "utf-16" if payload[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return payload.decode(encoding)
    except UnicodeDecodeError as error:
        raise Garbled(f"the payload is no {encoding.upper()} text: {error.reason}") from error


def json_of(payload: bytes) -> Any:  # Any: JSON
    """The JSON document in a payload. Raises Garbled."""
    try:
        return json.loads(text_of(payload))
    except (json.JSONDecodeError, RecursionError) as error:
        raise Garbled(f"the payload is no JSON: {error}") from error


def numeric(value: object) -> float | None:
    """The value as a number: booleans are 0 and 1, a text may write one (also with a decimal comma); none = no number."""
    if isinstance(value, bool | int | float):
        try:
            return float(value)
        except OverflowError:
            return math.inf
    if not isinstance(value, str):
        return None
    text = value.strip()
    if COMMA_NUMBER.match(text):
        text = text.replace(",", ".")
    try:
        return float(text) if "_" not in text else None
    except ValueError:
        return None


def lookup(document: Any, path: Path) -> Any:  # Any: JSON
    """What lies at `a.b.0` or ["a", "b", 0]. Raises Garbled where nothing does."""
    parts: Sequence[str | int] = path.split(".") if isinstance(path, str) and path else path or ()
    found = document
    for part in parts:
        if isinstance(found, dict) and str(part) in found:
            found = found[str(part)]
        elif isinstance(found, list) and str(part).lstrip("-").isdigit() and -len(found) <= int(part) < len(found):
            found = found[int(part)]
        else:
            there = ", ".join(map(str, list(found)[:8])) if isinstance(found, dict) else type(found).__name__
            raise Garbled(f"there is no {part!r} of {path!r}; there is: {there}")
    return found


def leaves(document: Any, *, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:  # Any: JSON
    """Every scalar of a document with its path, objects joined by dots; nulls are left out."""
    if depth > MAX_DEPTH:
        raise Garbled(f"the document is nested deeper than {MAX_DEPTH}")
    if isinstance(document, dict | list):
        items = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in items:
            yield from leaves(value, prefix=f"{prefix}.{key}" if prefix else str(key), depth=depth + 1)
    elif document is not None:
        yield prefix, document


def name_and_unit(text: str) -> tuple[str, str | None]:
    """`P [mbar]` or `P (mbar)` as name and unit."""
    found = UNIT.match(text.strip())
    return (found["name"], found["unit"].strip() or None) if found else (text.strip(), None)


def table(text: str, *, columns: Sequence[str] = (), delimiter: str = "") -> tuple[list[str], list[list[str]]]:
    """Header and rows of delimited lines; the first line is the header unless `columns` are given.

    The delimiter is told from the header where none is given: tab, semicolon, then comma. Raises Garbled.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        raise Garbled("the payload is empty")
    if not delimiter:
        delimiter = next((one for one in "\t;," if one in lines[0]), ",")
    rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    header = list(columns) or rows.pop(0)
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise Garbled(f"row {number} has {len(row)} cells where {len(header)} are named: {', '.join(row)[:120]}")
    return header, rows
