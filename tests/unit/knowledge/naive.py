"""What a query means, said a second time and as plainly as possible: to compare the stores with.

A condition is True, False, or None where it is unknown (Kleene's logic). A number is stated as (lo, hi): between which it lies.
"""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Any

from eln.accounts.scope import Scope
from knowledge.query.types import (
    And,
    Compare,
    CompareProperties,
    Filter,
    HasElements,
    HasItems,
    Histogram,
    Item,
    Length,
    Linked,
    Not,
    Or,
    Query,
    Words,
)

Truth = bool | None
ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "contains": lambda a, b: b in a,
    "starts": lambda a, b: a.startswith(b),
    "ends": lambda a, b: a.endswith(b),
}
LISTS = ("elements", "elements_ratios", "icsd_id")


@dataclass
class Fact:
    """One record. `first` the value that sorting and figures take of a property, `every` all that it states."""

    record: str
    topic: str
    kind: str
    project: int | None
    words: str
    first: dict[str, Any] = field(default_factory=dict)
    every: dict[str, list[Any]] = field(default_factory=dict)

    def stated(self, name: str) -> list[Any]:
        if name in self.every:
            return self.every[name]
        value = self.first.get(name)
        if value is None:
            return []
        return [(value, value)] if isinstance(value, int | float) and not isinstance(value, bool) else [value]


def negated(truth: Truth) -> Truth:
    return None if truth is None else not truth


def some(truths: Iterable[Truth]) -> Truth:
    found = list(truths)
    return True if True in found else (None if None in found else False)


def every(truths: Iterable[Truth]) -> Truth:
    return negated(some(map(negated, truths)))


def holds(part: Filter, fact: Fact, world: Sequence[Fact]) -> Truth:
    match part:
        case And(parts):
            return every(holds(inner, fact, world) for inner in parts)
        case Or(parts):
            return some(holds(inner, fact, world) for inner in parts)
        case Not(inner):
            return negated(holds(inner, fact, world))
        case Words(text):
            return all(word in fact.words for word in text.casefold().split())
        case HasElements(elements, mode):
            there = fact.first.get("elements")
            return has(set(elements), set(there), mode) if there else None
        case HasItems():
            return has_items(part, fact)
        case Length(name, op, value):
            there = fact.first.get(name)
            return None if there is None else ORDER[op](len(there), value)
        case CompareProperties(left, op, right):
            pairs = [(a, b) for a in fact.stated(left) for b in fact.stated(right)]
            return some(between(op, a, b) for a, b in pairs) if pairs else None
        case Linked():
            return linked(part, fact, world)
        case Compare():
            return compare(part, fact)
    raise AssertionError(part)


def has(wanted: set[str], there: set[str], mode: str) -> bool:
    return {
        "all": wanted <= there,
        "any": bool(wanted & there),
        "only": there <= wanted,
        "exactly": there == wanted,
        "none": not wanted & there,
    }[mode]


def has_items(part: HasItems, fact: Fact) -> Truth:
    columns = [fact.first.get(name) for name in part.properties]
    if any(column is None for column in columns):
        return None
    places = list(zip(*columns, strict=False))  # type: ignore[arg-type]
    met = [[all(map(meets, want, place)) for place in places] for want in part.wants]
    everything, something = all(map(any, met)), any(map(any, met))
    only = bool(places) and all(any(row[at] for row in met) for at in range(len(places)))
    return {
        "all": everything,
        "any": something,
        "none": not something,
        "only": only,
        "exactly": only and everything,
    }[part.mode]


def meets(item: Item, value: Any) -> bool:
    if isinstance(value, str) and not isinstance(item.value, str):
        try:
            value = float(value)
        except ValueError:
            return False
    return ORDER[item.op](value, item.value)


def between(op: str, a: Any, b: Any) -> Truth:
    """One stated value against another; numbers are intervals (lo, hi)."""
    if not isinstance(a, tuple):
        return ORDER[op](a, b)
    if op in ("=", "!="):
        apart = a[1] < b[0] or a[0] > b[1]
        same = a[0] == a[1] == b[0] == b[1]
        equal = True if same else (False if apart else None)
        return equal if op == "=" else negated(equal)
    extremes = [ORDER[op](one, other) for one in a for other in b]
    return True if all(extremes) else (False if not any(extremes) else None)


def compare(part: Compare, fact: Fact) -> Truth:
    values = [fact.first[part.property]] if part.property in LISTS and fact.first.get(part.property) else None
    known = bool(values or fact.stated(part.property)) or fact.first.get(part.property) == []
    if part.op in ("known", "unknown"):
        return known == (part.op == "known")
    if part.op == "in":
        wanted = part.value if isinstance(part.value, tuple) else (part.value,)
        return some(compare(Compare(part.property, "=", one), fact) for one in wanted)
    if not known:
        return None
    if part.property in LISTS:
        return part.value in fact.first[part.property]
    value: Any = part.value
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = (value, value)
    return some(between(part.op, one, value) for one in fact.stated(part.property))


def linked(part: Linked, fact: Fact, world: Sequence[Fact]) -> Truth:
    name = {"composition": "formula", "material": "formula", "spacegroup": "spacegroup_number"}.get(
        part.same, part.same
    )
    own = fact.first.get(name)
    if own is None:
        return None
    for other in world:
        if other.record == fact.record or other.first.get(name) != own:
            continue
        if part.topic is not None and other.topic != part.topic:
            continue
        groups = {one.first.get("spacegroup_number") for one in (fact, other)} - {None}
        if part.same == "material" and len(groups) > 1:
            continue
        if holds(part.where, other, world) is True:
            return True
    return False


def selected(query: Query, facts: Sequence[Fact], scope: Scope) -> list[Fact]:
    """The records a query means, in its order."""
    readable = [fact for fact in facts if scope.everything or fact.project is None or fact.project in scope.readable]
    world = [fact for fact in readable if (fact.kind in query.kinds if query.kinds else fact.kind != "prediction")]
    found = [fact for fact in world if query.topic in (None, fact.topic)]
    if query.where is not None:
        found = [fact for fact in found if holds(query.where, fact, world) is True]
    found = ordered(query, found)
    if query.entities == "materials":
        found = best(found, "formula", 1)
    return best(found, *query.top) if query.top else found


def ordered(query: Query, facts: list[Fact]) -> list[Fact]:
    """In the order of `sort`, absent values last either way, then by id."""
    found = sorted(facts, key=lambda fact: fact.record)
    keys = [(item.property, item.descending) for item in query.sort] or [("formula", False)]
    for name, descending in reversed(keys):
        known = [fact for fact in found if fact.first.get(name) is not None]
        absent = [fact for fact in found if fact.first.get(name) is None]
        found = sorted(known, key=lambda fact: fact.first[name], reverse=descending) + absent
    return found


def best(facts: list[Fact], name: str, most: int) -> list[Fact]:
    """The first `most` of each value, in the order given; records without the value are left out."""
    seen: Counter[Any] = Counter()
    kept = []
    for fact in facts:
        value = fact.first.get(name)
        if value is not None:
            seen[value] += 1
            if seen[value] <= most:
                kept.append(fact)
    return kept


def values_of(fact: Fact, name: str) -> list[Any]:
    """What a record counts under in a facet."""
    value = fact.first.get(name)
    if value is None:
        return []
    return sorted(set(value)) if name in LISTS else [value]


def figure(function: str, name: str | None, facts: list[Fact]) -> float | None:
    found = [fact.record if name is None else fact.first.get(name) for fact in facts]
    known: list[Any] = [value for value in found if value is not None]
    if function in ("count", "count_distinct"):
        return float(len(known if function == "count" else set(known)))
    if not known:
        return None
    return float({"min": min, "max": max, "mean": fmean, "median": median, "sum": math.fsum}[function](known))


def grouped(facts: list[Fact], name: str) -> dict[Any, list[Fact]]:
    groups: dict[Any, list[Fact]] = {}
    for fact in facts:
        for value in values_of(fact, name):
            groups.setdefault(value, []).append(fact)
    return groups


def counted(asked: Histogram, facts: list[Fact], edges: Sequence[float]) -> tuple[int, ...]:
    """How many first values lie between the edges, the last bin with its upper edge."""
    bins = [0] * max(len(edges) - 1, 0)
    for fact in facts:
        value = fact.first.get(asked.property)
        if value is None or not edges or not edges[0] <= value <= edges[-1] or (asked.log and value <= 0):
            continue
        bins[min(bisect_right(edges, value) - 1, len(bins) - 1)] += 1
    return tuple(bins)
