"""Names of compounds to formulae: only what a name says for certain, never a guess at a valence."""

import re
from functools import cache
from math import gcd

from knowledge.chemistry.elements import elements, rows

_DIGITS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}


@cache
def compound_names() -> dict[str, str]:
    """Name (English in lower case, or Chinese) -> formula, from the table."""
    found = {}
    for row in rows("names.tsv"):
        for name in (row["english"] + "|" + row["chinese"]).split("|"):
            if name:
                found[name] = row["formula"]
    return found


@cache
def chinese_pattern() -> re.Pattern[str]:
    """Chinese names: those of the table, and 'numeral X 化 numeral Y'."""
    symbols = "".join(facts.chinese for facts in elements().values())
    table = "|".join(sorted((n for n in compound_names() if not n.isascii() and len(n) > 1), key=len, reverse=True))
    number = "[一二三四五六七八九十]"
    return re.compile(f"(?:(?P<binary>{number}?[{symbols}]化{number}?[{symbols}])|(?P<table>{table}))")


@cache
def english_pattern() -> re.Pattern[str]:
    """English names of compounds in the table, longest first."""
    table = "|".join(sorted(map(re.escape, filter(str.isascii, compound_names())), key=len, reverse=True))
    return re.compile(rf"\b(?:{table})\b", re.IGNORECASE)


@cache
def _by_chinese() -> dict[str, str]:
    return {facts.chinese: facts.symbol for facts in elements().values()}


def chinese_binary(name: str) -> str | None:
    """Formula of a binary compound such as 三硒化二铋 (numerals) or 氟化锂 (fixed valences); none where the name leaves it open."""
    if name in compound_names():
        return compound_names()[name]
    left, _, right = name.partition("化")
    anion_count, cation_count = _DIGITS.get(left[:1]), _DIGITS.get(right[:1])
    anion, cation = _by_chinese().get(left[-1:]), _by_chinese().get(right[-1:])
    if anion is None or cation is None:
        return None
    if anion_count is not None:
        return f"{cation}{cation_count or 1}{anion}{anion_count}"
    plus, minus = elements()[cation].valence, elements()[anion].valence
    if cation_count is not None or plus is None or minus is None or plus < 0 or minus > 0:
        return None
    factor = gcd(plus, -minus)
    return f"{cation}{-minus // factor}{anion}{plus // factor}"


def formula_named(text: str) -> str | None:
    """The formula of a compound or element called by its name, in English or Chinese; none if the name is not certain."""
    text = text.strip()
    if known := compound_names().get(text.lower()):
        return known
    if "化" in text:
        return chinese_binary(text) if chinese_pattern().fullmatch(text) else None
    named = next((f.symbol for f in elements().values() if text.lower() in (f.english, f.chinese)), None)
    return named
