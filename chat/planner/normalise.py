"""Question text in one spelling: width, subscripts, dashes, markup; and the clauses that are orders to us taken out."""

import re
import unicodedata
from dataclasses import dataclass

from chat.planner.lexicon import Lexicon

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_QUOTES = dict.fromkeys(map(ord, "‘’ʼ`´"), "'") | dict.fromkeys(map(ord, '“”„«»「」『』"'), " ")
_INVISIBLE = dict.fromkeys([0x200B, 0x200C, 0x200D, 0xFEFF, 0x00AD, 0x2060], None)
_MARKUP = re.compile(r"<\s*(script|style)\b.*?<\s*/\s*\1\s*>|</?sub>|<[^<>]{0,200}>", re.IGNORECASE | re.DOTALL)
_LATEX = [
    (re.compile(r"\\(?:mathrm|rm|text|ce|mathsf|textrm|it)\b\s*"), ""),
    (re.compile(r"_\{([^{}]*)\}"), r"\1"),
    (re.compile(r"(?<=[A-Za-z)])_(\d+)(?=[A-Z(]|\b)(?!/)"), r"\1"),
    (re.compile(r"\$"), ""),
]
_SHORT = [
    (re.compile(r"(?<![A-Za-z/])w/o(?![A-Za-z])\s*", re.IGNORECASE), "without "),
    (re.compile(r"(?<![A-Za-z/])w/(?=\s|[A-Z])\s*"), "with "),
]
_OVERBAR = re.compile(r"(\d)[\u0304\u0305]")
_SENTENCE = re.compile(
    r"(?<=[.!?;。！？；\n])(?=\s|[\u4e00-\u9fff]|$)|(?<=[。！？；\n])|(?<=:)\s+|\s+-\s+|(?<=[，,])\s*"
)
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉₊₋", "0123456789+-")


@dataclass(frozen=True)
class Wording:
    """The question to plan, and whether an order was left out of it."""

    text: str
    ordered: bool


def normalise(text: str) -> str:
    """NFKC, plain digits, dashes and quotes, no markup, no invisible characters, simplified characters."""
    text = _MARKUP.sub(" ", text)
    text = unicodedata.normalize("NFKC", text.translate(_SUBSCRIPTS)).translate(_DASHES | _QUOTES | _INVISIBLE)
    text = _OVERBAR.sub(r"-\1", text)
    for pattern, replacement in _SHORT:
        text = pattern.sub(replacement, text)
    if "P6_" not in text:
        for pattern, replacement in _LATEX:
            text = pattern.sub(replacement, text)
    return re.sub(r"[^\S\n]+", " ", text).strip()


def wording(text: str, lexicon: Lexicon) -> Wording:
    """The question without the sentences that give us orders: text is data, whatever it says."""
    plain = lexicon.respell(normalise(text))
    pieces = [piece for piece in _SENTENCE.split(plain) if piece and piece.strip(" \n")]
    orders = [lexicon.is_order(piece) for piece in pieces]
    if not any(orders):
        return Wording(plain, False)
    return Wording(" ".join(piece for piece, order in zip(pieces, orders, strict=True) if not order).strip(), True)
