"""Materials by conditions: lists, counts, extremes, means."""

from dataclasses import replace
from itertools import pairwise

from chat.planner.domain import Order, Plan
from chat.planner.filters import joined, properties_of
from chat.planner.reading import Reading
from knowledge.query.types import Aggregate, Compare, Filter, Not, Query, Sort

MOST_ROWS = 50


def of_one_element(reading: Reading, name: str) -> bool:
    """'most oxygen atoms' asks for an amount of one element, which is no property of its own."""
    pairs = pairwise(reading.tokens)
    return name == "nsites" and any(left.has("element") and right.has("property") for left, right in pairs)


def compares_unsaid(reading: Reading) -> bool:
    """Whether something is compared or extreme and the property is not one that is held."""
    figured = bool(reading.found.numbers or reading.found.limit)
    words = [
        t for t in reading.tokens if t.has("more", "less", "max", "min") and not t.has("gt", "ge", "lt", "le", "count")
    ]
    return bool(words) and not figured


def quantified(reading: Reading) -> bool:
    """Whether something is claimed of all materials: 'are all tellurides insulators?'."""
    return (
        any(
            t.text.casefold() in ("all", "every", "each", "always", "都", "全部", "全都", "均", "每个")
            for t in reading.tokens
        )
        and bool(reading.found.classes)
        and len(reading.found.every()) > 1
    )


def classes_told_apart(reading: Reading) -> bool:
    """Whether several classes are named, one of them denied: 'space groups with TCIs but no TIs'."""
    return sum(t.has("class") for t in reading.tokens) > 1


def groups_without(reading: Reading) -> bool:
    """'Which space groups have no TIs?': asks for groups by what is absent, which no record states."""
    return "spacegroup_number" in reading.asked() and any(isinstance(test, Not) for test in reading.found.classes)


def distinct_asked(reading: Reading) -> str:
    """The property whose different values are counted; empty if records are."""
    for index, token in enumerate(reading.tokens):
        if token.has("count") or token.has("distinct"):
            for following in reading.tokens[index + 1 : index + 5]:
                name = str(following.senses.get("property"))
                if name == "spacegroup_number" and not reading.found.spacegroups:
                    return name
                if name in ("prototype", "mineral", "strukturbericht") and token.has("count"):
                    return name
    if any(t.has("distinct") for t in reading.tokens):
        return "formula"
    return ""


def superlative_plan(reading: Reading, asked: tuple[str, Order], parts: list[Filter]) -> Plan:
    """The plan for the largest or smallest value."""
    name, order = asked
    where = joined([*parts, Compare(name, "known")] if name != "nelements" else parts)
    topic = reading.topic([name, *properties_of(where)])
    query = Query(topic=topic, where=where, sort=(Sort(name, order == "max"),), limit=MOST_ROWS)
    return replace(
        reading.base("superlative"), topic=topic, query=query, order=order, asked=(name,), limit=reading.found.limit
    )


def average_plan(reading: Reading, parts: list[Filter]) -> Plan:
    """The plan for a mean."""
    name = next(
        (
            str(t.senses["property"])
            for t in reading.tokens
            if t.has("property") and reading.is_numeric(str(t.senses["property"]))
        ),
        "",
    )
    if not name:
        return reading.clarify("which_property")
    where = joined(parts)
    topic = reading.topic([name, *properties_of(where)])
    query = Query(topic=topic, where=where, limit=0, aggregate=Aggregate("mean", name))
    return replace(reading.base("count"), topic=topic, query=query, average=True, asked=(name,))


def count_plan(reading: Reading, parts: list[Filter], distinct: str) -> Plan:
    """The plan for a number of records, or of different values of `distinct`."""
    where = joined(parts)
    topic = reading.topic(properties_of(where))
    query = Query(topic=topic, where=where, limit=MOST_ROWS)
    return replace(reading.base("count"), topic=topic, query=query, distinct=distinct)


def list_plan(reading: Reading, parts: list[Filter]) -> Plan:
    """The plan for all materials that match."""
    where = joined(parts)
    asked = tuple(name for name in reading.asked() if name not in properties_of(where))
    topic = reading.topic([*properties_of(where), *asked])
    query = Query(topic=topic, where=where, limit=MOST_ROWS)
    return replace(reading.base("list"), topic=topic, query=query, limit=reading.found.limit, asked=asked)
