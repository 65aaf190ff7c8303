"""What can be set on a watched folder."""

import os
import re
from fnmatch import translate
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

UNFINISHED = (
    ".*",
    "~$*",
    "*.tmp",
    "*.part",
    "*.partial",
    "*.crdownload",
    "*.swp",
    "*.lock",
    "Thumbs.db",
    "desktop.ini",
)


class FolderParams(BaseModel):
    """Keys of a source of type `folder`. Patterns with a slash match the path below `path`, others the name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Path
    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = UNFINISHED
    follow: tuple[str, ...] = Field(default=(), description="files that grow: shipped line by line")
    recursive: bool = True
    settle_s: float = Field(default=5.0, ge=0, description="a file is finished when it stood still so long")
    close_after_s: float = Field(
        default=21600.0, gt=0, description="a growing file is finished when it stood still so long"
    )
    line_wait_s: float = Field(
        default=60.0,
        gt=0,
        description="the unfinished last line of a growing file is shipped when it stood still so long",
    )
    rescan_s: float = Field(default=1.0, gt=0)
    max_piece_bytes: int = Field(default=2**20, ge=256, description="of one growing file at once")

    @field_validator("path")
    @classmethod
    def _beside_config(cls, path: Path, info: ValidationInfo) -> Path:
        """Relative paths begin at the folder of the TOML file."""
        return Path((info.context or {}).get("folder", Path())) / path.expanduser()

    def wanted(self, relative: str) -> bool:
        """Whether a file belongs to us."""
        return _matches(relative, self.include) and not _matches(relative, self.exclude)

    def grows(self, relative: str) -> bool:
        """Whether a file is followed line by line."""
        return _matches(relative, self.follow)


def _matches(relative: str, patterns: tuple[str, ...]) -> bool:
    names, paths = _compiled(patterns)
    return bool(
        (names is not None and names.match(relative.rpartition("/")[2]))
        or (paths is not None and paths.match(relative))
    )


@lru_cache(maxsize=256)
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
    """One expression for patterns of names, one for those of paths: a folder may hold tens of thousands of files."""
    flags = re.IGNORECASE if os.name == "nt" else 0
    sorts = [[one for one in patterns if ("/" in one) is path] for path in (False, True)]
    names, paths = (re.compile("|".join(map(translate, some)), flags) if some else None for some in sorts)
    return names, paths
