"""The grammar of formulae: cleaned text -> how much of each element, and the sites whose shares are not stated."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from knowledge.chemistry.amounts import AMOUNT, NUMBER, ONE, Amount, NotAFormula, amount_read, exact
from knowledge.chemistry.elements import elements

_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_ELEMENT = re.compile(r"[A-Z][a-z]?")
_COUNTED = re.compile(rf"[(\[{{].*[)\]}}](?:{AMOUNT.pattern})")
# Organic cations that perovskites are written with.
_GROUPS = {"MA": "CH3NH3", "FA": "CHN2H4"}
MOST_DEPTH = 20


@dataclass(frozen=True)
class Site:
    """A site shared by several kinds of atoms (or groups) in shares that the text does not state."""

    items: tuple[str, ...]
    total: Amount


@dataclass
class Composition:
    """What a formula says. `heavy`: isotopes were named."""

    amounts: dict[str, Amount] = field(default_factory=dict)
    sites: list[Site] = field(default_factory=list)
    heavy: bool = False

    def add(self, other: "Composition", times: Amount = ONE) -> None:
        """Take in another composition, so many times."""
        for symbol, amount in other.amounts.items():
            self.amounts[symbol] = self.amounts.get(symbol, Amount()) + amount * times
        self.sites += [Site(site.items, site.total * times) for site in other.sites]
        self.heavy |= other.heavy

    def at(self, values: Mapping[str, Fraction]) -> "Composition":
        """With the letters that have a value replaced by it."""
        amounts = {symbol: amount.at(values) for symbol, amount in self.amounts.items()}
        return Composition(amounts, [Site(s.items, s.total.at(values)) for s in self.sites], self.heavy)


def composition_read(text: str) -> Composition:
    """A formula with brackets, decimals, letters and parts joined by '·', each with an optional leading amount."""
    total = Composition()
    for part in text.split("·"):
        lead = re.match(rf"(?:{NUMBER})|[xyzn](?=[A-Z(])", part)
        rest = part[lead.end() :] if lead else part
        if not rest:
            raise NotAFormula(f"the number {part} follows no element" if lead else "a part is empty")
        times = ONE
        if lead:
            letter = lead.group() in "xyzn"
            times = amount_read(lead.group().replace("n", "x")) if letter else Amount(exact(lead.group()))
        total.add(_sequence(rest, 0), times)
    return total


def _sequence(text: str, depth: int) -> Composition:
    """Units behind each other, each with an amount or 1."""
    if depth > MOST_DEPTH:
        raise NotAFormula("brackets are nested too deeply")
    total, at, places = Composition(), 0, []
    while at < len(text):
        unit, at = _unit(text, at, depth)
        found = AMOUNT.match(text, at)
        times = ONE
        if found:
            times, at = amount_read(found.group()), found.end()
        total.add(unit, times)
        places.append((tuple(unit.amounts), times))
    _one_compound(places)
    return total


def _one_compound(places: list[tuple[tuple[str, ...], Amount]]) -> None:
    """Refuse 'BaTiO3-xCaZrO3', where 3-x is no amount of oxygen but a second compound begins."""
    for number, (unit, times) in enumerate(places[:-1]):
        if not times.stated and times.constant and any(unit == later for later, _ in places[number + 1 :]):
            raise NotAFormula("two compounds are joined; say how much of each, as in 0.9BaTiO3-0.1CaZrO3")


def _unit(text: str, at: int, depth: int) -> tuple[Composition, int]:
    if text[at] in _BRACKETS:
        end = _closing(text, at)
        return _bracket(text[at + 1 : end], depth + 1), end + 1
    if text[at] in ")]}":
        raise NotAFormula("a bracket is closed that was not opened")
    if text[at : at + 2] in _GROUPS and not text[at + 2 : at + 3].islower():
        return _sequence(_GROUPS[text[at : at + 2]], depth + 1), at + 2
    found = _ELEMENT.match(text, at)
    if not found:
        amount = AMOUNT.match(text, at)
        if amount and at == 0:
            raise NotAFormula(f"the number {amount.group()} follows no element")
        raise NotAFormula(f"{text[at]!r} does not belong in a formula")
    return _element(found.group(), at, found.end())


def _element(symbol: str, at: int, end: int) -> tuple[Composition, int]:
    if symbol == "D":
        return Composition({"H": ONE}, heavy=True), end
    if symbol in elements():
        return Composition({symbol: ONE}), end
    if symbol[0] in elements():  # a letter that counts stands behind it: NaxCoO2 is read Na, x; Kx is K, x
        return Composition({symbol[0]: ONE}), at + 1
    if symbol[0] == "D":
        return Composition({"H": ONE}, heavy=True), at + 1
    raise NotAFormula(f"{symbol!r} is no element")


def _closing(text: str, at: int) -> int:
    depth = 0
    for place in range(at, len(text)):
        depth += (text[place] in _BRACKETS) - (text[place] in ")]}")
        if not depth:
            if text[place] != _BRACKETS[text[at]]:
                raise NotAFormula(f"{text[at]} is closed by {text[place]}")
            return place
    raise NotAFormula("a bracket is not closed")


def _bracket(text: str, depth: int) -> Composition:
    items = _items(text)
    if len(items) == 1:
        if not text:
            raise NotAFormula("a bracket is empty")
        return _sequence(text, depth)
    parts = [_sequence(item, depth) for item in items]
    total = Composition()
    if any(_uncounted(item, part) for item, part in zip(items, parts, strict=True)):
        for part in parts:
            total.add(part, Amount(Fraction(0)))
        total.sites = [Site(tuple(items), ONE)]
        return total
    for part in parts:
        total.add(part)
    return total


def _uncounted(item: str, part: Composition) -> bool:
    """Whether an item of a site does not say its share: 'Bi' or 'OH', not 'Bi0.5', 'Sbx' or '(OH)0.5'."""
    return item == "".join(part.amounts) if len(part.amounts) == 1 else not _COUNTED.fullmatch(item)


def _items(text: str) -> list[str]:
    items, depth, start = [], 0, 0
    for place, sign in enumerate(text):
        depth += (sign in _BRACKETS) - (sign in ")]}")
        if sign == "," and not depth:
            items.append(text[start:place])
            start = place + 1
    items.append(text[start:])
    if len(items) > 1 and not all(items):
        raise NotAFormula("a place between commas is empty")
    return items
