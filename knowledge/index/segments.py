"""The index on disk: Parquet segments below home()/index/ and a manifest that names the present ones.

A later segment replaces the records of an earlier one by id; a row with `deleted` set takes a record away. The manifest is
swapped whole, so that a reader in any process sees one state or the next.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from ingest.home import home

KEPT_S = 600.0


@dataclass(frozen=True)
class Manifest:
    """What the index is made of now; `generation` grows with each change."""

    generation: int = 0
    fingerprint: str = ""
    segments: tuple[str, ...] = ()


def folder() -> Path:
    """Where the segments lie."""
    return home() / "index"


def manifest_read() -> Manifest:
    """The present manifest; an empty one where there is no index yet."""
    try:
        stored = json.loads((folder() / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Manifest()
    return Manifest(stored["generation"], stored["fingerprint"], tuple(stored["segments"]))


def manifest_write(manifest: Manifest) -> None:
    """Swap the manifest and remove segments that nobody can still be reading."""
    place = folder() / "manifest.json"
    fresh = place.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(place)
    for file_path in folder().glob("segment-*.parquet"):
        if file_path.name not in manifest.segments and time.time() - file_path.stat().st_mtime > KEPT_S:
            file_path.unlink(missing_ok=True)


@contextmanager
def writing() -> Iterator[None]:
    """One writer at a time over all processes of this machine."""
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / "writer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
