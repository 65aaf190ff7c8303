"""The elements: symbol, number, Pauling electronegativity, usual valence, names. Values of the IUPAC/Pauling tables."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class ElementFacts:
    """One element. `valence` only where a binary compound's name without numerals is unambiguous; `mass` in u.

    `states`: the usual oxidation states, from which a name that leaves the composition open gets its candidates.
    """

    symbol: str
    number: int
    electronegativity: float
    valence: int | None
    english: str
    chinese: str
    mass: float
    states: tuple[int, ...]


def rows(name: str) -> list[dict[str, str]]:
    """The rows of a tab-separated table beside this module."""
    lines = (files(__package__) / name).read_text(encoding="utf-8").splitlines()
    head = lines[0].split("\t")
    return [dict(zip(head, line.split("\t"), strict=True)) for line in lines[1:]]


@cache
def elements() -> dict[str, ElementFacts]:
    """All elements by symbol, in the order of their number."""
    return {
        row["symbol"]: ElementFacts(
            symbol=row["symbol"],
            number=int(row["number"]),
            electronegativity=float(row["electronegativity"] or "inf"),
            valence=int(row["valence"]) if row["valence"] else None,
            english=row["english"],
            chinese=row["chinese"],
            mass=float(row["mass"]),
            states=tuple(map(int, row["states"].split())),
        )
        for row in rows("elements.tsv")
    }


@cache
def _names() -> dict[str, str]:
    named = {}
    for facts in elements().values():
        named[facts.english] = named[facts.chinese] = facts.symbol
    named |= {"aluminium": "Al", "sulphur": "S", "caesium": "Cs", "cesium": "Cs", "wolfram": "W"}
    return named


def element_named(text: str) -> str | None:
    """The symbol of an element called by symbol, English or Chinese name; none if it is none."""
    text = text.strip()
    return text if text in elements() else _names().get(text.lower())
