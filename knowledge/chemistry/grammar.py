"""How names of inorganic compounds are formed: 'dialuminium trioxide', 'iron(III) oxide', '四氧化三铁', '五水合硫酸铜'.

Where a name leaves the composition open it gives no formula but raises NotAFormula with the candidates.
"""

import re
from dataclasses import dataclass
from functools import cache
from math import gcd

from knowledge.chemistry.amounts import NotAFormula
from knowledge.chemistry.elements import elements, rows

_PREFIXES = {
    "mono": 1, "di": 2, "tri": 3, "tetra": 4, "penta": 5, "hexa": 6, "hepta": 7, "octa": 8, "nona": 9, "deca": 10,
    "sesqui": 0,
}  # fmt: skip
_PREFIX = "mono|mon|di|tri|tetra|tetr|penta|pent|hexa|hex|hepta|octa|oct|nona|deca|sesqui"
_ANIONS = {
    "oxide": "O", "sulfide": "S", "sulphide": "S", "selenide": "Se", "telluride": "Te", "fluoride": "F", "chloride": "Cl",
    "bromide": "Br", "iodide": "I", "nitride": "N", "phosphide": "P", "arsenide": "As", "antimonide": "Sb", "carbide": "C",
    "boride": "B", "silicide": "Si", "hydride": "H", "germanide": "Ge", "bismuthide": "Bi", "stannide": "Sn",
}  # fmt: skip
_CHARGES = {
    "O": 2,
    "S": 2,
    "Se": 2,
    "Te": 2,
    "F": 1,
    "Cl": 1,
    "Br": 1,
    "I": 1,
    "N": 3,
    "P": 3,
    "As": 3,
    "Sb": 3,
    "H": 1,
}
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8}
_DIGITS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10}
_NUMBER = "[一二两三四五六七八九十]"
# The oxidation state of a metal in its salts where only one is usual there.
_IN_SALTS = {"Pb": 2, "Cu": 2, "Ni": 2, "Co": 2, "Mn": 2, "Sn": 2, "Ag": 1, "Bi": 3, "Zr": 4, "Cr": 3, "Eu": 2}
_IN_SALTS |= dict.fromkeys(["Nd", "Pr", "Sm", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Ce"], 3)
_LOWER = {
    "Cu": 1,
    "Fe": 2,
    "Sn": 2,
    "Hg": 1,
    "Cr": 2,
    "Co": 2,
    "Ni": 2,
    "Mn": 2,
    "Tl": 1,
    "Au": 1,
    "Ge": 2,
    "Pt": 2,
    "Ti": 2,
}
# The metal of a Chinese name without 亚 where that is a rule of the language and no oxide stands beside it.
_HIGHER = {"Fe": 3, "Cu": 2, "Sn": 4, "Hg": 2, "Cr": 3, "Co": 2, "Ni": 2, "Mn": 2, "Pb": 2}
_MIXED = {("Fe", "O"): "Fe3O4", ("Mn", "O"): "Mn3O4", ("Co", "O"): "Co3O4", ("Pb", "O"): "Pb3O4", ("U", "O"): "U3O8"}


@dataclass(frozen=True)
class Ion:
    """A group of atoms with a name; `cations` limits it to these where others make another compound."""

    formula: str
    charge: int
    cations: frozenset[str]


@cache
def _ions(language: str) -> dict[str, list[Ion]]:
    found: dict[str, list[Ion]] = {}
    for row in rows("ions.tsv"):
        ion = Ion(row["formula"], int(row["charge"]), frozenset(row["cations"].split()))
        for name in row[language].split("|"):
            found.setdefault(name, []).append(ion)
    return found


@cache
def _symbols(language: str) -> dict[str, str]:
    named = {getattr(facts, language): facts.symbol for facts in elements().values()}
    if language == "english":
        named |= {"aluminium": "Al", "sulphur": "S", "caesium": "Cs"}
    return named


def _joined(cation: str, plus: int, anion: str, minus: int) -> str:
    factor = gcd(plus, minus)
    left, right = minus // factor, plus // factor
    group = f"({anion})" if right > 1 and sum(c.isupper() for c in anion) > 1 else anion
    first = f"({cation})" if left > 1 and sum(c.isupper() for c in cation) > 1 else cation
    return f"{first}{left if left > 1 else ''}{group}{right if right > 1 else ''}"


def _open(name: str, cation: str, anion: str) -> NotAFormula:
    """The refusal of a name that several compounds share."""
    charge = _CHARGES.get(anion)
    found = [_joined(cation, plus, anion, charge) for plus in elements()[cation].states if charge and plus > 0]
    if mixed := _MIXED.get((cation, anion)):
        found.append(mixed)
    if not found:
        return NotAFormula(f"the name {name!r} does not say how much of each")
    return NotAFormula(f"{name!r} may be {', '.join(found)}: name one of them", tuple(found))


def _binary(name: str, cation: str, anion: str) -> str:
    """A binary compound without numerals: only where both valences are fixed."""
    plus, charge = elements()[cation].valence, _CHARGES.get(anion)
    if plus is None or plus < 0 or charge is None:
        raise _open(name, cation, anion)
    return _joined(cation, plus, anion, charge)


# English ---------------------------------------------------------------------------------------------------------

_HYDRATE = re.compile(rf"\s+(?P<count>{_PREFIX})?hydrate$")


@cache
def _english_binary() -> re.Pattern[str]:
    names = "|".join(sorted(map(re.escape, _symbols("english")), key=len, reverse=True))
    anions = "|".join(_ANIONS)
    return re.compile(
        rf"(?:(?P<left>{_PREFIX})(?:-)?)?(?P<cation>{names})\s*(?:\((?P<roman>[iv]+)\))?\s+(?:(?P<right>{_PREFIX}))?(?P<anion>{anions})"
    )


@cache
def _english_salt() -> re.Pattern[str]:
    names = "|".join(sorted([*map(re.escape, _symbols("english")), "ammonium"], key=len, reverse=True))
    ions = "|".join(sorted(map(re.escape, _ions("english")), key=len, reverse=True))
    return re.compile(rf"(?P<cation>{names})\s*(?:\((?P<roman>[iv]+)\))?\s+(?P<ion>{ions})")


def _count(prefix: str | None) -> int | None:
    if not prefix:
        return None
    return next(number for name, number in _PREFIXES.items() if name.startswith(prefix) or prefix.startswith(name))


def english_compound(name: str) -> str | None:
    """The formula of an English name in lower case; none if it is not formed like one. Raises NotAFormula where it is open."""
    water = ""
    if found := _HYDRATE.search(name):
        if not found["count"]:
            return None
        water, name = f"·{_count(found['count'])}H2O", name[: found.start()]
    formula = _english(name)
    return formula and f"{formula}{water}"


def _english(name: str) -> str | None:
    if found := _english_binary().fullmatch(name):
        cation, anion = _symbols("english")[found["cation"]], _ANIONS[found["anion"]]
        if found["roman"]:
            if anion not in _CHARGES or found["roman"] not in _ROMAN:
                return None
            return _joined(cation, _ROMAN[found["roman"]], anion, _CHARGES[anion])
        left, right = _count(found["left"]), _count(found["right"])
        if right == 0:
            return f"{cation}2{anion}3"
        if right is not None:
            return f"{cation}{left or _cations(cation, anion, right)}{anion}{right}"
        if left is not None:
            return f"{cation}{left}{anion}"
        return _binary(name, cation, anion)
    if found := _english_salt().fullmatch(name):
        return _salt(name, found["cation"], found["ion"], "english", _ROMAN.get(found["roman"] or ""))
    return None


def _cations(cation: str, anion: str, count: int) -> int:
    """How many cations 'vanadium pentoxide' means: two, because one would need a valence that it has not."""
    charge, states = _CHARGES.get(anion), elements()[cation].states
    if charge is None or charge * count in states or not states:
        return 1
    return 2 if any(2 * state == charge * count for state in states) else 1


def _salt(name: str, cation_name: str, ion_name: str, language: str, state: int | None) -> str:
    ammonium = cation_name in ("ammonium", "铵")
    cation = "NH4" if ammonium else _symbols(language)[cation_name]
    fitting = [ion for ion in _ions(language)[ion_name] if not ion.cations or cation in ion.cations]
    if not fitting:
        raise NotAFormula(f"the name {name!r} does not say how much of each")
    ion = fitting[0]
    if ion.cations and ion.charge == 3:
        return f"{cation}{ion.formula}"
    plus = 1 if ammonium else state or elements()[cation].valence or _IN_SALTS.get(cation)
    if plus is None or plus < 0:
        states = [plus for plus in elements()[cation].states if plus > 0]
        found = tuple(_joined(cation, plus, ion.formula, ion.charge) for plus in states)
        raise NotAFormula(f"{name!r} may be {', '.join(found) or 'several compounds'}: name one of them", found)
    return _joined(cation, plus, ion.formula, ion.charge)


# Chinese ---------------------------------------------------------------------------------------------------------


@cache
def _chinese_binary() -> re.Pattern[str]:
    symbols = "".join(_symbols("chinese"))
    return re.compile(
        rf"(?P<right>{_NUMBER})?(?P<anion>[{symbols}])化(?P<low>亚)?(?P<left>{_NUMBER})?(?P<cation>[{symbols}])"
    )


@cache
def _chinese_salt() -> re.Pattern[str]:
    ions = "|".join(sorted(map(re.escape, _ions("chinese")), key=len, reverse=True))
    symbols = "".join(_symbols("chinese"))
    return re.compile(rf"(?P<ion>{ions})(?P<low>亚)?(?P<left>{_NUMBER})?(?P<cation>[{symbols}铵])")


def chinese_compound(name: str) -> str | None:
    """The formula of a Chinese name; none if it is not formed like one. Raises NotAFormula where it is open."""
    if found := re.match(rf"(?P<count>{_NUMBER})水(?:合)?", name):
        formula = chinese_compound(name[found.end() :])
        return formula and f"{formula}·{_DIGITS[found['count']]}H2O"
    if found := _chinese_salt().fullmatch(name):
        cation = _symbols("chinese").get(found["cation"], "")
        state = _LOWER.get(cation) if found["low"] else _HIGHER.get(cation)
        if found["low"] and state is None:
            raise NotAFormula(f"'亚' says nothing certain of {cation}")
        if found["left"]:
            ion = _ions("chinese")[found["ion"]][0]
            return f"{cation}{_DIGITS[found['left']]}{ion.formula}"
        return _salt(name, found["cation"], found["ion"], "chinese", state)
    if found := _chinese_binary().fullmatch(name):
        return _chinese(name, found)
    return None


def _chinese(name: str, found: re.Match[str]) -> str:
    anion, cation = _symbols("chinese")[found["anion"]], _symbols("chinese")[found["cation"]]
    if elements()[anion].electronegativity < elements()[cation].electronegativity:
        raise NotAFormula(f"{name!r} names the metal first")
    right, left = _DIGITS.get(found["right"] or ""), _DIGITS.get(found["left"] or "")
    if right is not None:
        return f"{cation}{left or 1}{anion}{right}"
    charge = _CHARGES.get(anion)
    if found["low"]:
        if cation not in _LOWER or charge is None:
            raise _open(name, cation, anion)
        return _joined(cation, _LOWER[cation], anion, charge)
    if left is not None:
        return f"{cation}{left}{anion}"
    if anion in ("F", "Cl", "Br", "I") and cation in _HIGHER and elements()[cation].valence is None and charge:
        return _joined(cation, _HIGHER[cation], anion, charge)
    return _binary(name, cation, anion)


@cache
def grammar_pattern() -> str:
    """A regular expression for names that the grammar may form, without groups, for running text."""
    ungrouped = re.compile(r"\(\?P<\w+>")
    english = [p.pattern for p in (_english_binary(), _english_salt())]
    chinese = [p.pattern for p in (_chinese_salt(), _chinese_binary())]
    parts = [rf"\b(?:{part})(?:\s+(?:{_PREFIX})hydrate)?\b" for part in english]
    parts += [rf"(?:{_NUMBER}水合?)?(?:{part})" for part in chinese]
    return "|".join(ungrouped.sub("(?:", part) for part in parts)
