"""Tests of list properties in SQL: what they have, place by place where several belong together, and how long they are."""

from collections.abc import Callable

from django.utils.translation import gettext as _

from knowledge.errors import NotAnswered, QueryError
from knowledge.index.columns import Column
from knowledge.query.types import HasItems, Item, Length

Put = Callable[[object], str]
PIECES = {"contains": "contains", "starts": "starts_with", "ends": "ends_with"}


def compared(column: Column, op: str, value: object, put: Put) -> str:
    """`=` and CONTAINS of a list ask for one item, spelled so."""
    wish = wish_of(column, op, value)
    if column.family == "numbers":
        return _has_one(column, wish, put)
    return f'list_contains("{column.name}", {put(str(value))})'


def wish_of(column: Column, op: str, value: object) -> Item:
    """The item that `=` and CONTAINS ask a list for. Raises NotAnswered for other comparisons."""
    if op not in ("contains", "=") or not isinstance(value, str | int | float) or isinstance(value, bool):
        told = _("'%(name)s' is a list: ask what it HAS.") % {"name": column.property}
        raise NotAnswered(told, property=column.property)
    return Item("=", value)


def length(part: Length, column: Column, put: Put) -> str:
    """The number of items. Raises NotAnswered for what is no list."""
    list_checked(column)
    return f'(len("{column.name}") {"<>" if part.op == "!=" else part.op} {put(part.value)}::BIGINT)'


def has_items(part: HasItems, columns: list[Column], put: Put) -> str:
    """The items that the lists must have, as the quantifier says; unknown where one of the lists is."""
    wants_checked(part, columns)
    if len(columns) == 1 and part.mode in ("all", "any", "none") and _plain(part, columns[0]):
        return _plain_has(part, columns[0], put)
    places = _places(columns)
    wants = [" AND ".join(_wishes(want, columns, put)) or "true" for want in part.wants]
    stated = " AND ".join(f'"{column.name}" IS NOT NULL' for column in columns)
    return f"(CASE WHEN {stated} THEN {_quantified(part.mode, places, wants)} END)"


def list_checked(column: Column) -> None:
    """Raises NotAnswered for a property that is no list."""
    if column.family not in ("list", "numbers"):
        told = _("'%(name)s' is no list: compare it with =, < or >.") % {"name": column.property}
        raise NotAnswered(told, property=column.property)


def wants_checked(part: HasItems, columns: list[Column]) -> None:
    """Raises NotAnswered or QueryError where the lists cannot be asked so."""
    for column in columns:
        list_checked(column)
    for want in part.wants:
        if len(want) != len(columns):
            raise QueryError(f"HAS needs {len(columns)} values in each place, one for each list.")
        for item, column in zip(want, columns, strict=True):
            item_checked(item, column)


def item_checked(item: Item, column: Column) -> None:
    """Raises NotAnswered for a wish that no item of this list could be asked for."""
    if isinstance(item.value, bool):
        raise NotAnswered(f"'{column.property}' holds no TRUE or FALSE.", property=column.property)
    if item.op in PIECES and (not isinstance(item.value, str) or column.family == "numbers"):
        told = f"HAS {item.op.upper()} compares text, and needs it in double quotes."
        raise NotAnswered(told, property=column.property)
    if isinstance(item.value, str) and column.family == "numbers":
        told = _("'%(name)s' is a number, and '%(value)s' is not.") % {"name": column.property, "value": item.value}
        raise NotAnswered(told, property=column.property)


def _plain(part: HasItems, column: Column) -> bool:
    return column.family == "list" and all(want[0].op == "=" and isinstance(want[0].value, str) for want in part.wants)


def _plain_has(part: HasItems, column: Column, put: Put) -> str:
    place = f"{put([str(want[0].value) for want in part.wants])}::VARCHAR[]"
    if part.mode == "all":
        return f'list_has_all("{column.name}", {place})'
    some = f'list_has_any("{column.name}", {place})'
    return some if part.mode == "any" else f"(NOT {some})"


def _has_one(column: Column, item: Item, put: Put) -> str:
    return f'(len(list_filter("{column.name}", lambda x: {_item("x", item, column, put)})) > 0)'


def _places(columns: list[Column]) -> str:
    names = ", ".join(f'"{column.name}"' for column in columns)
    return names if len(columns) == 1 else f"list_zip({names}, true)"


def _wishes(want: tuple[Item, ...], columns: list[Column], put: Put) -> list[str]:
    if len(columns) == 1:
        return [_item("x", want[0], columns[0], put)]
    return [
        _item(f"x[{at}]", item, column, put) for at, (item, column) in enumerate(zip(want, columns, strict=True), 1)
    ]


def _quantified(mode: str, places: str, wants: list[str]) -> str:
    def some(test: str) -> str:
        return f"len(list_filter({places}, lambda x: {test})) > 0"

    every = " AND ".join(some(want) for want in wants) or "true"
    other = "NOT (" + (" OR ".join(f"({want})" for want in wants) or "false") + ")"
    only = f"(len({places}) > 0 AND NOT {some(other)})"
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
        return f"{PIECES[item.op]}({x}, {put(item.value)})"
    sign = "<>" if item.op == "!=" else item.op
    if isinstance(item.value, str):
        return f"{x} {sign} {put(item.value)}"
    number = x if column.family == "numbers" else f"TRY_CAST({x} AS DOUBLE)"
    return f"coalesce({number} {sign} {put(float(item.value))}::DOUBLE, false)"
