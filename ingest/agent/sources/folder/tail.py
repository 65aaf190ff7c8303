"""Following one growing file: what to read next, and whether it still is the file we began with.

Identity: the hash of the first bytes (whole first line), and the hash of the last bytes before the offset. The hash of
all that was shipped runs along and is kept in the checkpoint, so that a file that was truncated or rewritten can be
closed at the server with what it was, even after a restart.
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any, BinaryIO

HEAD_BYTES = 1024
ANCHOR_BYTES = 256
EMPTY = hashlib.sha256().hexdigest()
MAX_LINE_BYTES = 64 * 2**20  # a longer "line" is shipped in parts: it is no text


@dataclass
class Tail:
    """How far a growing file was shipped; everything but `hasher` and `held` is the checkpoint."""

    id: str
    name: str  # of the file when it was first seen
    created: float  # modification time then, s since 1970
    inode: int = 0
    head_bytes: int = 0
    head_hash: str = ""
    offset: int = 0
    sha256: str = EMPTY
    anchor: str = EMPTY
    hasher: Any = field(default=None, repr=False)  # hashlib's own type has no public name
    held: bytes = field(default=b"", repr=False)  # the unfinished last line as last seen
    grown: float = 0.0  # monotonic

    def fields(self) -> dict[str, Any]:
        """All fields by name, none copied."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        left_out = ("hasher", "held", "grown")
        return {"kind": "tail", **{key: value for key, value in self.fields().items() if key not in left_out}}

    @classmethod
    def load(cls, saved: dict[str, Any], *, now: float) -> "Tail":
        """From the checkpoint; the hash is rebuilt from the file when it is next read."""
        return cls(**{key: value for key, value in saved.items() if key != "kind"}, grown=now)


def head_of(handle: BinaryIO, *, unfinished: bool = False) -> tuple[int, str] | None:
    """Length and hash of the first line (at most 1 KiB); None while there is no whole line, unless it may be `unfinished`."""
    handle.seek(0)
    first = handle.read(HEAD_BYTES)
    end = first.find(b"\n") + 1 or (len(first) if unfinished or len(first) == HEAD_BYTES else 0)
    return (end, hashlib.sha256(first[:end]).hexdigest()) if end else None


def is_same(tail: Tail, handle: BinaryIO) -> bool:
    """Whether the file begins as before and still holds the bytes we stopped at; rebuilds the running hash once."""
    if tail.head_bytes:
        handle.seek(0)
        if hashlib.sha256(handle.read(tail.head_bytes)).hexdigest() != tail.head_hash:
            return False
    if tail.hasher is None:
        return _rebuild(tail, handle)
    return anchor_of(tail.offset, handle) == tail.anchor


def anchor_of(offset: int, handle: BinaryIO) -> str:
    """Hash of the last bytes before `offset`."""
    start = max(0, offset - ANCHOR_BYTES)
    handle.seek(start)
    return hashlib.sha256(handle.read(offset - start)).hexdigest()


def _rebuild(tail: Tail, handle: BinaryIO) -> bool:
    hasher, left = hashlib.sha256(), tail.offset
    handle.seek(0)
    while left > 0:
        data = handle.read(min(left, 2**20))
        if not data:
            return False
        hasher.update(data)
        left -= len(data)
    if hasher.hexdigest() != tail.sha256:
        return False
    tail.hasher = hasher
    return True


def lines_next(tail: Tail, handle: BinaryIO, limit: int) -> tuple[bytes, bytes]:
    """Whole lines after the offset (about `limit` bytes), and the unfinished rest behind them if the file ends there."""
    wide = is_wide(handle)
    while True:
        handle.seek(tail.offset)
        data = handle.read(limit)
        end = _last_line_end(data, wide=wide)
        if end or len(data) < limit:
            return data[:end], data[end:] if len(data) < limit else b""
        if limit >= MAX_LINE_BYTES:
            return data, b""
        limit *= 4


def is_wide(handle: BinaryIO) -> bool:
    """Whether it is UTF-16, where a line ends with two bytes."""
    handle.seek(0)
    return handle.read(2) == b"\xff\xfe"


def _last_line_end(data: bytes, *, wide: bool) -> int:
    if not wide:
        return data.rfind(b"\n") + 1
    at = data.rfind(b"\n\x00")
    while at > 0 and at % 2:
        at = data.rfind(b"\n\x00", 0, at + 1)
    return at + 2 if at >= 0 and at % 2 == 0 else 0
