"""Keep bytes and find them again by their SHA-256."""

import io
from pathlib import Path
from typing import BinaryIO

from ingest.blobs.filesystem import BlobMissing, FileSystemBlobs
from ingest.blobs.ports import BlobStore
from ingest.home import home


def blob_store() -> BlobStore:
    """The configured store: the folder `blobs` of the data folder."""
    return FileSystemBlobs(home() / "blobs")


def blob_put(stream: BinaryIO | bytes) -> tuple[str, int]:
    """Keep these bytes durably; (sha256, size)."""
    return blob_store().put(io.BytesIO(stream) if isinstance(stream, bytes) else stream)


def blob_path(sha256: str) -> Path:
    """Where the bytes can be read; raises BlobMissing."""
    return blob_store().path(sha256)


def blob_is_here(sha256: str) -> bool:
    """Whether the store holds bytes under this hash; not whether they still are the same."""
    try:
        blob_store().path(sha256)
    except BlobMissing:
        return False
    return True


def blob_verify(sha256: str) -> bool:
    """Hash the stored bytes again; false when they changed or are gone."""
    return blob_store().verify(sha256)
