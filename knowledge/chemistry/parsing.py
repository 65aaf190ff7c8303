"""What people and files write -> one composition: formulae in any spelling, names, alloys, mixtures, doped hosts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType

from knowledge.chemistry.alloys import (
    addition_read,
    balance_read,
    basis_split,
    doped_split,
    from_masses,
    mixture_read,
)
from knowledge.chemistry.amounts import NotAFormula
from knowledge.chemistry.elements import elements
from knowledge.chemistry.names import Named, named
from knowledge.chemistry.phases import phase_split
from knowledge.chemistry.reading import Composition, composition_read
from knowledge.chemistry.reduction import Reduced, reduce, reduced_formula
from knowledge.chemistry.writing import letters_split, markup_plain, plain, signs_plain

MAX_LENGTH = 400
_SIMPLE = re.compile(r"(?:[A-Z][a-z]?(?:\d+(?:\.\d+)?)?)+")
_PAIR = re.compile(r"([A-Z][a-z]?)(\d[\d.]*)?")
_HAN = re.compile(r"[\u4e00-\u9fff\U0002b000-\U0002bfff]")
# Symbols that are also words, units or quantities.
WORDS = frozenset(
    [
        "As",
        "At",
        "Be",
        "He",
        "In",
        "No",
        "Am",
        "Ho",
        "Pa",
        "Pm",
        "Cm",
        "Tc",
        "Ra",
        "Ac",
        "Es",
        "Fm",
        "Md",
        "Lr",
        "I",
        "Os",
    ]
)
_DOUBTFUL, _LIKELY = 0.5, 0.8
# P91, H13 and F82H are grades of steel; molecules of one element with so many atoms are carbon's alone
_GRADE = re.compile(r"(?!C(?:20|28|36|50|60|70|7[468]|8[0-46]|90)$)[A-Z](?:1[3-9]|[2-9]\d|\d{3})|F82H")


@dataclass(frozen=True)
class Formula:
    """A composition, and what the text says beside it.

    `reduced` as pymatgen spells it, `elements` sorted by symbol, `amounts` as written, `source` the text.
    `open`: elements whose amount the text leaves open, such as the two of (Bi,Sb)2Te3; their amounts are then equal shares
    that nobody stated. `deviating`: elements stated only up to a small deviation (7-δ); the amounts leave it out.
    `phase`: the polymorph or state the text names ('α', 'rutile', '2H'); `charge` of an ion; `isotopes`: named ones.
    `confidence` 0..1: lower where the text could mean something else; `notes` say what was assumed.
    """

    reduced: str
    elements: tuple[str, ...]
    amounts: Mapping[str, float]
    source: str
    phase: str = ""
    open: tuple[str, ...] = ()
    deviating: tuple[str, ...] = ()
    charge: int = 0
    isotopes: bool = False
    confidence: float = 1.0
    notes: tuple[str, ...] = ()

    @property
    def stated(self) -> bool:
        """Whether the text states all amounts, up to a small deviation."""
        return not self.open


@lru_cache(maxsize=65536)
def parse_formula(text: str) -> Formula:
    """The composition a text names: formula in any usual spelling, or a certain name. Raises NotAFormula."""
    if len(text) > MAX_LENGTH:
        raise NotAFormula(f"a formula has at most {MAX_LENGTH} characters")
    if _GRADE.fullmatch(text):
        raise NotAFormula(f"{text!r} looks like the grade of an alloy: write its composition")
    if _SIMPLE.fullmatch(text) and (simple := _simple(text)) is not None:
        return simple
    cleaned = signs_plain(text).strip().rstrip(".,;")
    if not cleaned:
        raise NotAFormula("there is no formula")
    if found := named(cleaned):
        return _of_name(found, text)
    return replace(_parse(markup_plain(cleaned)), source=text)


def _simple(text: str) -> Formula | None:
    """The fast path: symbols and numbers; none where the text has to be looked at more closely."""
    if "." in text and text.endswith("2O"):  # CuSO4.5H2O is no 4.5
        return None
    amounts: dict[str, float] = {}
    for symbol, number in _PAIR.findall(text):
        if symbol not in elements():
            return None
        amounts[symbol] = amounts.get(symbol, 0.0) + (float(number) if number else 1.0)
    if text.isalpha() and text.isupper() and len(text) > 1 and named(text):
        return None
    amounts = {symbol: round(value, 9) for symbol, value in amounts.items() if value > 1e-8}
    if not amounts or any(value > 1e6 for value in amounts.values()):
        raise NotAFormula("a formula needs amounts between 0 and a million")
    confidence = _DOUBTFUL if text in WORDS or (text.isalpha() and text.isupper() and len(text) > 1) else 1.0
    return Formula(
        reduced_formula(amounts), tuple(sorted(amounts)), MappingProxyType(amounts), text, confidence=confidence
    )


def _of_name(found: Named, text: str) -> Formula:
    formula = parse_formula(found.formula)
    return replace(formula, source=text, phase=found.phase, confidence=found.confidence)


def _parse(text: str) -> Formula:
    if not text:
        raise NotAFormula("there is no formula")
    if found := named(text):
        return _of_name(found, text)
    phase, rest = phase_split(text)
    if phase:
        formula = _parse(rest)
        both = " ".join(dict.fromkeys(part for part in (phase, formula.phase) if part))
        return replace(formula, phase=both)
    if doped := doped_split(text):
        return _doped(_parse(doped.host), doped.dopants)
    if _HAN.search(text):
        raise NotAFormula("it is no name of a substance that says how much of each element")
    if re.search(r"[A-Za-z]\s+[a-z]{2,}|^[a-z]{2,}", text) and not re.search(r"=|\bx\b", text):
        raise NotAFormula("it says more than a formula, or is a word")
    if _heterostructure(text):
        raise NotAFormula("several compounds in layers or beside each other are not one formula")
    return _shares(text)


def _heterostructure(text: str) -> bool:
    """Whether a slash joins two compounds; inside brackets, and in 1/3 or x/2, it does not."""
    outside = re.sub(r"\([^()]*\)", "()", text)
    found = re.search(r"(?P<left>\S)\s*/+\s*(?P<right>\S)", outside)
    return bool(found and (found["right"].isupper() or found["right"] in "(["))


def _shares(text: str) -> Formula:
    """Alloys, mixtures and additions, else one compound."""
    if "%" in text and (added := addition_read(letters_split(text)[0])):
        return _formula(text, reduce(added), notes=("an addition in percent of the host",))
    text, basis = basis_split(text)
    given = plain(text)
    notes: tuple[str, ...] = ()
    confidence = 1.0
    found = balance_read(given.text, basis) if "-" in given.text else None
    if found:
        notes = ("the first element is what remains to 100 %", f"{basis or 'wt'}.%" + ("" if basis else " assumed"))
        confidence = 1.0 if basis else 0.7
    else:
        found = mixture_read(given.text) or composition_read(given.text)
        if basis == "wt":
            found, notes = _from_weights(found), ("wt.%",)
    reduced = reduce(found.at(given.letters))
    if not basis and not re.search(r"[\d.·()]", text) and " " in text.strip():
        confidence = _LIKELY
    formula = _formula(text, reduced, notes=notes)
    if formula.deviating and not re.search(r"\d[+-][δεd]", given.text):
        confidence = _LIKELY  # 6+x can mean anything up to 7
    return replace(
        formula, charge=given.charge, isotopes=given.isotopes or found.heavy, confidence=confidence * formula.confidence
    )


def _from_weights(found: Composition) -> Composition:
    if found.sites or not all(amount.stated for amount in found.amounts.values()):
        raise NotAFormula("shares by weight need numbers")
    return from_masses({symbol: amount.constant for symbol, amount in found.amounts.items()})


def _formula(source: str, reduced: Reduced, notes: tuple[str, ...] = ()) -> Formula:
    letters = source.isalpha() and source.isupper() and len(source) > 1
    return Formula(
        reduced.formula, tuple(sorted(reduced.amounts)), MappingProxyType(dict(reduced.amounts)), source, open=reduced.open,
        deviating=reduced.deviating, confidence=_DOUBTFUL if letters else 1.0, notes=notes,
    )  # fmt: skip


def _doped(host: Formula, dopants: tuple[str, ...]) -> Formula:
    """A doped host is another material than the host; how much there is of the dopant stays open."""
    name = f"{host.reduced.partition(':')[0]}:{','.join(dopants)}"
    return replace(
        host,
        reduced=name,
        elements=tuple(sorted({*host.elements, *dopants})),
        open=tuple(sorted({*host.open, *dopants})),
    )
