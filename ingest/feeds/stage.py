"""What a background stage is, and the registry that packages fill in `ready()`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, runtime_checkable


class Stage(Protocol):
    """Follows one feed. `process` re-reads the present state of each key and is idempotent.

    It may be given many keys at once and runs outside any transaction of the caller; it may raise, and the runner then
    gives it the keys one by one, so that one bad key stops no other.
    """

    name: str
    feed: str

    def process(self, keys: Sequence[str]) -> None:
        """Bring what is derived from these keys up to date."""
        ...


@runtime_checkable
class Periodic(Protocol):
    """A stage that also has something to do when its feed is quiet. `every_s`: seconds between ticks."""

    every_s: float

    def tick(self, now: datetime) -> None:
        """Look after what no event calls attention to; idempotent."""
        ...


_stages: dict[str, Stage] = {}


def stage_register(stage: Stage) -> None:
    """Add a stage; called from `AppConfig.ready()`."""
    _stages[stage.name] = stage


def stages() -> tuple[Stage, ...]:
    """All registered stages in the order of registration, which follows the data path."""
    return tuple(_stages.values())
