"""Amounts in formulae: exact numbers and linear expressions such as 2-x or 7-δ."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

NUMBER = r"\d+/\d+|\d+(?:\.\d+)?|\.\d+"
# Letters that stand for an amount: anywhere, and (they could begin a symbol's second letter elsewhere) only behind a sign.
_FREE, _SIGNED = "xyzδε", "xyzδεwuvdXZ"
_TERM = rf"(?:{NUMBER})?[{_SIGNED}](?![a-z])(?:/\d+)?"
_TAIL = rf"(?:[+-](?:{_TERM}))"
_INNER = rf"(?:(?:{NUMBER}){_TAIL}+|(?:{NUMBER})?[{_FREE}](?![a-z])(?:/\d+)?{_TAIL}*)"
AMOUNT = re.compile(rf"(?:{NUMBER})?\({_INNER}\)|{_INNER}|{NUMBER}")
_ONE_TERM = re.compile(rf"([+-]?)({NUMBER})?([{_SIGNED}])?(?:/(\d+))?")


class NotAFormula(ValueError):
    """The text is not the formula of one composition; the message says why.

    `candidates`: the formulae that a name with several meanings may stand for.
    """

    def __init__(self, reason: str, candidates: tuple[str, ...] = ()) -> None:
        super().__init__(reason)
        self.candidates = candidates


def exact(text: str) -> Fraction:
    """A written number without loss: '1/3', '0.3', '.5'. Raises NotAFormula where it divides by zero."""
    try:
        return Fraction(text)
    except ZeroDivisionError as error:
        raise NotAFormula("an amount divides by zero") from error


@dataclass(frozen=True)
class Amount:
    """A constant plus multiples of letters: 2-x is Amount(2, {'x': -1})."""

    constant: Fraction = Fraction(0)
    terms: tuple[tuple[str, Fraction], ...] = ()

    @property
    def stated(self) -> bool:
        """Whether it is a number."""
        return not self.terms

    def __add__(self, other: "Amount") -> "Amount":
        terms = dict(self.terms)
        for letter, times in other.terms:
            terms[letter] = terms.get(letter, Fraction(0)) + times
        return Amount(self.constant + other.constant, tuple(sorted((k, v) for k, v in terms.items() if v)))

    def __mul__(self, other: "Amount") -> "Amount":
        if self.terms and other.terms:
            raise NotAFormula("an unknown amount is multiplied by another")
        one, times = (self, other.constant) if self.terms else (other, self.constant)
        return Amount(one.constant * times, tuple((letter, factor * times) for letter, factor in one.terms if times))

    def at(self, values: Mapping[str, Fraction]) -> "Amount":
        """With these letters replaced by numbers."""
        constant = self.constant + sum((factor * values[k] for k, factor in self.terms if k in values), Fraction(0))
        return Amount(constant, tuple((k, factor) for k, factor in self.terms if k not in values))


ONE = Amount(Fraction(1))


def amount_read(text: str) -> Amount:
    """A number or linear expression as AMOUNT matches it: '2-x', '7-δ', '(1-x)', '2(1-x)', 'x/2'."""
    if text.endswith(")"):
        times, _, inner = text[:-1].partition("(")
        return amount_read(inner) * Amount(exact(times) if times else Fraction(1))
    if re.fullmatch(NUMBER, text):
        return Amount(exact(text))
    total = Amount()
    for sign, number, letter, divisor in _ONE_TERM.findall(text):
        if not number and not letter:
            continue
        size = exact(number or "1") * (-1 if sign == "-" else 1)
        if divisor:
            size /= exact(divisor) or 1
        total += Amount(Fraction(0), ((letter.replace("d", "δ"), size),)) if letter else Amount(size)
    return total
