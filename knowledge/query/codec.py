"""Query to JSON and back: for stored plans, data sets and the API.

A filter is one of {"compare": {property, op, value, unit}}, {"elements": {mode, symbols}}, {"words": text},
{"and": [..]}, {"or": [..]}, {"not": ..}.
"""

from collections.abc import Mapping
from typing import Any, get_args

from knowledge.errors import QueryError
from knowledge.query.types import (
    Aggregate,
    And,
    Compare,
    ElementMode,
    Filter,
    Function,
    HasElements,
    Not,
    Operator,
    Or,
    Query,
    Sort,
    Words,
)

DEEPEST = 60


def to_json(query: Query) -> dict[str, Any]:  # Any: a JSON document
    """The query as a JSON document; `from_json` gives an equal query."""
    document: dict[str, Any] = {
        "topic": query.topic,
        "where": None if query.where is None else filter_to_json(query.where),
        "select": list(query.select),
        "sort": [{"property": item.property, "descending": item.descending} for item in query.sort],
        "limit": query.limit,
        "offset": query.offset,
        "aggregate": None,
        "kinds": list(query.kinds),
        "facets": list(query.facets),
    }
    if query.aggregate is not None:
        asked = query.aggregate
        document["aggregate"] = {"function": asked.function, "property": asked.property, "by": asked.by}
    return document


def filter_to_json(part: Filter) -> dict[str, Any]:
    """One filter as a JSON document."""
    match part:
        case And(parts):
            return {"and": [filter_to_json(inner) for inner in parts]}
        case Or(parts):
            return {"or": [filter_to_json(inner) for inner in parts]}
        case Not(inner):
            return {"not": filter_to_json(inner)}
        case Words(text):
            return {"words": text}
        case HasElements(elements, mode):
            return {"elements": {"mode": mode, "symbols": list(elements)}}
        case Compare(name, op, value, unit):
            plain = list(value) if isinstance(value, tuple) else value
            return {"compare": {"property": name, "op": op, "value": plain, "unit": unit}}
        case _:
            raise QueryError(f"{type(part).__name__} has no JSON form yet.")


def from_json(document: Mapping[str, Any]) -> Query:
    """The query of a JSON document; absent members have their defaults. Raises QueryError naming the member that is wrong."""
    _known(document, {"topic", "where", "select", "sort", "limit", "offset", "aggregate", "kinds", "facets"}, "query")
    where, asked = document.get("where"), document.get("aggregate")
    return Query(
        topic=_text(document.get("topic"), "topic"),
        where=None if where is None else filter_from_json(where),
        select=_texts(document.get("select", ()), "select"),
        sort=tuple(_sort(item) for item in _list(document.get("sort", ()), "sort")),
        limit=_whole(document.get("limit", 50), "limit"),
        offset=_whole(document.get("offset", 0), "offset"),
        aggregate=None if asked is None else _aggregate(asked),
        kinds=_texts(document.get("kinds", ()), "kinds"),
        facets=_texts(document.get("facets", ()), "facets"),
    )


def filter_from_json(document: Any, depth: int = 0) -> Filter:
    """One filter of a JSON document."""
    if depth > DEEPEST:
        raise QueryError("where: too many brackets")
    if not isinstance(document, Mapping) or len(document) != 1:
        raise QueryError("where: each filter is an object with one of compare, elements, words, and, or, not")
    ((word, inside),) = document.items()
    match word:
        case "and":
            return And(tuple(filter_from_json(part, depth + 1) for part in _list(inside, "and")))
        case "or":
            return Or(tuple(filter_from_json(part, depth + 1) for part in _list(inside, "or")))
        case "not":
            return Not(filter_from_json(inside, depth + 1))
        case "words":
            return Words(_text(inside, "words") or "")
        case "elements":
            _known(inside, {"mode", "symbols"}, "elements")
            mode = _choice(inside.get("mode", "all"), get_args(ElementMode), "mode")
            return HasElements(_texts(inside.get("symbols", ()), "symbols"), mode)
        case "compare":
            return _compare(inside)
    raise QueryError(f"where: '{word}' is not one of compare, elements, words, and, or, not")


def _compare(document: Any) -> Compare:
    _known(document, {"property", "op", "value", "unit"}, "compare")
    value = document.get("value")
    value = tuple(value) if isinstance(value, list) else value
    for part in value if isinstance(value, tuple) else (value,):
        if not isinstance(part, str | int | float | bool | None):
            raise QueryError("compare: a value is text, a number, true or false")
    op = _choice(document.get("op"), get_args(Operator), "op")
    return Compare(_text(document.get("property"), "property") or "", op, value, _text(document.get("unit"), "unit"))


def _sort(document: Any) -> Sort:
    _known(document, {"property", "descending"}, "sort")
    return Sort(_text(document.get("property"), "property") or "", bool(document.get("descending", False)))


def _aggregate(document: Any) -> Aggregate:
    _known(document, {"function", "property", "by"}, "aggregate")
    function = _choice(document.get("function"), get_args(Function), "function")
    return Aggregate(function, _text(document.get("property"), "property"), _text(document.get("by"), "by"))


def _known(document: Any, members: set[str], where: str) -> None:
    if not isinstance(document, Mapping):
        raise QueryError(f"{where} must be an object")
    if wrong := set(document) - members:
        raise QueryError(f"{where}: there is no '{min(map(str, wrong))}'; there are {', '.join(sorted(members))}")


def _text(value: Any, where: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise QueryError(f"{where} must be text")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise QueryError(f"{where} must be a list")
    return list(value)


def _texts(value: Any, where: str) -> tuple[str, ...]:
    found = _list(value, where)
    if not all(isinstance(item, str) for item in found):
        raise QueryError(f"{where} must be a list of texts")
    return tuple(found)


def _whole(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise QueryError(f"{where} must be a whole number from 0")
    return value


def _choice(value: Any, choices: tuple[str, ...], where: str) -> Any:
    if value not in choices:
        raise QueryError(f"{where} must be one of {', '.join(choices)}")
    return value
