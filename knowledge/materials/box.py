"""What a person means by the text of the one search box: a filter, and a sentence that says how the text was understood."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from django.utils.translation import gettext as _
from django.utils.translation import override, pgettext

from knowledge.chemistry.elements import element_named, elements, rows
from knowledge.chemistry.spacegroups import spacegroup_number, symbols
from knowledge.errors import QueryError
from knowledge.formula import NotAFormula, parse_formula
from knowledge.index.elements import bits
from knowledge.materials.presentation import pretty_formula
from knowledge.materials.texts import FIXED_LABELS
from knowledge.query.filters import ALIASES, parse_filter
from knowledge.query.properties import column_of, names
from knowledge.query.types import And, Compare, Filter, HasElements, Or, Words
from knowledge.topics.schema import per_topics, topics

LONGEST = 2000
MOST_IDS = 200
OPERATORS = r"<=|>=|!=|<|>|="
_FILTER = re.compile(
    rf"({OPERATORS}|\bHAS\b|\bIS (UN)?KNOWN\b|\bCONTAINS\b|\bSTARTS\b|\bENDS\b|\bIN *\(|\bLENGTH\b|\bWORDS *\")"
)
_SYSTEM = re.compile(r"(?:[A-Z][a-z]?|\*)(?:\s*[-–]\s*(?:[A-Z][a-z]?|\*))+")
_SYMBOLS = re.compile(r"[A-Z][a-z]?(?:\s*[,，、\s]\s*[A-Z][a-z]?)+")
_ID = re.compile(r"(?i)[a-z][a-z_]{1,11}[-: ]?\d{1,12}")
_PREFIXED = re.compile(r"(?i)(icsd|cod|mp|mvc|oqmd|aflow|jvasp|pdf|agm|mat)[-: #]*(\d{2,12})")
_NUMBERED = re.compile(r"#?\d{1,3}")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


@dataclass(frozen=True)
class Understood:
    """A filter (none = everything), the way the text was read, and that way as a sentence."""

    way: str
    told: str
    where: Filter | None


def box_read(text: str, topic: str | None, way: str = "") -> Understood:
    """What the text means in this topic. `way` forces one reading: words, formula, elements, ids or filter.

    Raises QueryError, with near names where there are some, for text that cannot be that.
    """
    text = " ".join(text.split())
    if not text:
        return Understood("", "", None)
    if len(text) > LONGEST:
        raise QueryError(_("The search box takes at most %(most)s characters.") % {"most": LONGEST})
    readers = {"words": _words, "formula": _formula, "elements": _symbols, "ids": _ids, "filter": _filter}
    if way in readers:
        found = readers[way](text, topic)
        if found is None:
            raise QueryError(_("'%(text)s' cannot be read that way.") % {"text": text[:80]})
        return found
    for reader in (_filter, _system, _symbols, _ids, _element, _spacegroup, _formula):
        if (found := reader(text, topic)) is not None:
            return found
    return _words(text, topic)


def _words(text: str, topic: str | None) -> Understood:
    return Understood("words", _("records in which these words occur: %(text)s") % {"text": text}, Words(text))


def _filter(text: str, topic: str | None) -> Understood | None:
    bare = _QUOTED.sub('""', text)
    if not _FILTER.search(bare) or parsable(text):
        return None
    return Understood("filter", _("a filter"), parse_filter(with_ids(text, topic)))


def parsable(text: str) -> bool:
    """Whether the text is the formula of one composition; `=` and `<` never are."""
    try:
        parse_formula(text)
    except NotAFormula:
        return False
    return True


def _system(text: str, topic: str | None) -> Understood | None:
    if not _SYSTEM.fullmatch(text):
        return None
    parts = [part.strip() for part in re.split(r"[-–]", text)]
    named = tuple(dict.fromkeys(part for part in parts if part != "*"))
    wrong = next((part for part in named if part not in bits()), None)
    if wrong is not None:
        return None
    stars = parts.count("*")
    shown = "–".join(parts)
    if not stars:
        told = _("the chemical system %(system)s: exactly these elements") % {"system": shown}
        return Understood("system", told, HasElements(named, "exactly"))
    size = Compare("nelements", "=", len(named) + stars)
    told = _("the chemical systems %(system)s: these elements and %(count)s more") % {"system": shown, "count": stars}
    return Understood("system", told, And((HasElements(named), size)) if named else size)


def _symbols(text: str, topic: str | None) -> Understood | None:
    if not _SYMBOLS.fullmatch(text):
        return None
    parts = tuple(dict.fromkeys(re.findall(r"[A-Z][a-z]?", text)))
    if any(part not in bits() for part in parts):
        return None
    joined = pgettext("between elements", ", ").join(parts)
    return Understood("elements", _("materials that contain %(elements)s") % {"elements": joined}, HasElements(parts))


def _element(text: str, topic: str | None) -> Understood | None:
    """An element by its name; a symbol such as Bi is the formula of the element itself."""
    symbol = element_named(text)
    if symbol is None or text in elements():
        return None
    told = _("materials that contain %(elements)s") % {"elements": f"{symbol} ({text})"}
    return Understood("elements", told, HasElements((symbol,)))


def id_properties(topic: str | None) -> list[str]:
    """The properties that hold ids of other databases, in this topic or in any."""
    schemas = [topics()[topic]] if topic in topics() else list(topics().values())
    found = {item.id for schema in schemas for item in schema.properties if item.searchable and item.id.endswith("_id")}
    return sorted(name for name in found if _single(name, topic))


def _single(name: str, topic: str | None) -> bool:
    try:
        return column_of(name, topic).family in ("text", "list")
    except QueryError:  # two topics mean different things by it
        return False


def _ids(text: str, topic: str | None) -> Understood | None:
    parts = [part for part in re.split(r"[\s,，;；、]+", text) if part]
    if _ID.fullmatch(text):
        parts = [text]
    if not all(_ID.fullmatch(part) and any(map(str.isdigit, part)) for part in parts) or len(parts) > MOST_IDS:
        return None
    plain = [part for part in parts if parsable(part) and not _PREFIXED.fullmatch(part)]
    if plain:  # Bi2 looks like an id and is a formula
        return None
    tests = [test for part in parts for test in _id_tests(part, topic)]
    told = _("records of the id %(text)s") if len(parts) == 1 else _("records of the ids %(text)s")
    return Understood("ids", told % {"text": ", ".join(parts)}, Or(tuple(tests)))


def _id_tests(text: str, topic: str | None) -> list[Filter]:
    spelled = {text, text.lower()}
    found = _PREFIXED.fullmatch(text)
    if found:
        spelled |= {f"{found[1].lower()}-{found[2]}", f"{found[1].upper()}-{found[2]}", found[0].replace(" ", "")}
    tests: list[Filter] = [Compare("external_id", "in", tuple(sorted(spelled))), Compare("record", "=", text)]
    for name in id_properties(topic):
        values = spelled | ({found[2]} if found and name.startswith(found[1].lower()) else set())
        if column_of(name, topic).family == "list":
            tests += [Compare(name, "contains", value) for value in sorted(values)]
        else:
            tests.append(Compare(name, "in", tuple(sorted(values))))
    return tests


def _spacegroup(text: str, topic: str | None) -> Understood | None:
    if _NUMBERED.fullmatch(text) or parsable(text):
        return None
    number = spacegroup_number(text)
    if number is None:
        return None
    told = _("space group %(number)s (%(symbol)s)") % {"number": number, "symbol": symbols()[number]}
    return Understood("spacegroup", told, Compare("spacegroup_number", "=", number))


def _formula(text: str, topic: str | None) -> Understood | None:
    try:
        reduced = parse_formula(text).reduced
    except NotAFormula as error:
        return _several(text, error.candidates)
    shown = pretty_formula(reduced)
    told = _("the formula %(formula)s") % {"formula": shown}
    if text not in (reduced, shown):
        told = _("the formula %(formula)s, written %(text)s") % {"formula": shown, "text": text}
    return Understood("formula", told, Or((Compare("formula", "=", reduced), Compare("external_id", "=", text))))


def _several(text: str, candidates: tuple[str, ...]) -> Understood | None:
    """A name with several meanings finds them all."""
    if not candidates:
        return None
    shown = pgettext("between alternatives", " or ").join(map(pretty_formula, candidates))
    told = _("%(text)s, which may be %(formulas)s") % {"text": text, "formulas": shown}
    reduced = tuple(dict.fromkeys(parse_formula(one).reduced for one in candidates))
    return Understood("formula", told, Compare("formula", "in", reduced))


def labels_to_ids(topic: str | None) -> Mapping[str, str]:
    """What properties are called in either language -> their id, for those of this topic first."""
    found: dict[str, str] = {}
    schemas = sorted(topics().values(), key=lambda schema: schema.id != topic)
    for schema in schemas if topic is None else schemas[:1]:
        for item in schema.properties:
            if item.searchable:
                for word in (item.id, *item.label.values(), *item.synonyms):
                    found.setdefault(word.casefold(), item.id)
    for language in ("en", "zh-hans"):
        with override(language):
            for name, label in FIXED_LABELS.items():
                found.setdefault(str(label).casefold(), name)
    return found


def with_ids(text: str, topic: str | None) -> str:
    """Filter text in which properties may be called by their label: 'band gap > 1 eV' becomes 'band_gap > 1 eV'."""
    known = set(names(topic)) | set(ALIASES)
    called = labels_to_ids(topic)
    pattern = re.compile(
        rf'(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<name>[^\W\d](?:[^"()<>=!,]*?[^\s"()<>=!,])?)(?P<gap>\s*)'
        rf"(?=(?:{OPERATORS})|\s(?:HAS|IS|IN|CONTAINS|STARTS|ENDS|LENGTH)\b|\s(?:AND|OR)\b|[\s)]*$)"
    )

    def named(found: re.Match[str]) -> str:
        if found["quoted"]:
            return found[0]
        words = found["name"]
        before = ""
        while match := re.match(r"(?:AND|OR|NOT)\s+", words):
            before, words = before + match[0], words[match.end() :]
        if words in known:
            return found[0]
        return before + called.get(words.casefold(), words) + found["gap"]

    return pattern.sub(named, text)


@per_topics
def _vocabulary() -> dict[str, str]:
    """What can be misspelt, in lower case, with its spelling: names of compounds and elements, classes, properties."""
    listed = [f"{row['english']}|{row['chinese']}".split("|") for row in rows("names.tsv")]
    found = {name.casefold(): name for names_of in listed for name in names_of if name}
    found |= {facts.english: facts.english for facts in elements().values()}
    for schema in topics().values():
        for item in schema.properties:
            for value in item.classes:
                for word in (*value.label.values(), *value.synonyms):
                    found.setdefault(word.casefold(), word)
    return found


def near_words(text: str) -> list[str]:
    """Spellings near to a text that found nothing."""
    near = get_close_matches(text.casefold(), list(_vocabulary()), n=4, cutoff=0.72)
    return [_vocabulary()[word] for word in near if word != text.casefold()]
