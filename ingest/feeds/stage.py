"""What a background stage is, and the registry that packages fill in `ready()`."""

from collections.abc import Sequence
from typing import Protocol


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


_stages: dict[str, Stage] = {}


def stage_register(stage: Stage) -> None:
    """Add a stage; called from `AppConfig.ready()`."""
    _stages[stage.name] = stage


def stages() -> tuple[Stage, ...]:
    """All registered stages in the order of registration, which follows the data path."""
    return tuple(_stages.values())
