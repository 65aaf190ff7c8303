"""One question being read: its tokens, what they state, and the signs by which an intent is known."""

import re
from dataclasses import dataclass, field, replace

from chat.planner.conditions.domain import Conditions
from chat.planner.domain import ClassWord, Language, Material, Memory, Order, Plan, Spin, Token
from chat.planner.lexicon import Lexicon, word_lists

_CJK = re.compile(r"[\u3400-\u9fff]")
_NOT_NUMERIC = ("spacegroup_number", "crystal_system", "elements", "topological_class", "external_id", "formula")
_EVERY = frozenset(
    [
        "formula",
        "elements",
        "nelements",
        "spacegroup_number",
        "external_id",
        "dataset",
        "kind",
        "topic",
        "crystal_system",
    ]
)


@dataclass
class Reading:
    """One question being read. The fields after `language` are filled in by the grammar, in their order."""

    tokens: list[Token]
    lexicon: Lexicon
    memory: Memory
    language: Language
    materials: tuple[Material, ...] = ()
    materials_at: list[int] = field(default_factory=list)
    spins: dict[int, Spin] = field(default_factory=dict)
    found: Conditions = field(default_factory=Conditions)
    unknown: list[str] = field(default_factory=list)

    def spacegroup(self) -> int | None:
        """The first space group number named."""
        return next((number for t in self.tokens for number in numbers_of(t)), None)

    def refers(self) -> bool:
        """Whether the question speaks of something said before."""
        spoken = [t for t in self.tokens if t.has("pronoun")]
        if not self.memory.materials and self.found.every() and (self.counts() or self.lists()):
            return False
        return any(not t.text.casefold().endswith("s") or t.text.casefold() in ("its", "it's") for t in spoken)

    def continues(self) -> bool:
        """Whether a conversation goes on about its material without naming it: 'And without SOC?', 'the space group?'."""
        others = (
            "material_word",
            "max",
            "min",
            "adjective",
            "average",
            "percent",
            "distribution",
            "inventory",
            "topic",
            "source",
            "entries",
            "why",
            "similar",
            "graph",
            "exist",
        )
        return (
            bool(self.memory.materials)
            and self.has("property", "soc", "nosoc", "socboth", "soc_bare")
            and not self.unknown
            and not self.class_named()
            and not [part for part in self.found.every() if part not in self.found.spacegroups]
            and not self.has(*others)
            and not self.counts()
        )

    def measures(self, token: Token) -> bool:
        """Whether an asked property says a word already: 'at what temperature does Si melt', 'superconductors by Tc'."""
        for name, words in word_lists()["implied"].items():
            if token.text.casefold() in words and any(t.senses.get("property") == name for t in self.tokens):
                return True
        units = {unit for unit, words in word_lists()["quantity"].items() if token.text.casefold() in words}
        return any(
            (item := schema.property(str(t.senses.get("property")))) is not None and item.unit in units
            for t in self.tokens
            for schema in self.lexicon.topics.values()
        )

    def has(self, *senses: str) -> bool:
        """Whether any token may mean one of these."""
        return any(t.has(*senses) for t in self.tokens)

    def lead(self) -> Token | None:
        """The first word that says something."""
        return next((t for t in self.tokens if not t.is_only("filler", "break")), None)

    def first(self) -> Token | None:
        """The first word after politeness."""
        return next(
            (t for t in self.tokens if not t.has("break") and t.text.casefold() not in word_lists()["polite"]), None
        )

    def counts(self) -> bool:
        """Whether a number of things is asked for; a bare 多少 after a property asks for its value instead."""
        counted = [index for index, token in enumerate(self.tokens) if token.has("count")]
        if not counted or self.has("percent"):
            return False
        before = ("有", "共", "共有", "总共")
        bare = all(self.tokens[i].text == "多少" and not (i and self.tokens[i - 1].text in before) for i in counted)
        return not (bare and any(token.has("property") and not token.has("class") for token in self.tokens))

    def lists(self) -> bool:
        """Whether materials are to be listed."""
        first = self.first()
        if first is not None and first.has("list") and not first.has("define"):
            return True
        plural = re.compile(
            r"^(?:materials|compounds|crystals|insulators|semimetals|ones|entries|phases|substances|oxides|alloys|哪些|有哪些|材料|化合物|体系)$"
        )
        return any(
            t.has("list")
            and t.text.casefold() in ("which", "哪些", "有哪些", "列出", "列举", "列一下", "找出", "罗列", "which ones")
            for t in self.tokens
        ) or (
            self.has("list") and any(plural.match(t.text.casefold().split()[-1]) for t in self.tokens if t.text.strip())
        )

    def confirms(self) -> bool:
        """Whether yes or no is asked, or something is taken for granted."""
        first = self.first()
        if first is not None and first.has("yesno", "why") and not first.has("list"):
            return True
        if any(
            t.has("yesno") and (_CJK.search(t.text) or t.text.casefold() in word_lists()["tag"]) for t in self.tokens
        ):
            return True
        return self.has("why")

    def defines(self) -> bool:
        """Whether the meaning of a class may be asked."""
        return self.has("define") and self.has("class") and not self.has("material", "element", "spacegroup", "count")

    def superlative(self) -> tuple[str, Order] | None:
        """(property, max or min) asked for, with the property '' where it is nobody's here."""
        for token in self.tokens:
            value = token.senses.get("adjective")
            if isinstance(value, tuple) and value[1] in ("max", "min"):
                return value
        for index, token in enumerate(self.tokens):
            if not token.has("max", "min") or (
                token.text.casefold() in ("top", "前", "upper", "bottom") and not self.numeric_near(index)
            ):
                continue
            order: Order = "max" if token.has("max") else "min"
            name = self.numeric_near(index)
            if name:
                return name, order
        return None

    def numeric_near(self, index: int) -> str:
        """The numeric property nearest to a token; empty if there is none."""
        places = sorted(
            (abs(i - index) + (0.5 if i < index else 0), i) for i, t in enumerate(self.tokens) if t.has("property")
        )
        for _, place in places:
            name = str(self.tokens[place].senses["property"])
            if name == "elements":
                return "nelements"
            if name not in _NOT_NUMERIC and self.is_numeric(name):
                return name
        return ""

    def is_numeric(self, name: str) -> bool:
        """Whether a property is a number in some topic."""
        if name == "nelements":
            return True
        return any(
            (item := schema.property(name)) is not None and item.type in ("number", "integer")
            for schema in self.lexicon.topics.values()
        )

    def asked(self) -> list[str]:
        """Properties asked for, with both spin-orbit variants unless one is named."""
        names: list[str] = []
        for index, token in enumerate(self.tokens):
            name = token.senses.get("property")
            if not isinstance(name, str) or index in self.found.used or token.has("describe"):
                continue
            if token.has("class") and name not in ("topological_class",):
                continue
            if name == "elements" and (self.counts() or self.has("number")):
                name = "nelements"
            names.extend(self.variants(name, self.spins.get(index, "")))
        return list(dict.fromkeys(names))

    def variants(self, name: str, spin: Spin) -> list[str]:
        """The property with and without spin-orbit coupling, or the one variant that is asked."""
        pair = word_lists()["variants"].get(name)
        if not pair:
            return [name]
        return [pair["nosoc"]] if spin == "nosoc" else [pair["soc"]] if spin == "soc" else [pair["soc"], pair["nosoc"]]

    def class_named(self) -> bool:
        """Whether a class of materials is named."""
        return any(isinstance(t.senses.get("class"), ClassWord) for t in self.tokens)

    def sources(self) -> tuple[tuple[str, ...], bool]:
        """The one data set named, and whether sources are compared."""
        slugs = [slug for t in self.tokens for slug in slugs_of(t)]
        several = len(set(slugs)) > 1 or any(
            t.has("both_sources") and (_CJK.search(t.text) or t.text.casefold().endswith("s")) for t in self.tokens
        )
        agree = several and (self.has("agree", "same", "compare") or self.confirms())
        return (tuple(dict.fromkeys(slugs)) if len(set(slugs)) == 1 else ()), agree

    def agrees(self) -> bool:
        """Whether sources are compared."""
        return self.sources()[1]

    def topic(self, names: list[str]) -> str | None:
        """The topic that can answer for these properties: one named, else one that has them all."""
        special = [name for name in names if name not in _EVERY]
        able = [t.id for t in self.lexicon.topics.values() if all(t.property(name) for name in special)]
        named = [str(t.senses["topic"]) for t in self.tokens if t.has("topic")]
        for topic in named:
            if topic in able:
                return topic
        source = next((slug for t in self.tokens for slug in slugs_of(t)), None)
        if source and self.lexicon.topic_of.get(source) in able:
            return self.lexicon.topic_of[source]
        if not special or self.lexicon.main_topic in able:
            return self.lexicon.main_topic
        return able[0] if len(able) == 1 else None

    def base(self, intent: str) -> Plan:
        """A plan with what every plan of this question has."""
        sources, _ = self.sources()
        named = next((str(t.senses["topic"]) for t in self.tokens if t.has("topic") and not t.has("class")), None)
        return Plan(intent, self.language, topic=named, materials=self.materials, sources=sources)  # type: ignore[arg-type]  # one of Intent

    def refuse(self, reason: str, *about: str) -> Plan:
        """A plan that refuses."""
        return replace(self.base("refuse"), reason=reason, about=about)

    def clarify(self, reason: str, *about: str) -> Plan:
        """A plan that asks back."""
        return Plan("clarify", self.language, reason=reason, about=about, materials=self.materials)


def numbers_of(token: Token) -> tuple[int, ...]:
    """The space group numbers a token names."""
    value = token.senses.get("spacegroup")
    return value if isinstance(value, tuple) else ()


def slugs_of(token: Token) -> tuple[str, ...]:
    """The data sets a token names."""
    value = token.senses.get("source")
    return value if isinstance(value, tuple) else ()


def is_word(token: Token) -> bool:
    """Whether a token is more than one character of Chinese."""
    return len(token.text) > 1 or not _CJK.match(token.text)
