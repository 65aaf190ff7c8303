"""Archives and packed files: each member is read like a file of its own, within limits."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace

from knowledge.imports.readers.text import MAX_BYTES
from knowledge.imports.tables import Refused, Table

# what the standard library throws at a damaged zip file
DAMAGED = (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, ValueError, IndexError, struct.error)
MOST_MEMBERS = 5000
DEEPEST = 2
_GREATEST_RATIO = 300
_RATIO_COUNTS_FROM = 16 * 2**20
Read = Callable[[bytes, str, int], list[Table]]


def unpacked(data: bytes) -> bytes:
    """The content of a gzip, bzip2 or xz file. Raises Refused."""
    try:
        with _opened(data) as file:
            found = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise Refused(f"is damaged: {error}") from error
    return _bounded(found, len(data))


def _opened(data: bytes) -> gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile:
    if data[:2] == b"\x1f\x8b":
        return gzip.GzipFile(fileobj=io.BytesIO(data))
    return bz2.BZ2File(io.BytesIO(data)) if data[:3] == b"BZh" else lzma.LZMAFile(io.BytesIO(data))


def _bounded(found: bytes, packed: int) -> bytes:
    if len(found) > MAX_BYTES:
        raise Refused(f"holds more than {MAX_BYTES // 2**20} MiB: split it")
    if len(found) > _RATIO_COUNTS_FROM and len(found) > _GREATEST_RATIO * max(packed, 1):
        raise Refused("unpacks to far more than its size: it looks like an attack and is not read")
    return found


def _zip_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
            _check(len(infos), sum(info.file_size for info in infos), len(data))
            for info in infos:
                with archive.open(info) as file:
                    yield info.filename, file.read(MAX_BYTES + 1)
    except RuntimeError as error:
        raise Refused("is protected by a password: unpack it") from error
    except DAMAGED as error:
        raise Refused(f"is a damaged archive: {error}") from error


def _tar_members(data: bytes) -> Iterator[tuple[str, bytes]]:
    try:
        with tarfile.open(fileobj=io.BytesIO(data)) as archive:
            infos = [info for info in archive if info.isreg()]
            _check(len(infos), sum(info.size for info in infos), len(data))
            for info in infos:
                if (file := archive.extractfile(info)) is not None:
                    yield info.name, file.read()
    except (tarfile.TarError, OSError, EOFError) as error:
        raise Refused(f"is a damaged archive: {error}") from error


def _check(count: int, size: int, packed: int) -> None:
    if count > MOST_MEMBERS or size > MAX_BYTES:
        raise Refused(
            f"holds {count} files of {size // 2**20} MiB, more than {MOST_MEMBERS} or {MAX_BYTES // 2**20} MiB"
        )
    if size > _RATIO_COUNTS_FROM and size > _GREATEST_RATIO * max(packed, 1):
        raise Refused("unpacks to far more than its size: it looks like an attack and is not read")


def archive_tables(data: bytes, depth: int, read: Read) -> list[Table]:
    """The tables of all members of a zip or tar archive; what cannot be read is said in the notes of the first table."""
    if depth >= DEEPEST:
        raise Refused("is an archive in archives: unpack it")
    members = _tar_members(data) if is_tar(data) else _zip_members(data)
    found: list[Table] = []
    refused: list[str] = []
    for name, content in members:
        base = name.rsplit("/", 1)[-1]
        if base.startswith(".") or "__MACOSX" in name:
            continue
        try:
            for table in read(content, base, depth + 1):
                place = f"{name}, {table.place}" if table.place else name
                found.append(replace(table, place=place, where=f"{name}, {table.where}"))
        except Refused as error:
            refused.append(f"{name}: {error}")
    if not found:
        raise Refused("holds no table: " + ("; ".join(refused[:5]) or "it is empty"))
    return [replace(found[0], notes=(*found[0].notes, *refused)), *found[1:]]


def is_tar(data: bytes) -> bool:
    """Whether bytes begin a tar archive."""
    return data[257:262] == b"ustar"
