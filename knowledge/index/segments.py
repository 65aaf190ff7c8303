"""The index on disk: segments below home()/index/ and a manifest that names the present ones, oldest first.

A delta is a small Parquet file of the last changes; a base is a folder of many records, sorted, that readers open in
place. A later segment replaces the records of an earlier one by id; a row with `deleted` set takes a record away. The
manifest is swapped whole, so that a reader in any process sees one state or the next.
"""

import fcntl
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ingest.home import home

KEPT_S = 600.0


@dataclass(frozen=True)
class Manifest:
    """What the index is made of now; `generation` grows with each change, `layout` are the columns it was built with."""

    generation: int = 0
    fingerprint: str = ""
    segments: tuple[str, ...] = ()
    layout: dict[str, Any] = field(default_factory=dict)

    @property
    def bases(self) -> tuple[str, ...]:
        """The large segments, oldest first."""
        return tuple(name for name in self.segments if name.startswith("base-"))

    @property
    def deltas(self) -> tuple[str, ...]:
        """The small ones, oldest first; all are later than the bases."""
        return tuple(name for name in self.segments if not name.startswith("base-"))


def folder() -> Path:
    """Where the segments lie."""
    return home() / "index"


def delta_name() -> str:
    """A name for a small segment."""
    return f"segment-{uuid.uuid4().hex}.parquet"


def base_name() -> str:
    """A name for a large segment."""
    return f"base-{uuid.uuid4().hex}"


def manifest_read() -> Manifest:
    """The present manifest; an empty one where there is no index yet."""
    try:
        stored = json.loads((folder() / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Manifest()
    return Manifest(stored["generation"], stored["fingerprint"], tuple(stored["segments"]), stored.get("layout") or {})


def manifest_write(manifest: Manifest) -> None:
    """Swap the manifest and remove segments that nobody can still be reading."""
    place = folder() / "manifest.json"
    fresh = place.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(place)
    for left in (*folder().glob("segment-*"), *folder().glob("base-*")):
        if left.name not in manifest.segments and time.time() - left.stat().st_mtime > KEPT_S:
            shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


@contextmanager
def writing() -> Iterator[None]:
    """One writer at a time over all processes of this machine."""
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / "writer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
