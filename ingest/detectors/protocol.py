"""What a detector is: online, only the past is used, its state survives a restart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True)
class Finding:
    """Something wrong at one time. `score` 0..1; `reason` is a sentence with figures; `kind` e.g. gap, stuck, burst, drift."""

    time: int  # ns since 1970 UTC
    kind: str
    score: float
    reason: str


@dataclass(frozen=True)
class Channel:
    """What a detector may know of its channel. `set_point`: whether values are readings minus their set point."""

    name: str = ""
    unit: str | None = None
    low: float | None = None
    high: float | None = None
    set_point: bool = False


class Detector(Protocol):
    """Watches one channel. Plugin: folder with `plugin.py` holding `plugin` = a factory that takes a Channel."""

    kind: str

    def update(self, times: Sequence[int], values: Sequence[float]) -> list[Finding]:
        """Take the next points in order; what is wrong with them."""
        ...

    def state(self) -> Mapping[str, Any]:
        """All it remembers, as JSON."""
        ...

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a remembered state."""
        ...


@runtime_checkable
class Settling(Protocol):
    """A detector that must know of changes made on purpose: a set point, a step of the recipe, a shutter."""

    def settle(self, time: int) -> None:
        """Something was changed on purpose at `time`: what follows may look new."""
        ...


@runtime_checkable
class Listening(Protocol):
    """A detector that notices silence, when no point calls it."""

    def silence(self, now: int) -> Finding | None:
        """What is wrong if nothing has come until `now`."""
        ...
