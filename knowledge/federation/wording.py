"""A filter in the words of one database: our provider fields by theirs, and simpler words where it lacks some. Pure."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from knowledge.optimade.fields import PREFIX
from knowledge.query.filters import filter_text
from knowledge.query.types import (
    And,
    Compare,
    CompareProperties,
    Filter,
    HasElements,
    HasItems,
    Length,
    Not,
    Or,
)


class NoWord(Exception):
    """The database has no property of this name; the message is the name."""


def renamed(part: Filter, known: Mapping[str, Any]) -> Filter:
    """The filter with each of our fields replaced by the database's own of the same name. Raises NoWord."""

    def name(one: str) -> str:
        if not one.startswith(PREFIX):
            return one
        plain = one.removeprefix(PREFIX)
        theirs = sorted(other for other in known if re.fullmatch(rf"_[a-z0-9]+_{re.escape(plain)}", other))
        if not theirs:
            raise NoWord(plain)
        return theirs[0]

    match part:
        case And(parts):
            return And(tuple(renamed(one, known) for one in parts))
        case Or(parts):
            return Or(tuple(renamed(one, known) for one in parts))
        case Not(inner):
            return Not(renamed(inner, known))
        case Compare() | Length():
            return replace(part, property=name(part.property))
        case CompareProperties(left, op, right):
            return CompareProperties(name(left), op, name(right))
        case HasItems(names, wants, mode):
            return HasItems(tuple(map(name, names)), wants, mode)
    return part


def simpler(part: Filter) -> Filter:
    """The same in mandatory words only: HAS ONLY of elements by HAS ANY and counting. It may find more, never less.

    HAS ONLY a, b = each of the elements is one of them; what HAS ANY finds besides is told apart here, entry by entry.
    """
    match part:
        case And(parts):
            return And(tuple(map(simpler, parts)))
        case Or(parts):
            return Or(tuple(map(simpler, parts)))
        case HasElements(elements, "only"):
            return And((HasElements(elements, "any"), Compare("nelements", "<=", len(elements))))
    return part


def text_of(part: Filter) -> str:
    """The filter as text."""
    return filter_text(part)
