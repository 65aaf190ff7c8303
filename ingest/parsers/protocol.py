"""What a parser is and what it gives: named arrays with units, nothing stored, no Django."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class GridAxis:
    """One direction of an image or map: `size` positions from `start` on, `step` apart, in `unit`."""

    name: str
    size: int
    start: float = 0.0
    step: float = 1.0
    unit: str | None = None


@dataclass(frozen=True)
class Channel:
    """One column. `values` float64, shape (rows,), in `unit` as the file states them; or `texts` for text columns.

    `axis` names the channel it is plotted against (usually time or two_theta); none = row number. `quantity` is the
    registry's name, with `confidence` 0..1 of that mapping; an unmapped channel keeps its own name and no quantity.
    `grid` makes it an image, map or stack: `values` are its cells in C order, the last axis fastest; rows = their number.
    """

    name: str
    values: NDArray[np.float64] | None = None
    texts: tuple[str, ...] | None = None
    unit: str | None = None
    quantity: str | None = None
    confidence: float = 0.0
    axis: str | None = None
    times: NDArray[np.int64] | None = None  # ns since 1970 UTC, where the channel has absolute times of its own
    grid: tuple[GridAxis, ...] = ()

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.values) if self.values is not None else len(self.texts or ())


@dataclass(frozen=True)
class Step:
    """A step of a recipe or an event: seconds since the start, or absolute."""

    name: str
    start: float | None = None
    end: float | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Parsed:
    """What a file says."""

    technique: str
    channels: Sequence[Channel]
    metadata: Mapping[str, Any] = field(
        default_factory=dict
    )  # JSON values; `start`, `end` ISO times, `sample`, `operator`
    steps: Sequence[Step] = ()
    warnings: Sequence[str] = ()

    @property
    def start(self) -> datetime | None:
        """Start of the measurement, where the file holds one."""
        start = self.metadata.get("start")
        return datetime.fromisoformat(start) if isinstance(start, str) else None


@dataclass(frozen=True)
class Head:
    """What a parser may look at to recognise a file: its name and first bytes (at most 64 KiB)."""

    name: str
    data: bytes
    size: int


class CannotParse(Exception):
    """The file is not what it seemed, or is damaged beyond use; the message is the reason shown to people."""


class Parser(Protocol):
    """A file format. Plugin: a folder with `plugin.py` holding `plugin = TheParser()`, README.md and samples/."""

    name: str
    version: str

    def sniff(self, head: Head) -> float:
        """Confidence 0..1 that this parser reads the file; by content, not by extension."""
        ...

    def parse(self, path: Path, name: str) -> Parsed:
        """Read the file at `path`, called `name` by its sender. Raises CannotParse."""
        ...


@runtime_checkable
class Hinted(Protocol):
    """A parser that can be told how to read what a file does not say itself."""

    def parse_hinted(self, path: Path, name: str, hints: Mapping[str, Any]) -> Parsed:
        """As `parse`; `hints` may hold decimal, delimiter, day_first, header_line (1 = first, 0 = none), encoding."""
        ...


Status = Literal["parsed", "kept"]
