"""Compositions stated by shares: alloys in at.% or wt.%, mixtures of compounds, additions, dopants."""

import re
from dataclasses import dataclass
from fractions import Fraction

from knowledge.chemistry.amounts import NUMBER, Amount, NotAFormula, amount_read, exact
from knowledge.chemistry.elements import element_named, elements
from knowledge.chemistry.reading import Composition, composition_read

_PERCENT = r"(?P<basis>wt|at|mol|mass|质量|原子|摩尔)\.?\s*(?:%|pct|percent|分数)"
_UNIT_BEHIND = re.compile(rf"\s*[(\[,（]?\s*(?:in\s+)?{_PERCENT}\s*[)\]）]?$", re.IGNORECASE)
_UNIT_INSIDE = re.compile(rf"(?<=\d)\s*{_PERCENT}\s*(?=[A-Z])", re.IGNORECASE)
_BALANCE = re.compile(rf"([A-Z][a-z]?)((?:-(?:{NUMBER})%?[A-Z][a-z]?)+)")
_SYSTEM = re.compile(r"[A-Z][a-z]?(?:[-–][A-Z][a-z]?)+")
_SHARE = rf"(?:(?:{NUMBER})|[xyz]|\((?:[\dxyz.]+(?:[+-][\dxyz.]+)*)\)|(?:{NUMBER})(?:-[xyz])+)"
_MIXTURE = re.compile(rf"(?P<first>{_SHARE})\*?·?(?=[A-Z(\[])")
_NEXT = re.compile(rf"[-+](?=(?:{_SHARE})\*?·?[A-Z(\[])")
_ADDED = re.compile(rf"(?P<host>.+?)\s*\+\s*(?P<share>{NUMBER})\s*{_PERCENT}\s*(?P<more>[A-Z(].*)", re.IGNORECASE)
_DOPED = [
    re.compile(r"(?P<dopant>[A-Z][a-z]?(?:[,/][A-Z][a-z]?)*)(?:\s*-\s*|\s+)(?:co-?)?doped\s+(?P<host>.+)"),
    re.compile(r"(?P<host>.+?)\s+doped\s+(?:with|by)\s+(?P<dopant>\S+)"),
    re.compile(r"掺(?P<dopant>[\u4e00-\u9fff\U0002b000-\U0002bfff]|[A-Z][a-z]?)(?:的)?(?P<host>.{2,})"),
    re.compile(r"(?P<dopant>[\u4e00-\u9fff]|[A-Z][a-z]?)掺杂(?:的)?(?P<host>.{2,})"),
    re.compile(r"(?P<dopant>[A-Z][a-z]?(?:\s*[,/]\s*[A-Z][a-z]?)*)\s*:\s*(?P<host>.{2,})"),
    re.compile(r"(?P<host>.+?)\s*:\s*(?P<dopant>[A-Z][a-z]?(?:\s*[,/:]\s*[A-Z][a-z]?)*)"),
]
_DOSE = re.compile(rf"^\s*(?:{NUMBER})\s*(?:at|mol|wt)?\.?\s*%\s*|\s*\(?(?:{NUMBER})\s*(?:at|mol|wt)?\.?\s*%\)?\s*$")
DECIMALS = 4  # of amounts computed from masses


def basis_split(text: str) -> tuple[str, str]:
    """(text, 'wt' | 'at' | ''): without the percentages' basis, wherever it is written."""
    words = {"mass": "wt", "质量": "wt", "原子": "at", "摩尔": "at", "mol": "at"}
    if found := _UNIT_BEHIND.search(text):
        basis, text = found["basis"].lower(), text[: found.start()]
    elif "+" not in text and (found := _UNIT_INSIDE.search(text)):
        basis, text = found["basis"].lower(), _UNIT_INSIDE.sub("", text)
    else:
        return text, ""
    return text, words.get(basis, basis)


def balance_read(text: str, basis: str) -> Composition | None:
    """'Fe-9Cr-2W': the first element is what remains to 100; none where the text is not written so."""
    found = _BALANCE.fullmatch(text)
    if not found:
        if _SYSTEM.fullmatch(text):
            raise NotAFormula("it names a system of elements without amounts")
        return None
    shares: dict[str, Fraction] = {}
    for number, symbol in re.findall(rf"-({NUMBER})%?([A-Z][a-z]?)", found[2]):
        shares[symbol] = shares.get(symbol, Fraction(0)) + exact(number)
    rest = Fraction(100) - sum(shares.values(), Fraction(0))
    if rest <= 0 or found[1] in shares:
        raise NotAFormula("the shares leave nothing for the first element")
    shares = {found[1]: rest} | shares
    for symbol in shares:
        if symbol not in elements():
            raise NotAFormula(f"{symbol!r} is no element")
    return from_masses(shares) if basis != "at" else _composition(shares)


def _composition(amounts: dict[str, Fraction]) -> Composition:
    return Composition({symbol: Amount(amount) for symbol, amount in amounts.items()})


def from_masses(shares: dict[str, Fraction]) -> Composition:
    """Mass fractions as atomic fractions, to DECIMALS places."""
    atoms = {symbol: float(share) / elements()[symbol].mass for symbol, share in shares.items()}
    total = sum(atoms.values())
    found = {symbol: Fraction(str(round(count / total, DECIMALS))) for symbol, count in atoms.items()}
    return _composition({symbol: share or Fraction(1, 10**DECIMALS) for symbol, share in found.items()})


def mixture_read(text: str) -> Composition | None:
    """'0.7PbTiO3-0.3BiScO3', '(1-x)BaTiO3-xCaZrO3': several compounds with their shares; none where it is no mixture."""
    if not _MIXTURE.match(text) or not _NEXT.search(text):
        return None
    total, shares = Composition(), Amount()
    pieces = _NEXT.split(text)
    for piece in pieces:
        found = _MIXTURE.match(piece)
        if not found:
            return None
        share = amount_read(found["first"])
        shares += share
        total.add(composition_read(piece[found.end() :]), share)
    if shares.stated and shares.constant > 10:  # in percent
        scaled = Composition()
        scaled.add(total, Amount(Fraction(1, 100)))
        return scaled
    return total


def addition_read(text: str) -> Composition | None:
    """'Ba0.7Sr0.3TiO3+10mol%MgO': an addition in percent of the host; none where it is none."""
    found = _ADDED.fullmatch(text)
    if not found:
        return None
    total, more = composition_read(found["host"].replace(" ", "")), composition_read(found["more"].replace(" ", ""))
    share = exact(found["share"]) / 100
    if found["basis"].lower() in ("wt", "mass", "质量"):
        share *= Fraction(str(round(_mass(total) / _mass(more), 6)))
    total.add(more, Amount(share))
    return total


def _mass(found: Composition) -> float:
    if found.sites or not all(amount.stated for amount in found.amounts.values()):
        raise NotAFormula("the share of an addition by weight needs known amounts")
    return sum(float(amount.constant) * elements()[symbol].mass for symbol, amount in found.amounts.items())


@dataclass(frozen=True)
class Doped:
    """A host with dopants whose amount does not matter to the host's formula."""

    host: str
    dopants: tuple[str, ...]


def doped_split(text: str) -> Doped | None:
    """'ZnO:Al', 'Al-doped ZnO', 'Nd:YAG', '掺铝氧化锌'; none where nothing is doped."""
    if ":" not in text and "doped" not in text and "掺" not in text:
        return None
    text = _DOSE.sub("", text)
    for pattern in _DOPED:
        found = pattern.fullmatch(text)
        if not found:
            continue
        symbols = [element_named(_DOSE.sub("", name)) for name in re.split(r"\s*[,/:]\s*", found["dopant"])]
        if all(symbols):
            host = _DOSE.sub("", found["host"].strip())
            return Doped(host, tuple(sorted({symbol for symbol in symbols if symbol})))
    return None
