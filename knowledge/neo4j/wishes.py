"""Tests of list properties in Cypher: what they have, place by place where several belong together, and how long they are."""

from collections.abc import Callable

from knowledge.index.columns import Column
from knowledge.query.lists import item_checked, list_checked, wants_checked, wish_of
from knowledge.query.types import HasItems, Item, Length

Put = Callable[[object], str]
PIECES = {"contains": "CONTAINS", "starts": "STARTS WITH", "ends": "ENDS WITH"}


def compared(column: Column, op: str, value: object, node: str, put: Put) -> str:
    """`=` and CONTAINS of a list ask for one item, spelled so."""
    there, wish = f"{node}.{column.name}", wish_of(column, op, value)
    if column.family == "numbers":
        return f"(any(x IN {there} WHERE {_item('x', wish, column, put)}))"
    return f"({put(str(value))} IN {there})"


def length(part: Length, column: Column, node: str, put: Put) -> str:
    """The number of items. Raises NotAnswered for what is no list."""
    list_checked(column)
    return f"(size({node}.{column.name}) {'<>' if part.op == '!=' else part.op} {put(part.value)})"


def has_items(part: HasItems, columns: list[Column], node: str, put: Put) -> str:
    """The items that the lists must have, as the quantifier says; unknown where one of the lists is."""
    wants_checked(part, columns)
    lists = [f"{node}.{column.name}" for column in columns]
    places = f"range(0, {_shortest(lists)} - 1)"
    wants = [
        " AND ".join(
            _item(f"{name}[i]", item, column, put) for name, item, column in zip(lists, want, columns, strict=True)
        )
        or "true"
        for want in part.wants
    ]
    absent = " OR ".join(f"{name} IS NULL" for name in lists)
    return f"(CASE WHEN {absent} THEN null ELSE {_quantified(part.mode, places, wants)} END)"


def _shortest(lists: list[str]) -> str:
    sizes = [f"size({name})" for name in lists]
    found = sizes[0]
    for size in sizes[1:]:
        found = f"(CASE WHEN {size} < {found} THEN {size} ELSE {found} END)"
    return found


def _quantified(mode: str, places: str, wants: list[str]) -> str:
    def some(test: str) -> str:
        return f"any(i IN {places} WHERE {test})"

    every = " AND ".join(some(want) for want in wants) or "true"
    met = " OR ".join(f"({want})" for want in wants) or "false"
    only = f"(size({places}) > 0 AND all(i IN {places} WHERE {met}))"
    tests = {
        "all": every,
        "any": " OR ".join(some(want) for want in wants) or "false",
        "none": " AND ".join(f"NOT {some(want)}" for want in wants) or "true",
        "only": only,
        "exactly": f"{only} AND {every}",
    }
    return f"({tests[mode]})"


def _item(x: str, item: Item, column: Column, put: Put) -> str:
    """Whether an item meets a wish: never null, so that NOT of it can be asked."""
    item_checked(item, column)
    if item.op in PIECES:
        return f"{x} {PIECES[item.op]} {put(item.value)}"
    sign = "<>" if item.op == "!=" else item.op
    if isinstance(item.value, str):
        return f"{x} {sign} {put(item.value)}"
    number = x if column.family == "numbers" else f"toFloatOrNull({x})"
    return f"coalesce({number} {sign} {put(float(item.value))}, false)"
