"""The SQLite file of the spool: opened durable, checked, moved aside when it is damaged."""

import os
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.resources import files
from pathlib import Path

from ingest.agent.errors import SpoolCorrupt, SpoolWriteFailed

SCHEMA_VERSION = "2"
MAX_SUSPECT = 3
RESERVE_BYTES = 6 * 2**20  # SQLite's journal grows to 4 MiB before it is folded into the file
CORRUPT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in CORRUPT:
            raise SpoolCorrupt(f"the spool {path} is damaged ({error})") from error
        raise SpoolWriteFailed(f"the spool {path} cannot be used now: {error}") from error


def spool_open(path: Path, *, suspect: int = 0) -> sqlite3.Connection:
    """The database, whole and with a schema. Raises SpoolCorrupt."""
    with translated(path):
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        try:
            _prepare(db, path, suspect)
        except BaseException:
            db.close()
            raise
        return db


def _prepare(db: sqlite3.Connection, path: Path, suspect: int) -> None:
    if suspect >= MAX_SUSPECT:
        raise SpoolCorrupt(f"the spool {path} is damaged (it failed {suspect} times in use)")
    check = "integrity_check" if suspect else "quick_check"
    verdict = db.execute(f"PRAGMA {check}(1)").fetchone()[0]  # first: what is damaged must not be written to
    if verdict != "ok":
        raise SpoolCorrupt(f"the spool {path} is damaged ({' '.join(verdict.split())})")
    db.execute("PRAGMA auto_vacuum = INCREMENTAL")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        schema = files("ingest.agent").joinpath("spool.sql").read_text("utf-8")
        values = f"('schema', '{SCHEMA_VERSION}'), ('epoch', '{epoch_make()}')"
        db.executescript(f"BEGIN IMMEDIATE; {schema} INSERT INTO meta VALUES {values}; COMMIT;")  # noqa: S608 - ours
    elif "meta" not in tables or not db.execute("SELECT 1 FROM meta WHERE key = 'epoch'").fetchone():
        raise SpoolCorrupt(f"the spool {path} is damaged (it holds no epoch)")
    elif db.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone() != (SCHEMA_VERSION,):
        raise SpoolCorrupt(f"the spool {path} was written by an agent of another version")


class Reserve:
    """Disk kept beside the spool and given up when it is full: to forget a delivered row, SQLite must write first."""

    def __init__(self, spool: Path) -> None:
        self._path = spool.with_name(spool.name + ".reserve")

    def keep(self) -> bool:
        """Whether it is there, made again where the disk has room for it."""
        if self._path.exists():
            return True
        usage = shutil.disk_usage(self._path.parent)
        size = min(RESERVE_BYTES, usage.total // 3)
        if usage.free < size + size // 4:
            return False
        try:
            with self._path.open("wb") as handle:
                handle.write(b"\0" * size)
                handle.flush()
                os.fsync(handle.fileno())
        except OSError:
            self._path.unlink(missing_ok=True)
            return False
        return True

    def give(self) -> bool:
        """Give the disk back; whether there was any."""
        try:
            self._path.unlink()
        except OSError:
            return False
        return True


def epoch_make() -> str:
    """The name of a new epoch, in which sequence numbers begin anew."""
    return f"{time.strftime('%Y%m%d', time.gmtime())}-{secrets.token_hex(6)}"


def spool_move_aside(path: Path) -> Path:
    """Rename the spool and its journals; the new name of the spool."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    target = path.with_name(f"{path.name}.damaged-{stamp}-{secrets.token_hex(2)}")
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))
    return target
