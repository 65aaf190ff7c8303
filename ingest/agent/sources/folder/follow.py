"""Following the files that grow: shipping what was added, and telling the same file from another of its name."""

import hashlib
import os
import secrets
import time
from pathlib import Path
from typing import Any, BinaryIO

from ingest.agent.sources.folder.ledger import Ledger, key_of, shipped_entry
from ingest.agent.sources.folder.params import FolderParams
from ingest.agent.sources.folder.scan import Seen
from ingest.agent.sources.folder.shipping import envelope_of, file_item, printable
from ingest.agent.sources.folder.tail import Tail, anchor_of, head_of, is_same, is_wide, lines_next
from ingest.agent.sources.protocol import Item, SourceContext, TailClose, TailPiece

COPY_S = 2.0  # so long a copy beside a followed log is taken for half a rotation
MISSING_S = 10.0  # a followed file that is gone for so long was removed


class Follower:
    """The growing files by path, how far each was shipped, and those that were closed and may grow again."""

    def __init__(self, params: FolderParams, context: SourceContext, ledger: Ledger) -> None:
        self._params, self._context, self._ledger = params, context, ledger
        self._tails: dict[str, Tail] = {}
        self._marks: dict[str, tuple[int, int]] = {}  # when last read
        self._missing: dict[str, float] = {}
        self._copies: dict[str, float] = {}  # since when a file is there that holds the same as one we follow

    def __contains__(self, relative: str) -> bool:
        return relative in self._tails

    def followed(self) -> list[str]:
        """Paths of all files that grow now."""
        return list(self._tails)

    def load(self, relative: str, saved: dict[str, Any]) -> None:
        """Go on with a file from its checkpoint."""
        self._tails[relative] = Tail.load(saved, now=time.monotonic())

    def _path(self, relative: str) -> Path:
        return self._params.path / relative

    # -- beginning --------------------------------------------------------------------------------------------------

    def begin(self, relative: str, seen: Seen, *, unfinished: bool = False) -> bool:
        """Follow a file once it holds a whole line (or an `unfinished` one); false while it does not, or is a fresh copy."""
        if self._is_fresh_copy(relative, seen):
            return False
        with self._path(relative).open("rb") as handle:
            head = head_of(handle, unfinished=unfinished)
        if head is None:
            return False
        self._copies.pop(relative, None)
        name = printable(Path(relative).name)
        tail = Tail(id="t-" + secrets.token_hex(16), name=name, created=seen.mtime_ns / 1e9, inode=seen.inode)
        tail.head_bytes, tail.head_hash = head
        self._follow(relative, tail)
        return True

    def _is_fresh_copy(self, relative: str, seen: Seen) -> bool:
        """Whether a log we follow was copied here just now: most likely it is about to be truncated, and goes on here then."""
        folder, _, name = relative.rpartition("/")
        for other, tail in self._tails.items():
            place, _, stem = other.rpartition("/")
            if place != folder or not name.startswith(Path(stem).stem) or not self._goes_on(relative, seen, tail):
                continue
            since = self._copies.setdefault(relative, time.monotonic())
            return time.monotonic() - since < max(self._params.settle_s, COPY_S)
        return False

    def resume(self, relative: str, seen: Seen) -> bool:
        """Whether this is a log that was closed before, here or under another name: then it goes on where it was."""
        closed = self._ledger.closed_tail(relative)
        if closed is not None:
            tail = Tail.load(closed, now=time.monotonic())
            if self._goes_on(relative, seen, tail):
                self._reopen(relative, relative, seen, tail)
                return True
            self._find_closed(relative, tail)
        if relative in self._ledger:
            return False
        for other, saved in self._ledger.closed_alike(relative, seen.inode):
            tail = Tail.load(saved, now=time.monotonic())
            if self._is_gone(other, saved) and self._goes_on(relative, seen, tail):
                self._reopen(other, relative, seen, tail)
                return True
        return False

    def _goes_on(self, relative: str, seen: Seen, tail: Tail) -> bool:
        if seen.size < tail.offset:
            return False
        with self._path(relative).open("rb") as handle:
            return is_same(tail, handle)

    def _is_gone(self, relative: str, saved: dict[str, Any]) -> bool:
        """Whether the path no longer holds the log that was closed there."""
        try:
            status = self._path(relative).stat()
        except FileNotFoundError:
            return True
        return bool(status.st_size < saved["offset"] or status.st_ino != saved["inode"])

    def _find_closed(self, relative: str, tail: Tail) -> None:
        """Another file bears the name of a closed log: keep what is known of the log under its new name."""
        for other, seen in self._beside(relative, tail):
            if other not in self._ledger and self._goes_on(other, seen, tail):
                self._reopen(relative, other, seen, tail)
                return
        self._context.commit(checkpoints={key_of(relative): None})
        self._ledger.forget(relative)

    def _reopen(self, before: str, relative: str, seen: Seen, tail: Tail) -> None:
        """Follow a closed log on; where nothing was added, only note where and when it stands now."""
        tail.inode = seen.inode
        if before != relative:
            entry = shipped_entry(tail.offset, 0, tail.sha256, tail.dump())
            self._context.commit(checkpoints={key_of(before): None, key_of(relative): entry})
            self._ledger.forget(before)
        if seen.size > tail.offset:
            self._ledger.forget(relative)
            self._follow(relative, tail)
            return
        entry = shipped_entry(seen.size, seen.mtime_ns, tail.sha256, tail.dump())
        self._context.commit(checkpoints={key_of(relative): entry})
        self._ledger.note(relative, entry)

    def _follow(self, relative: str, tail: Tail) -> None:
        tail.grown = time.monotonic()
        self._tails[relative] = tail
        self.step(relative)

    # -- going on ---------------------------------------------------------------------------------------------------

    def step(self, relative: str) -> None:
        """Ship what was added; notice that the file is finished, gone, or another one."""
        tail, path = self._tails[relative], self._path(relative)
        try:
            status = path.stat()
        except FileNotFoundError:
            self._gone(relative, tail)
            return
        self._missing.pop(relative, None)
        seen = Seen(status.st_size, status.st_mtime_ns, status.st_ino)
        if seen.inode == tail.inode and self._marks.get(relative) == seen.mark:
            self._rest(relative, tail, seen)
            return
        with path.open("rb") as handle:
            if seen.size < tail.offset or not is_same(tail, handle):
                same = False
            else:
                same, tail.inode = True, seen.inode
                self._read(relative, tail, handle)
        if not same:
            if not self._moved(relative, tail):
                self._part(relative, tail)
            return
        self._marks[relative] = seen.mark

    def _read(self, relative: str, tail: Tail, handle: BinaryIO) -> None:
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
        piece = self._piece(relative, tail, data)
        self._context.commit(piece, checkpoints={key_of(relative): {**tail.dump(), **after}})
        tail.hasher, tail.offset, tail.sha256, tail.anchor = hasher, after["offset"], after["sha256"], anchor

    def _piece(self, relative: str, tail: Tail, data: bytes) -> TailPiece:
        return TailPiece(
            tail=tail.id,
            file_name=tail.name,
            created=tail.created,
            offset=tail.offset,
            data=data,
            path=self._path(relative),
        )

    # -- resting and ending -----------------------------------------------------------------------------------------

    def _rest(self, relative: str, tail: Tail, seen: Seen) -> None:
        """A file that stands still: its unfinished last line is shipped after a while, later the file is closed."""
        still = time.monotonic() - tail.grown
        old = time.time() - seen.mtime_ns / 1e9 > self._params.close_after_s and still > self._params.settle_s
        if old or still >= self._params.close_after_s:
            self._close(relative, tail, seen)
        elif tail.held and still >= self._params.line_wait_s:
            self._ship_unfinished(relative, tail)

    def _ship_unfinished(self, relative: str, tail: Tail) -> None:
        with self._path(relative).open("rb") as handle:
            if not is_same(tail, handle):
                return
            even = len(tail.held) & ~1 if is_wide(handle) else len(tail.held)
            data = tail.held[:even]
            handle.seek(tail.offset)
            if not data or handle.read(len(data)) != data:
                return
            self._ship(relative, tail, data, anchor_of(tail.offset + len(data), handle))
            tail.held = tail.held[len(data) :]

    def _close(self, relative: str, tail: Tail, seen: Seen) -> None:
        """Close a finished file; ship it whole as well if its middle was changed meanwhile."""
        with self._path(relative).open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            status = os.fstat(handle.fileno())
            anchor = anchor_of(status.st_size, handle)
        if (status.st_size, status.st_mtime_ns) != seen.mark:
            return
        items = self._closing(relative, tail)
        last = items[-1]
        whole = isinstance(last, TailClose) and last.envelope.sha256 == sha256
        if not whole:
            items.append(file_item(self._params, self._context, relative, seen, sha256))
        shipped = {**tail.dump(), "offset": seen.size, "sha256": sha256, "anchor": anchor}
        done = shipped_entry(seen.size, seen.mtime_ns, sha256, shipped if whole else None)
        self._context.commit(*items, checkpoints={key_of(relative): done})
        self._ledger.note(relative, done)
        self._forget(relative)

    def _closing(self, relative: str, tail: Tail) -> list[Item]:
        """The held-back last line, and the end."""
        items: list[Item] = []
        size, sha256 = tail.offset, tail.sha256
        if tail.held and tail.hasher is not None:
            hasher = tail.hasher.copy()
            hasher.update(tail.held)
            size, sha256 = size + len(tail.held), hasher.hexdigest()
            items.append(self._piece(relative, tail, tail.held))
        envelope = envelope_of(self._context, tail.id, relative, tail.name, size, sha256, tail.created)
        return [*items, TailClose(envelope, self._path(relative))]

    def _gone(self, relative: str, tail: Tail) -> None:
        if self._moved(relative, tail):
            return
        since = self._missing.setdefault(relative, time.monotonic())
        if time.monotonic() - since >= min(MISSING_S, self._params.close_after_s) and self._params.path.is_dir():
            self._part(relative, tail)

    def _part(self, relative: str, tail: Tail) -> None:
        """Another file bears the name (rotated), or it was truncated or rewritten: close what was, begin anew."""
        self._context.commit(*self._closing(relative, tail), checkpoints={key_of(relative): None})
        self._forget(relative)

    def _moved(self, relative: str, tail: Tail) -> bool:
        """Look for the followed file under another name beside it, and follow it there."""
        for other, seen in self._beside(relative, tail):
            if other in self._tails or not self._goes_on(other, seen, tail):
                continue
            tail.inode = seen.inode
            self._context.commit(checkpoints={key_of(relative): None, key_of(other): tail.dump()})
            self._forget(relative)
            self._ledger.forget(other)
            self._tails[other] = tail
            self.step(other)
            return True
        return False

    def _beside(self, relative: str, tail: Tail) -> list[tuple[str, Seen]]:
        """Files in the same folder that may be this one under another name: same inode, or a name that begins alike."""
        place, stem = self._path(relative).parent, Path(relative).stem
        prefix = relative[: len(relative) - len(Path(relative).name)]
        found = []
        for entry in sorted(place.iterdir()) if place.is_dir() else []:
            if prefix + entry.name == relative or not entry.is_file():
                continue
            status = entry.stat()
            if status.st_ino == tail.inode or entry.name.startswith(stem):
                found.append((prefix + entry.name, Seen(status.st_size, status.st_mtime_ns, status.st_ino)))
        return found

    def _forget(self, relative: str) -> None:
        self._tails.pop(relative, None)
        self._marks.pop(relative, None)
        self._missing.pop(relative, None)
