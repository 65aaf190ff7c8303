"""Formulae and names of substances in running text: only what is meant as one, no words, abbreviations or symbols."""

import re

from knowledge.chemistry.amounts import NotAFormula
from knowledge.chemistry.elements import elements
from knowledge.chemistry.names import mention_pattern
from knowledge.chemistry.parsing import WORDS, Formula, parse_formula

_CHARACTERS: dict[int, int | str] = {
    **str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789"),
    **str.maketrans("０１２３４５６７８９", "0123456789"),
    **str.maketrans("．。（）［］｛｝", "..()[]{}"),
    **dict.fromkeys(map(ord, "•⋅∙‧・×✕*"), "·"),
}
_CANDIDATE = re.compile(r"(?<![A-Za-z0-9_\\$(\[])[(\[$\\]*[A-Z][A-Za-z0-9()\[\]{}_$\\·./]{0,120}")
# Capitals without a digit are mostly abbreviations (SOC, CIF, UV); these are compounds.
_CAPITALS = frozenset(["BN", "BP", "KF", "KI", "UN", "UC", "VN", "VC", "WC", "WN", "KCN", "HF", "HCN"])
_GASES = frozenset(["O2", "N2", "H2", "F2", "O3", "S8", "C60", "C70"])


def _believable(text: str, formula: Formula, following: str) -> bool:
    """Whether a token that reads as a formula is meant as one, and is no word, abbreviation or space-group symbol."""
    if len(formula.elements) == 1:
        if not text.isalpha():
            return text in _GASES or bool(re.fullmatch(r"[A-Z][a-z]\d+", text) and text[:2] not in WORDS)
        heavy = elements()[formula.elements[0]].number > 98
        return len(text) == 2 and text not in WORDS and not heavy and not re.match(r"-[a-z0-9]", following)
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
    for match in mention_pattern().finditer(text):
        try:
            found.append((match.start(), match.end(), parse_formula(match.group())))
        except NotAFormula:  # such as iron oxide, which may be three compounds
            continue
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
