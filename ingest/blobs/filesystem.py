"""Blobs in a folder: ab/cd/abcd…, written aside, synced, then renamed, so that a name always holds whole bytes."""

import hashlib
import uuid
from pathlib import Path
from typing import BinaryIO

from ingest.durable import disk_errors, file_settle, folder_make, folder_sync, temporary_file
from ingest.errors import IngestError

CHUNK = 2**20


class BlobMissing(IngestError):
    """A receipt names a blob that the store does not hold."""

    code = "blob_missing"
    status = 404


class FileSystemBlobs:
    """A content-addressed folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def _place(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def put(self, stream: BinaryIO) -> tuple[str, int]:
        """Keep the bytes of `stream` durably; (sha256, size). The same bytes are stored once."""
        digest, size = hashlib.sha256(), 0
        with temporary_file(self._root / "incoming") as (file, path):
            while chunk := stream.read(CHUNK):
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
            sha256 = digest.hexdigest()
            if not self._place(sha256).exists():
                file_settle(file, path, self._place(sha256))
        return sha256, size

    def adopt(self, path: Path, sha256: str) -> None:
        """Move a finished, fsync'd file of the same disk whose hash is known into the store."""
        target = self._place(sha256)
        with disk_errors():
            if target.exists():
                path.unlink(missing_ok=True)
                return
            folder_make(target.parent)
            path.rename(target)
            folder_sync(target.parent)

    def path(self, sha256: str) -> Path:
        """A local path to read; raises BlobMissing."""
        place = self._place(sha256)
        if len(sha256) != 64 or not place.is_file():
            raise BlobMissing(
                f"the stored bytes {sha256[:12]}… are missing: hand the file over again or restore it from a backup"
            )
        return place

    def set_aside(self, sha256: str) -> None:
        """Move changed bytes below `damaged`, where nobody looks but a person."""
        target = self._root / "damaged" / f"{sha256}.{uuid.uuid4().hex[:8]}"
        folder_make(target.parent)
        self._place(sha256).rename(target)
        folder_sync(target.parent)

    def verify(self, sha256: str) -> bool:
        """Whether the bytes still have this hash; false too when they are gone."""
        place = self._place(sha256)
        if not place.is_file():
            return False
        with place.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
