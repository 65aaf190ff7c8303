"""Words and what they may mean, built from the topic schemas and the word lists beside this module."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from chat.planner.domain import ClassWord, Elements
from knowledge.chemistry.elements import elements
from knowledge.topics.schema import TopicSchema, topics

Senses = dict[str, object]
_PLAIN = [
    "count",
    "distinct",
    "entries",
    "list",
    "example",
    "compare",
    "same",
    "agree",
    "similar",
    "graph",
    "define",
    "inventory",
    "describe",
    "max",
    "min",
    "more",
    "less",
    "ge",
    "le",
    "gt",
    "lt",
    "eq",
    "between",
    "and",
    "or",
    "to",
    "without",
    "free",
    "not",
    "only",
    "system",
    "contain",
    "either",
    "soc",
    "soc_bare",
    "nosoc",
    "socboth",
    "pronoun",
    "also",
    "yesno",
    "why",
    "exist",
    "most_common",
    "distribution",
    "percent",
    "per_cell",
    "material_word",
    "average",
    "spacegroup_word",
    "structure_type",
    "both_sources",
    "amount",
    "foreign",
]
_CJK = re.compile(r"[\u3400-\u9fff]")
AMBIGUOUS = frozenset(["In", "As", "I", "He", "No", "At", "Be", "Am", "La", "Os", "Co", "Po"])


@cache
def word_lists() -> Mapping[str, Any]:  # Any: as the YAML file nests
    """The word lists of words.yaml; every leaf is text."""
    text = (files("chat.planner") / "data" / "words.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Any] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader builds text only
    return loaded


@cache
def spacegroups() -> dict[int, str]:
    """Short Hermann-Mauguin symbol by number."""
    lines = (files("chat.planner") / "data" / "spacegroups.tsv").read_text(encoding="utf-8").split("\n")[1:]
    return {int(number): symbol for number, symbol in (line.split("\t") for line in lines if line)}


def stem(word: str) -> str:
    """An English word without its plural ending."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def key_of(phrase: str) -> str:
    """How a phrase is looked up: Chinese without spaces, English in stems."""
    phrase = phrase.casefold().strip()
    if _CJK.search(phrase):
        return re.sub(r"\s+", "", phrase)
    return " ".join(stem(word) for word in re.split(r"[\s\-'/.]+", phrase) if word)


@dataclass
class Lexicon:
    """What phrases mean. `sources` maps a word for a source to the slugs of its data sets."""

    topics: Mapping[str, TopicSchema]
    phrases: dict[str, Senses] = field(default_factory=lambda: defaultdict(dict))
    vocabulary: set[str] = field(default_factory=set)
    orders: tuple[str, ...] = ()
    spelling: tuple[tuple[str, str], ...] = ()
    longest: int = 1
    topic_of: Mapping[str, str] = field(default_factory=dict)
    main_topic: str | None = None
    lengths: dict[int, list[str]] = field(default_factory=dict)

    def add(self, phrases: Iterable[str], sense: str, value: object = True) -> None:
        """Let these phrases mean `sense`; the first value of a sense stays."""
        for phrase in phrases:
            key = key_of(phrase)
            if not key:
                continue
            self.phrases[key].setdefault(sense, value)
            words = key.split(" ")
            self.longest = max(self.longest, len(words))
            if not _CJK.search(key):
                self.vocabulary.update(words)

    def respell(self, text: str) -> str:
        """Traditional characters and common slips in the spelling of the word lists."""
        for wrong, right in self.spelling:
            if wrong in text:
                text = text.replace(wrong, right)
        return text

    def is_order(self, sentence: str) -> bool:
        """Whether a sentence tells us how to behave instead of asking about materials."""
        squeezed = " ".join(stem(word) for word in re.split(r"[\s\-'/.,;:!?*_#]+", sentence.casefold()) if word)
        return any(order in (sentence if _CJK.search(order) else f" {squeezed} ") for order in self.orders)

    def property_label(self, name: str, language: str) -> str:
        """The label of a property in the first topic that has it."""
        for schema in self.topics.values():
            item = schema.property(name)
            if item is not None:
                return item.label.get(language) or item.label.get("en") or name
        return name


@dataclass(frozen=True)
class Source:
    """A data set as the lexicon needs it."""

    slug: str
    title: str
    topic: str


def build(
    schemas: Mapping[str, TopicSchema] | None = None, sources: Sequence[Source] = (), main_topic: str | None = None
) -> Lexicon:
    """The lexicon of these topics (all registered ones) and data sets; `main_topic` is meant where none is named."""
    lists = word_lists()
    lexicon = Lexicon(topics() if schemas is None else schemas)
    lexicon.topic_of = {source.slug: source.topic for source in sources}
    lexicon.main_topic = main_topic
    datasets = {source.slug: source.title for source in sources}
    for sense in _PLAIN:
        if sense != "foreign":
            lexicon.add(lists[sense], sense)
    _add_schemas(lexicon, lists)
    _add_generic(lexicon, lists)
    _add_elements(lexicon, lists)
    _add_sources(lexicon, lists, datasets)
    known = {phrase: dict(senses) for phrase, senses in lexicon.phrases.items()}
    for phrase in lists["foreign"]:
        senses = known.get(key_of(phrase), {})
        if not any(sense in senses for sense in ("property", "class", "source", "adjective")):
            lexicon.add([phrase], "foreign", phrase)
    lexicon.add([*lists["filler_en"], *lists["filler_zh"]], "filler")
    lexicon.orders = tuple(phrase if _CJK.search(phrase) else f" {key_of(phrase)} " for phrase in lists["injection"])
    for word in sorted(lexicon.vocabulary):
        lexicon.lengths.setdefault(len(word), []).append(word)
    lexicon.spelling = tuple(sorted(lists["spelling"].items(), key=lambda pair: -len(pair[0])))
    return lexicon


def _variant_of(lists: Mapping[str, Any], name: str) -> str:  # Any: as the YAML file nests
    return next((word for word, names in lists["variants"].items() if name in names.values()), name)


def _add_schemas(lexicon: Lexicon, lists: Mapping[str, Any]) -> None:  # Any: as the YAML file nests
    for schema in lexicon.topics.values():
        lexicon.add([*schema.label.values(), *schema.synonyms, schema.id.replace("_", " ")], "topic", schema.id)
        for item in schema.properties:
            variant = _variant_of(lists, item.id)
            labels = [*item.label.values(), *(_unqualified(label) for label in item.label.values())]
            words = [item.id.replace("_", " "), *dict.fromkeys(labels), *item.synonyms]
            if len(item.id) > 1:
                lexicon.add(words, "property", variant)
            else:
                lexicon.add(words[1:], "property", variant)
            if variant != item.id:
                spin = next(spin for spin, name in lists["variants"][variant].items() if name == item.id)
                lexicon.add([word for word in words if _names_spin(word)], spin)
            for value in item.classes:
                names = [value.id, value.id.replace("_", " "), *value.label.values(), *value.synonyms]
                names = [
                    name for name in names if len(name) > 1 or _CJK.search(name)
                ]  # one letter is an element or a variable
                lexicon.add(names, "class", ClassWord(variant, (value.id,)))
            for group in dict.fromkeys(name for value in item.classes for name in value.broader):
                ids = tuple(value.id for value in item.classes if group in value.broader)
                lexicon.add([group, *lists["group"].get(group, [])], "class", ClassWord(variant, ids))


def _unqualified(label: str) -> str:
    """A label without what stands in brackets: people say 'strongest diffraction peak', the label adds '(Cu Ka)'."""
    return re.sub(r"\s*[(（][^)）]*[)）]", "", label)


def _names_spin(word: str) -> bool:
    return any(mark in word.casefold() for mark in ("soc", "spin-orbit", "自旋轨道"))


def _add_generic(lexicon: Lexicon, lists: Mapping[str, Any]) -> None:  # Any: as the YAML file nests
    for union in lists["union"].values():
        lexicon.add(union["words"], "class", ClassWord(union["property"], tuple(union["ids"])))
    for name, words in lists["property"].items():
        lexicon.add(words, "property", name)
    for system, words in lists["crystal_system"].items():
        lexicon.add(words, "crystal_system", system)
    for number, words in lists["binary"].items():
        lexicon.add(words, "binary", int(number))
    for number, words in lists["numbers"].items():
        lexicon.add(words, "number", float(number))
    for item in lists["adjective"]:
        lexicon.add(item["words"], "adjective", (item["property"], item["order"]))
    for unit, words in lists["unit"].items():
        lexicon.add([word for word in words if _CJK.search(word)], "unit", unit)


def _add_elements(lexicon: Lexicon, lists: Mapping[str, Any]) -> None:  # Any: as the YAML file nests
    for symbol, facts in elements().items():
        lexicon.add([facts.english, facts.chinese], "element", Elements((symbol,)))
        lexicon.add([f"{facts.chinese}元素"], "element", Elements((symbol,)))
    for word, symbol in {"aluminum": "Al", "sulphur": "S", "caesium": "Cs", "cesium": "Cs"}.items():
        lexicon.add([word], "element", Elements((symbol,)))
    for family in lists["family"].values():
        lexicon.add(family["words"], "element", Elements(tuple(family["elements"]), family=True))
    for symbol, words in lists["compound"].items():
        lexicon.add(words, "element", Elements((symbol,)))
        lexicon.add(words, "compound", True)


def _add_sources(
    lexicon: Lexicon, lists: Mapping[str, Any], datasets: Mapping[str, str]
) -> None:  # Any: as the YAML file nests
    for slug, title in datasets.items():
        lexicon.add([slug.replace("_", " "), title], "source", (slug,))
    for mark, words in lists["source"].items():
        slugs = tuple(slug for slug, title in datasets.items() if mark in slug.casefold() or mark in title.casefold())
        lexicon.add(words, "source", slugs)
