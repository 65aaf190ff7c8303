"""One step of handing over a tail or a file: what the server says becomes what happens to the rows in the spool."""

import hashlib
import logging
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ingest.agent.errors import Refused, SourceAway
from ingest.agent.sources.protocol import FileShip
from ingest.agent.spool import Row, Spool
from ingest.agent.wire import Wire
from ingest.contract import Envelope

log = logging.getLogger(__name__)
PIECE_BYTES = 2**20
MAX_MISMATCHES = 5


@dataclass
class FileDelivery:
    """Sends tails and files in small steps, so that live frames never wait long. The server knows all offsets."""

    wire: Wire
    spool: Spool
    _tails: set[str] = field(default_factory=set)  # opened since the last failure
    _uploads: dict[str, int] = field(default_factory=dict)  # upload id -> next byte
    _mismatches: dict[str, int] = field(default_factory=dict)
    delivered: int = 0  # whole files since the start

    def forget(self) -> None:
        """After a failure: ask the server again where everything stands."""
        self._tails.clear()
        self._uploads.clear()

    def step(self, rows: list[Row]) -> int:
        """Deliver tail pieces, a close, small files, or the next piece of a file; bytes sent.

        Raises ServerError, SourceAway.
        """
        first = rows[0]
        if first.kind == "tail":
            return self._tail(rows)
        if first.kind == "close":
            return self._close(first)
        if first.is_small and first.key not in self._uploads and "files" in self.wire.limits:
            return self._small(rows)
        return self._file(first)

    # -- growing files ----------------------------------------------------------------------------------------------

    def _tail_open(self, row: Row) -> int | None:
        """Next byte the server wants, where we asked it just now."""
        if row.key in self._tails:
            return None
        document = {
            "id": row.key,
            "instrument": row.head["instrument"],
            "source": row.source,
            "file_name": row.head["file_name"],
            "created": datetime.fromtimestamp(row.head["created"], UTC).isoformat(),
        }
        offset = int(self.wire.tail_open(document)["offset"])
        self._tails.add(row.key)
        return offset

    def _tail(self, rows: list[Row]) -> int:
        first = rows[0]
        start = int(first.head["offset"])
        data = b"".join(row.payload for row in rows)
        try:
            at = self._tail_open(first)
            at = start if at is None else at
            while at < start:
                at = int(self.wire.tail_append(first.key, at, self._lost(first, at, start))["offset"])
            if at < start + len(data):
                self.wire.tail_append(first.key, at, data[at - start :])
        except Refused as refusal:
            return self._tail_refused(rows, refusal)
        self.spool.done(rows)
        return len(data)

    def _lost(self, row: Row, at: int, start: int) -> bytes:
        """Lines the server had acknowledged and lost (set back to a backup), from the file; its end's hash proves them."""
        try:
            with Path(row.head.get("path") or "").open("rb") as handle:
                handle.seek(at)
                data = handle.read(min(start - at, PIECE_BYTES))
        except OSError:
            data = b""
        if not data:
            raise Refused(f"the server holds {at} bytes where {start} were acknowledged", status=409)
        return data

    def _tail_refused(self, rows: list[Row], refusal: Refused) -> int:
        """Offset differs: open again and go on from there; anything else is final."""
        start, key = int(rows[0].head["offset"]), rows[0].key
        known = refusal.details.get("offset")
        if key in self._tails and (refusal.status == 404 or (isinstance(known, int) and known > start)):
            self._tails.discard(key)
            return 0
        self.spool.reject(rows, str(refusal), now=time.time_ns())
        log.error("lines of %s were refused and set aside: %s", rows[0].head["file_name"], refusal)
        return 0

    def _close(self, row: Row) -> int:
        try:
            self.wire.tail_close(row.key, row.head["envelope"])
        except Refused as refusal:
            self._close_refused(row, refusal)
            return 0
        self._tails.discard(row.key)
        self.spool.done([row])
        return 0

    def _close_refused(self, row: Row, refusal: Refused) -> None:
        """The server's bytes differ from ours: send the file whole where it still begins with what we shipped."""
        envelope, path = Envelope.model_validate(row.head["envelope"]), Path(row.head["path"])
        self._tails.discard(row.key)
        if _sha256(path, envelope.size) != envelope.sha256:
            self.spool.reject([row], str(refusal), now=time.time_ns())
            log.error("the end of %s was refused and set aside: %s", envelope.file_name, refusal)
            return
        self.spool.replace(row, FileShip(envelope=envelope, path=path, prefix=True), now=time.time_ns())
        log.warning("%s is shipped whole: the server refused its end: %s", envelope.file_name, refusal)

    # -- finished files ---------------------------------------------------------------------------------------------

    def _small(self, rows: list[Row]) -> int:
        """Many small files in one call; each is answered for itself."""
        read: list[tuple[Row, bytes]] = []
        for row in rows:
            try:
                data = self._read(row, Path(row.head["path"]), Envelope.model_validate(row.head["envelope"]), 0)
            except SourceAway:
                if row is rows[0]:
                    raise
                continue
            if data is not None:
                read.append((row, data))
        if not read:
            return 0
        said = self.wire.files([(row.head["envelope"], data) for row, data in read])["files"]
        done = [row for row, _ in read if said.get(row.key, {}).get("state") == "done"]
        self.spool.done(done)
        self.delivered += len(done)
        for row in done:
            self._mismatches.pop(row.key, None)
        for row, _ in read:
            answer = said.get(row.key)
            if answer and answer.get("state") != "done":
                refusal = Refused(str(answer.get("detail")), status=409, code=str(answer.get("code", "")))
                self._file_refused(row, refusal)
        return sum(len(data) for _, data in read)

    def _file(self, row: Row) -> int:
        envelope, path = Envelope.model_validate(row.head["envelope"]), Path(row.head["path"])
        try:
            if row.key not in self._uploads:
                answer = self.wire.upload_open(row.head["envelope"])
                if answer.get("state") == "done":
                    self._finished(row)
                    return 0
                self._uploads[row.key] = int(answer["offset"])
            offset = self._uploads[row.key]
            data = self._read(row, path, envelope, offset)
            if data is None:
                return 0
            answer = self.wire.upload_append(row.key, offset, data)
        except Refused as refusal:
            self._file_refused(row, refusal)
            return 0
        self._uploads[row.key] = int(answer["offset"])
        if answer.get("state") == "done":
            self._finished(row)
        return len(data)

    def _finished(self, row: Row) -> None:
        self._uploads.pop(row.key, None)
        self._mismatches.pop(row.key, None)
        self.spool.done([row])
        self.delivered += 1

    def _read(self, row: Row, path: Path, envelope: Envelope, offset: int) -> bytes | None:
        """The next piece; None where the file is no longer what was announced and the row was set aside."""
        try:
            with path.open("rb") as handle:
                handle.seek(offset)
                data = handle.read(min(PIECE_BYTES, envelope.size - offset))
                size = handle.seek(0, 2)
        except FileNotFoundError as error:
            if path.parent.is_dir():
                self._set_aside(row, "the file was removed before it could be sent")
                return None
            raise SourceAway(f"{path.parent} is not there") from error
        except OSError as error:
            raise SourceAway(f"{path} cannot be read now: {error.strerror}") from error
        if size != envelope.size and not (row.head.get("prefix") and size > envelope.size):
            self._set_aside(row, "the file changed before it could be sent; its present state is sent as a new version")
            return None
        return data

    def _file_refused(self, row: Row, refusal: Refused) -> None:
        """Ask again where it stands, or send it again, a few times; then it is set aside."""
        self._uploads.pop(row.key, None)
        self._mismatches[row.key] = self._mismatches.get(row.key, 0) + 1
        again = self._mismatches[row.key] < MAX_MISMATCHES
        envelope = row.head["envelope"]
        if refusal.code == "hash_mismatch" and _sha256(Path(row.head["path"]), envelope["size"]) != envelope["sha256"]:
            self._set_aside(row, f"the file changed while it was sent; its present state is a new version ({refusal})")
        elif again and (refusal.status == 404 or (refusal.status == 409 and refusal.code in RETRIED)):
            return
        else:
            self._set_aside(row, str(refusal))

    def _set_aside(self, row: Row, reason: str) -> None:
        self.spool.reject([row], reason, now=time.time_ns())
        log.error("%s was set aside: %s", row.head["path"], reason)


RETRIED = ("conflict", "hash_mismatch", "")


def _sha256(path: Path, size: int) -> str:
    """Hash of the first `size` bytes; empty where there are fewer or none can be read."""
    hasher, left = hashlib.sha256(), size
    try:
        with path.open("rb") as handle:
            while left:
                data = handle.read(min(left, PIECE_BYTES))
                if not data:
                    return ""
                hasher.update(data)
                left -= len(data)
    except OSError:
        return ""
    return hasher.hexdigest()
