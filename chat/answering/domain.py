"""An answer as a value: text, figures, items, citations, table, graph."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from chat.composer.writer import Cited, Table
from chat.planner.domain import Plan

Status = Literal["answered", "refused", "clarify"]


@dataclass(frozen=True)
class Answer:
    """What is said to a question, and what stands behind it. `graph` is {nodes, edges} where one was asked for."""

    question: str
    status: Status
    sentences: tuple[str, ...]
    text: str
    plan: Plan
    shown: Mapping[str, Any]  # Any: the plan as JSON
    value: float | None = None
    unit: str | None = None
    items: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    count: int | None = None
    citations: tuple[Cited, ...] = ()
    table: Table | None = None
    graph: Mapping[str, Any] | None = None  # Any: nodes and edges as JSON
    notes: tuple[str, ...] = ()
    elapsed_ms: float = 0.0

    def document(self) -> dict[str, Any]:  # Any: JSON
        """The answer as the command line prints it."""
        found: dict[str, Any] = {
            "question": self.question, "status": self.status, "answer": self.text, "value": self.value, "unit": self.unit,
            "items": list(self.items), "classes": list(self.classes), "count": self.count, "plan": dict(self.shown),
            "citations": [cited.document() for cited in self.citations], "elapsed_ms": round(self.elapsed_ms, 1),
        }  # fmt: skip
        if self.graph is not None:
            found["graph"] = dict(self.graph)
        if self.notes:
            found["notes"] = list(self.notes)
        return found


@dataclass
class Draft:
    """What an answer consists of besides its text, while it is being made."""

    status: Status = "answered"
    value: float | None = None
    unit: str | None = None
    items: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    count: int | None = None
    table: Table | None = None
    graph: dict[str, Any] | None = None  # Any: nodes and edges as JSON
    notes: list[str] = field(default_factory=list)
