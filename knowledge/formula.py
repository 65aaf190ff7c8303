"""Chemical formulae: what people and files write -> one reduced formula; and formulae found in free text.

The reduced formula follows pymatgen's convention (elements by electronegativity, polyanions in parentheses), so that
it meets other tools' formulae, but is computed here: pymatgen takes seconds to import.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from knowledge.chemistry.elements import elements as _element_table
from knowledge.chemistry.names import chinese_binary, chinese_pattern, compound_names, english_pattern, formula_named

MAX_LENGTH = 400
_X = {symbol: facts.electronegativity for symbol, facts in _element_table().items()}
_SPECIAL = {
    **{name: f"{name[:-1]}2O2" for name in ("LiO", "NaO", "KO", "HO", "CsO", "RbO")},
    **{name: f"{name}2" for name in ("O", "N", "F", "Cl", "H")},
}
_SIMPLE = re.compile(r"(?:[A-Z][a-z]?\d*)+")
_PAIR = re.compile(r"([A-Z][a-z]?)(\d*)")
_NUMBER = r"\d+/\d+|\d+(?:\.\d+)?|\.\d+"
_TOKEN = re.compile(rf"([A-Z][a-z]?)|({_NUMBER})|([(\[{{])|([)\]}}])|([·])")
_POLYMORPH = re.compile(
    r"^(?:[αβγδεζηθκλστ]|alpha|beta|gamma|delta|epsilon|[1-9][A-Z][′'″]?|T[d′']|[chotrmw])-(?=[A-Z(])"
)
_CHARACTERS: dict[int, int | str] = {
    **str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"),
    **str.maketrans("０１２３４５６７８９", "0123456789"),
    **str.maketrans("．。（）［］｛｝", "..()[]{}"),
    **dict.fromkeys(map(ord, "•⋅∙‧・×✕*"), "·"),
}
_LATEX: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r"\\(?:mathrm|rm|text|ce|mathsf|textrm|it)\b\s*"), ""),
    (re.compile(r"\\(?:cdot|bullet|ast)\b\s*"), "·"),
    (re.compile(r"_\{([^{}]*)\}|_(\d)"), lambda m: m.group(1) or m.group(2) or ""),
    (re.compile(r"</?sub>", re.IGNORECASE), ""),
    (re.compile(r"\\[,;! ]|[$~\s]"), ""),
]


class NotAFormula(ValueError):
    """The text is not the formula of one composition; the message says why."""


@dataclass(frozen=True)
class Formula:
    """A composition. `reduced` as pymatgen spells it, `elements` sorted by symbol, `amounts` as written, `source` the text."""

    reduced: str
    elements: tuple[str, ...]
    amounts: Mapping[str, float]
    source: str


def _number(value: float) -> str:
    if abs(value - 1) <= 1e-8:
        return ""
    return str(round(value)) if abs(value - round(value)) <= 1e-8 else str(round(value, 8))


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


def _add(into: dict[str, float | Fraction], symbol: str, amount: float | Fraction) -> None:
    into[symbol] = into[symbol] + amount if symbol in into else amount


def _amount(text: str) -> float | Fraction:
    if "/" in text:
        top, bottom = text.split("/")
        if int(bottom) == 0:
            raise NotAFormula("an amount divides by zero")
        return Fraction(int(top), int(bottom))
    return float(text) if "." in text else Fraction(int(text))


def _merge(into: dict[str, float | Fraction], other: Mapping[str, float | Fraction], times: float | Fraction) -> None:
    for symbol, amount in other.items():
        _add(into, symbol, amount * times)


def _symbol(text: str) -> str:
    if text == "D":
        return "H"
    if text not in _X:
        raise NotAFormula(f"{text!r} is no element")
    return text


def _read_group(text: str) -> dict[str, float | Fraction]:
    """Amounts of a formula with parentheses, decimals and parts joined by '·', each with an optional leading number."""
    total: dict[str, float | Fraction] = {}
    for part in text.split("·"):
        lead = re.match(_NUMBER, part)
        times = _amount(lead.group()) if lead else Fraction(1)
        _merge(total, _read_part(part[lead.end() :] if lead else part), times)
    return total


def _read_part(text: str) -> dict[str, float | Fraction]:
    stack: list[dict[str, float | Fraction]] = [{}]
    last: dict[str, float | Fraction] | None = None
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            raise NotAFormula(f"{text[at]!r} does not belong in a formula")
        at = found.end()
        symbol, number, opening, closing, _ = found.groups()
        if number is not None:
            if last is None:
                raise NotAFormula(f"the number {number} follows no element")
            _merge(stack[-1], last, _amount(number))
            last = None
            continue
        if last is not None:
            _merge(stack[-1], last, Fraction(1))
        last = None
        if symbol:
            last = {_symbol(symbol): Fraction(1)}
        elif opening:
            stack.append({})
        elif closing:
            if len(stack) == 1:
                raise NotAFormula("a parenthesis is closed that was not opened")
            last = stack.pop()
    if last is not None:
        _merge(stack[-1], last, Fraction(1))
    if len(stack) != 1:
        raise NotAFormula("a parenthesis is not closed")
    return stack[0]


def _clean(text: str) -> str:
    text = text.translate(_CHARACTERS)
    if any(sign in text for sign in "\\$_~<") or " " in text or not text.isascii():
        for pattern, replacement in _LATEX:
            text = pattern.sub(replacement, text)
    text = _POLYMORPH.sub("", text)
    text = re.sub(r"\.(?=[A-Z(])", "·", text)
    text = re.sub(r"\.(?=\d*(?:H2O|D2O)$)", "·", text)
    if "\\" not in text and text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    return text


def _whole(amounts: dict[str, float | Fraction]) -> dict[str, float | Fraction]:
    """Whole amounts where the source wrote fractions only: Pb(Mg1/3Nb2/3)O3 is Pb3MgNb2O9."""
    if all(isinstance(value, Fraction) for value in amounts.values()):
        scale = math.lcm(*(value.denominator for value in amounts.values() if isinstance(value, Fraction)))
        return {symbol: value * scale for symbol, value in amounts.items()}
    return amounts


@lru_cache(maxsize=65536)
def parse_formula(text: str) -> Formula:
    """The composition a text names: formula in any usual spelling, or a certain name. Raises NotAFormula."""
    source, amounts = text, None
    if len(text) > MAX_LENGTH:
        raise NotAFormula(f"a formula has at most {MAX_LENGTH} characters")
    if _SIMPLE.fullmatch(text):
        simple: dict[str, float] = {}
        for symbol, number in _PAIR.findall(text):
            if symbol not in _X:
                symbol = _symbol(symbol)
            simple[symbol] = simple.get(symbol, 0.0) + (float(number) if number else 1.0)
        amounts = simple
    else:
        cleaned = _clean(text.strip())
        if not cleaned:
            raise NotAFormula("there is no formula")
        if named := formula_named(text):
            cleaned = named
        amounts = {symbol: float(value) for symbol, value in _whole(_read_group(cleaned)).items()}
    amounts = {symbol: value for symbol, value in amounts.items() if value > 1e-8}
    if not amounts or any(value > 1e6 for value in amounts.values()):
        raise NotAFormula("a formula needs amounts between 0 and a million")
    return Formula(reduced_formula(amounts), tuple(sorted(amounts)), MappingProxyType(amounts), source)


# Free text -------------------------------------------------------------------------------------------------------

_CANDIDATE = re.compile(r"(?<![A-Za-z0-9_\\$(\[])[(\[$\\]*[A-Z][A-Za-z0-9()\[\]{}_$\\·./]{0,120}")
# Symbols that are rather words, units or quantities when they stand alone.
_WORDS = frozenset(
    ["As", "At", "Be", "He", "In", "No", "Am", "Ho", "Pa", "Pm", "Cm", "Tc", "Ra", "Ac", "Es", "Fm", "Md", "Lr"]
)
# Capitals without a digit are mostly abbreviations (SOC, CIF, UV); these are compounds.
_CAPITALS = frozenset(["CO", "NO", "BN", "BP", "KF", "KI", "UN", "UC", "VN", "VC", "WC", "WN", "KCN", "HF", "HCN"])
_GASES = frozenset(["O2", "N2", "H2", "F2", "O3", "S8", "C60", "C70"])


def _believable(text: str, formula: Formula, following: str) -> bool:
    """Whether a token that reads as a formula is meant as one, and is no word, abbreviation or space-group symbol."""
    if len(formula.elements) == 1:
        if not text.isalpha():
            return text in _GASES or bool(re.fullmatch(r"[A-Z][a-z]\d+", text) and text[:2] not in _WORDS)
        heavy = _element_table()[formula.elements[0]].number > 98
        return len(text) == 2 and text not in _WORDS and not heavy and not re.match(r"-[a-z0-9]", following)
    if text.isupper() and text.isalpha():
        return text in _CAPITALS
    return True


def _unbalanced(text: str) -> bool:
    return any(text.count(left) < text.count(right) for left, right in ("()", "[]", "{}"))


def _trimmed(token: str) -> list[str]:
    """Beginnings of a token that may be the formula: without trailing punctuation, then without its last piece."""
    found = []
    while token:
        token = token.rstrip("./·_\\{[(")
        while (token.endswith((")", "]", "}")) and _unbalanced(token)) or (
            token.endswith("$") and token.count("$") % 2
        ):
            token = token[:-1]
        found.append(token)
        cut = max(token.rfind(mark) for mark in "./·([")
        token = token[:cut] if cut > 0 else ""
    return found


def _at(text: str, start: int, token: str) -> tuple[int, int, Formula] | None:
    while (
        token.startswith("(") and (token.count("(") > token.count(")") or re.fullmatch(r"\([^()]*\)\W*", token))
    ) or (token.startswith("[") and token.count("[") > token.count("]")):
        start, token = start + 1, token[1:]
    for piece in _trimmed(token):
        end = start + len(piece)
        if re.match(r"[A-Za-z0-9]", text[end : end + 1]):
            continue
        try:
            formula = parse_formula(piece)
        except NotAFormula:
            continue
        if "D" in re.findall(r"[A-Z][a-z]?", piece) or not _believable(piece, formula, text[end:]):
            continue
        return start, end, formula
    return None


def _named_in(text: str) -> list[tuple[int, int, Formula]]:
    found = []
    for match in chinese_pattern().finditer(text):
        name = chinese_binary(match.group()) if match.group("binary") else compound_names()[match.group()]
        if name:
            found.append((match.start(), match.end(), parse_formula(name)))
    for match in english_pattern().finditer(text):
        found.append((match.start(), match.end(), parse_formula(compound_names()[match.group().lower()])))
    return found


def find_formulas(text: str) -> list[tuple[int, int, Formula]]:
    """Formulae and certain names of compounds in English or Chinese text: (start, end, formula) in order, not overlapping."""
    plain = text.translate(_CHARACTERS)  # one character for one, so that positions stay
    found = _named_in(text)
    at = 0
    while match := _CANDIDATE.search(plain, at):
        hit = _at(plain, match.start(), match.group())
        if hit is None:
            pieces = re.search(r"[./·)\]]", match.group())
            at = match.start() + pieces.end() if pieces and pieces.start() else match.end()
            continue
        found.append(hit)
        at = hit[1]
    kept: list[tuple[int, int, Formula]] = []
    for start, end, formula in sorted(found, key=lambda hit: (hit[0], -hit[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end, formula))
    return kept
