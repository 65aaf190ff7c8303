"""Compositions as bit masks: one bit per element, in two unsigned 64-bit words."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

WORD = 64


@cache
def bits() -> dict[str, int]:
    """Bit number of each symbol: atomic number - 1; deuterium and tritium, which some sources tell apart, come last."""
    text = (files("knowledge.index") / "elements.txt").read_text(encoding="utf-8")
    return {symbol: at for at, symbol in enumerate(text.split())}


def mask(symbols: Iterable[str]) -> tuple[int, int]:
    """The two words of a composition; symbols that are no element are left out."""
    known = bits()
    whole = 0
    for symbol in symbols:
        if symbol in known:
            whole |= 1 << known[symbol]
    return whole & ((1 << WORD) - 1), whole >> WORD
