"""The numbers a detector remembers, as a dataclass that goes into JSON and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, ClassVar, Generic, TypeVar

from ingest.detectors.protocol import Channel

M = TypeVar("M")


class Remembering(Generic[M]):
    """A detector whose whole state is the dataclass `Memory` in `self.memory`."""

    Memory: ClassVar[type]

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.memory: M = self.Memory()

    def state(self) -> Mapping[str, Any]:
        """All it remembers, as JSON."""
        return {name: list(value) if isinstance(value, list) else value for name, value in vars(self.memory).items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a remembered state; names of an older version are left out."""
        known = {field.name for field in fields(self.Memory)}
        self.memory = self.Memory(**{name: value for name, value in state.items() if name in known})
