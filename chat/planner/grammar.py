"""Tokens to a Plan: what is asked, of which materials, under which conditions. Pure: text and lexicon in, plan out."""

import re
from dataclasses import replace

from chat.planner import materials
from chat.planner.conditions.classes import spins_of
from chat.planner.conditions.read import conditions
from chat.planner.domain import ClassWord, Language, Memory, Plan, Token
from chat.planner.filters import joined, material_filter
from chat.planner.intents import comparison, definition, groups, lists, lookup, related
from chat.planner.lexicon import Lexicon
from chat.planner.normalise import wording
from chat.planner.reading import Reading, is_word, numbers_of
from chat.planner.tokens import tokenise

_CJK = re.compile(r"[\u3400-\u9fff]")


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
    reading = Reading(tokens, lexicon, memory or Memory(), spoken)
    plan = _plan(reading)
    return replace(plan, notes=(*plan.notes, *notes))


def _plan(reading: Reading) -> Plan:
    """The plan, or why there is none."""
    reading.tokens = _topics_settled(reading.tokens)
    if not any(not t.has("break") for t in reading.tokens):
        return reading.clarify("empty")
    reading.materials = materials.materials_in(reading)
    materials.number_as_spacegroup(reading)
    reading.spins = spins_of(reading.tokens)
    reading.found = conditions(_without_used(reading.tokens, reading.materials_at))
    reading.unknown = [t.text for t in reading.tokens if not t.senses and is_word(t)]
    wrong = [number for t in reading.tokens for number in numbers_of(t) if not 1 <= number <= 230]
    if wrong:
        return reading.refuse("spacegroup_range", str(wrong[0]))
    foreign = list(dict.fromkeys(t.text for t in reading.tokens if t.is_only("foreign") and not reading.measures(t)))
    if foreign and not reading.defines():
        return reading.refuse("foreign", *foreign)
    if reading.has("amount"):
        return reading.clarify("which_property")
    odd = [
        t.property
        for t in reading.found.numbers
        if t.property != "spacegroup_number" and not reading.is_numeric(t.property)
    ]
    if odd:
        return reading.clarify("number", *[t.text for t in reading.tokens if t.has("number")])
    if not reading.materials and (reading.refers() or reading.continues()) and not reading.lists():
        if not reading.memory.materials:
            return reading.clarify("referent")
        reading.materials = reading.memory.materials[-1:]
        reading.materials = tuple(
            replace(m, spacegroup=reading.spacegroup() or m.spacegroup) for m in reading.materials
        )
    return _with_materials(reading) if reading.materials else _without_materials(reading)


def _with_materials(reading: Reading) -> Plan:
    if reading.has("graph") and not reading.has("count"):
        return reading.base("graph")
    if related.similar_asked(reading):
        limit = reading.found.limit or 10
        keep = joined([*reading.found.elements, *reading.found.classes, *reading.found.numbers])
        return replace(reading.base("similar"), limit=limit, keep=keep)
    distinct = {material.label() for material in reading.materials}
    if len(distinct) == 1 and reading.has("same") and related.listing_others(reading):
        return related.related(reading)
    if len(distinct) == 1 and related.exceeds_asked(reading):
        return reading.clarify("number", *distinct)
    if len(distinct) == 1 and reading.has("describe") and related.likeness_asked(reading):
        return reading.clarify("which_property")
    superlative = reading.superlative()
    if (
        len(distinct) == 1
        and reading.has("entries")
        and reading.lists()
        and (reading.found.classes or reading.found.numbers)
    ):
        parts = [material_filter(reading.materials[0]), *reading.found.classes, *reading.found.numbers]
        return lists.list_plan(reading, parts)
    if len(distinct) == 1 and superlative and not superlative[0]:
        return reading.refuse("foreign", *[t.text for t in reading.tokens if t.has("adjective")])
    if len(distinct) == 1 and (superlative or (reading.counts() and not related.countable_asked(reading))):
        return related.of_one(reading, superlative)
    if len(distinct) > 1:
        return comparison.comparison(reading)
    return lookup.look_up(reading)


def _without_materials(reading: Reading) -> Plan:
    if reading.has("inventory") and not reading.class_named() and not reading.found.every():
        return reading.base("inventory")
    if reading.defines() and definition.only_defines(reading):
        names = tuple(
            (word.property, id_)
            for t in reading.tokens
            if isinstance(word := t.senses.get("class"), ClassWord)
            for id_ in word.ids
        )
        return replace(reading.base("define"), topic=reading.topic(["topological_class_soc"]), classes=names)
    named = [t.text for t in reading.tokens if t.is_only("structure_type")]
    if named:
        return reading.clarify("words", *named)
    parts = reading.found.every()
    subject = parts or reading.has("count", "topic", "material_word", "entries", "source")
    if related.similar_asked(reading) and not parts:
        return reading.clarify("referent")
    superlative = reading.superlative()
    if superlative is not None and not superlative[0]:
        return reading.refuse("foreign", *[t.text for t in reading.tokens if t.has("adjective")])
    if reading.unknown:
        return (
            reading.clarify("words", *reading.unknown)
            if subject and reading.has("class", "count", "element", "property", "spacegroup")
            else reading.refuse("words", *reading.unknown)
        )
    if reading.found.stray:
        return reading.clarify("number", *reading.found.stray)
    if reading.confirms() and lists.quantified(reading):
        return reading.clarify("quantified")
    grouped = groups.grouping(reading)
    if grouped:
        return groups.groups_plan(reading, parts, grouped)
    if superlative and not lists.of_one_element(reading, superlative[0]):
        return lists.superlative_plan(reading, superlative, parts)
    if superlative or lists.compares_unsaid(reading):
        return reading.clarify("which_property")
    if reading.has("average"):
        return lists.average_plan(reading, parts)
    if reading.has("percent") and parts:
        return replace(lists.count_plan(reading, parts, ""), percent=True)
    if reading.counts():
        distinct = lists.distinct_asked(reading)
        if distinct == "spacegroup_number" and reading.has("without", "not") and lists.classes_told_apart(reading):
            return reading.clarify("quantified")
        return lists.count_plan(reading, parts, distinct) if subject or distinct else reading.refuse("words")
    if parts and reading.confirms() and not reading.lists():
        return replace(lists.list_plan(reading, parts), intent="exists", verdict=True)
    if parts and lists.groups_without(reading):
        return reading.clarify("quantified")
    if parts:
        return lists.list_plan(reading, parts)
    if reading.has("inventory", "topic", "source", "entries") and reading.has(
        "define", "inventory", "list", "describe", "topic"
    ):
        return reading.base("inventory")
    if reading.has("property"):
        return reading.clarify("which_material")
    return reading.refuse("off_topic")


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
