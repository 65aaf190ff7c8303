"""A column header in its parts: the name, the unit in any of the usual places, and the circumstances it states."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from knowledge.imports.names import words, words_table
from knowledge.imports.units import tidied, unit_is, units_read

_BRACKETS = re.compile(r"\(([^()\[\]]*(?:\([^()]*\)[^()\[\]]*)*)\)|\[([^\[\]]*)\]|【([^【】]*)】")
_NUMBER = r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?"
_UNIT_WORD = r"(?:K|°C|℃|degC|deg C|C|GPa|MPa|kbar|bar|atm|Pa|Hz|kHz|MHz|GHz|THz|T|kOe|Oe|nm|um|µm|μm|kV/cm|V/cm|V|K/min|h|days?)"
_STATED = re.compile(
    rf"(?P<lead>^|[\s_,;@=(-])(?P<at>(?i:at)[\s_]+|@\s*)?(?P<is>[TPfλ]\s*=\s*)?(?P<number>{_NUMBER})(?P<gap>[\s_]?)"
    rf"(?P<unit>{_UNIT_WORD})(?=$|[\s_,;)])"
)
_POLYTYPE = re.compile(r"[1-9]\d?[TCHR]")  # 1T-MoS2, 3C-SiC, 2H: stackings, no tesla, degrees or hours
_ROOM = re.compile(r"(?i)(?:\bat\s+|@\s*|_at_)?(?:room[\s_-]*temp(?:erature)?\b\.?|(?<![a-z])RT(?![a-z])|室温)")
_AMBIENT = re.compile(r"(?i)(?:\b(?:at|under)\s+)?(?:ambient|atmospheric|zero|常压)(?:[\s_-]*pressure)?")
_TIMES = re.compile(
    r"[×xX*·]\s*10\s*(?:\^\s*\(?|(?=[-+]\d))[-+]?\d+\)?\s*$|^10\s*(?:\^\s*\(?|(?=[-+]\d))[-+]?\d+\)?\s*[×xX*·]?\s*"
)


@dataclass(frozen=True)
class Reading:
    """One way to read a header: the words of its name, and the unit beside it (none = no unit stated)."""

    name: tuple[str, ...]
    unit: str | None = None


@dataclass(frozen=True)
class Header:
    """A header: its readings, the likeliest first; the circumstances it states, as (number, unit); words in brackets.

    `times` is a power of ten written beside the name, outside a unit: it may mean either direction. `symbol` is a unit of one
    letter, which may as well be the symbol of the quantity: Temperature (T).
    """

    text: str
    readings: tuple[Reading, ...]
    at: tuple[tuple[float, str], ...] = ()
    ambient: bool = False
    times: float | None = None
    symbol: str | None = None


def _conditions(text: str) -> tuple[str, list[tuple[float, str]], bool]:
    """The text without the circumstances it states, and these."""
    found: list[tuple[float, str]] = []
    if _ROOM.search(text):
        rest = _ROOM.sub(" ", text)
        if re.sub(r"[\W_]", "", rest):
            found.append((float(words_table()["ambient"]["rt"]), "K"))
            text = re.sub(r"\(\s*\)|\[\s*\]", " ", rest)
    for match in reversed(list(_STATED.finditer(text))):
        if not (match["at"] or match["is"] or match["gap"]) and _POLYTYPE.fullmatch(match["number"] + match["unit"]):
            continue
        unit = {"C": "°C", "day": "d", "days": "d"}.get(match["unit"], match["unit"])
        if unit_is(unit) and re.sub(r"[\W_]", "", text[: match.start()] + text[match.end() :]):
            found.append((float(match["number"]), unit))
            lead = match["lead"] if match["lead"] == "(" else " "
            text = text[: match.start()] + lead + text[match.end() :]
    ambient = bool(re.search(r"(?i)\b(?:ambient|atmospheric)[\s_-]*pressure|常压", text))
    if ambient:
        text = _AMBIENT.sub(" ", text)
    text = re.sub(r"\(\s*\)|\[\s*\]", " ", text)
    return re.sub(r"(?i)[\s_,;@]+(?:at|@|under)?[\s_,;]*$", "", text), found, ambient


def _suffixes(text: str) -> Iterator[Reading]:
    """A unit as the last words: 'gap_eV', 'fluence_n_cm2', 'Band gap eV'."""
    parts = re.split(r"[\s_]+", text)
    for size in range(min(4, len(parts) - 1), 0, -1):
        tail = parts[-size:]
        if size == 1 and len(tail[0]) == 1 and tail[0] not in "KCTÅ°%AsFV":
            continue
        spellings = (
            [" ".join(tail)]
            if size == 1
            else [tail[0] + "/" + ("/".join(tail[1:])), f"{tail[0]}/({' '.join(tail[1:])})", " ".join(tail)]
        )
        if re.fullmatch(r"(?:per|1)", tail[0]):
            spellings = ["1/" + " ".join(tail[1:])]
        for unit in spellings:
            if unit_is(unit) and not unit.isdigit() and unit not in ("-", "--"):
                yield Reading(words(" ".join(parts[:-size])), unit)


def _separated(text: str) -> Iterator[Reading]:
    """A unit behind a slash, a comma or 'in': 'Tc/K', 'Tc, K', 'Tc in K'."""
    for pattern in (r"(.+?)\s*/\s*(.+)", r"(.+?)\s*[,;:]\s*(.+)", r"(.+?)\s+in\s+(.+)", r"(.+?)\s*[/，]\s*(.+)"):
        found = re.fullmatch(pattern, text)
        if found and unit_is(found[2]) and not re.fullmatch(r"\d+|-+", found[2]) and words(found[1]):
            yield Reading(words(found[1]), found[2])


def _is_unit(content: str) -> bool:
    return unit_is(content) and not re.fullmatch(r"\d{1,3}", content.strip())


def heading_split(name: str) -> tuple[str, str]:
    """(heading over several columns, the column's own name) of 'Composition (wt.%) / Cr'; no heading in 'Tc / K'."""
    group, sign, own = name.rpartition(" / ")
    if not sign or unit_is(own) or not re.search(r"[^\W\d]", own):
        return "", name
    return group, own


@lru_cache(maxsize=8192)
def header_read(text: str) -> Header:
    """The parts of a column header."""
    plain = tidied(text).replace("（", "(").replace("）", ")")
    plain, at, ambient = _conditions(plain)
    unit, symbol, kept, last = None, None, [], 0
    for match in _BRACKETS.finditer(plain):
        content = next((group for group in match.groups() if group is not None), "").strip()
        content = re.sub(r"(?i)^(?:in|unit[s:]*)\s+", "", content)
        kept.append(plain[last : match.start()])
        last = match.end()
        if unit is None and _is_unit(content) and words(plain[: match.start()] + plain[match.end() :]):
            unit = content
            kept.append(" ")
        else:
            kept.append(f" {content} ")
    name = ("".join(kept) + plain[last:]).strip(" _-,;:./")
    times = None
    if found := _TIMES.search(name):
        power = units_read(found[0].strip().strip("×xX*· "))
        if power and not power[0].name:
            times, name = power[0].factor, (name[: found.start()] + " " + name[found.end() :]).strip(" ,_")
    readings: list[Reading] = []
    if unit is not None:
        if re.fullmatch(r"[A-Za-z]", unit):
            symbol = unit
        readings = [Reading(words(name), unit)]
        readings += _separated(name)
    else:
        readings = [*_separated(name), *_suffixes(name), Reading(words(name))]
    return Header(text, tuple(readings), tuple(at), ambient, times, symbol)
