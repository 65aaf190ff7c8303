"""Names of substances to formulae, in English and Chinese: the table of names, then the grammar of names in `grammar`."""

import re
from dataclasses import dataclass
from functools import cache

from knowledge.chemistry.elements import elements, rows
from knowledge.chemistry.grammar import chinese_compound, english_compound, grammar_pattern

CERTAIN = 0.95


@dataclass(frozen=True)
class Named:
    """The formula that a name stands for, the polymorph it means, and how sure that is (0..1).

    `structure`: the name is also that of a structure type, as 'perovskite'; `short`: it is an abbreviation.
    """

    formula: str
    phase: str = ""
    confidence: float = CERTAIN
    structure: bool = False
    short: bool = False


@cache
def _table() -> dict[str, Named]:
    found: dict[str, Named] = {}
    for row in rows("names.tsv"):
        kind = row["kind"]
        named = Named(
            row["formula"],
            row["phase"],
            float(row["confidence"] or CERTAIN),
            kind == "structure",
            kind == "abbreviation",
        )
        for name in f"{row['english']}|{row['chinese']}".split("|"):
            if name:
                found[name if named.short else name.lower()] = named
    return found


def named(text: str) -> Named | None:
    """What a name stands for; none if it is no name. Raises NotAFormula with candidates where it has several meanings."""
    text = " ".join(text.split())
    table = _table()
    if (known := table.get(text)) and (known.short or text == text.lower()):
        return known
    if (known := table.get(text.lower())) and not known.short:
        return known
    if text.isascii() and not re.fullmatch(r"[A-Za-z][A-Za-z()I -]{3,}", text):
        return None
    element = _elements().get(text.lower())
    if element:
        return Named(element)
    formula = english_compound(text.lower()) if text.isascii() else chinese_compound(text)
    return Named(formula) if formula else None


@cache
def _elements() -> dict[str, str]:
    return {name: facts.symbol for facts in elements().values() for name in (facts.english, facts.chinese)}


def formula_named(text: str) -> str | None:
    """The formula of a compound or element called by its name, in English or Chinese; none if the name is not certain."""
    try:
        found = named(text)
    except ValueError:
        return None
    return found.formula if found and not found.short else None


@cache
def mention_pattern() -> re.Pattern[str]:
    """Names in running text: those of the table without abbreviations, and those that the grammar forms.

    Names of structure types do not count before words such as 'structure', where they mean no substance.
    """
    names = sorted((name for name, one in _table().items() if not one.short), key=len, reverse=True)
    names = [name for name in names if len(name) > 2 or (not name.isascii() and len(name) > 1)]
    english = "|".join(re.escape(name) for name in names if name.isascii())
    chinese = "|".join(re.escape(name) for name in names if not name.isascii())
    types = r"(?![\s-]*(?:structure|structured|type|lattice|prototype|phase|related|like|solar|family)s?\b|型|结构|相|类|族)"
    return re.compile(rf"(?:\b(?:{english})\b|{chinese}|{grammar_pattern()}){types}", re.IGNORECASE)
