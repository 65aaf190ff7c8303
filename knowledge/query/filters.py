"""Filter text in OPTIMADE's grammar to a filter, and back: what the search box, the command line, the API and URLs speak."""

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from knowledge.errors import FilterError
from knowledge.query.parsing import Reading
from knowledge.query.types import Filter
from knowledge.query.writing import filter_text

if TYPE_CHECKING:
    from lark import Lark

__all__ = ["ALIASES", "filter_text", "parse_filter", "parse_plain"]

LONGEST = 8000
DEEPEST = 40
MOST_NOTS = 50
MOST_TERMS = 1000
EXAMPLE = 'elements HAS "Bi" AND spacegroup_number = 166'
ALIASES = {
    "id": "record",
    "chemical_formula_reduced": "formula",
    "chemical_formula_descriptive": "formula_source",
    "chemical_formula_anonymous": "formula_anonymous",
    "space_group_it_number": "spacegroup_number",
}
STRINGS = re.compile(r'"(?:\\.|[^"\\])*"', re.DOTALL)
WORDS = re.compile(r"[()]|\bNOT\b|[,:]|\bAND\b|\bOR\b")
PEOPLE, PLAIN = Reading(ALIASES, symbols=True), Reading({}, symbols=False)


def parse_filter(text: str) -> Filter:
    """The filter that a person's text says. Raises FilterError with the position and what could stand there.

    OPTIMADE's names of our properties are understood, and only symbols of elements are taken for elements.
    """
    return _parsed(text, people=True)


def parse_plain(text: str) -> Filter:
    """As `parse_filter`, with names left as they stand and any text for an element: for those who translate names themselves."""
    return _parsed(text, people=False)


@cache
def _parser() -> "Lark":
    from lark import Lark

    grammar = (files("knowledge.query") / "filter.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", maybe_placeholders=False)


@lru_cache(maxsize=2048)
def _parsed(text: str, *, people: bool) -> Filter:
    from lark.exceptions import UnexpectedInput

    _limits(text)
    try:
        return (PEOPLE if people else PLAIN).filter(_parser().parse(text))
    except UnexpectedInput as error:
        raise _explained(text, error) from error


def _limits(text: str) -> None:
    if not text.strip():
        raise FilterError(_("The filter is empty. Write for example: %(example)s") % {"example": EXAMPLE}, position=0)
    if len(text) > LONGEST:
        told = _("The filter is longer than %(most)s characters: ask for less at once.") % {"most": LONGEST}
        raise FilterError(told, position=LONGEST)
    depth = nots = terms = 0
    blank = STRINGS.sub(lambda found: " " * len(found.group()), text)
    for found in WORDS.finditer(blank):
        word = found.group()
        depth += (word == "(") - (word == ")")
        nots += word == "NOT"
        terms += word in (",", ":", "AND", "OR")
        if nots > MOST_NOTS:
            raise FilterError(f"More than {MOST_NOTS} NOT in one filter: simplify it.", position=found.start())
        if terms >= MOST_TERMS:
            raise FilterError(f"More than {MOST_TERMS} terms in one filter: ask for less.", position=found.start())
        if depth > DEEPEST:
            told = f"More than {DEEPEST} brackets inside each other: simplify the filter."
            raise FilterError(told, position=found.start())


WISHES = {
    "OPERATOR": gettext_lazy("a comparison such as = or >="), "PROPERTY": gettext_lazy("a property"),
    "STRING": gettext_lazy("text in double quotes"), "NUMBER": gettext_lazy("a number"), "UNIT": gettext_lazy("a unit"),
    "QUANTIFIER": "ALL, ANY, ONLY, EXACTLY, NONE", "LPAR": "(", "RPAR": ")", "COMMA": gettext_lazy("a comma"),
    "COLON": ":", "$END": gettext_lazy("the end"),
}  # fmt: skip


def _explained(text: str, error: Any) -> FilterError:  # Any: lark's errors share no typed attributes
    position = getattr(error, "pos_in_stream", None)
    at = len(text) if position is None or position < 0 else position
    if getattr(getattr(error, "token", None), "type", "") == "$END":
        at = len(text)
    wanted = (
        getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or ()
    )
    wishes = sorted(str(WISHES.get(name, name)) for name in wanted)[:12]
    rest = text[at : at + 20]
    found = f"'{rest}'" if rest else _("the end")
    told = _(
        "The filter does not read at position %(at)s (%(found)s): expected %(wishes)s. Example: %(example)s. "
        "Words such as AND, HAS stand in capitals, text in double quotes."
    ) % {"at": at, "found": found, "wishes": ", ".join(wishes), "example": EXAMPLE}
    return FilterError(told, position=at, expected=wishes)
