"""One spelling for each composition: the reduced formula, as pymatgen spells it where all amounts are stated.

Compositions with a share that nobody stated keep it visible: '(Bi,Sb)2Te3', 'NaxCoO2', 'ZnO:Al'.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from knowledge.chemistry.amounts import Amount, NotAFormula
from knowledge.chemistry.elements import elements
from knowledge.chemistry.reading import Composition, Site

LONGEST = 400
PLACES = 6  # decimals of an amount
_X = {symbol: facts.electronegativity for symbol, facts in elements().items()}
_SPECIAL = {
    **{name: f"{name[:-1]}2O2" for name in ("LiO", "NaO", "KO", "HO", "CsO", "RbO")},
    **{name: f"{name}2" for name in ("O", "N", "F", "Cl", "H")},
}


@dataclass(frozen=True)
class Reduced:
    """A spelling with the amounts behind it.

    `open`: elements whose amount is not stated; `deviating`: those stated only up to a deviation such as 7-δ, then without it.
    """

    formula: str
    amounts: Mapping[str, float]
    open: tuple[str, ...] = ()
    deviating: tuple[str, ...] = ()


def _number(value: float) -> str:
    if abs(value - 1) <= 1e-8:
        return ""
    return str(round(value)) if abs(value - round(value)) <= 1e-8 else str(round(value, PLACES))


def _reduce(amounts: Mapping[str, int]) -> tuple[str, int]:
    """pymatgen's reduce_formula for whole amounts."""
    symbols = sorted(amounts, key=lambda s: (_X[s], s))
    factor = math.gcd(*amounts.values())
    tail = ""
    if len(symbols) >= 3 and _X[symbols[-1]] - _X[symbols[-2]] < 1.65:
        group, times = _reduce({s: amounts[s] // factor for s in symbols[-2:]})
        if times != 1:
            tail, symbols = f"({group}){times}", symbols[:-2]
    return "".join(f"{s}{_number(amounts[s] // factor)}" for s in symbols) + tail, factor


def reduced_formula(amounts: Mapping[str, float]) -> str:
    """The reduced formula of a composition; symbols must be elements and amounts positive."""
    if all(abs(value - round(value)) < 1e-8 for value in amounts.values()):
        formula, _ = _reduce({symbol: round(value) for symbol, value in amounts.items()})
        return _SPECIAL.get(formula, formula)
    symbols = sorted(amounts, key=lambda s: (_X[s], s))
    return "".join(f"{s}{_number(amounts[s]) or '1'}" for s in symbols)


def reduce(found: Composition) -> Reduced:
    """The spelling of a composition. Raises NotAFormula where an amount is negative, absent or absurd."""
    if all(amount.stated for amount in found.amounts.values()) and not found.sites:
        amounts = _checked({s: a.constant for s, a in found.amounts.items()})
        formula = reduced_formula(amounts)
        if len(formula) > LONGEST:
            raise NotAFormula(f"its reduced formula is longer than {LONGEST} characters")
        return Reduced(formula, amounts)
    return _open(found)


def _checked(amounts: Mapping[str, Fraction]) -> dict[str, float]:
    if any(value < 0 for value in amounts.values()):
        raise NotAFormula("an amount is negative")
    amounts = {symbol: value for symbol, value in amounts.items() if value > Fraction(1, 10**8)}
    if not amounts or any(value > 10**6 for value in amounts.values()):
        raise NotAFormula("a formula needs amounts between 0 and a million")
    return {symbol: float(value) for symbol, value in _whole(amounts).items()}


def _whole(amounts: Mapping[str, Fraction]) -> Mapping[str, Fraction]:
    """Whole amounts where decimals cannot say it: Pb(Mg1/3Nb2/3)O3 is Pb3MgNb2O9."""
    scale = math.lcm(*(value.denominator for value in amounts.values()))
    endless = any((10**12) % value.denominator for value in amounts.values())
    if endless and scale <= 1000:
        return {symbol: value * scale for symbol, value in amounts.items()}
    return amounts


# Compositions that leave something open --------------------------------------------------------------------------


@dataclass(frozen=True)
class _Unit:
    """A piece of an open formula: symbols (or groups) that share an amount; `letter` where even their sum is open."""

    items: tuple[str, ...]
    total: Fraction
    letter: bool = False

    def key(self) -> tuple[float, str]:
        return min(_X.get(_first(item), 9.0) for item in self.items), ",".join(self.items)

    def told(self, factor: Fraction) -> str:
        name = self.items[0] if len(self.items) == 1 else f"({','.join(self.items)})"
        return name + ("x" if self.letter else _number(float(self.total / factor)))


def _first(item: str) -> str:
    found = re.match(r"[A-Z][a-z]?", item)
    return found.group() if found else item


def _open(found: Composition) -> Reduced:
    units, deviating = [], []
    for group in _linked(found.amounts):
        made, off = _units({symbol: found.amounts[symbol] for symbol in group})
        units += made
        deviating += off
    stated = {symbol: amount for symbol, amount in found.amounts.items() if amount.stated and amount.constant > 0}
    units += [_Unit((symbol,), amount.constant) for symbol, amount in stated.items()]
    units += [_site(site) for site in found.sites]
    if any(unit.total < 0 for unit in units):
        raise NotAFormula("an amount is negative")
    if not deviating or any(len(unit.items) > 1 or unit.letter for unit in units):
        formula = _spelt(units)
    else:
        formula = reduced_formula(_checked({unit.items[0]: unit.total for unit in units}))
    if len(formula) > LONGEST:
        raise NotAFormula(f"its reduced formula is longer than {LONGEST} characters")
    opened = {s for unit in units if len(unit.items) > 1 or unit.letter for i in unit.items for s in _symbols(i)}
    return Reduced(formula, _shares(units), tuple(sorted(opened)), tuple(sorted(deviating)))


def _symbols(item: str) -> list[str]:
    return [symbol if symbol != "D" else "H" for symbol in re.findall(r"[A-Z][a-z]?", item)]


def _site(site: Site) -> _Unit:
    items = tuple(sorted(site.items, key=lambda item: (_X.get(_first(item), 9.0), item)))
    return _Unit(items, site.total.constant, letter=not site.total.stated)


def _spelt(units: Sequence[_Unit]) -> str:
    whole = [unit.total for unit in units if not unit.letter]
    factor = Fraction(1)
    if whole and len(whole) == len(units) and all(total.denominator == 1 for total in whole):
        factor = Fraction(math.gcd(*(int(total) for total in whole)))
    return "".join(unit.told(factor) for unit in sorted(units, key=_Unit.key))


def _shares(units: Sequence[_Unit]) -> dict[str, float]:
    """Amounts for comparing compositions: a site's atoms in equal shares, which nobody stated; see `open`."""
    amounts: dict[str, float] = {}
    for unit in units:
        for item in unit.items:
            share = (float(unit.total) if not unit.letter else 1.0) / len(unit.items)
            for symbol in _symbols(item):
                amounts[symbol] = amounts.get(symbol, 0.0) + share
    return amounts


def _linked(amounts: Mapping[str, Amount]) -> list[list[str]]:
    """Symbols whose amounts share letters, in groups; those with plain numbers are left out."""
    groups: list[tuple[set[str], list[str]]] = []
    for symbol, amount in amounts.items():
        letters = {letter for letter, _ in amount.terms}
        if not letters:
            continue
        members = [symbol]
        for group in [group for group in groups if group[0] & letters]:
            groups.remove(group)
            letters |= group[0]
            members = group[1] + members
        groups.append((letters, members))
    return [members for _, members in groups]


def _units(amounts: Mapping[str, Amount]) -> tuple[list[_Unit], list[str]]:
    """Pieces for symbols that share letters: a deviation, one site, several sites, or what stays fully open."""
    if len(amounts) == 1:
        ((symbol, amount),) = amounts.items()
        if amount.constant > 0:
            return [_Unit((symbol,), amount.constant)], [symbol]
        return [_Unit((symbol,), Fraction(1), letter=True)], []
    if pairs := _pairs(amounts):
        return pairs, []
    if (total := _sum(amounts)).stated:
        return [_Unit(_ordered(amounts), total.constant)], []
    # one that follows the others, as oxygen in Ce1-xGdxO2-x/2
    for symbol in sorted(amounts, key=lambda s: -_X[s]):
        rest = {s: a for s, a in amounts.items() if s != symbol}
        if amounts[symbol].constant > 0 and len(rest) > 1 and _sum(rest).stated:
            made, off = _units(rest)
            return [*made, _Unit((symbol,), amounts[symbol].constant)], [*off, symbol]
    return [_Unit(_ordered(amounts), Fraction(1), letter=True)], []


def _sum(amounts: Mapping[str, Amount]) -> Amount:
    total = Amount()
    for amount in amounts.values():
        total += amount
    return total


def _ordered(symbols: Mapping[str, Amount]) -> tuple[str, ...]:
    return tuple(sorted(symbols, key=lambda s: (_X[s], s)))


def _pairs(amounts: Mapping[str, Amount]) -> list[_Unit]:
    """Two compounds mixed element by element: (1-x)BaTiO3-xCaZrO3 is (Ca,Ba)(Zr,Ti)O3, alike by electronegativity."""
    first = [s for s in _ordered(amounts) if amounts[s].constant > 0]
    second = [s for s in _ordered(amounts) if amounts[s].constant == 0]
    if len(first) < 2 or len(first) != len(second):
        return []
    sums = [amounts[one] + amounts[other] for one, other in zip(first, second, strict=True)]
    if not all(total.stated for total in sums):
        return []
    pairs = [tuple(sorted(pair, key=lambda s: (_X[s], s))) for pair in zip(first, second, strict=True)]
    return [_Unit(pair, total.constant) for pair, total in zip(pairs, sums, strict=True)]
