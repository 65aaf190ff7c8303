"""What a detector is: online, only the past is used, its state survives a restart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Finding:
    """Something wrong at one time. `score` 0..1; `reason` is a sentence with figures; `kind` e.g. gap, stuck, burst, drift."""

    time: int  # ns since 1970 UTC
    kind: str
    score: float
    reason: str


class Detector(Protocol):
    """Watches one channel. Plugin: folder with `plugin.py` holding `plugin` = a factory of detectors."""

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
