"""The file system inside a Bruker `.bcf` (AidAim Single File System): equal chunks, a tree of items, tables of chunk numbers."""

import zlib
from dataclasses import dataclass

from ingest.parsers.binary import Binary
from ingest.parsers.protocol import CannotParse

MAGIC = b"AAMVHFSS"
FIRST = 0x118  # where chunk 0 begins; each chunk has a head of its own
CHUNK_HEAD = 32
ITEM = 0x200
MAX_ITEMS = 4096
MAX_PART = 256 * 2**20
_COMPRESSED = b"AACS"


@dataclass(frozen=True)
class Part:
    """A file in the container: its size, and the chunk of its bytes, or of the table that tells where they are."""

    name: str
    size: int
    chunk: int


class Container:
    """Lists the parts and reads one. Raises CannotParse for damage."""

    def __init__(self, data: bytes) -> None:
        self.file = Binary(data)
        if not data.startswith(MAGIC):
            raise CannotParse("no container of Bruker Esprit")
        self.chunk_size = int(self.file.one("I", 0x128))
        if not 64 <= self.chunk_size <= 2**24:
            raise CannotParse(f"the container states chunks of {self.chunk_size} bytes; its head is damaged")
        self.held = self.chunk_size - CHUNK_HEAD

    def parts(self) -> list[Part]:
        """All files, without the folders above them."""
        first, count = self.file.unpack("II", 0x140)
        table = self._chained(int(first), min(int(count), MAX_ITEMS) * ITEM)
        made = []
        for at in range(0, len(table) - ITEM + 1, ITEM):
            item = Binary(table[at : at + ITEM])
            if item.one("B", 0xDC) == 0 and item.one("i", 0) >= 0:
                made.append(Part(item.text(0xE0, 256), int(item.one("Q", 4)), int(item.one("i", 0))))
        return made

    def read(self, part: Part) -> bytes:
        """The bytes of a part, unpacked. Raises CannotParse."""
        if part.size > MAX_PART or part.size > len(self.file):
            raise CannotParse(f"{part.name} states {part.size} bytes, more than the file holds or a reading takes")
        count = -(-part.size // self.held)
        chunks: tuple[int, ...] = (part.chunk,)
        if count > 1:
            chunks = Binary(self._chained(part.chunk, 4 * count)).unpack(f"{count}I", 0)
        data = b"".join(self._payload(chunk) for chunk in chunks)[: part.size]
        return _unpacked(data, part.name) if data.startswith(_COMPRESSED) else data

    def _payload(self, chunk: int) -> bytes:
        at = FIRST + chunk * self.chunk_size + CHUNK_HEAD
        if at >= len(self.file):
            raise CannotParse("the container is cut short: a chunk lies behind its end")
        return self.file.data[at : at + self.held]

    def _chained(self, chunk: int, size: int) -> bytes:
        """A table that may be longer than a chunk; each chunk's head begins with the number of the next."""
        made = b""
        while len(made) < size:
            piece = self._payload(chunk)
            made += piece
            if len(piece) < self.held or len(made) >= size:
                break
            chunk = int(self.file.one("I", FIRST + chunk * self.chunk_size))
        return made[:size]


def _unpacked(data: bytes, name: str) -> bytes:
    """Blocks of zlib: a head of 128 bytes with their number, then 16 bytes before each with its size."""
    packed = Binary(data)
    blocks = int(packed.one("I", 12))
    made, at = bytearray(), 0x80
    for _ in range(blocks):
        size = int(packed.one("I", at))
        inflater = zlib.decompressobj()
        try:
            made += inflater.decompress(data[at + 16 : at + 16 + size], MAX_PART - len(made) + 1)
        except zlib.error as error:
            raise CannotParse(f"{name} is packed by something else than zlib, or damaged: {error}") from error
        if len(made) > MAX_PART:
            raise CannotParse(f"{name} unpacks to more than {MAX_PART // 2**20} MiB")
        at += 16 + size
    return bytes(made)
