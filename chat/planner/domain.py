"""What a question was understood as: frozen values, no Django."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from knowledge.query.types import Filter, Query

Language = Literal["en", "zh"]
Intent = Literal[
    "lookup", "count", "list", "superlative", "groups", "exists", "compare", "similar", "graph", "define", "inventory",
    "refuse", "clarify",
]  # fmt: skip
Spin = Literal["", "soc", "nosoc", "both"]
Order = Literal["", "max", "min", "more", "less"]


@dataclass(frozen=True)
class Token:
    """A piece of the question with what it may mean: sense -> value. `start`, `end` are places in the normalised text."""

    text: str
    start: int
    end: int
    senses: Mapping[str, object]

    def has(self, *names: str) -> bool:
        """Whether it may mean one of these."""
        return any(name in self.senses for name in names)

    def is_only(self, *names: str) -> bool:
        """Whether it can mean nothing else than one of these."""
        return bool(self.senses) and all(name in names for name in self.senses)


@dataclass(frozen=True)
class Material:
    """A material the question names: by formula, or by the id of an entry."""

    formula: str = ""
    external_id: str = ""
    spacegroup: int | None = None

    def label(self) -> str:
        """As shown to the reader."""
        return self.formula or self.external_id


@dataclass(frozen=True)
class Claim:
    """Something taken for granted or to be confirmed: `property` is one of `values`, or compares with the one figure."""

    property: str
    values: tuple[str, ...]
    negated: bool = False
    op: str = "="
    unit: str | None = None


@dataclass(frozen=True)
class Plan:
    """The question as understood. `reason` says why a question is refused or needs a clearer wording."""

    intent: Intent
    language: Language
    topic: str | None = None
    query: Query | None = None
    materials: tuple[Material, ...] = ()
    asked: tuple[str, ...] = ()
    unit: str | None = None
    claims: tuple[Claim, ...] = ()
    verdict: bool = False
    same: bool = False
    order: Order = ""
    distinct: str = ""
    average: bool = False
    percent: bool = False
    sources: tuple[str, ...] = ()
    agree: bool = False
    relative: tuple[str, ...] = ()
    keep: Filter | None = None
    classes: tuple[tuple[str, str], ...] = ()
    limit: int = 0
    reason: str = ""
    about: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Memory:
    """What a conversation remembers for the next question: the material spoken of and what was asked."""

    materials: tuple[Material, ...] = ()
    plan: Plan | None = None


@dataclass(frozen=True)
class ClassWord:
    """A word for one class or for a group of classes of a property (or of its spin-orbit variants)."""

    property: str
    ids: tuple[str, ...]


@dataclass(frozen=True)
class Elements:
    """A word for an element, or for a family of which any will do."""

    symbols: tuple[str, ...]
    family: bool = False
    certain: bool = field(default=True, compare=False)
