"""Headers of Nanonis files: `.sxm` keys between colons, `.3ds` keys with `=`."""

import re
from datetime import datetime, timedelta
from typing import Any

from ingest.parsers.delimited_text.dates import decide_order, find_stamp
from ingest.parsers.protocol import CannotParse

_SCAN_KEY = re.compile(r"^:([^\n]+):$")


def scan_header(data: bytes) -> tuple[dict[str, list[str]], int]:
    """Keys with the lines under them, and where the values begin. Raises CannotParse."""
    end = data.find(b":SCANIT_END:")
    mark = data.find(b"\x1a\x04", end)
    if end < 0 or mark < 0 or mark - end > 4096:
        raise CannotParse("the Nanonis scan has no end of its header: it is cut short")
    made: dict[str, list[str]] = {}
    key = ""
    for line in data[:end].decode("latin-1").replace("\r\n", "\n").split("\n"):
        match = _SCAN_KEY.match(line)
        if match is not None:
            key = match[1]
            made[key] = []
        elif key and line.strip():
            made[key].append(line.strip())
    return made, mark + 2


def grid_header(data: bytes) -> tuple[dict[str, str], int]:
    """Keys with their values, and where the values of the grid begin. Raises CannotParse."""
    end = data.find(b":HEADER_END:")
    if end < 0:
        raise CannotParse("the Nanonis grid has no end of its header: it is cut short")
    begin = end + len(b":HEADER_END:")
    begin += 2 if data[begin : begin + 2] == b"\r\n" else 1
    lines = data[:end].decode("latin-1").replace("\r\n", "\n").split("\n")
    pairs = (line.partition("=") for line in lines)
    return {key.strip(): value.strip().strip('"') for key, found, value in pairs if found}, begin


def numbers(lines: list[str]) -> list[float]:
    """All numbers in the lines under a key."""
    made = []
    for word in " ".join(lines).split():
        try:
            made.append(float(word))
        except ValueError:
            continue
    return made


def table(lines: list[str]) -> list[dict[str, str]]:
    """A table under a key: names in its first line, parted by tabs."""
    rows = [[cell.strip() for cell in line.split("\t")] for line in lines]
    return [dict(zip(rows[0], row, strict=False)) for row in rows[1:]] if rows else []


def moment(day: str, clock: str = "") -> str | None:
    """ISO time; Nanonis writes day.month.year."""
    stamp = find_stamp(f"{day} {clock}".strip())
    order = decide_order([stamp]) if stamp else None
    if stamp is None or order is None:
        return None
    return stamp.readings[order].isoformat() if stamp.has_clock else None


def later(start: str | None, seconds: float | None) -> str | None:
    """The time so many seconds after a start."""
    return (datetime.fromisoformat(start) + timedelta(seconds=seconds)).isoformat() if start and seconds else None


def controlled_by(name: str, text: str) -> str | None:
    """The technique that the quantity held by the feedback shows: a current (STM), a force or an oscillation (AFM)."""
    said = f"{name} {text}".lower()
    if "current" in said:
        return "stm"
    return "afm" if re.search(r"freq|shift|amplitude|deflection|oscillation|excitation", said) else None


def facts(keys: dict[str, Any]) -> dict[str, Any]:
    """Keys as metadata, shortened."""
    return {
        key: (value if isinstance(value, str) else " ".join(value))[:300]
        for key, value in list(keys.items())[:300]
        if value
    }
