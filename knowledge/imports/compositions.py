"""Compositions told by columns of elements: shares in at.% or wt.% -> one formula in atomic per cent. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.chemistry.elements import elements
from knowledge.imports.numbers import PLAIN, Style, number_read
from knowledge.imports.values import BadCell, states_nothing

_BALANCE = re.compile(r"(?i)(?:bal(?:ance|anced)?\.?|rest|remainder|rem\.?|base|余量|余)")
_SHARE_WORDS = re.compile(
    r"(?i)[\s_.-]*(?:wt|at|mol|mass|weight|atomic|percent|pct|content|fraction|conc|x|c|frac|ratio|含量)[\s_.%-]*|%"
)


def element_header(name: str) -> str | None:
    """The element whose share a column header names: 'Cu', 'Cu (wt.%)', 'wt_percent_Cu', 'x_Al', 'Cu含量'; none otherwise."""
    text = re.sub(r"[(\[（].*?[)\]）]", " ", name).strip()
    if text in elements():
        return text
    parts = [part for part in re.split(r"[\s_,:=%]+|(?<=[a-z%])\.|-", text) if part]
    symbols = [part for part in parts if part in elements()]
    others = [part for part in parts if part not in elements()]
    if len(symbols) == 1 and all(_SHARE_WORDS.fullmatch(part) for part in others):
        return symbols[0]
    return None


def is_balance(text: str) -> bool:
    """Whether a cell says that the element makes up the rest."""
    return bool(_BALANCE.fullmatch(text.strip()))


@dataclass(frozen=True)
class Shares:
    """Which columns hold the shares of which elements, in which unit, and which element makes up the rest."""

    columns: tuple[tuple[int, str, str], ...]  # place, column, element
    unit: str
    rest: str | None = None
    styles: tuple[Style, ...] = ()


def _amounts(shares: Shares, row: Sequence[str]) -> tuple[dict[str, float], str | None]:
    """(element -> share as stated, element said to be the balance)."""
    found: dict[str, float] = {}
    balance = None
    styles = shares.styles or (PLAIN,) * len(shares.columns)
    for (at, column, element), style in zip(shares.columns, styles, strict=True):
        text = row[at].strip()
        if states_nothing(text):
            continue
        if _BALANCE.fullmatch(text):
            balance = element
            continue
        stated = number_read(text, style)
        if stated is None or stated.low is not None or stated.unit not in (None, "%"):
            raise BadCell(f"{column}: {text[:40]!r} is no share of an element")
        if stated.value < 0:
            raise BadCell(f"{column}: a share of {text[:20]} is impossible")
        if stated.value and stated.bound is None:
            found[element] = found.get(element, 0.0) + stated.value
    return found, balance


def composition_text(shares: Shares, row: Sequence[str]) -> tuple[str, str]:
    """(formula in atomic per cent, the shares as the source states them). Raises BadCell with the reason."""
    stated, balance = _amounts(shares, row)
    total = sum(stated.values())
    whole = 1.0 if 0.9 <= total <= 1.1 and not balance and not shares.rest else 100.0
    rest = balance or (shares.rest if shares.rest not in stated else None)
    if rest:
        if total >= whole:
            raise BadCell(f"the shares add up to {total:g} and leave nothing for {rest}")
        stated[rest] = whole - total
    elif not stated:
        raise BadCell("states no share of any element")
    elif abs(total - whole) > 0.05 * whole:
        raise BadCell(f"the shares add up to {total:.4g}, not to {whole:g}, and no element is said to be the rest")
    said = ", ".join(f"{symbol} {share:.6g}" for symbol, share in stated.items())
    atoms = {s: share / (elements()[s].mass if shares.unit == "wt.%" else 1.0) for s, share in stated.items()}
    every = sum(atoms.values())
    places = 3 if shares.unit == "wt.%" else 4
    percent = {s: round(100 * amount / every, places) for s, amount in atoms.items()}
    return "".join(f"{s}{share:.6g}" for s, share in percent.items() if share > 0), f"{said} ({shares.unit})"
