"""What a reduced formula says in other spellings: alphabetical, anonymous, and the share of each element."""

import math
from dataclasses import dataclass
from functools import lru_cache

from knowledge.formula import NotAFormula, parse_formula

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Composition:
    """`ratios` in the alphabetical order of the elements, summing to 1. `reduced` and `anonymous` need whole amounts."""

    reduced: str | None
    anonymous: str | None
    ratios: tuple[float, ...]


def _letter(number: int) -> str:
    first, second = divmod(number, len(LETTERS))
    return LETTERS[second] + (LETTERS[first - 1].lower() if first else "")


def _amount(value: int) -> str:
    return "" if value == 1 else str(value)


@lru_cache(maxsize=100_000)
def composition(formula: str) -> Composition | None:
    """The composition of a formula; none where it is none."""
    try:
        amounts = parse_formula(formula).amounts
    except NotAFormula:
        return None
    total = math.fsum(amounts.values())
    ratios = tuple(amounts[symbol] / total for symbol in sorted(amounts))
    if any(abs(value - round(value)) > 1e-8 or value < 0.5 for value in amounts.values()):
        return Composition(None, None, ratios)
    whole = {symbol: round(value) for symbol, value in amounts.items()}
    factor = math.gcd(*whole.values())
    counts = {symbol: value // factor for symbol, value in whole.items()}
    falling = sorted(counts.values(), reverse=True)
    return Composition(
        "".join(f"{symbol}{_amount(counts[symbol])}" for symbol in sorted(counts)),
        "".join(f"{_letter(at)}{_amount(value)}" for at, value in enumerate(falling)),
        ratios,
    )
