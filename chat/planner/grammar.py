"""Tokens to a Plan: what is asked, of which materials, under which conditions. Pure: text and lexicon in, plan out."""

import re
from dataclasses import dataclass, replace
from itertools import pairwise

from chat.planner import filters
from chat.planner.domain import Claim, ClassWord, Elements, Language, Material, Memory, Order, Plan, Spin, Token
from chat.planner.filters import Conditions
from chat.planner.lexicon import Lexicon, word_lists
from chat.planner.normalise import wording
from chat.planner.tokens import tokenise
from knowledge.query.types import Aggregate, Compare, Filter, HasElements, Not, Query, Sort

MOST_ROWS = 50
_CJK = re.compile(r"[\u3400-\u9fff]")
_NOT_NUMERIC = ("spacegroup_number", "crystal_system", "elements", "topological_class", "external_id", "formula")


def language_of(text: str) -> Language:
    """Chinese as soon as the question holds a Chinese character."""
    return "zh" if _CJK.search(text) else "en"


def plan_question(text: str, lexicon: Lexicon, memory: Memory | None = None, language: Language | None = None) -> Plan:
    """What the question asks, as a Plan; questions that cannot be answered give the intents `refuse` and `clarify`."""
    words = wording(text, lexicon)
    spoken = language or language_of(text)
    notes = ("instruction",) if words.ordered else ()
    tokens = tokenise(words.text, lexicon)
    if words.ordered and not any(
        t.has("material", "class", "property", "element", "spacegroup", "count") for t in tokens
    ):
        return Plan("refuse", spoken, reason="instruction", notes=notes)
    reading = _Reading(tokens, lexicon, memory or Memory(), spoken)
    plan = reading.plan()
    return replace(plan, notes=(*plan.notes, *notes))


def _is_word(token: Token) -> bool:
    return len(token.text) > 1 or not _CJK.match(token.text)


@dataclass
class _Reading:
    """One question being read."""

    tokens: list[Token]
    lexicon: Lexicon
    memory: Memory
    language: Language

    def plan(self) -> Plan:
        """The plan, or why there is none."""
        self.tokens = _topics_settled(self.tokens)
        if not any(not t.has("break") for t in self.tokens):
            return self._clarify("empty")
        self.materials = self._materials()
        self._number_as_spacegroup()
        self.spins = filters.spins(self.tokens)
        self.found: Conditions = filters.conditions(_without_used(self.tokens, self.materials_at))
        self.unknown = [t.text for t in self.tokens if not t.senses and _is_word(t)]
        wrong = [number for t in self.tokens for number in _numbers(t) if not 1 <= number <= 230]
        if wrong:
            return self._refuse("spacegroup_range", str(wrong[0]))
        foreign = list(dict.fromkeys(t.text for t in self.tokens if t.is_only("foreign")))
        if foreign and not self._defines():
            return self._refuse("foreign", *foreign)
        if not self.materials and self._refers() and not self._lists():
            if not self.memory.materials:
                return self._clarify("referent")
            self.materials = self.memory.materials[-1:]
            self.materials = tuple(replace(m, spacegroup=self._spacegroup() or m.spacegroup) for m in self.materials)
        return self._with_materials() if self.materials else self._without_materials()

    # Materials -----------------------------------------------------------------------------------------------

    def _materials(self) -> tuple[Material, ...]:
        self.materials_at: list[int] = []
        found: list[Material] = []
        for index, token in enumerate(self.tokens):
            material = token.senses.get("material")
            if not isinstance(material, Material):
                continue
            if token.has("element") and self._is_listed(index):
                continue
            self.materials_at.append(index)
            found.append(material)
        if not found:
            found = self._element_as_material()
        if not found:
            return ()
        return tuple(dict.fromkeys(self._placed(found)))

    def _number_as_spacegroup(self) -> None:
        """A bare number right after a formula is its space group: 'Bi2Se3 166'."""
        for index in self.materials_at:
            token = self.tokens[index + 1] if index + 1 < len(self.tokens) else None
            value = token.senses.get("number") if token else None
            if (
                token
                and isinstance(value, float)
                and set(token.senses) == {"number"}
                and value in range(1, 231)
                and token.text.isdigit()
            ):
                self.tokens[index + 1] = replace(token, senses={"spacegroup": (int(value),)})
        self.materials = tuple(dict.fromkeys(self._placed(list(self.materials)))) if self.materials else ()

    def _is_listed(self, index: int) -> bool:
        """Whether a lone element symbol stands in a condition ('containing Sb') rather than for the pure element."""
        others = [i for i, t in enumerate(self.tokens) if t.has("material", "element", "element_list") and i != index]
        if any(self.tokens[i].has("material") and not self.tokens[i].has("element") for i in others):
            return True
        near = self.tokens[max(0, index - 3) : index]
        if any(
            t.has("contain", "without", "only", "either", "not") and t.text.casefold() not in ("is not", "isn't")
            for t in near
        ):
            return True
        after = self.tokens[index + 1 : index + 3]
        if any(
            t.has("material_word", "free", "system") or t.text.casefold() in ("based", "containing", "rich", "bearing")
            for t in after
        ):
            return True
        return bool(others) or self._counts() or self._lists()

    def _element_as_material(self) -> list[Material]:
        """'the class of bismuth': an element's name alone is the pure element, where no list or count is asked."""
        places = [i for i, t in enumerate(self.tokens) if t.has("element") and not t.has("compound")]
        if len(places) != 1 or self._is_listed(places[0]) or not any(t.has("property", "class") for t in self.tokens):
            return []
        word = self.tokens[places[0]].senses["element"]
        if (
            not isinstance(word, Elements)
            or word.family
            or self._superlative()
            or any(t.has("class", "similar") for t in self.tokens)
        ):
            return []
        self.materials_at.append(places[0])
        return [Material(word.symbols[0])]

    def _placed(self, found: list[Material]) -> list[Material]:
        """Each material with the space group named next to it."""
        places = {i: _numbers(t) for i, t in enumerate(self.tokens) if t.has("spacegroup")}
        if not places or self._asks_same_spacegroup():
            return found
        if len(found) == 1:
            numbers = [number for several in places.values() for number in several]
            return [replace(found[0], spacegroup=number) for number in numbers] if len(numbers) <= 4 else found
        placed = []
        for order, (index, material) in enumerate(zip(self.materials_at, found, strict=False)):
            following = self.materials_at[order + 1] if order + 1 < len(self.materials_at) else len(self.tokens)
            own = [n for place, numbers in places.items() if index < place < following for n in numbers]
            placed.append(replace(material, spacegroup=own[0]) if own else material)
        return placed

    def _asks_same_spacegroup(self) -> bool:
        return False

    def _spacegroup(self) -> int | None:
        return next((number for t in self.tokens for number in _numbers(t)), None)

    def _refers(self) -> bool:
        """Whether the question speaks of something said before."""
        spoken = [t for t in self.tokens if t.has("pronoun")]
        if not self.memory.materials and self.found.every() and (self._counts() or self._lists()):
            return False
        return any(not t.text.casefold().endswith("s") or t.text.casefold() in ("its", "it's") for t in spoken)

    # Signs of an intent ------------------------------------------------------------------------------------------

    def _has(self, *senses: str) -> bool:
        return any(t.has(*senses) for t in self.tokens)

    def _lead(self) -> Token | None:
        return next((t for t in self.tokens if not t.is_only("filler", "break")), None)

    def _first(self) -> Token | None:
        return next((t for t in self.tokens if not t.has("break") and t.text.casefold() not in _POLITE), None)

    def _counts(self) -> bool:
        """Whether a number of things is asked for; a bare 多少 after a property asks for its value instead."""
        counted = [index for index, token in enumerate(self.tokens) if token.has("count")]
        if not counted or self._has("percent"):
            return False
        before = ("有", "共", "共有", "总共")
        bare = all(self.tokens[i].text == "多少" and not (i and self.tokens[i - 1].text in before) for i in counted)
        return not (bare and any(token.has("property") and not token.has("class") for token in self.tokens))

    def _lists(self) -> bool:
        first = self._first()
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
            self._has("list")
            and any(plural.match(t.text.casefold().split()[-1]) for t in self.tokens if t.text.strip())
        )

    def _confirms(self) -> bool:
        """Whether yes or no is asked, or something is taken for granted."""
        first = self._first()
        if first is not None and first.has("yesno", "why") and not first.has("list"):
            return True
        if any(t.has("yesno") and (_CJK.search(t.text) or t.text.casefold() in _TAGS) for t in self.tokens):
            return True
        return self._has("why")

    def _defines(self) -> bool:
        return (
            self._has("define") and self._has("class") and not self._has("material", "element", "spacegroup", "count")
        )

    def _superlative(self) -> tuple[str, Order] | None:
        """(property, max or min) asked for, with the property '' where it is nobody's here."""
        for token in self.tokens:
            value = token.senses.get("adjective")
            if isinstance(value, tuple) and value[1] in ("max", "min"):
                return value
        for index, token in enumerate(self.tokens):
            if not token.has("max", "min") or (
                token.text.casefold() in ("top", "前", "upper", "bottom") and not self._numeric_near(index)
            ):
                continue
            order: Order = "max" if token.has("max") else "min"
            name = self._numeric_near(index)
            if name:
                return name, order
        return None

    def _numeric_near(self, index: int) -> str:
        places = sorted(
            (abs(i - index) + (0.5 if i < index else 0), i) for i, t in enumerate(self.tokens) if t.has("property")
        )
        for _, place in places:
            name = str(self.tokens[place].senses["property"])
            if name == "elements":
                return "nelements"
            if name not in _NOT_NUMERIC and self._is_numeric(name):
                return name
        return ""

    def _is_numeric(self, name: str) -> bool:
        if name == "nelements":
            return True
        return any(
            (item := schema.property(name)) is not None and item.type in ("number", "integer")
            for schema in self.lexicon.topics.values()
        )

    # With materials ----------------------------------------------------------------------------------------------

    def _with_materials(self) -> Plan:
        if self._has("graph") and not self._has("count"):
            return self._base("graph")
        if self._similar_asked():
            limit = self.found.limit or 10
            keep = filters.joined([*self.found.elements, *self.found.classes, *self.found.numbers])
            return replace(self._base("similar"), limit=limit, keep=keep)
        distinct = {material.label() for material in self.materials}
        if len(distinct) == 1 and self._has("same") and self._listing_others():
            return self._related()
        superlative = self._superlative()
        if len(distinct) == 1 and self._has("entries") and self._lists() and self.found.classes:
            return self._list_plan([material_filter(self.materials[0]), *self.found.classes])
        if len(distinct) == 1 and (superlative or (self._counts() and not self._countable_asked())):
            return self._of_one(superlative)
        if len(distinct) > 1:
            return self._comparison()
        return self._look_up()

    def _similar_asked(self) -> bool:
        for index, token in enumerate(self.tokens):
            if token.has("similar"):
                if token.text.casefold() != "like":
                    return True
                before = self.tokens[index - 1].text.casefold() if index else ""
                if not before.endswith(("look", "would", "d", "looks")) and any(
                    t.has("material") for t in self.tokens[index + 1 : index + 4]
                ):
                    return True
        return False

    def _listing_others(self) -> bool:
        return (
            self._has("list", "count")
            and any(t.has("property", "crystal_system") for t in self.tokens)
            and not self._agrees()
        )

    def _countable_asked(self) -> bool:
        return any(
            t.senses.get("property") in ("elements", "nelements", "nsites", "valence_electrons", "icsd_id")
            for t in self.tokens
        )

    def _asked(self) -> list[str]:
        """Properties asked for, with both spin-orbit variants unless one is named."""
        names: list[str] = []
        for index, token in enumerate(self.tokens):
            name = token.senses.get("property")
            if not isinstance(name, str) or index in self.found.used or token.has("describe"):
                continue
            if token.has("class") and name not in ("topological_class",):
                continue
            if name == "elements" and (self._counts() or self._has("number")):
                name = "nelements"
            names.extend(self._variants(name, self.spins.get(index, "")))
        return list(dict.fromkeys(names))

    def _variants(self, name: str, spin: Spin) -> list[str]:
        pair = word_lists()["variants"].get(name)
        if not pair:
            return [name]
        return [pair["nosoc"]] if spin == "nosoc" else [pair["soc"]] if spin == "soc" else [pair["soc"], pair["nosoc"]]

    def _alternatives(self) -> bool:
        """'TI or TCI?', 'topological or trivial': classes offered to choose from, not claimed."""
        places = [i for i, t in enumerate(self.tokens) if t.has("class", "crystal_system")]
        return len(places) > 1 and any(t.has("or") for t in self.tokens[places[0] : places[-1]])

    def _claims(self) -> list[Claim]:
        if self._alternatives():
            return []
        claims: list[Claim] = []
        for index, token in enumerate(self.tokens):
            word = token.senses.get("class")
            if (
                isinstance(word, ClassWord)
                and word.property != "crystal_system"
                and not (token.has("topic") and not self._confirms())
            ):
                name = filters.class_property(word.property, self.spins.get(index, ""))
                claims.append(Claim(name, word.ids, self._claim_negated(index)))
            system = token.senses.get("crystal_system")
            if isinstance(system, str):
                claims.append(Claim("crystal_system", (system,), self._claim_negated(index)))
        for test in self.found.numbers:
            if test.property == "nelements" and test.op == "=":
                claims.append(Claim("nelements", (str(test.value),)))
        return list(dict.fromkeys(claims))

    def _claim_negated(self, index: int) -> bool:
        first = self._first()
        near = self.tokens[max(0, index - 4) : index]
        tag = first is not None and first.has("yesno") and re.search(r"n't|n t", first.text)
        return (
            any(
                (t.has("not") and t.text.casefold() not in ("isn't", "isn t", "aren't")) or t.is_only("not")
                for t in near
                if t is not first
            )
            and not tag
        )

    def _look_up(self) -> Plan:
        asked = self._asked()
        claims = self._claims()
        spin: Spin = next(iter(self.spins.values()), "")
        if self._alternatives() or (
            not asked and (claims and any(c.property.startswith("topological_class") for c in claims))
        ):
            asked = (
                [*asked, *self._variants("topological_class", spin)]
                if not any(a.startswith("topological_class") for a in asked) and self._class_named()
                else asked
            )
            asked += [claim.property for claim in claims if claim.property not in asked]
        if not asked and claims:
            asked = [claim.property for claim in claims]
        if not asked and self.spins:
            asked = self._variants("topological_class", spin)
        inherited = (
            self.memory.plan.asked
            if self.memory.plan and (self._has("also", "pronoun") or len(self._content()) <= 1)
            else ()
        )
        confirms = self._confirms()
        if not asked and inherited:
            asked = list(inherited)
        if not asked and self._agrees():
            asked = self._variants("topological_class", spin)
        if not asked and confirms and any(m.spacegroup for m in self.materials):
            asked = ["spacegroup_number"]
        if not asked and self._is_bare_question():
            return self._refuse("property", *self.unknown)
        if self.unknown and self._unknown_matters():
            return self._refuse("words", *self.unknown) if not asked else self._clarify("words", *self.unknown)
        if self.found.stray:
            figured = self._figure_claims(asked) if confirms else []
            if not figured:
                return self._clarify("number", *self.found.stray)
            claims += figured
        if any(t.has("number") and t.has("unit") for t in self.tokens) and not self.found.numbers:
            return self._clarify("number", *[t.text for t in self.tokens if t.has("number")])
        sources, agree = self._sources()
        return replace(
            self._base("lookup"), asked=tuple(dict.fromkeys(asked)), claims=tuple(claims), verdict=confirms or agree, agree=agree,
            sources=sources, unit=self._unit_asked(asked),
        )  # fmt: skip

    def _figure_claims(self, asked: list[str]) -> list[Claim]:
        """A bare number beside a property that is asked to be confirmed: 'Is the space group of X 225?'."""
        name = next((name for name in asked if name == "spacegroup_number" or self._is_numeric(name)), "")
        return [Claim(name, (text,)) for text in self.found.stray] if name else []

    def _class_named(self) -> bool:
        return any(isinstance(t.senses.get("class"), ClassWord) for t in self.tokens)

    def _content(self) -> list[Token]:
        return [
            t
            for i, t in enumerate(self.tokens)
            if i not in self.materials_at
            and not t.is_only("filler", "break", "and", "also", "spacegroup", "list", "contain")
        ]

    def _is_bare_question(self) -> bool:
        """A material and words that name nothing stored."""
        return (bool(self.unknown) and not self._has("describe", "define")) or any(
            t.has("topic") and not t.has("class", "describe", "property") for t in self.tokens[:0]
        )

    def _unknown_matters(self) -> bool:
        """Whether a word not understood stands next to the material or the property, where it changes what is meant."""
        for index, token in enumerate(self.tokens):
            if token.senses or not _is_word(token):
                continue
            around = [*self.tokens[max(0, index - 1) : index], *self.tokens[index + 1 : index + 2]]
            if any(t.has("material", "property", "class") for t in around) or not self._asked():
                return True
        return False

    def _unit_asked(self, asked: list[str]) -> str | None:
        for index, token in enumerate(self.tokens):
            unit = token.senses.get("unit")
            if isinstance(unit, str) and not token.has("number"):
                return unit
            if not token.senses and index and self.tokens[index - 1].text.casefold() == "in":
                known: str | None = next(
                    (name for name, words in word_lists()["unit"].items() if token.text in words), None
                )
                if known:
                    self.unknown = [word for word in self.unknown if word != token.text]
                    return known
        return None

    def _sources(self) -> tuple[tuple[str, ...], bool]:
        slugs = [slug for t in self.tokens for slug in _slugs(t)]
        several = len(set(slugs)) > 1 or self._has("both_sources")
        agree = several and (self._has("agree", "same", "compare") or self._confirms())
        return (tuple(dict.fromkeys(slugs)) if len(set(slugs)) == 1 else ()), agree

    def _agrees(self) -> bool:
        return self._sources()[1]

    def _of_one(self, superlative: tuple[str, Order] | None) -> Plan:
        """Counts and superlatives among the entries of one material."""
        material = self.materials[0]
        where = [material_filter(material)]
        if superlative:
            return self._superlative_plan(superlative, [*where, *self.found.classes])
        if any(t.senses.get("property") == "spacegroup_number" for t in self.tokens):
            return self._count_plan(where, "spacegroup_number")
        return self._count_plan([*where, *self.found.classes], "")

    def _related(self) -> Plan:
        """Materials that share something with one named: same space group as Bi2Se3."""
        names = tuple(
            dict.fromkeys(
                name
                for name in self._asked()
                if name
                in (
                    "spacegroup_number",
                    "topological_class_soc",
                    "topological_class_nsoc",
                    "elements",
                    "nelements",
                    "crystal_system",
                    "nsites",
                    "prototype",
                )
            )
        )
        if len(names) > 1 and "topological_class_nsoc" in names and not self._has("nosoc"):
            names = tuple(name for name in names if name != "topological_class_nsoc")
        where = filters.joined([*self.found.elements, *self.found.classes, *self.found.numbers])
        topic = self._topic([*names, *properties_of(where)])
        kind = "count" if self._counts() else "list"
        return replace(
            self._base(kind),
            topic=topic,
            relative=names,
            query=Query(topic=topic, where=where, limit=MOST_ROWS),
            limit=self.found.limit,
        )

    def _comparison(self) -> Plan:
        asked = self._asked()
        claims = self._claims()
        order = self._comparative()
        if order and order[0] and order[0] not in asked:
            asked = [order[0], *asked]
        if claims and not any(a.startswith("topological_class") for a in asked) and self._class_named():
            asked += (
                self._variants("topological_class", next(iter(self.spins.values()), ""))
                if self._alternatives()
                else [c.property for c in claims]
            )
        if not asked and self.unknown:
            return self._refuse("property", *self.unknown)
        if order and not order[0]:
            return self._clarify("which_property")
        if self.spins == {} and self._has("same") and "topological_class_nsoc" in asked:
            asked = [name for name in asked if name != "topological_class_nsoc"]
        return replace(
            self._base("compare"), asked=tuple(dict.fromkeys(asked)), claims=tuple(claims), verdict=self._confirms(),
            same=self._has("same", "agree") and not (order and order[0]), order=order[1] if order else "",
        )  # fmt: skip

    def _comparative(self) -> tuple[str, Order] | None:
        for token in self.tokens:
            value = token.senses.get("adjective")
            if isinstance(value, tuple):
                return value[0], "less" if value[1] in ("min", "less") else "more"
        for index, token in enumerate(self.tokens):
            if token.has("more", "less", "max", "min"):
                name = self._numeric_near(index)
                return name, "more" if token.has("more", "max") else "less"
        return None

    # Without materials -------------------------------------------------------------------------------------------

    def _without_materials(self) -> Plan:
        if self._has("inventory") and not self._class_named() and not self.found.every():
            return self._base("inventory")
        if self._defines() and self._only_defines():
            names = tuple(
                (word.property, id_)
                for t in self.tokens
                if isinstance(word := t.senses.get("class"), ClassWord)
                for id_ in word.ids
            )
            return replace(self._base("define"), topic=self._topic(["topological_class_soc"]), classes=names)
        named = [t.text for t in self.tokens if t.is_only("structure_type")]
        if named:
            return self._clarify("words", *named)
        parts = self.found.every()
        subject = parts or self._has("count", "topic", "material_word", "entries", "source")
        if self._similar_asked() and not parts:
            return self._clarify("referent")
        superlative = self._superlative()
        if superlative is not None and not superlative[0]:
            return self._refuse("foreign", *[t.text for t in self.tokens if t.has("adjective")])
        if self.unknown:
            return (
                self._clarify("words", *self.unknown)
                if subject and self._has("class", "count", "element", "property", "spacegroup")
                else self._refuse("words", *self.unknown)
            )
        if self.found.stray:
            return self._clarify("number", *self.found.stray)
        if self._confirms() and self._quantified():
            return self._clarify("quantified")
        grouped = self._grouping()
        if grouped:
            return self._groups_plan(parts, grouped)
        if superlative and not self._of_one_element(superlative[0]):
            return self._superlative_plan(superlative, parts)
        if superlative or self._compares_unsaid():
            return self._clarify("which_property")
        if self._has("average"):
            return self._average_plan(parts)
        if self._has("percent") and parts:
            return replace(self._count_plan(parts, ""), percent=True)
        if self._counts():
            return (
                self._count_plan(parts, self._distinct_asked())
                if subject or self._distinct_asked()
                else self._refuse("words")
            )
        if parts and self._confirms() and not self._lists():
            return replace(self._list_plan(parts), intent="exists", verdict=True)
        if parts:
            return self._list_plan(parts)
        if self._has("inventory", "topic", "source", "entries") and self._has(
            "define", "inventory", "list", "describe", "topic"
        ):
            return self._base("inventory")
        if self._has("property"):
            return self._clarify("which_material")
        return self._refuse("off_topic")

    def _of_one_element(self, name: str) -> bool:
        """'most oxygen atoms' asks for an amount of one element, which is no property of its own."""
        pairs = pairwise(self.tokens)
        return name == "nsites" and any(left.has("element") and right.has("property") for left, right in pairs)

    def _compares_unsaid(self) -> bool:
        """Whether something is compared or extreme and the property is not one that is held."""
        figured = bool(self.found.numbers or self.found.limit)
        words = [
            t for t in self.tokens if t.has("more", "less", "max", "min") and not t.has("gt", "ge", "lt", "le", "count")
        ]
        return bool(words) and not figured

    def _only_defines(self) -> bool:
        first = self._lead()
        others = [*self.found.elements, *self.found.spacegroups, *self.found.systems, *self.found.numbers]
        plural_list = any(t.text.casefold() in ("what are the", "which") for t in self.tokens)
        return (
            not others
            and first is not None
            and not plural_list
            and not self._has("count", "max", "min", "adjective", "average", "percent", "number", "property")
        )

    def _quantified(self) -> bool:
        return (
            any(
                t.text.casefold() in ("all", "every", "each", "always", "都", "全部", "全都", "均", "每个")
                for t in self.tokens
            )
            and bool(self.found.classes)
            and len(self.found.every()) > 1
        )

    def _distinct_asked(self) -> str:
        for index, token in enumerate(self.tokens):
            if token.has("count") or token.has("distinct"):
                for following in self.tokens[index + 1 : index + 5]:
                    if following.senses.get("property") == "spacegroup_number" and not self.found.spacegroups:
                        return "spacegroup_number"
        if any(t.has("distinct") for t in self.tokens):
            return "formula"
        return ""

    def _grouping(self) -> str:
        """The property to count by: 'which space group has the most ...', 'distribution over classes'."""
        places = {
            i: str(t.senses["property"])
            for i, t in enumerate(self.tokens)
            if t.has("property") and i not in self.found.used
        }
        keys = {
            i: name
            for i, name in places.items()
            if name
            in ("spacegroup_number", "topological_class", "elements", "crystal_system", "nelements", "prototype")
        }
        if not keys or self._has("adjective"):
            return ""
        numeric = [name for name in places.values() if name not in keys.values() and self._is_numeric(name)]
        if self._has("most_common", "distribution") or (
            self._has("max", "min") and not numeric and self._has_non_element(keys)
        ):
            name = next((name for name in keys.values()), "")
            pair = word_lists()["variants"].get(name)
            spin: Spin = next(iter(self.spins.values()), "")
            return str(pair["nosoc" if spin == "nosoc" else "soc"]) if pair else name
        return ""

    def _has_non_element(self, keys: dict[int, str]) -> bool:
        if any(name in ("spacegroup_number", "topological_class", "crystal_system") for name in keys.values()):
            return True
        return bool(
            re.search(
                r"which element|what element|哪种元素|哪个元素|什么元素",
                " ".join(t.text for t in self.tokens).casefold(),
            )
        )

    def _groups_plan(self, parts: list[Filter], by: str) -> Plan:
        where = filters.joined(parts)
        topic = self._topic([by, *properties_of(where)])
        query = Query(topic=topic, where=where, limit=0, aggregate=Aggregate("count", None, by))
        order: Order = "min" if self._has("min") and not self._has("distribution") else "max"
        return replace(self._base("groups"), topic=topic, query=query, order=order, asked=(by,), limit=self.found.limit)

    def _superlative_plan(self, asked: tuple[str, Order], parts: list[Filter]) -> Plan:
        name, order = asked
        where = filters.joined([*parts, Compare(name, "known")] if name != "nelements" else parts)
        topic = self._topic([name, *properties_of(where)])
        query = Query(topic=topic, where=where, sort=(Sort(name, order == "max"),), limit=MOST_ROWS)
        return replace(
            self._base("superlative"), topic=topic, query=query, order=order, asked=(name,), limit=self.found.limit
        )

    def _average_plan(self, parts: list[Filter]) -> Plan:
        name = next(
            (
                str(t.senses["property"])
                for t in self.tokens
                if t.has("property") and self._is_numeric(str(t.senses["property"]))
            ),
            "",
        )
        if not name:
            return self._clarify("which_property")
        where = filters.joined(parts)
        topic = self._topic([name, *properties_of(where)])
        query = Query(topic=topic, where=where, limit=0, aggregate=Aggregate("mean", name))
        return replace(self._base("count"), topic=topic, query=query, average=True, asked=(name,))

    def _count_plan(self, parts: list[Filter], distinct: str) -> Plan:
        where = filters.joined(parts)
        topic = self._topic(properties_of(where))
        query = Query(topic=topic, where=where, limit=MOST_ROWS)
        return replace(self._base("count"), topic=topic, query=query, distinct=distinct)

    def _list_plan(self, parts: list[Filter]) -> Plan:
        where = filters.joined(parts)
        asked = tuple(name for name in self._asked() if name not in properties_of(where))
        topic = self._topic([*properties_of(where), *asked])
        query = Query(topic=topic, where=where, limit=MOST_ROWS)
        return replace(self._base("list"), topic=topic, query=query, limit=self.found.limit, asked=asked)

    # Common ------------------------------------------------------------------------------------------------------

    def _topic(self, names: list[str]) -> str | None:
        """The topic that can answer for these properties: one named, else one that has them all."""
        special = [name for name in names if name not in _EVERY]
        able = [t.id for t in self.lexicon.topics.values() if all(t.property(name) for name in special)]
        named = [str(t.senses["topic"]) for t in self.tokens if t.has("topic")]
        for topic in named:
            if topic in able:
                return topic
        source = next((slug for t in self.tokens for slug in _slugs(t)), None)
        if source and self.lexicon.topic_of.get(source) in able:
            return self.lexicon.topic_of[source]
        if not special or self.lexicon.main_topic in able:
            return self.lexicon.main_topic
        return able[0] if len(able) == 1 else None

    def _base(self, intent: str) -> Plan:
        sources, _ = self._sources()
        named = next((str(t.senses["topic"]) for t in self.tokens if t.has("topic") and not t.has("class")), None)
        return Plan(intent, self.language, topic=named, materials=self.materials, sources=sources)  # type: ignore[arg-type]  # one of Intent

    def _refuse(self, reason: str, *about: str) -> Plan:
        return replace(self._base("refuse"), reason=reason, about=about)

    def _clarify(self, reason: str, *about: str) -> Plan:
        materials = getattr(self, "materials", ())
        return Plan("clarify", self.language, reason=reason, about=about, materials=materials)


_POLITE = frozenset(
    [
        "please",
        "kindly",
        "hi",
        "hello",
        "hey",
        "so",
        "and",
        "but",
        "well",
        "ok",
        "okay",
        "now",
        "then",
        "the",
        "请",
        "请问",
        "那",
        "那么",
        "请你",
        "帮我",
        "麻烦",
        "你好",
        "question",
        "can",
        "could",
        "you",
        "would",
    ]
)
_TAGS = frozenset(
    [
        "right",
        "correct",
        "isn't it",
        "isn t it",
        "aren't they",
        "doesn't it",
        "true or false",
        "whether",
        "is it true",
        "is it true that",
        "true",
        "am i right",
        "is that correct",
        "is that right",
        "really",
        "is it",
        "are they",
        "does it",
        "confirm",
        "please confirm",
        "can you confirm",
        "verify",
    ]
)
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


def _topics_settled(tokens: list[Token]) -> list[Token]:
    """A word such as 'topological' is the topic's name before 'table' or 'database', and a class of materials elsewhere."""
    settled = []
    for index, token in enumerate(tokens):
        after = tokens[index + 1 : index + 3]
        if token.has("topic") and token.has("class"):
            holds = any(
                re.match(r"(?:data|table|collection|set|topic|库|表|数据)", t.text.casefold()) for t in after[:2]
            )
            senses = {
                k: v for k, v in token.senses.items() if k not in (("class", "property") if holds else ("topic",))
            }
            token = replace(token, senses=senses)
        settled.append(token)
    return settled


def _without_used(tokens: list[Token], materials_at: list[int]) -> list[Token]:
    """The tokens with materials taken out of the reach of the conditions; places stay."""
    return [
        replace(token, senses={k: v for k, v in token.senses.items() if k != "element"} | {"skip": True})
        if index in materials_at
        else token
        for index, token in enumerate(tokens)
    ]


def _numbers(token: Token) -> tuple[int, ...]:
    value = token.senses.get("spacegroup")
    return value if isinstance(value, tuple) else ()


def _slugs(token: Token) -> tuple[str, ...]:
    value = token.senses.get("source")
    return value if isinstance(value, tuple) else ()


def properties_of(where: Filter | None) -> list[str]:
    """The properties a filter names."""
    if where is None or isinstance(where, HasElements):
        return []
    if isinstance(where, Compare):
        return [where.property]
    if isinstance(where, Not):
        return properties_of(where.part)
    return [name for part in getattr(where, "parts", ()) for name in properties_of(part)]


def material_filter(material: Material) -> Filter:
    """The condition that a record is about this material."""
    if material.external_id:
        return Compare("external_id", "=", material.external_id)
    return Compare("formula", "=", material.formula)
