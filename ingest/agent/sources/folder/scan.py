"""What lies in the folder now: one pass, stat only, nothing opened."""

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ingest.agent.errors import SourceAway
from ingest.agent.sources.folder.params import FolderParams

Known = Callable[[str, int, int], bool]  # path, size, mtime_ns -> shipped already


@dataclass(frozen=True, slots=True)
class Seen:
    """One file at one moment."""

    size: int
    mtime_ns: int
    inode: int

    @property
    def mark(self) -> tuple[int, int]:
        """Changes when the file does, as far as stat can tell."""
        return self.size, self.mtime_ns


@dataclass
class Scan:
    """The wanted files by path below the root (with slashes), and the subfolders that could not be read."""

    files: dict[str, Seen] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


def scan(params: FolderParams, known: Known = lambda relative, size, mtime_ns: False) -> Scan:
    """Look once; what is `known` is passed over. Raises SourceAway when the root itself is not there."""
    found = Scan()
    root = params.path
    try:
        _enter(root, "", params, known, found)
    except OSError as error:
        raise SourceAway(f"{root} cannot be read ({error.strerror or error}); it is tried again") from error
    return found


def _enter(folder: Path, prefix: str, params: FolderParams, known: Known, found: Scan) -> None:
    with os.scandir(folder) as entries:
        for entry in entries:
            relative = prefix + entry.name
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue  # gone between listing and looking
            if stat.S_ISDIR(status.st_mode):
                if params.recursive:
                    _enter_below(folder / entry.name, relative, params, known, found)
            elif (
                stat.S_ISREG(status.st_mode)
                and not known(relative, status.st_size, status.st_mtime_ns)
                and params.wanted(relative)
            ):
                found.files[relative] = Seen(status.st_size, status.st_mtime_ns, status.st_ino)


def _enter_below(folder: Path, relative: str, params: FolderParams, known: Known, found: Scan) -> None:
    try:
        _enter(folder, relative + "/", params, known, found)
    except OSError:
        found.unreadable.append(relative)
