"""What tells a row's material: formulae, space groups and ids of databases, by the look of their cells."""

import re
from collections.abc import Iterable

from knowledge.chemistry.spacegroups import spacegroup_number
from knowledge.formula import NotAFormula, parse_formula
from knowledge.imports.values import plain_text

_GROUP_WITH_NUMBER = re.compile(
    r"(?P<symbol>[PIFABCRH][^()\[\],;#]*?)\s*[(\[,;#]\s*(?:No\.?\s*|#\s*)?(?P<number>\d{1,3})\s*[)\]]?"
)
_NUMBER_WITH_GROUP = re.compile(
    r"(?:No\.?\s*|#\s*)?(?P<number>\d{1,3})\s*[(\[:,-]?\s*(?P<symbol>[PIFABCRH][^()\[\],;]*?)\s*[)\]]?"
)
_NUMBERED = re.compile(r"(?:No\.?|#|SG|sg)\s*[-_:]?\s*(?P<number>\d{1,3})")
_IDS = {
    "mp": re.compile(r"(?:mp|mvc|mol)-\d+(?:[-_.].*)?"),
    "jarvis": re.compile(r"JVASP-\d+(?:[-_].*)?"),
    "alexandria": re.compile(r"agm\d{6,}"),
    "oqmd": re.compile(r"(?i)oqmd[-_ ]?\d+"),
    "aflow": re.compile(r"aflow:[0-9a-f]{16}"),
    "icsd": re.compile(r"(?i)icsd[-_ #]*\d+|\d+-ICSD"),
    "cod": re.compile(r"(?i)cod[-_ ]?\d{7}"),
    "doi": re.compile(r"(?i)(?:https?://(?:dx\.)?doi\.org/|doi:\s*)?10\.\d{4,9}/\S+"),
}
# Words of tables that happen to be spelled like formulae.
_NO_COMPOUND = frozenset(
    [
        "NO",
        "No",
        "On",
        "OF",
        "I",
        "II",
        "III",
        "IV",
        "V",
        "VI",
        "NON",
        "YES",
        "CO",
        "In",
        "As",
        "At",
        "He",
        "Be",
        "Os",
        "FCC",
        "BCC",
        "HCP",
        "hcp",
        "fcc",
        "bcc",
        "UN",
        "PC",
        "SI",
        "NP",
        "PI",
        "P",
        "N",
        "Y",
        "F",
        "S",
        "C",
        "B",
        "U",
        "W",
        "K",
        "H",
        "O",
    ]
)


def group_read(text: str) -> int | None:
    """The number of a space group: '225', 'Fm-3m', 'Fm-3m (225)', '225 (Fm-3m)', 'No. 225'; none where number and symbol differ."""
    text = plain_text(text)
    if (number := spacegroup_number(text)) is not None:
        return number
    for pattern in (_GROUP_WITH_NUMBER, _NUMBER_WITH_GROUP):
        if found := pattern.fullmatch(text):
            number = spacegroup_number(found["number"])
            symbol = spacegroup_number(found["symbol"].strip())
            return number if symbol in (None, number) else None
    if found := _NUMBERED.fullmatch(text):
        return spacegroup_number(found["number"])
    return None


def id_kind(cells: Iterable[str]) -> str | None:
    """Which database the ids of a column belong to, where four of five cells look so."""
    filled = [plain_text(cell) for cell in cells if cell.strip()]
    if not filled:
        return None
    for kind, pattern in _IDS.items():
        if sum(bool(pattern.fullmatch(cell)) for cell in filled) >= 0.8 * len(filled):
            return kind
    return None


def is_formula(text: str) -> bool:
    """Whether a text reads as the formula or certain name of one composition."""
    try:
        parse_formula(plain_text(text))
    except NotAFormula:
        return False
    return True


def is_compound(text: str) -> bool:
    """Whether a text can hardly be anything but a formula: several elements, or an amount; no symbol, word or space group."""
    text = plain_text(text)
    if text in _NO_COMPOUND or not re.search("[A-Z]", text) or re.fullmatch(r"[\d.eE+-]+", text):
        return False
    if spacegroup_number(text) is not None or any(pattern.fullmatch(text) for pattern in _IDS.values()):
        return False
    try:
        formula = parse_formula(text)
    except NotAFormula:
        return False
    if len(formula.elements) > 1:
        return bool(re.search(r"\d", text)) or not text.isupper() or len(text) <= 3
    return bool(re.search(r"\d", text)) and len(text) <= 4
