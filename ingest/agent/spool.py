"""What was seen and not yet delivered, and how far each source is: one SQLite file, one transaction for both.

Frames get their sequence number when they are first taken for sending, in a transaction that also fixes their bytes:
whatever dies afterwards, the same number always carries the same rows, and the server stores it at most once.
"""

import json
import logging
import sqlite3
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.agent.batches import dated, frames_split, join, pack, renumbered, rows_of
from ingest.agent.errors import SourceError, SpoolCorrupt, SpoolWriteFailed
from ingest.agent.lock import lock_take
from ingest.agent.salvage import salvage
from ingest.agent.sources.protocol import Checkpoints, FileShip, Frames, Item, TailClose, TailPiece
from ingest.agent.spool_file import Reserve, epoch_make, spool_move_aside, spool_open, translated
from ingest.contract import Descriptor, decode_batch

log = logging.getLogger(__name__)
LANES = {"data": "frames", "replay": "frames", "events": "frames", "tail": "lines", "close": "lines", "file": "files"}
VACUUM_PAGES = 2000
MAX_CLAIM_BYTES = 2 * 2**20  # of packed frames in one batch
MAX_CLAIM_ITEMS = 5000
MAX_ITEM_BYTES = 4 * 2**20  # of packed frames in one row: what is larger is cut into several
SMALL_BYTES = 2**18  # files up to this share a call
MAX_FILES = 100


@dataclass(frozen=True)
class Row:
    """One row of the outbox."""

    id: int
    kind: str
    source: str
    key: str
    created: int
    rows: int
    sequence: int | None
    head: dict[str, Any]  # JSON beside the payload
    payload: bytes = field(repr=False)

    @property
    def is_small(self) -> bool:
        """Whether it is a file that may share a call with others."""
        return self.kind == "file" and int(self.head["envelope"]["size"]) <= SMALL_BYTES and not self.head.get("prefix")


@dataclass(frozen=True)
class Claimed:
    """A numbered batch, its bytes final; `fresh` unless it was taken for sending before."""

    row: Row
    historical: bool
    fresh: bool


class Spool:
    """The open spool; safe to use from many threads. Times are ns since 1970 by this computer's clock.

    `suspect`: how often it was found damaged while in use: the first times it is checked thoroughly, then it is given up.
    """

    def __init__(self, path: Path, *, live_window_s: float = 30, suspect: int = 0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._live_ns = int(live_window_s * 1e9)
        self._lock = threading.RLock()
        self.filled = threading.Event()  # set at each commit, for a sender that waits for work
        self._held = lock_take(path.with_name(path.name + ".lock"))
        self.moved_aside: Path | None = None
        self._introduced: set[str] = set()
        try:
            self._reserve = Reserve(path)
            try:
                self._db = self._opened(suspect)
            except SpoolCorrupt as error:
                self.moved_aside = spool_move_aside(path)
                log.error("%s: kept as %s; a new spool begins", error, self.moved_aside)
                self._db = spool_open(path)
                self._take_over(self.moved_aside)
            self._reserve.keep()
            self.epoch = str(self._one("SELECT value FROM meta WHERE key = 'epoch'"))
            self.bytes = int(self._one(_BYTES))
            self._waiting = int(self._one("SELECT COALESCE(SUM(rows), 0) FROM outbox"))
        except BaseException:
            self._held.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        with self._lock, suppress(sqlite3.Error):
            self._db.close()
        self._held.close()

    def _opened(self, suspect: int) -> sqlite3.Connection:
        """The database; on a full disk the reserve is given up for it."""
        try:
            return spool_open(self.path, suspect=suspect)
        except SpoolWriteFailed:
            if not self._reserve.give():
                raise
            return spool_open(self.path, suspect=suspect)

    def _take_over(self, damaged: Path) -> None:
        """Put what can be read of a damaged spool into this one: rows under their old numbers, checkpoints, descriptors."""
        try:
            found = salvage(damaged)
        except (OSError, MemoryError) as error:
            log.error("nothing could be read of %s: %s", damaged, error)
            return
        good = {number: row for number, row in sorted(found.outbox.items()) if _is_whole(row)}
        fields = "id, lane, kind, source, key, created, rows, sequence, head, payload"
        refused = f"{fields}, refused, reason"
        with self._transaction() as db:
            insert = f"INSERT INTO outbox ({fields}) VALUES ({', '.join('?' * 10)})"  # noqa: S608 - ours
            db.executemany(insert, [(number, *row) for number, row in good.items()])
            insert = f"INSERT INTO rejected ({refused}) VALUES ({', '.join('?' * 12)})"  # noqa: S608 - ours
            db.executemany(insert, [(number, *row) for number, row in found.rejected.items() if number not in good])
            for table, rows in (("checkpoints", found.checkpoints), ("descriptors", found.descriptors)):
                values = [(*key, value) for key, value in rows.items()]
                db.executemany(f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?)", values)  # noqa: S608 - ours
        log.warning("%d undelivered items were taken over from %s", len(good), damaged)

    # -- writing, by the sources ------------------------------------------------------------------------------------

    def commit(
        self, source: str, instrument: str, items: Sequence[Item], checkpoints: Checkpoints, *, now: int
    ) -> None:
        """Store items and checkpoints together, or nothing. Raises SourceError for what no server takes, before it is stored."""
        items = [dated(item, now=now) if isinstance(item, Frames) else item for item in items]
        try:
            rows = [row for item in items for row in _rows(item, instrument)]
        except ValueError as error:
            raise SourceError(f"{error}; nothing of it was taken") from error
        with self._transaction() as db:
            for kind, key, count, head, payload in rows:
                db.execute(
                    "INSERT INTO outbox (lane, kind, source, key, created, rows, head, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (LANES[kind], kind, source, key, now, count, json.dumps(head), payload),
                )
            for item in items:
                if isinstance(item, Frames) and item.descriptors:
                    values = [(source, one.name, one.model_dump_json()) for one in item.descriptors]
                    db.executemany("INSERT OR REPLACE INTO descriptors VALUES (?, ?, ?)", values)
            for key, value in checkpoints.items():
                if value is None:
                    db.execute("DELETE FROM checkpoints WHERE source = ? AND key = ?", (source, key))
                else:
                    db.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)", (source, key, json.dumps(value)))
        self.bytes += sum(len(payload) for *_, payload in rows)
        self._waiting += sum(count for _, _, count, _, _ in rows)
        if rows:
            self.filled.set()

    def checkpoints(self, source: str) -> dict[str, dict[str, Any]]:
        """All checkpoints of a source."""
        found = self._all("SELECT key, value FROM checkpoints WHERE source = ?", (source,))
        return {key: json.loads(value) for key, value in found}

    # -- reading and removing, by the sender ------------------------------------------------------------------------

    def claim(self, *, now: int, skip: Sequence[int] = ()) -> Claimed | None:
        """The batch to send next: one already numbered, else live rows, else the oldest; None when there is none.

        `skip`: ids of numbered batches that must wait. Backlog is marked historical, and events never overtake what
        came before them, so that a run's stop follows all of the run's rows.
        """
        for (found,) in self._all(f"SELECT id {_TURN} AND sequence IS NOT NULL ORDER BY sequence LIMIT 100", FRAMES):
            if found not in skip:
                row = self._row(found)
                old = row.kind == "replay" or row.created < now - self._live_ns
                return Claimed(row, historical=old, fresh=False)
        oldest = self._first(
            f"SELECT source, key, created, kind {_TURN} AND sequence IS NULL ORDER BY id LIMIT 1", FRAMES
        )
        if oldest is None:
            return None
        source, instrument, created, kind = oldest
        edge = now - self._live_ns
        if created >= edge and kind == "replay":
            return self._number(source, instrument, f"{_WAITING} AND kind = 'replay'", FRAMES, historical=True, now=now)
        if created >= edge:
            where = f"{_WAITING} AND kind <> 'replay'"
            return self._number(source, instrument, where, FRAMES, historical=False, now=now)
        live = self._first(f"SELECT source, key {_LIVE} ORDER BY created LIMIT 1", (edge,))
        if live is not None:
            return self._number(live[0], live[1], _LIVE, (edge,), historical=False, now=now)
        return self._number(
            source, instrument, f"{_WAITING} AND created < ?", (*FRAMES, edge), historical=True, now=now
        )

    def files_next(self, *, skip: frozenset[str] = frozenset()) -> list[Row]:
        """What to send next of tails and files: the oldest key not in `skip`, and all its neighbours that join it.

        A list of `tail` pieces in order (at most 4 MiB), or one `close`, or one `file`, or many small ones; empty when there is
        none. Lines of a log that is on its way as a whole file wait for that.
        """
        marks = ", ".join("?" * len(skip))
        query = f"SELECT id, key, kind {_TURN} AND sequence IS NULL AND key NOT IN ({marks})"
        lines = f"{query} {_NOT_SENT_WHOLE}"
        first = self._first(f"{lines} ORDER BY id LIMIT 1", ("lines", *skip))
        first = first or self._first(f"{query} ORDER BY id LIMIT 1", ("files", *skip))
        if first is None:
            return []
        if first[2] == "file":
            return self._small_files(first[0], f"{query} ORDER BY id LIMIT {MAX_FILES}", ("files", *skip))
        if first[2] != "tail":
            return [self._row(first[0])]
        rows, size = [], 0
        for found, kind in self._all("SELECT id, kind FROM outbox WHERE key = ? ORDER BY id LIMIT 500", (first[1],)):
            if kind != "tail" or size > 4 * 2**20:
                break
            rows.append(self._row(found))
            size += len(rows[-1].payload)
        return rows

    def _small_files(self, first: int, query: str, values: tuple[Any, ...]) -> list[Row]:
        """The first file, and after a small one the small ones behind it (4 MiB together)."""
        rows, size = [self._row(first)], 0
        for found, *_ in self._all(query, values):
            row = rows[0] if found == first else self._row(found)
            size += int(row.head["envelope"]["size"])
            if not row.is_small or size > 4 * 2**20:
                break
            if row is not rows[0]:
                rows.append(row)
        return rows

    def done(self, rows: Sequence[Row]) -> None:
        """Delivered: forget them."""
        with self._transaction() as db:
            db.executemany("DELETE FROM outbox WHERE id = ?", [(row.id,) for row in rows])
        self.bytes -= sum(len(row.payload) for row in rows)
        self._waiting -= sum(row.rows for row in rows)
        self._introduced.update(row.source for row in rows if LANES[row.kind] == "frames")

    def renumber(self, row: Row) -> None:
        """Give a batch another number, in a new epoch: its own was used before (the disk was set back to an older state)."""
        with self._transaction() as db:
            if decode_batch(row.payload).epoch == self.epoch:
                self.epoch = epoch_make()
                db.execute("UPDATE meta SET value = ? WHERE key = 'epoch'", (self.epoch,))
                db.execute("DELETE FROM sequences")
            sequence = self._sequence_take(row.source)
            payload = renumbered(row.payload, epoch=self.epoch, sequence=sequence)
            db.execute("UPDATE outbox SET sequence = ?, payload = ? WHERE id = ?", (sequence, payload, row.id))
        self.bytes += len(payload) - len(row.payload)

    def _sequence_take(self, source: str) -> int:
        """The next number of a source, within a transaction."""
        number: int = (self._first("SELECT next FROM sequences WHERE source = ?", (source,)) or (0,))[0]
        self._db.execute("INSERT OR REPLACE INTO sequences VALUES (?, ?)", (source, number + 1))
        return number

    def replace(self, row: Row, item: Item, *, now: int) -> None:
        """Put another item in the place of one that cannot be delivered as it is."""
        with self._transaction():
            self.done([row])
            self.commit(row.source, "", [item], {}, now=now)

    def reject(self, rows: Sequence[Row], reason: str, *, now: int) -> None:
        """Refused for good: set aside, kept, listed by `status`."""
        with self._transaction() as db:
            for row in rows:
                db.execute(
                    "INSERT INTO rejected SELECT id, lane, kind, source, key, created, rows, "
                    "sequence, head, payload, ?, ? "
                    "FROM outbox WHERE id = ?",
                    (now, reason, row.id),
                )
                db.execute("DELETE FROM outbox WHERE id = ?", (row.id,))
        self._waiting -= sum(row.rows for row in rows)

    def shrink(self) -> None:
        """Give the disk back what a long backlog took, a few megabytes at a time; all of it while the disk is full."""
        tight = not self._reserve.keep()
        if self._one("PRAGMA freelist_count") > (0 if tight else VACUUM_PAGES):
            with self._lock, translated(self.path):
                self._db.executescript(f"PRAGMA incremental_vacuum({VACUUM_PAGES})")  # `execute` frees one page only
        if tight:
            with self._lock, translated(self.path):
                self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()

    def has_reserve(self) -> bool:
        """Whether the disk beside the spool that forgetting needs is set aside; without it nothing more is taken in."""
        return self._reserve.keep()

    def make_room(self) -> bool:
        """The disk is full: give up the reserve and fold the journal into the file; whether that may have helped."""
        given = self._reserve.give()
        with self._lock, suppress(sqlite3.Error):
            busy, *_ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return given or not busy
        return given

    def introduce_again(self) -> None:
        """After an outage: send all descriptors with the next batch of each source."""
        self._introduced.clear()

    def counts(self) -> tuple[int, int, int | None]:
        """Rows waiting, bytes held, creation time of the oldest (ns, None when empty)."""
        oldest = self._one("SELECT created FROM outbox ORDER BY id LIMIT 1")
        return (0 if oldest is None else max(self._waiting, 0)), self.bytes, oldest

    def rejected(self) -> int:
        """How many items were refused for good."""
        return int(self._one("SELECT COUNT(*) FROM rejected"))

    # -- inside -----------------------------------------------------------------------------------------------------

    def _number(
        self, source: str, instrument: str, where: str, values: tuple[Any, ...], *, historical: bool, now: int
    ) -> Claimed:
        """Join the first unnumbered rows of a source, give them the next sequence number, store the result."""
        query = f"SELECT id, rows, payload {where} AND source = ? AND key = ? ORDER BY id LIMIT {MAX_CLAIM_ITEMS}"
        with self._transaction() as db:
            taken: list[tuple[int, int, bytes]] = []
            size = 0
            with closing(db.execute(query, (*values, source, instrument))) as found:
                for row in found:
                    if taken and size + len(row[2]) > MAX_CLAIM_BYTES:
                        break
                    taken.append(row)
                    size += len(row[2])
            sequence = self._sequence_take(source)
            header = {
                "instrument": instrument,
                "source": source,
                "epoch": self.epoch,
                "sequence": sequence,
                "sent": now,
                "historical": historical,
            }
            payload = join((row[2] for row in taken), descriptors=self._descriptors(source), header=header)
            first = taken[0][0]
            db.executemany("DELETE FROM outbox WHERE id = ?", [(row[0],) for row in taken[1:]])
            db.execute(
                "UPDATE outbox SET sequence = ?, rows = ?, payload = ? WHERE id = ?",
                (sequence, sum(row[1] for row in taken), payload, first),
            )
        self.bytes += len(payload) - size
        return Claimed(self._row(first), historical=historical, fresh=True)

    def _descriptors(self, source: str) -> tuple[Descriptor, ...]:
        if source in self._introduced:
            return ()
        found = self._all("SELECT value FROM descriptors WHERE source = ?", (source,))
        return tuple(Descriptor.model_validate_json(value) for (value,) in found)

    def _row(self, number: int) -> Row:
        found = self._first(
            "SELECT id, kind, source, key, created, rows, sequence, head, payload FROM outbox WHERE id = ?", (number,)
        )
        if found is None:
            raise SpoolCorrupt(f"{self.path}: row {number} is gone")
        *plain, head, payload = found
        return Row(*plain, head=json.loads(head), payload=payload)  # type: ignore[misc] # columns of our own query

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction, or the one already open; one fsync at its end."""
        with self._lock, translated(self.path):
            if self._db.in_transaction:
                yield self._db
                return
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    def _all(self, query: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        with self._lock, translated(self.path):
            return self._db.execute(query, values).fetchall()

    def _first(self, query: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        rows = self._all(query, values)
        return rows[0] if rows else None

    def _one(self, query: str) -> Any:  # a column of SQLite
        row = self._first(query)
        return row[0] if row else None


# SQLite is told which index to use: without statistics it would sort the whole backlog at each turn.
FRAMES = ("frames",)
_TURN = "FROM outbox INDEXED BY outbox_turn WHERE lane = ?"
_WAITING = f"{_TURN} AND sequence IS NULL"
_LIVE = "FROM outbox INDEXED BY outbox_created WHERE created >= ? AND kind = 'data' AND sequence IS NULL"
_NOT_SENT_WHOLE = "AND NOT EXISTS (SELECT 1 FROM outbox AS whole WHERE whole.key = outbox.key AND whole.kind = 'file')"
_BYTES = (
    "SELECT (SELECT COALESCE(SUM(LENGTH(payload)), 0) FROM outbox)"
    " + (SELECT COALESCE(SUM(LENGTH(payload)), 0) FROM rejected)"
)


def _is_whole(row: tuple[Any, ...]) -> bool:
    """Whether a salvaged row can be sent: its payload is what it should be."""
    lane, *_, sequence, head, payload = row
    try:
        json.loads(head)
        if lane == "frames" and sequence is None:
            join([payload], descriptors=(), header=_NO_HEADER)
        elif lane == "frames":
            decode_batch(payload)
    except (ValueError, KeyError, TypeError, IndexError, struct.error):
        return False
    return True


_NO_HEADER = {"instrument": "", "source": "", "epoch": "", "sequence": 0, "sent": 0}


def _rows(item: Item, instrument: str) -> Iterator[tuple[str, str, int, dict[str, Any], bytes]]:
    """kind, key, rows, head, payload of what one item becomes; events apart from data, so that data may overtake."""
    match item:
        case Frames(blocks=blocks, events=events, descriptors=descriptors):
            data, kind = Frames(blocks, (), descriptors), "replay" if item.historical else "data"
            packed = pack(data) if blocks or descriptors else b""
            if len(packed) > MAX_ITEM_BYTES:
                for piece in frames_split(data, MAX_ITEM_BYTES):
                    yield kind, instrument, rows_of(piece), {}, pack(piece)
            elif packed:
                yield kind, instrument, rows_of(data), {}, packed
            for piece in frames_split(Frames(events=events), MAX_ITEM_BYTES):
                yield "events", instrument, len(piece.events), {}, pack(piece)
        case TailPiece():
            head = {
                "instrument": instrument,
                "offset": item.offset,
                "file_name": item.file_name,
                "created": item.created,
                "path": str(item.path) if item.path else None,
            }
            yield "tail", item.tail, item.data.count(b"\n"), head, item.data
        case TailClose(envelope=envelope, path=path):
            yield "close", envelope.id, 0, {"envelope": envelope.model_dump(mode="json"), "path": str(path)}, b""
        case FileShip(envelope=envelope, path=path, prefix=prefix):
            head = {"envelope": envelope.model_dump(mode="json"), "path": str(path), "prefix": prefix}
            yield "file", envelope.id, 1, head, b""
