"""What one cell of a table looks like: nothing, a number, a unit, a formula, a mark-up; and its plain text."""

import html
import re
from functools import lru_cache

from ingest.schemas.units import parse_unit
from knowledge.chemistry.elements import elements
from knowledge.formula import NotAFormula, parse_formula

LOST = "\ue000"  # stands in a grid for a cell whose content the file lacks: not empty, and no value
MISSING = frozenset(
    {"", LOST, "-", "--", "---", "–", "—", "…", "...", "n/a", "n.a.", "na", "nan", "none", "null", "?", "/", "无"}
)
_PLAIN = r"[-+−]?(?:\d{1,3}(?:[,' ]\d{3})+(?:\.\d+)?|\d+(?:[.,]\d*)?|[.,]\d+)"
_POWER = r"(?:\s*[eEdD]\s*[-+−]?\s*\d+|\s*[×x*·]\s*10\s*(?:\^|\*\*)?\s*[-+−⁻]?[\d⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
_NUMBER = re.compile(rf"{_PLAIN}{_POWER}?%?")
_STATED = re.compile(
    rf"[<>≤≥~≈∼±=]*\s*\(?{_PLAIN}{_POWER}?(?:\(\d+\))?"
    rf"(?:\s*(?:±|\+/-|\+-|[-–—~～]|to)\s*{_PLAIN}{_POWER}?)?\)?{_POWER}?\s*(?P<rest>.*)",
    re.DOTALL,
)
_MARK = re.compile(r"[*†‡§¶#^]{1,3}|\^?\[?\(?[a-z]\)?\]?|\[\d{1,3}\]|[⁰¹²³⁴⁵⁶⁷⁸⁹ᵃᵇᶜᵈᵉ]+")
_EXTRA_UNITS = re.compile(
    r"(?i)(?:wt|at|mol|vol|mass|weight|atomic)[.\s_]*[%％]|%|％|‰|ppm|ppb|m_?e|m_?0|μ_?B|µ_?B|mu_?B|a\.?u\.?|arb\.?\s*units?|"
    r"r\.?l\.?u\.?|dpa|hv|hrc|n/cm\^?2(?:[/\s]?s)?|(?:10\s*\^?\s*[-−⁻]?[\d⁰¹²³⁴⁵⁶⁷⁸⁹]+\s*[/·*]?\s*)(?P<rest>.+)|"
    r"(?P<numerator>[\wμµÅ^\-]+)\s*/\s*(?:atom|f\.?u\.?|cell|unit cell|site|formula unit|ion|at)"
)
_DIMENSIONLESS = frozenset(
    {"-", "–", "—", "1", "none", "(-)", "[-]", "/", "n/a", "dimensionless", "unitless", "无", "无量纲", ""}
)


def is_missing(text: str) -> bool:
    """Whether the cell says that there is no value."""
    return text.strip().lower() in MISSING


@lru_cache(maxsize=65536)
def is_number(text: str) -> bool:
    """Whether the cell is one bare number."""
    return bool(_NUMBER.fullmatch(text.strip()))


@lru_cache(maxsize=65536)
def is_numeric(text: str) -> bool:
    """Whether the cell states a number: bare, a limit, a range, with an uncertainty, a unit or a footnote mark."""
    found = _STATED.fullmatch(text.strip())
    if not found:
        return False
    rest = found["rest"].strip()
    return not rest or is_unit(rest) or bool(_MARK.fullmatch(rest))


@lru_cache(maxsize=4096)
def is_unit(text: str) -> bool:
    """Whether the text is a unit, in brackets or without."""
    text = text.strip().strip("()[]（）【】").strip().removeprefix("in ").strip("/ ")
    if not text or len(text) > 40:
        return False
    if _known_unit(text):
        return True
    found = _EXTRA_UNITS.fullmatch(text)
    if not found:
        return False
    inner = found["rest"] or found["numerator"]
    return inner is None or _known_unit(inner) or inner.lower() in ("1", "a.u.")


def _known_unit(text: str) -> bool:
    return parse_unit(text.translate(_MINUS)) is not None


_MINUS = str.maketrans("−–⋅∙", "--··")


def is_dimensionless(text: str) -> bool:
    """Whether a cell of a row of units says that its column has none."""
    return text.strip().lower() in _DIMENSIONLESS


@lru_cache(maxsize=65536)
def is_formula(text: str) -> bool:
    """Whether the cell is a chemical formula (an element's symbol is one)."""
    if not any(character.isalpha() for character in text) or is_numeric(text):
        return False
    try:
        return bool(parse_formula(text).elements)
    except NotAFormula:
        return False


def is_symbol(text: str) -> bool:
    """Whether the cell is an element's symbol."""
    return text.strip() in elements()


_TAG = re.compile(
    r"</?(?:a|b|i|u|em|strong|sub|sup|br|span|font|p|div|small|tt|code|nobr|wbr|img|input|button)\b[^<>]*>", re.I
)
_ANCHOR = re.compile(r"<a\b[^>]*?\bhref\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>]+)[^>]*>(.*?)</a\s*>", re.I | re.S)
_SUP = re.compile(r"<sup\b[^>]*>(.*?)</sup\s*>", re.I | re.S)
_ENTITY = re.compile(r"&(?:#\d+|#x[\da-fA-F]+|[a-zA-Z]{2,8}\d{0,2});")
_NAMELESS = frozenset({"", "link", "here", "view", "url", "html", "show", "details", "more", "链接", "查看"})
_MARKDOWN_LINK = re.compile(r"!?\[([^\]]*)\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")


def _raised(found: re.Match[str], text: str) -> str:
    """The text of a superscript: a power keeps its sign `^`, a footnote mark behind a number goes."""
    inner = _TAG.sub("", found[1]).strip()
    if re.fullmatch(r"[-+−–]?\d+(?:/\d+)?", inner):
        return f"^{inner}"
    if re.fullmatch(r"\[[\w\s]{1,12}\]", inner):
        return ""
    before = text[: found.start()].rstrip()
    if re.fullmatch(r"[a-z*†‡§¶#,\s]{1,5}", inner) and before[-1:].isdigit():
        return ""
    return inner


def plain(text: str) -> tuple[str, str]:
    """The text of a cell without mark-up, and the address of the link in it (empty = none).

    A link that is only named 'link' or 'here' is its address.
    """
    href = ""
    if "](" in text and (link := _MARKDOWN_LINK.search(text)):
        href = link[2]
        text = _MARKDOWN_LINK.sub(lambda m: m[2] if m[1].strip().lower() in _NAMELESS else m[1], text)
    if "<" in text and _TAG.search(text):
        if anchor := _ANCHOR.search(text):
            href = anchor[1].strip("\"'")
            inner = _TAG.sub("", anchor[2]).strip()
            if inner.lower() in _NAMELESS:
                text = text.replace(anchor[0], href)
        text = _SUP.sub(lambda m: _raised(m, text), text)
        text = re.sub(r"<br\b[^>]*>", " ", text, flags=re.I)
        text = _TAG.sub("", text)
    if "&" in text and _ENTITY.search(text):
        text = html.unescape(text)
    return " ".join(text.split()) if "\n" in text or "\xa0" in text or href else text.strip(), href
