"""What is known of each file that was shipped, in little memory: a folder may hold tens of thousands."""

import json
import os
import struct
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

_PACKED = struct.Struct("<qq32s")  # size, mtime_ns, sha256


MAX_ALIKE = 2000  # with more closed logs only the inode is asked


class Ledger:
    """Files by their path below the root: shipped whole, or followed and closed (then with the tail's checkpoint)."""

    def __init__(self) -> None:
        self._shipped: dict[str, bytes] = {}
        self._closed: dict[str, bytes] = {}  # JSON, a third of the memory of a dict
        self._inodes: dict[int, str] = {}  # of closed ones

    def __contains__(self, relative: str) -> bool:
        return relative in self._shipped

    def note(self, relative: str, saved: dict[str, Any]) -> None:
        """Remember the checkpoint of a shipped file."""
        self._shipped[relative] = _PACKED.pack(saved["size"], saved["mtime_ns"], bytes.fromhex(saved["sha256"]))
        self._closed.pop(relative, None)
        if saved.get("tail"):
            self._closed[relative] = json.dumps(saved["tail"]).encode()
            self._inodes[saved["tail"]["inode"]] = relative

    def is_shipped(self, relative: str, size: int, mtime_ns: int) -> bool:
        """Whether the file was shipped as it stands, as far as stat can tell."""
        packed = self._shipped.get(relative)
        return packed is not None and packed[:16] == _PACKED.pack(size, mtime_ns, b"")[:16]

    def sha256(self, relative: str) -> str | None:
        """Hash of what was shipped last under this path."""
        packed = self._shipped.get(relative)
        return None if packed is None else _PACKED.unpack(packed)[2].hex()

    def closed_tail(self, relative: str) -> dict[str, Any] | None:
        """The tail's checkpoint where the path was followed and closed."""
        saved = self._closed.get(relative)
        return None if saved is None else json.loads(saved)

    def closed_alike(self, relative: str, inode: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Closed logs that may lie at `relative` now: of the same inode, or there with a name that begins alike."""
        folder, _, name = relative.rpartition("/")
        paths = [self._inodes[inode]] if inode in self._inodes else []
        if len(self._closed) <= MAX_ALIKE:
            near = (path for path in self._closed if path.rpartition("/")[0] == folder)
            paths += [path for path in near if name.startswith(PurePosixPath(path).stem)]
        for path in paths:
            saved = self.closed_tail(path)
            if saved is not None and path != relative:
                yield path, saved

    def forget(self, relative: str) -> None:
        """The path stands for something else now."""
        self._shipped.pop(relative, None)
        self._closed.pop(relative, None)


def shipped_entry(size: int, mtime_ns: int, sha256: str, tail: dict[str, Any] | None = None) -> dict[str, Any]:
    """The checkpoint of a file that was shipped; `tail` where it was followed and may grow again."""
    entry: dict[str, Any] = {"kind": "done", "size": size, "mtime_ns": mtime_ns, "sha256": sha256}
    return entry if tail is None else {**entry, "tail": tail}


def key_of(relative: str) -> str:
    """The path as a checkpoint key: itself, or its bytes in hex where it is no valid text."""
    try:
        relative.encode()
    except UnicodeEncodeError:
        return "\0" + os.fsencode(relative).hex()
    return relative


def path_of(key: str) -> str:
    """The path of a checkpoint key."""
    return os.fsdecode(bytes.fromhex(key[1:])) if key.startswith("\0") else key
