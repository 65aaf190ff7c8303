"""Names of columns in words: abbreviations, LaTeX, Greek letters, camel case; and the spellings of a topic's properties."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from knowledge.imports.units import tidied
from knowledge.topics.schema import TopicSchema, topics, yaml_read

_GREEK = {
    chr(code): name.rsplit(" ", 1)[-1].lower()
    for code in range(0x391, 0x3CA)
    if (name := unicodedata.name(chr(code), "")).startswith("GREEK") and "WITH" not in name
} | {"ς": "sigma", "λ": "lambda", "Λ": "lambda", "ϵ": "epsilon", "ϑ": "theta", "ϕ": "phi", "ϱ": "rho", "µ": "mu"}
_CAMEL = re.compile(r"(?<=[a-z]{2})(?=[A-Z])|(?<=[a-z])(?=[A-Z][a-z]{2})|(?<=[A-Z])(?=[A-Z][a-z]{3})")
_HAN = re.compile(r"[\u3400-\u9fff]+")
_KEEP_S = ("ss", "us", "is", "as", "os")


@cache
def words_table() -> Mapping[str, Any]:  # Any: YAML
    """The word lists of words.yaml."""
    table: Mapping[str, Any] = yaml_read((files(__package__) / "words.yaml").read_text("utf-8"))
    return table


@cache
def words_of_kind(kind: str) -> frozenset[str]:
    """One list of words.yaml, as names in one piece."""
    return frozenset(compact(words(str(word))) for word in words_table()[kind])


@cache
def _marks() -> re.Pattern[str]:
    """Chinese words that stand before or behind a property's name without a blank."""
    table = words_table()
    lists = [*table["neutral"], *table["methods"], *table["uncertainty"], *table["derived"], *table["notes"]]
    known = sorted({w for w in lists if _HAN.fullmatch(w) and len(w) > 1}, key=len, reverse=True)
    return re.compile("|".join(map(re.escape, known)))


def _singular(word: str) -> str:
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(_KEEP_S)
    return word[:-1] if plural else word


def _word(word: str) -> str:
    known = words_table()["abbreviations"]
    lower = word.lower()
    if lower in known:
        return str(known[lower])
    single = _singular(lower)
    return str(known.get(single, single))


@lru_cache(maxsize=16384)
def words(text: str) -> tuple[str, ...]:
    """The words of a name: 'T$_c$' -> t, c; 'SeebeckCoeff' -> seebeck, coefficient; '带隙' stays one word."""
    text = tidied(text)
    text = "".join(f" {_GREEK[sign]} " if sign in _GREEK else sign for sign in text)
    text = _HAN.sub(lambda run: " " + _marks().sub(lambda mark: f" {mark[0]} ", run[0]) + " ", text)
    text = _CAMEL.sub(" ", text)
    text = text.replace("#", " # ").replace("±", " ± ")
    return tuple(_word(part) for part in re.split(r"[^\w#±]+|_", text) if part)


def compact(parts: tuple[str, ...]) -> str:
    """Words in one piece: by it names are compared."""
    return "".join(parts)


@dataclass(frozen=True)
class Spelling:
    """One way in which a schema names a property; `weak` where the name is a symbol that can mean other things, `vague` where
    it is a word that means something else in other tables, with the same unit."""

    property: str
    text: str
    weak: bool
    vague: bool = False


# Short, but words.
_WORDS = frozenset(["gap", "dpa", "dose", "fluence", "strain", "dbtt"])


def _weak(text: str, key: str) -> bool:
    if _HAN.search(text):
        return len(_HAN.sub("", key)) < len(key) and len(key) < 2
    greek = key in set(_GREEK.values())
    return (len(key) <= 3 and key not in _WORDS) or greek or bool(re.fullmatch(r"[a-z]{1,2}\d{0,2}", key))


Spellings = Mapping[str, tuple[Spelling, ...]]
_SPELLINGS: dict[int, tuple[TopicSchema, Spellings]] = {}


def spellings(schema: TopicSchema) -> Spellings:
    """Every spelling of every property of a topic, by its words in one piece."""
    known = _SPELLINGS.get(id(schema))
    if known is None or known[0] is not schema:
        if len(_SPELLINGS) > 500:  # schemas are edited at run time; old ones need not stay
            _SPELLINGS.clear()
        known = _SPELLINGS[id(schema)] = (schema, _spellings(schema))
    return known[1]


def _spellings(schema: TopicSchema) -> Spellings:
    found: dict[str, list[Spelling]] = {}
    vague = words_of_kind("vague")
    for item in schema.properties:
        seen = set()
        for text in (*item.columns, item.id, *item.label.values(), *item.synonyms):
            for key in _keys(text):
                if key and key not in seen:
                    seen.add(key)
                    found.setdefault(key, []).append(Spelling(item.id, text, _weak(text, key), key in vague))
    return {key: tuple(several) for key, several in found.items()}


def _keys(text: str) -> Iterator[str]:
    yield compact(words(text))
    bare = re.sub(r"\s*[(（].*?[)）]", "", text)
    if bare != text:
        yield compact(words(bare))


@dataclass(frozen=True)
class Named:
    """A property found in a name: the spelling, and the words of the name that the spelling leaves over."""

    spelling: Spelling
    rest: tuple[str, ...]


def named_in(schema: TopicSchema, name: tuple[str, ...]) -> list[Named]:
    """The properties that a name holds, the longest spelling first, each with the words left over."""
    known = spellings(schema)
    found: list[tuple[int, Named]] = []
    for start in range(len(name)):
        for end in range(len(name), start, -1):
            for spelling in known.get(compact(name[start:end]), ()):
                rest = name[:start] + name[end:]
                found.append((sum(map(len, name[start:end])), Named(spelling, rest)))
    if len(name) > 1:  # the same words in another order
        turned = {
            tuple(sorted(words(s.text))): s
            for several in known.values()
            for s in several
            if len(words(s.text)) == len(name)
        }
        other = turned.get(tuple(sorted(name)))
        if other and all(named.rest for _, named in found):
            found.append((len(compact(name)), Named(other, ())))
    return [named for _, named in sorted(found, key=lambda pair: (len(pair[1].rest) > 0, -pair[0]))]


def property_named(topic: str, text: str) -> str | None:
    """The property that a text names exactly, in any spelling; none where it is none or two."""
    found = {s.property for s in spellings(topics()[topic]).get(compact(words(text)), ())}
    return next(iter(found)) if len(found) == 1 else None
