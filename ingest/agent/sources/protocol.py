"""What a source is, what it hands over, and what the agent gives it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from ingest.contract import Block, Descriptor, Envelope, Event

Checkpoints = Mapping[str, dict[str, Any] | None]  # JSON values of the source's own making; None forgets a key


@dataclass(frozen=True)
class Frames:
    """Live rows, events and what the channels are. `historical`: the sender itself replays rows of earlier."""

    blocks: tuple[Block, ...] = ()
    events: tuple[Event, ...] = ()
    descriptors: tuple[Descriptor, ...] = ()
    historical: bool = False


@dataclass(frozen=True)
class TailPiece:
    """Whole lines appended to a growing file: `data` begins at byte `offset`."""

    tail: str
    file_name: str
    created: float
    offset: int
    data: bytes
    path: Path | None = None  # where it can be read again, should the server have lost what it had


@dataclass(frozen=True)
class TailClose:
    """The growing file is finished; the envelope (its id is the tail's) says size and hash of all that was shipped."""

    envelope: Envelope
    path: Path


@dataclass(frozen=True)
class FileShip:
    """A finished file, read straight from disk when its turn comes. `prefix`: only its first bytes, as the envelope says."""

    envelope: Envelope
    path: Path
    prefix: bool = False


Item = Frames | TailPiece | TailClose | FileShip


class SourceContext(Protocol):
    """What a running source may use."""

    @property
    def name(self) -> str:
        """The source's name in the configuration."""
        ...

    @property
    def instrument(self) -> str:
        """Slug of the instrument."""
        ...

    @property
    def epoch(self) -> str:
        """Identity of the spool; ids made with it never meet those of an earlier spool."""
        ...

    @property
    def limits(self) -> dict[str, int]:
        """What the server takes at once, in bytes, as far as known: `frames`, `upload`."""
        ...

    def checkpoints(self) -> dict[str, dict[str, Any]]:
        """All checkpoints of this source as last committed."""
        ...

    def commit(self, *items: Item, checkpoints: Checkpoints | None = None) -> float:
        """Store items and checkpoints in one transaction; seconds it had to wait because the spool was full.

        Raises Stopping when the agent ends while waiting: then nothing was stored.
        """
        ...

    def no_room(self) -> str | None:
        """Why nothing can be stored now (spool or disk full), none where there is room."""
        ...

    def wait(self, seconds: float) -> bool:
        """Sleep; true when the agent ends and the source must return."""
        ...

    def report(self, state: str, error: str = "") -> None:
        """Say how it goes: `running`, `away`, `paused`, ... and why."""
        ...


class Source(Protocol):
    """One configured source."""

    def check(self) -> list[str]:
        """Look without collecting; lines for a person. Raises SourceError when it could not work."""
        ...

    def run(self, context: SourceContext) -> None:
        """Collect until `context.wait` says stop. Raising makes the agent start it again, later each time."""
        ...


class SourceType(Protocol):
    """A plugin: the class of its parameters, and how to make a source of them."""

    Params: ClassVar[type[BaseModel]]

    def __call__(self, name: str, params: Any) -> Source:  # Any: an instance of its own Params
        """The source called `name`."""
        ...
