"""Writing files so that they are there after a power cut: write, fsync, rename, fsync the folder."""

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ingest.errors import Unavailable

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn a full or read-only disk into Unavailable, so that the sender keeps its data and tries again."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise Unavailable(
                f"the server's disk takes nothing more ({error.strerror}): free some space, the sender will try again",
                retry_after=30,
            ) from error
        raise


def folder_sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def folder_make(folder: Path) -> None:
    """Make a folder and what is missing above it, durably."""
    if folder.is_dir():
        return
    folder_make(folder.parent)
    folder.mkdir(exist_ok=True)
    folder_sync(folder.parent)


@contextmanager
def temporary_file(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file for `file_settle`; whatever was not settled is removed."""
    with disk_errors():
        folder_make(folder)
        path = folder / f"{uuid.uuid4().hex}.tmp"
        try:
            with path.open("xb") as file:
                yield file, path
        finally:
            path.unlink(missing_ok=True)


def file_settle(file: BinaryIO, path: Path, target: Path) -> None:
    """Give the finished file its name; afterwards it survives a power cut."""
    file.flush()
    os.fsync(file.fileno())
    folder_make(target.parent)
    path.rename(target)
    folder_sync(target.parent)
