"""Members of a zip container, unpacked within limits: a small file cannot make the reader fill the memory."""

import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import Self

from ingest.parsers.protocol import CannotParse

MEMBER_BYTES = 128 * 2**20
TOTAL_BYTES = 1024 * 2**20
MEMBERS = 20_000


class Archive:
    """A zip opened for reading. Raises CannotParse for what is no zip, damaged, encrypted, or unpacks to too much."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise CannotParse(f"the zip container is damaged or cut short: {error}") from error
        self.names = self._zip.namelist()
        if len(self.names) > MEMBERS:
            raise CannotParse(f"the zip container holds {len(self.names)} files; more than {MEMBERS} are not opened")
        self._left = TOTAL_BYTES

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._zip.close()

    def size(self, name: str) -> int:
        """Bytes of a member as the directory states them."""
        return self._zip.getinfo(name).file_size

    def read(self, name: str, limit: int = MEMBER_BYTES) -> bytes:
        """The bytes of a member, at most `limit`. Raises CannotParse."""
        limit = min(limit, self._left)
        try:
            with self._zip.open(name) as stream:
                data = stream.read(limit + 1)
        except KeyError as error:
            raise CannotParse(f"the container lacks {name}") from error
        except (
            zipfile.BadZipFile,
            OSError,
            EOFError,
            ValueError,
            RuntimeError,
            NotImplementedError,
            zlib.error,
        ) as error:
            raise CannotParse(f"{name} in the container cannot be unpacked: {error}") from error
        if len(data) > limit:
            raise CannotParse(f"{name} unpacks to more than {limit // 2**20} MiB; it was not opened")
        self._left -= len(data)
        return data


def names_in_head(head: bytes) -> list[str]:
    """Names of the members that begin within the first bytes of a zip, in their order there."""
    found: list[str] = []
    at = 0
    while (at := head.find(b"PK\x03\x04", at)) >= 0 and len(found) < 200:
        size = int.from_bytes(head[at + 26 : at + 28], "little")
        name = head[at + 30 : at + 30 + size]
        if 0 < size == len(name) and size < 500:
            found.append(name.decode("utf-8", errors="replace").replace("\\", "/"))
        at += 4
    return found
