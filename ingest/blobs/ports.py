"""What a blob store can do; the folder is one, an object store may be another."""

from pathlib import Path
from typing import BinaryIO, Protocol


class BlobStore(Protocol):
    """Bytes by their SHA-256; immutable."""

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        """Keep the bytes of `stream` durably; (sha256, size)."""
        ...

    def adopt(self, path: Path, sha256: str) -> None:
        """Move a finished, fsync'd file whose hash is known into the store."""
        ...

    def path(self, sha256: str) -> Path:
        """A local path to read; raises BlobMissing."""
        ...

    def set_aside(self, sha256: str) -> None:
        """Take bytes that changed out of the way, so that nobody is served them; they can be put again."""
        ...

    def verify(self, sha256: str) -> bool:
        """Whether the bytes still have this hash; false too when they are gone."""
        ...
