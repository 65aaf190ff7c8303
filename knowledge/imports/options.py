"""A column to be understood, and what it can be: frozen values that the claims are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from knowledge.imports.headers import Header, Reading
from knowledge.imports.mappings import Rule
from knowledge.imports.numbers import PLAIN, Stated, Style, is_spoilt, number_read
from knowledge.imports.reasons import Reason, why
from knowledge.imports.values import states_nothing
from knowledge.topics.schema import Property

CLAIM = 0.5  # below it a column stays unmapped
MOST = 0.8  # the share of cells that must be values of the property


@dataclass(frozen=True)
class Column:
    """A column to be understood: its header, a sample of its cells, the unit that a units row or description states."""

    name: str
    header: Header
    cells: Sequence[str]
    unit: str | None = None
    described: tuple[Reading, ...] = ()
    style: Style = PLAIN
    group: tuple[str, ...] = ()  # the words of a heading over several columns
    group_at: tuple[tuple[float, str], ...] = ()  # the circumstances it states

    @cached_property
    def filled(self) -> list[str]:
        """The cells that state something."""
        return [cell for cell in self.cells if not states_nothing(cell)]

    @cached_property
    def numbers(self) -> list[Stated]:
        """The cells that are numbers."""
        return [stated for cell in self.filled if (stated := number_read(cell, self.style)) is not None]

    @cached_property
    def numeric(self) -> float:
        """The share of filled cells that are numbers."""
        spoilt = sum(is_spoilt(cell) for cell in self.filled)  # by a spreadsheet: numbers once
        meant = len(self.filled) - spoilt
        return len(self.numbers) / meant if meant else 0.0


@dataclass(frozen=True)
class Option:
    """One thing a column can be; confidence below CLAIM = it is not claimed, for the reason given."""

    rule: Rule
    reason: Reason
    weak: bool = False  # a symbol that only other columns can confirm
    vague: bool = False  # a word that only a core property of the topic beside it can confirm
    assumed: bool = False  # the canonical unit is only assumed, which other columns may support

    @property
    def confidence(self) -> float:
        """How sure it is, 0..1."""
        return self.rule.confidence


def label_of(item: Property) -> str:
    """What a property is called in the reasons."""
    return item.label.get("en", item.id)


def refused(item: Property, sentence: str, unit: str | None = None, confidence: float = 0.0, **facts: str) -> Option:
    """A column that names the property but is not claimed, with the reason."""
    return Option(Rule(item.id, unit, confidence), why(sentence, property=label_of(item), **facts))
