"""Reading what can be read of a damaged spool, page by page, without SQLite, which gives up at the first broken page.

Only live content is taken: pages on no free list, cells that their page points to, journal frames that were committed. What is
found is recognised by its shape. Formats: https://www.sqlite.org/fileformat2.html
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR = 0x0D, 0x0A, 0x02
FREE = 2  # in the pointer map
LANES = {"frames", "lines", "files"}
DESCRIPTOR = {"name", "unit", "kind", "version"}
Value = int | float | str | bytes | None


@dataclass
class Salvaged:
    """Rows of the outbox and of what was refused, by id; checkpoints and descriptors by their keys."""

    outbox: dict[int, tuple[Value, ...]] = field(default_factory=dict)
    rejected: dict[int, tuple[Value, ...]] = field(default_factory=dict)
    checkpoints: dict[tuple[str, str], str] = field(default_factory=dict)
    descriptors: dict[tuple[str, str], str] = field(default_factory=dict)


def salvage(path: Path) -> Salvaged:
    """Everything readable in a spool and its journal. Raises OSError."""
    pages = _Pages(path.read_bytes(), _journal(path.with_name(path.name + "-wal")))
    found = Salvaged()
    for number in range(1, pages.count + 1):
        if pages.is_free(number):
            continue
        for rowid, record in _cells(pages, number):
            _sort(found, rowid, record)
    return found


def _sort(found: Salvaged, rowid: int | None, record: tuple[Value, ...]) -> None:
    """Put a record where it belongs; what looks like none of ours is left."""
    if rowid is not None and len(record) in (10, 12) and record[1] in LANES and _is_row(record):
        (found.outbox if len(record) == 10 else found.rejected)[rowid] = record[1:]
    elif rowid is None and len(record) == 3 and all(isinstance(one, str) for one in record):
        source, key, text = (str(one) for one in record)
        try:
            value = json.loads(text)
        except ValueError:
            return
        if isinstance(value, dict):
            (found.descriptors if set(value) >= DESCRIPTOR else found.checkpoints)[source, key] = text


def _is_row(record: tuple[Value, ...]) -> bool:
    _, _, kind, source, key, created, rows, sequence, head, payload = record[:10]
    texts = all(isinstance(one, str) for one in (kind, source, key, head))
    numbers = isinstance(created, int) and isinstance(rows, int) and isinstance(sequence, int | None)
    return texts and numbers and isinstance(payload, bytes)


class _Pages:
    """Pages of the database as last committed."""

    def __init__(self, data: bytes, newer: dict[int, bytes]) -> None:
        (size,) = struct.unpack(">H", data[16:18]) if data[:15] == b"SQLite format 3" else (4096,)
        self.size = 65536 if size == 1 else size
        if self.size < 512 or self.size & (self.size - 1):
            self.size = 4096
        self._data, self._newer = data, newer
        self.count = max([-(-len(data) // self.size), *newer])

    def __getitem__(self, number: int) -> bytes:
        if number in self._newer:
            return self._newer[number]
        page = self._data[(number - 1) * self.size : number * self.size]
        return page.ljust(self.size, b"\0")

    def is_free(self, number: int) -> bool:
        """By the pointer map, which spools have because they give disk back."""
        reach = self.size // 5 + 1
        if number <= 2 or (number - 2) % reach == 0:
            return (number - 2) % reach == 0
        home = (number - 2) // reach * reach + 2
        return self[home][5 * (number - home - 1)] == FREE


def _journal(path: Path) -> dict[int, bytes]:
    """The newest committed state of each page in a write-ahead journal; empty where it is not whole from its start."""
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    if len(data) < 32 or data[:3] != b"\x37\x7f\x06":
        return {}
    order = ">" if data[3] & 1 else "<"
    size = int.from_bytes(data[8:12], "big")
    pages: dict[int, bytes] = {}
    open_frames: dict[int, bytes] = {}
    sums = _checksum(order, data[:24], (0, 0))
    if sums != struct.unpack(">II", data[24:32]):
        return {}
    for at in range(32, len(data) - size - 23, size + 24):
        head, page = data[at : at + 24], data[at + 24 : at + 24 + size]
        number, committed = struct.unpack(">II", head[:8])
        sums = _checksum(order, page, _checksum(order, head[:8], sums))
        if head[8:16] != data[16:24] or sums != struct.unpack(">II", head[16:24]):
            break
        open_frames[number] = page
        if committed:
            pages.update(open_frames)
            open_frames.clear()
    return pages


def _checksum(order: str, data: bytes, start: tuple[int, int]) -> tuple[int, int]:
    first, second = start
    words = struct.unpack(f"{order}{len(data) // 4}I", data)
    for at in range(0, len(words), 2):
        first = (first + words[at] + second) & 0xFFFFFFFF
        second = (second + words[at + 1] + first) & 0xFFFFFFFF
    return first, second


def _cells(pages: _Pages, number: int) -> Iterator[tuple[int | None, tuple[Value, ...]]]:
    """Row id (none in an index) and values of each cell of a page that makes sense."""
    page, at = pages[number], 100 if number == 1 else 0
    kind = page[at]
    if kind not in (TABLE_LEAF, INDEX_LEAF, INDEX_INTERIOR):
        return
    (count,) = struct.unpack(">H", page[at + 3 : at + 5])
    start = at + (12 if kind == INDEX_INTERIOR else 8)
    if start + 2 * count > len(page):
        return
    for (offset,) in struct.iter_unpack(">H", page[start : start + 2 * count]):
        try:
            yield _cell(pages, page, kind, offset)
        except (IndexError, ValueError, struct.error):
            continue


def _cell(pages: _Pages, page: bytes, kind: int, at: int) -> tuple[int | None, tuple[Value, ...]]:
    at += 4 if kind == INDEX_INTERIOR else 0
    size, at = _varint(page, at)
    rowid = None
    if kind == TABLE_LEAF:
        rowid, at = _varint(page, at)
    usable = pages.size
    most = usable - 35 if kind == TABLE_LEAF else (usable - 12) * 64 // 255 - 23
    least = (usable - 12) * 32 // 255 - 23
    local = size
    if size > most:
        local = least + (size - least) % (usable - 4)
        local = local if local <= most else least
    payload = bytearray(page[at : at + local])
    if local < size:
        (following,) = struct.unpack(">I", page[at + local : at + local + 4])
        while len(payload) < size:
            if not 0 < following <= pages.count or pages.is_free(following):
                raise ValueError("the rest of the row is gone")
            more = pages[following]
            (following,) = struct.unpack(">I", more[:4])
            payload += more[4 : 4 + size - len(payload)]
    if len(payload) != size:
        raise ValueError("the row is cut short")
    return rowid, _record(bytes(payload))


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count in range(9):
        byte = data[at + count]
        if count == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + count + 1
    raise ValueError("no number")


def _record(data: bytes) -> tuple[Value, ...]:
    size, at = _varint(data, 0)
    kinds: list[int] = []
    while at < size:
        kind, at = _varint(data, at)
        kinds.append(kind)
    values: list[Value] = []
    for kind in kinds:
        value, at = _value(data, at, kind)
        values.append(value)
    if at != len(data):
        raise ValueError("the record is longer or shorter than it says")
    return tuple(values)


_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


def _value(data: bytes, at: int, kind: int) -> tuple[Any, int]:
    if kind == 0:
        return None, at
    if kind in _INTEGERS:
        end = at + _INTEGERS[kind]
        return int.from_bytes(data[at:end], "big", signed=True), end
    if kind == 7:
        return struct.unpack(">d", data[at : at + 8])[0], at + 8
    if kind in (8, 9):
        return kind - 8, at
    if kind < 12:
        raise ValueError("a kind of value that is never stored")
    end = at + (kind - 12) // 2
    if end > len(data):
        raise ValueError("the value is cut short")
    return (data[at:end].decode() if kind % 2 else data[at:end]), end
