"""A message as its page shows it: sentences cut at their citation marks, links, table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse

from chat.conversations.models import Citation, Message

_MARK = re.compile(r"\[(\d+)\]")
MOST_ROWS = 100


@dataclass(frozen=True)
class Piece:
    """A piece of a sentence: text, or the number of a citation."""

    text: str
    mark: int | None = None


@dataclass(frozen=True)
class Card:
    """A citation with the address of its record."""

    citation: Citation
    url: str


@dataclass(frozen=True)
class Part:
    """A piece of the plan, with the address of the search without it where it is a condition."""

    text: str
    without: str = ""


@dataclass(frozen=True)
class Shown:
    """What the template of a message reads."""

    message: Message
    sentences: list[list[Piece]]
    cards: list[Card]
    parts: list[Part]
    search: str
    columns: list[str]
    rows: list[tuple[str, list[str]]]
    more_rows: int


def pieces(sentence: str) -> list[Piece]:
    """A sentence cut at its marks."""
    found: list[Piece] = []
    at = 0
    for match in _MARK.finditer(sentence):
        if match.start() > at:
            found.append(Piece(sentence[at : match.start()]))
        found.append(Piece("", int(match.group(1))))
        at = match.end()
    if at < len(sentence):
        found.append(Piece(sentence[at:]))
    return found


def record_url(record: str) -> str:
    """The address of a record's page; empty if there is none."""
    try:
        return reverse("knowledge:record", args=[record]) if record else ""
    except NoReverseMatch:
        return ""


def search_url(parameters: str) -> str:
    """The search page with a plan's query; empty if there is none."""
    try:
        return f"{reverse('knowledge:search')}?{parameters}" if parameters else ""
    except NoReverseMatch:
        return ""


def plan_parts(plan: Mapping[str, Any]) -> list[Part]:  # Any: the plan as JSON
    """The pieces of a plan with their addresses."""
    return [Part(part["text"], search_url(part["without"])) for part in plan.get("parts", [])]


def shown(message: Message) -> Shown:
    """A stored message, ready for its template."""
    plan: dict[str, Any] = message.document.get("plan", {})  # Any: the plan as JSON
    table = message.table or {"columns": [], "rows": []}
    rows = table["rows"]
    return Shown(
        message=message,
        sentences=[pieces(sentence) for sentence in message.sentences],
        cards=[Card(citation, record_url(citation.record)) for citation in message.citations.all()],
        parts=plan_parts(plan),
        search=search_url(plan.get("search", "")),
        columns=table["columns"],
        rows=[(record_url(row[0]), row[1:]) for row in rows[:MOST_ROWS]],
        more_rows=max(0, len(rows) - MOST_ROWS),
    )
