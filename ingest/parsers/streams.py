"""Bytes of a file, unpacked from gzip or bzip2 where needed, never more than a stated limit."""

import bz2
import gzip
import lzma
import zlib
from pathlib import Path
from typing import IO, cast

from ingest.parsers.protocol import CannotParse, Head

MAX_BYTES = 256 * 2**20
GZIP, BZIP2 = b"\x1f\x8b", b"BZh"


def read_limited(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The whole content of the file, unpacked. Raises CannotParse when it is larger than `limit` bytes or damaged."""
    with path.open("rb") as plain:
        magic = plain.read(3)
    try:
        with _opened(path, magic) as stream:
            data = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise CannotParse(f"the compressed file is damaged: {error}") from error
    if len(data) > limit:
        raise CannotParse(f"holds more than {limit // 2**20} MiB of text; too large for this reader")
    return data


def _opened(path: Path, magic: bytes) -> IO[bytes]:
    if magic.startswith(GZIP):
        return cast("IO[bytes]", gzip.open(path, "rb"))  # typed as a union by mode
    if magic.startswith(BZIP2):
        return bz2.open(path, "rb")
    return path.open("rb")


def head_unpacked(head: Head, size: int = 65536) -> Head:
    """The head of what a gzip or bzip2 file holds; any other head as it is."""
    try:
        if head.data.startswith(GZIP):
            data = zlib.decompressobj(31).decompress(head.data, size)
        elif head.data.startswith(BZIP2):
            data = bz2.BZ2Decompressor().decompress(head.data, size)  # nothing while a block is not complete
        else:
            return head
    except (OSError, EOFError, zlib.error):
        return head
    return Head(head.name.removesuffix(".gz").removesuffix(".bz2"), data, head.size)
