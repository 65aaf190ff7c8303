"""What is known of each file of a watched folder, and what one more look at it means."""

import hashlib
import os
import secrets
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.agent.sources.folder.params import FolderParams
from ingest.agent.sources.folder.scan import Scan, Seen
from ingest.agent.sources.folder.tail import Tail, anchor_of, head_of, is_same, lines_next
from ingest.agent.sources.protocol import FileShip, Item, SourceContext, TailClose, TailPiece
from ingest.contract import Envelope

GATHER = 100  # finished files that share one commit
MISSING_S = 10.0  # a followed file that is gone for so long was removed


class Watch:
    """Remembers between scans; `faults` lists what could not be read in the last round."""

    def __init__(self, params: FolderParams, context: SourceContext) -> None:
        self._params, self._context = params, context
        self._done: dict[str, dict[str, Any]] = {}  # shipped whole: size, mtime_ns, sha256
        self._tails: dict[str, Tail] = {}
        self._marks: dict[str, tuple[int, int]] = {}  # of followed files, when last read
        self._still: dict[str, tuple[tuple[int, int], float]] = {}  # mark, and since when (monotonic)
        self._missing: dict[str, float] = {}
        self._gathered: list[tuple[str, dict[str, Any], list[Item]]] = []
        self.faults: list[str] = []
        for key, saved in context.checkpoints().items():
            if saved["kind"] == "tail":
                self._tails[_path_of(key)] = Tail.load(saved, now=time.monotonic())
            else:
                self._done[_path_of(key)] = saved

    def round(self, found: Scan) -> None:
        """One look at everything that was found."""
        self.faults = []
        for relative in list(self._tails):
            self._try(relative, self._tail_step)
        for relative, seen in sorted(found.files.items()):
            if self._context.wait(0):
                break
            if relative in self._tails or self._shipped(relative, seen):
                continue
            if self._params.grows(relative):
                self._try(relative, self._tail_begin, seen)
            else:
                self._try(relative, self._settle, seen, self._params.settle_s)
        self._flush()
        for gone in self._still.keys() - found.files.keys():
            del self._still[gone]

    def _try(self, relative: str, step: Any, *arguments: Any) -> None:  # Any: one of our own methods
        """Do one step; a file that cannot be read now is reported and tried again at the next round."""
        try:
            step(relative, *arguments)
        except OSError as error:
            self.faults.append(f"{relative}: {error.strerror or error}")

    def _path(self, relative: str) -> Path:
        return self._params.path / relative

    def _shipped(self, relative: str, seen: Seen) -> bool:
        done = self._done.get(relative)
        return done is not None and (done["size"], done["mtime_ns"]) == seen.mark

    # -- finished files ---------------------------------------------------------------------------------------------

    def _settle(self, relative: str, seen: Seen, settle_s: float) -> None:
        """Ship a file when it stood still long enough."""
        mark, since = self._still.get(relative, (None, 0.0))
        if mark != seen.mark:
            self._still[relative] = (seen.mark, time.monotonic())
            if settle_s > 0:
                return
        elif time.monotonic() - since < settle_s:
            return
        with self._path(relative).open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            status = os.fstat(handle.fileno())
        if (status.st_size, status.st_mtime_ns) != seen.mark:
            self._still.pop(relative, None)
            return
        before = self._done.get(relative)
        items = [] if before is not None and before["sha256"] == sha256 else [self._file(relative, seen, sha256)]
        self._still.pop(relative, None)
        self._gathered.append((relative, _done(seen, sha256), items))
        if len(self._gathered) >= GATHER:
            self._flush()

    def _flush(self) -> None:
        """Commit the finished files gathered so far."""
        if not self._gathered:
            return
        items = [item for _, _, some in self._gathered for item in some]
        self._context.commit(*items, checkpoints={_key_of(relative): done for relative, done, _ in self._gathered})
        self._done.update((relative, done) for relative, done, _ in self._gathered)
        self._gathered.clear()

    def _file(self, relative: str, seen: Seen, sha256: str) -> Item:
        identity = "\0".join([self._context.instrument, self._context.name, _key_of(relative), sha256])
        number = "f-" + hashlib.sha256(identity.encode()).hexdigest()[:40]
        return FileShip(self._envelope(number, relative, seen.size, sha256, seen.mtime_ns / 1e9), self._path(relative))

    def _envelope(self, number: str, relative: str, size: int, sha256: str, created: float, name: str = "") -> Envelope:
        return Envelope(
            id=number,
            instrument=self._context.instrument,
            source=self._context.name,
            file_name=(name or _printable(Path(relative).name))[:400],
            size=size,
            sha256=sha256,
            created=datetime.fromtimestamp(created, UTC),
            metadata={"path": _printable(relative)},
        )

    # -- growing files ----------------------------------------------------------------------------------------------

    def _tail_begin(self, relative: str, seen: Seen) -> None:
        """Begin to follow a file once it holds a whole line; one that never does is shipped as a finished file."""
        with self._path(relative).open("rb") as handle:
            head = head_of(handle)
        if head is None:
            self._settle(relative, seen, self._params.close_after_s)
            return
        name = _printable(Path(relative).name)
        tail = Tail(id="t-" + secrets.token_hex(16), name=name, created=seen.mtime_ns / 1e9, inode=seen.inode)
        tail.head_bytes, tail.head_hash = head
        tail.grown = time.monotonic()
        self._tails[relative] = tail
        self._still.pop(relative, None)
        self._tail_step(relative)

    def _tail_step(self, relative: str) -> None:
        """Ship what was added; notice that the file is finished, gone, or another one."""
        tail, path = self._tails[relative], self._path(relative)
        try:
            status = path.stat()
        except FileNotFoundError:
            self._tail_gone(relative, tail)
            return
        self._missing.pop(relative, None)
        seen = Seen(status.st_size, status.st_mtime_ns, status.st_ino)
        if seen.inode == tail.inode and self._marks.get(relative) == seen.mark:
            self._tail_idle(relative, tail, seen)
            return
        with path.open("rb") as handle:
            if seen.size < tail.offset or not is_same(tail, handle):
                same = False
            else:
                same, tail.inode = True, seen.inode
                self._tail_read(relative, tail, handle)
        if not same:
            self._tail_parted(relative, tail)
            return
        self._marks[relative] = seen.mark

    def _tail_read(self, relative: str, tail: Tail, handle: Any) -> None:  # Any: a binary file
        """Ship all whole lines, a piece at a time; each with its checkpoint."""
        while True:
            data, held = lines_next(tail, handle, self._params.max_piece_bytes)
            if (data, held) != (b"", tail.held):
                tail.grown = time.monotonic()
            tail.held = held
            if not data:
                return
            self._ship(relative, tail, data, anchor_of(tail.offset + len(data), handle))

    def _ship(self, relative: str, tail: Tail, data: bytes, anchor: str) -> None:
        """Commit first, remember after: where the commit fails, nothing was shipped and nothing is remembered."""
        hasher = tail.hasher.copy()
        hasher.update(data)
        after = {"offset": tail.offset + len(data), "sha256": hasher.hexdigest(), "anchor": anchor}
        self._context.commit(self._piece(tail, data), checkpoints={_key_of(relative): {**tail.dump(), **after}})
        tail.hasher, tail.offset, tail.sha256, tail.anchor = hasher, after["offset"], after["sha256"], anchor

    def _piece(self, tail: Tail, data: bytes) -> TailPiece:
        return TailPiece(tail=tail.id, file_name=tail.name, created=tail.created, offset=tail.offset, data=data)

    def _tail_idle(self, relative: str, tail: Tail, seen: Seen) -> None:
        """Close a file that stood still long enough; ship it whole as well if its middle was changed meanwhile."""
        still = time.monotonic() - tail.grown
        old = time.time() - seen.mtime_ns / 1e9 > self._params.close_after_s and still > self._params.settle_s
        if not old and still < self._params.close_after_s:
            return
        with self._path(relative).open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            status = os.fstat(handle.fileno())
        if (status.st_size, status.st_mtime_ns) != seen.mark:
            return
        items = self._closing(relative, tail)
        if not isinstance(items[-1], TailClose) or items[-1].envelope.sha256 != sha256:
            items.append(self._file(relative, seen, sha256))
        done = _done(seen, sha256)
        self._context.commit(*items, checkpoints={_key_of(relative): done})
        self._done[relative] = done
        self._forget(relative)

    def _closing(self, relative: str, tail: Tail) -> list[Item]:
        """The held-back last line, and the end."""
        items: list[Item] = []
        size, sha256 = tail.offset, tail.sha256
        if tail.held and tail.hasher is not None:
            hasher = tail.hasher.copy()
            hasher.update(tail.held)
            size, sha256 = size + len(tail.held), hasher.hexdigest()
            items.append(self._piece(tail, tail.held))
        envelope = self._envelope(tail.id, relative, size, sha256, tail.created, tail.name)
        return [*items, TailClose(envelope, self._path(relative))]

    def _tail_gone(self, relative: str, tail: Tail) -> None:
        if self._moved(relative, tail):
            return
        since = self._missing.setdefault(relative, time.monotonic())
        if time.monotonic() - since >= min(MISSING_S, self._params.close_after_s) and self._params.path.is_dir():
            self._part(relative, tail)

    def _tail_parted(self, relative: str, tail: Tail) -> None:
        """Another file bears the name (rotated), or it was truncated or rewritten: close what was, begin anew."""
        if not self._moved(relative, tail):
            self._part(relative, tail)

    def _part(self, relative: str, tail: Tail) -> None:
        self._context.commit(*self._closing(relative, tail), checkpoints={_key_of(relative): None})
        self._forget(relative)

    def _moved(self, relative: str, tail: Tail) -> bool:
        """Look for the followed file under another name beside it, and follow it there."""
        place = self._path(relative).parent
        stem = Path(relative).stem
        prefix = relative[: len(relative) - len(Path(relative).name)]
        for entry in sorted(place.iterdir()) if place.is_dir() else []:
            other = prefix + entry.name
            if other == relative or other in self._tails or not entry.is_file():
                continue
            if entry.stat().st_ino != tail.inode and not entry.name.startswith(stem):
                continue
            with entry.open("rb") as handle:
                if entry.stat().st_size < tail.offset or not is_same(tail, handle):
                    continue
            tail.inode = entry.stat().st_ino
            self._context.commit(checkpoints={_key_of(relative): None, _key_of(other): tail.dump()})
            self._forget(relative)
            self._done.pop(other, None)
            self._tails[other] = tail
            self._tail_step(other)
            return True
        return False

    def _forget(self, relative: str) -> None:
        self._tails.pop(relative, None)
        self._marks.pop(relative, None)
        self._missing.pop(relative, None)


def _done(seen: Seen, sha256: str) -> dict[str, Any]:
    """The checkpoint of a file that was shipped as it is."""
    return {"kind": "done", "size": seen.size, "mtime_ns": seen.mtime_ns, "sha256": sha256}


def _printable(text: str) -> str:
    """Text that can be sent, whatever bytes the file system holds."""
    return os.fsencode(text).decode("utf-8", "replace")


def _key_of(relative: str) -> str:
    """The path as a checkpoint key: itself, or its bytes in hex where it is no valid text."""
    try:
        relative.encode()
    except UnicodeEncodeError:
        return "\0" + os.fsencode(relative).hex()
    return relative


def _path_of(key: str) -> str:
    return os.fsdecode(bytes.fromhex(key[1:])) if key.startswith("\0") else key
