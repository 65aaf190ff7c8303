"""Part files of uploads and growing logs below home/uploads: appended, synced, then answered for.

The size of the file is the offset, so that a kill between writing and committing costs nothing: the sender asks where we stand.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from ingest.durable import disk_errors, folder_make, folder_sync
from ingest.errors import Conflict, NotFound, Unavailable
from ingest.home import home


def space_check(wanted_bytes: int = 0) -> None:
    """Raise Unavailable while the disk of the data folder is nearly full."""
    free = shutil.disk_usage(home()).free
    if free - wanted_bytes < settings.INGEST.min_free_bytes:
        raise Unavailable(
            f"the server's disk is nearly full ({free // 2**20} MiB free): free some space, the sender will try again",
            retry_after=30,
        )


def part_path(upload_id: str) -> Path:
    """Where the bytes of an unfinished upload lie."""
    return home() / "uploads" / f"{upload_id}.part"


def part_make(path: Path) -> int:
    """Make an empty part file durably unless there is one; its size."""
    if not path.exists():
        with disk_errors():
            folder_make(path.parent)
            path.touch()
            folder_sync(path.parent)
    return path.stat().st_size


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError as error:
        raise NotFound("nothing was begun under this id, or it is finished: begin it again") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def part_append(path: Path, *, offset: int, data: bytes, limit: int | None = None) -> int:
    """Append `data`, which begins at `offset`; the new size, durable. Raises Conflict with the right offset."""
    with _locked(path) as handle:
        size = os.fstat(handle).st_size
        if offset != size:
            raise Conflict(f"the next byte wanted is {size}, not {offset}: go on from there", offset=size)
        if limit is not None and size + len(data) > limit:
            raise Conflict(f"the envelope promises {limit} bytes, these would make {size + len(data)}", offset=size)
        try:
            with disk_errors():
                os.lseek(handle, size, os.SEEK_SET)
                view = memoryview(data)
                while view:
                    view = view[os.write(handle, view) :]
                os.fsync(handle)
        except BaseException:
            os.ftruncate(handle, size)
            raise
        return size + len(data)


def part_clear(path: Path) -> None:
    """Forget all bytes of a part file."""
    with _locked(path) as handle:
        os.ftruncate(handle, 0)
        os.fsync(handle)


def part_copy(source: Path, path: Path) -> None:
    """Make the part file hold what `source` holds, all or nothing, durable."""
    made = path.with_name(path.name + ".copy")
    with disk_errors():
        folder_make(path.parent)
        with source.open("rb") as old, made.open("wb") as new:
            shutil.copyfileobj(old, new, 2**20)
            new.flush()
            os.fsync(new.fileno())
        made.replace(path)
        folder_sync(path.parent)


def part_hash(path: Path) -> str:
    """SHA-256 of the bytes so far."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
