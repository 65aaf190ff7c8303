"""What is written around a formula to say which polymorph or state is meant: α-, 2H-, T_d-, L1_0-, 'rutile', '立方'."""

import re
from functools import cache

from knowledge.chemistry.elements import rows

_GREEK = "alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|sigma|tau|omega"
_LETTERS = dict(zip(_GREEK.split("|"), "αβγδεζηθκλστω", strict=True))
_PREFIX = re.compile(
    rf"""(?P<greek>[αβγδεζηθκλστω]|{_GREEK})(?P<prime>'{{0,2}})-
      | (?P<polytype>(?:[1-9]\d?[A-Z]'{{0,2}}|T_?d'?|1T'))-
      | (?P<bericht>L1_?[0-2]|D0_?\d{{1,2}}|B[1-4]|A15|C1_?b)-
      | (?P<initial>[chotrmwa])-
    """,
    re.VERBOSE,
)
_INITIAL = {
    "c": "cubic", "h": "hexagonal", "o": "orthorhombic", "t": "tetragonal", "r": "rhombohedral", "m": "monoclinic",
    "w": "wurtzite", "a": "amorphous",
}  # fmt: skip


@cache
def _words() -> dict[str, str]:
    return {
        name: row["phase"] for row in rows("phases.tsv") for name in f"{row['english']}|{row['chinese']}".split("|")
    }


@cache
def _around() -> tuple[re.Pattern[str], re.Pattern[str]]:
    names = "|".join(sorted(map(re.escape, _words()), key=len, reverse=True))
    before = re.compile(rf"(?:{names})(?:\s+|-|(?<=[\u4e00-\u9fff]))(?=\S)", re.IGNORECASE)
    behind = re.compile(rf"\s*(?:\(\s*(?P<inside>{names})(?:\s+phase)?\s*\)|[,-]\s*(?P<after>{names}))$", re.IGNORECASE)
    return before, behind


def phase_split(text: str) -> tuple[str, str]:
    """(phase, the rest): the words and prefixes that name a polymorph or state, in one spelling; an empty phase if none.

    Only what can be no part of a formula is taken; a word that is the whole text is none ('rutile' is a mineral's name).
    """
    told = []
    before, behind = _around()
    while (found := before.match(text)) and found.end() < len(text):
        told.append(_words()[found.group().strip(" -").lower()])
        text = text[found.end() :]
    if (found := behind.search(text)) and found.start():
        told.append(_words()[(found["inside"] or found["after"]).lower()])
        text = text[: found.start()]
    if (found := _PREFIX.match(text)) and re.match(r"[A-Z(\[\u4e00-\u9fff]", text[found.end() :]):
        told.insert(0, _prefix(found))
        text = text[found.end() :]
    return " ".join(told), text


def _prefix(found: re.Match[str]) -> str:
    if greek := found["greek"]:
        return _LETTERS.get(greek, greek) + found["prime"]
    if initial := found["initial"]:
        return _INITIAL[initial]
    return (found["polytype"] or found["bericht"]).replace("_", "")
