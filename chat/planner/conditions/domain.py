"""The conditions of a question as filters."""

from dataclasses import dataclass, field

from chat.planner.filters import system_filter
from knowledge.query.types import Compare, Filter, Not


@dataclass
class Conditions:
    """What the filters of a question are, and which tokens they used up."""

    elements: list[Filter] = field(default_factory=list)
    classes: list[Compare | Not] = field(default_factory=list)
    spacegroups: list[Filter] = field(default_factory=list)
    systems: list[tuple[str, bool]] = field(default_factory=list)
    numbers: list[Compare] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    stray: list[str] = field(default_factory=list)
    limit: int = 0

    def every(self) -> list[Filter]:
        """All conditions in one list."""
        systems = [system_filter(name, negated) for name, negated in self.systems]
        return [*self.elements, *self.classes, *self.spacegroups, *systems, *self.numbers]
