"""Query to JSON and back: for stored plans, data sets and the API.

A filter is one of {"compare": {property, op, value, unit}}, {"elements": {mode, symbols}}, {"has": {properties, mode, wants}},
{"length": {property, op, value}}, {"properties": {left, op, right}}, {"linked": {same, topic, where}}, {"words": text},
{"and": [..]}, {"or": [..]}, {"not": ..}. `wants` is a list of lists of {op, value}, one for each property.
"""

from collections.abc import Callable, Mapping
from typing import Any, get_args

from knowledge.errors import QueryError
from knowledge.query.reading import (
    choice,
    flag,
    known,
    listed,
    number,
    scalar,
    signed,
    text,
    texts,
    wanted_text,
    whole,
)
from knowledge.query.types import (
    Aggregate,
    And,
    Compare,
    CompareProperties,
    Comparison,
    ElementMode,
    Filter,
    Function,
    HasElements,
    HasItems,
    Histogram,
    Item,
    Length,
    Linked,
    Not,
    Operator,
    Or,
    Quantifier,
    Query,
    Same,
    Sort,
    Words,
)

DEEPEST = 60
ORDERED = ("=", "!=", "<", "<=", ">", ">=")
MEMBERS = {
    "topic", "where", "select", "sort", "limit", "offset", "aggregate", "kinds", "facets", "histograms", "entities", "top",
    "after",
}  # fmt: skip
Json = Any  # a JSON document


def to_json(query: Query) -> dict[str, Json]:
    """The query as a JSON document; `from_json` gives an equal query."""
    asked = query.aggregate
    return {
        "topic": query.topic,
        "where": None if query.where is None else filter_to_json(query.where),
        "select": list(query.select),
        "sort": [{"property": item.property, "descending": item.descending} for item in query.sort],
        "limit": query.limit,
        "offset": query.offset,
        "aggregate": asked and {"function": asked.function, "property": asked.property, "by": asked.by},
        "kinds": list(query.kinds),
        "facets": list(query.facets),
        "histograms": [vars(one) | {} for one in query.histograms],
        "entities": query.entities,
        "top": None if query.top is None else {"property": query.top[0], "most": query.top[1]},
        "after": query.after,
    }


def filter_to_json(part: Filter) -> dict[str, Json]:
    """One filter as a JSON document."""
    match part:
        case And(parts):
            return {"and": [filter_to_json(inner) for inner in parts]}
        case Or(parts):
            return {"or": [filter_to_json(inner) for inner in parts]}
        case Not(inner):
            return {"not": filter_to_json(inner)}
        case Words(said):
            return {"words": said}
        case HasElements(elements, mode):
            return {"elements": {"mode": mode, "symbols": list(elements)}}
        case HasItems(properties, wants, mode):
            rows = [[{"op": item.op, "value": item.value} for item in want] for want in wants]
            return {"has": {"properties": list(properties), "mode": mode, "wants": rows}}
        case Length(name, op, value):
            return {"length": {"property": name, "op": op, "value": value}}
        case CompareProperties(left, op, right):
            return {"properties": {"left": left, "op": op, "right": right}}
        case Linked(same, where, topic):
            return {"linked": {"same": same, "topic": topic, "where": filter_to_json(where)}}
        case Compare(name, op, value, unit):
            plain = list(value) if isinstance(value, tuple) else value
            return {"compare": {"property": name, "op": op, "value": plain, "unit": unit}}


def from_json(document: Mapping[str, Json]) -> Query:
    """The query of a JSON document; absent members have their defaults. Raises QueryError naming the member that is wrong."""
    known(document, MEMBERS, "query")
    where, asked, top = document.get("where"), document.get("aggregate"), document.get("top")
    return Query(
        topic=text(document.get("topic"), "topic"),
        where=None if where is None else filter_from_json(where),
        select=texts(document.get("select", ()), "select"),
        sort=tuple(_sort(item) for item in listed(document.get("sort", ()), "sort")),
        limit=whole(document.get("limit", 50), "limit"),
        offset=whole(document.get("offset", 0), "offset"),
        aggregate=None if asked is None else _aggregate(asked),
        kinds=texts(document.get("kinds", ()), "kinds"),
        facets=texts(document.get("facets", ()), "facets"),
        histograms=tuple(_histogram(item) for item in listed(document.get("histograms", ()), "histograms")),
        entities=choice(document.get("entities", "records"), ("records", "materials"), "entities"),
        top=None if top is None else _top(top),
        after=text(document.get("after"), "after"),
    )


def filter_from_json(document: Json, depth: int = 0) -> Filter:
    """One filter of a JSON document."""
    if depth > DEEPEST:
        raise QueryError("where: too many brackets")
    words = ("and", "or", "not", *FORMS)
    if not isinstance(document, Mapping) or len(document) != 1:
        raise QueryError(f"where: each filter is an object with one of {', '.join(words)}")
    ((word, inside),) = document.items()
    match word:
        case "and":
            return And(tuple(filter_from_json(part, depth + 1) for part in listed(inside, "and")))
        case "or":
            return Or(tuple(filter_from_json(part, depth + 1) for part in listed(inside, "or")))
        case "not":
            return Not(filter_from_json(inside, depth + 1))
    if word not in FORMS:
        raise QueryError(f"where: '{word}' is not one of {', '.join(words)}")
    return FORMS[word](inside, depth)


def _compare(document: Json, depth: int) -> Filter:
    known(document, {"property", "op", "value", "unit"}, "compare")
    value = document.get("value")
    value = tuple(map(scalar, value)) if isinstance(value, list) else scalar(value)
    op = choice(document.get("op"), get_args(Operator), "op")
    return Compare(wanted_text(document, "property"), op, value, text(document.get("unit"), "unit"))


def _elements(document: Json, depth: int) -> Filter:
    known(document, {"mode", "symbols"}, "elements")
    mode = choice(document.get("mode", "all"), get_args(ElementMode), "mode")
    return HasElements(texts(document.get("symbols", ()), "symbols"), mode)


def _has(document: Json, depth: int) -> Filter:
    known(document, {"properties", "mode", "wants"}, "has")
    properties = texts(document.get("properties", ()), "properties")
    wants = tuple(tuple(map(_item, listed(want, "wants"))) for want in listed(document.get("wants", ()), "wants"))
    if not properties or any(len(want) != len(properties) for want in wants):
        raise QueryError("has: each of wants is a list with one {op, value} for each of properties")
    return HasItems(properties, wants, choice(document.get("mode", "all"), get_args(Quantifier), "mode"))


def _item(document: Json) -> Item:
    known(document, {"op", "value"}, "wants")
    value = scalar(document.get("value"))
    if value is None:
        raise QueryError("wants: a value is text, a number, true or false")
    return Item(choice(document.get("op", "="), get_args(Comparison), "op"), value)


def _length(document: Json, depth: int) -> Filter:
    known(document, {"property", "op", "value"}, "length")
    op = choice(document.get("op", "="), ORDERED, "op")
    return Length(wanted_text(document, "property"), op, signed(document.get("value"), "value"))


def _properties(document: Json, depth: int) -> Filter:
    known(document, {"left", "op", "right"}, "properties")
    op = choice(document.get("op"), ORDERED, "op")
    return CompareProperties(wanted_text(document, "left"), op, wanted_text(document, "right"))


def _linked(document: Json, depth: int) -> Filter:
    known(document, {"same", "topic", "where"}, "linked")
    where = filter_from_json(document.get("where"), depth + 1)
    return Linked(choice(document.get("same"), get_args(Same), "same"), where, text(document.get("topic"), "topic"))


FORMS: dict[str, Callable[[Json, int], Filter]] = {
    "compare": _compare,
    "elements": _elements,
    "has": _has,
    "length": _length,
    "properties": _properties,
    "linked": _linked,
    "words": lambda said, depth: Words(text(said, "words") or ""),
}


def _sort(document: Json) -> Sort:
    known(document, {"property", "descending"}, "sort")
    return Sort(wanted_text(document, "property"), flag(document.get("descending", False), "descending"))


def _aggregate(document: Json) -> Aggregate:
    known(document, {"function", "property", "by"}, "aggregate")
    function = choice(document.get("function"), get_args(Function), "function")
    return Aggregate(function, text(document.get("property"), "property"), text(document.get("by"), "by"))


def _histogram(document: Json) -> Histogram:
    known(document, {"property", "bins", "low", "high", "log", "by"}, "histograms")
    return Histogram(
        wanted_text(document, "property"),
        whole(document.get("bins", 40), "bins"),
        number(document.get("low"), "low"),
        number(document.get("high"), "high"),
        flag(document.get("log", False), "log"),
        text(document.get("by"), "by"),
    )


def _top(document: Json) -> tuple[str, int]:
    known(document, {"property", "most"}, "top")
    return wanted_text(document, "property"), whole(document.get("most"), "most")
