"""From what people, papers and files write to plain text for the grammar: Unicode, HTML and LaTeX, charges, isotopes."""

import html
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from knowledge.chemistry.amounts import NUMBER, NotAFormula, exact

_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-")
_SUPERSCRIPTS = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻]+")
_SIGNS: dict[int, int | str | None] = {
    **dict.fromkeys(map(ord, "−–‐‑—﹣－"), "-"),
    **dict.fromkeys(map(ord, "•⋅∙‧・∗*"), "·"),
    **dict.fromkeys(map(ord, "′’ʹ"), "'"),
    ord("⁄"): "/",
    ord("±"): "+",
    ord("。"): ".",
    ord("，"): ",",
    ord("、"): ",",
    ord("【"): "[",
    ord("】"): "]",
    **dict.fromkeys(map(ord, "\u200b\u200c\u200d\ufeff\u00ad\u2060"), None),
}
_GREEK = "alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|kappa|lambda|sigma|tau|omega"
_LETTERS = dict(zip(_GREEK.split("|"), "αβγδεεζηθκλστω", strict=True))
_MARKUP: list[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]] = [
    (re.compile(r"<sup>\s*(.*?)\s*</sup>", re.IGNORECASE), r"^{\1}"),
    (re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE), ""),
    (re.compile(rf"\\({_GREEK})\b"), lambda m: _LETTERS[m.group(1)]),
    (re.compile(r"\\(?:mathrm|mathsf|mathbf|mathit|textrm|text|rm|it|ce|mathregular|operatorname)\b\s*"), ""),
    (re.compile(r"\\(?:cdot|bullet|ast|times)\b\s*"), "·"),
    (re.compile(r"\\(?:prime)\b"), "'"),
    (re.compile(r"\\(?:textsubscript)\b"), "_"),
    (re.compile(r"\\(?:textsuperscript)\b"), "^"),
    (re.compile(r"\\[,;:! ]|[$~]"), ""),
    (re.compile(r"\^\{'+\}|\^\\'"), "'"),
    (re.compile(r"_\{([^{}]*)\}"), lambda m: f"_{m.group(1)}" if m.group(1) == "d" else m.group(1)),
    (re.compile(r"(?<![\dLDC])_(?=[\dxyzδ.])"), ""),
]
_STATED = re.compile(
    rf"[\s,;(\[:]+(?:with|for|其中)?\s*(?P<all>[xyzδd]\s*=\s*(?:{NUMBER})(?:\s*[,;]\s*[xyzδd]\s*=\s*(?:{NUMBER}))*)\s*[)\]]?\s*$"
)
_ISOTOPE = re.compile(r"\^\{?\d{1,3}\}?(?=[A-Z])")
_CHARGE = re.compile(r"\^\{?(?P<size>\d*)(?P<sign>[+-])\}?$|\^\{?(?P<sign2>[+-])(?P<size2>\d*)\}?$")
_ION = re.compile(r"(?P<body>[A-Z][a-z]?)(?P<size>[1-9]?)(?P<sign>[+-])")
_POLYION = re.compile(r"(?P<body>.*[A-Za-z)\]](?:\d(?=\d[+-]$))?)(?P<size>(?<=\d)\d)(?P<sign>[+-])$")


@dataclass(frozen=True)
class Plain:
    """Text for the grammar, and what was written around it. `letters`: amounts stated beside it, as in 'x = 0.5'."""

    text: str
    letters: dict[str, Fraction]
    charge: int = 0
    isotopes: bool = False


def signs_plain(text: str) -> str:
    """Unicode variants of letters, digits and signs as plain ones; superscripts as ^{...}. Words stay words."""
    if text.isascii():
        return text.translate(_SIGNS)
    text = _SUPERSCRIPTS.sub(lambda found: f"^{{{found.group().translate(_SUPER)}}}", text)
    return unicodedata.normalize("NFKC", text.translate(_SIGNS)).translate(_SIGNS)


def markup_plain(text: str) -> str:
    """Without HTML and LaTeX."""
    if "&" in text:
        text = html.unescape(text)
    if any(sign in text for sign in "\\$_~<^"):
        for pattern, replacement in _MARKUP:
            text = pattern.sub(replacement, text)
        if re.search(r"(?<![LDC])\d_\d|\d\d_\d", text):
            raise NotAFormula("'_' between digits says nothing certain")
    return text.strip()


def letters_split(text: str) -> tuple[str, dict[str, Fraction]]:
    """The amounts stated behind a formula: 'Bi2-xSbxTe3 (x = 0.5)'."""
    found = _STATED.search(text)
    if not found:
        return text, {}
    pairs = re.findall(rf"([xyzδd])\s*=\s*({NUMBER})", found["all"])
    return text[: found.start()], {letter.replace("d", "δ"): exact(number) for letter, number in pairs}


def plain(text: str) -> Plain:
    """A formula without spaces, charge, isotope numbers and outer brackets, parts of adducts joined by '·'."""
    text, letters = letters_split(text)
    text = re.sub(r"(?i)delta", "δ", text)
    text = re.sub(r"\s+[x×✕]\s+(?=\d)|\s*[×✕]\s*(?=\d)|,\s*(?=\d*(?:H2O|D2O)\b)", "·", text)
    text = re.sub(r"(?<=[\d)\]])\s+(?=\d+(?:\.\d+)?\s*[A-Z(\[])", "·", text)
    text = re.sub(r"\s+", "", text)
    while _outer(text):
        text = text[1:-1]
    text = re.sub(r"\.(?=\d+\.\d+(?:H2O|D2O)$)", "·", text)
    text = re.sub(r"\.(?=[A-Z(\[])|(?<!·\d)(?<!·\d\d)\.(?=\d*(?:H2O|D2O)$)|-(?=\d*(?:H2O|D2O)$)", "·", text)
    text = re.sub(r"·(?=n?H2O$)", "·", text)
    text, isotopes = _ISOTOPE.subn("", text)
    text, charge = _charge_split(text)
    if _outer(text):  # as in [SO4]2-
        text = text[1:-1]
    return Plain(text, letters, charge, bool(isotopes))


def _outer(text: str) -> bool:
    """Whether the text is in one pair of brackets."""
    if text[:1] + text[-1:] not in ("{}", "[]", "()"):
        return False
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign in "([{") - (sign in ")]}")
        if not depth:
            return place == len(text) - 1
    return False


def _charge_split(text: str) -> tuple[str, int]:
    if found := _CHARGE.search(text):
        sign = found["sign"] or found["sign2"]
        size = int(found["size"] or found["size2"] or 1)
        return text[: found.start()], size if sign == "+" else -size
    if "^" in text:
        raise NotAFormula("a raised figure is neither a charge nor an isotope")
    if not text.endswith(("+", "-")):
        return text, 0
    ion = _ION.fullmatch(text) or _POLYION.match(text)
    body, written, sign = (ion["body"], ion["size"], ion["sign"]) if ion else (text[:-1], "", text[-1])
    return body, int(written or 1) * (1 if sign == "+" else -1)
