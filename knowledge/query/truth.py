"""Whether one entry meets a filter, told in plain Python with three truth values: for entries that no index holds.

OPTIMADE's rule for absent values: a comparison with one is neither true nor false, and so is NOT of it.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from knowledge.errors import QueryError
from knowledge.query.types import (
    And,
    Compare,
    CompareProperties,
    Filter,
    HasElements,
    HasItems,
    Item,
    Length,
    Not,
    Or,
)

Truth = bool | None
Values = Mapping[str, Any]  # the entry's properties; nested names as `references.id`
HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: bool(a == b),
    "!=": lambda a, b: bool(a != b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
    "contains": lambda a, b: b in a,
    "starts": lambda a, b: bool(a.startswith(b)),
    "ends": lambda a, b: bool(a.endswith(b)),
}


def meets(part: Filter, values: Values) -> Truth:
    """True, False, or None where the filter asks for something the entry does not state."""
    match part:
        case And(parts):
            found = [meets(inner, values) for inner in parts]
            return False if False in found else (None if None in found else True)
        case Or(parts):
            found = [meets(inner, values) for inner in parts]
            return True if True in found else (None if None in found else False)
        case Not(inner):
            truth = meets(inner, values)
            return None if truth is None else not truth
        case Compare("nelements", op, value) if values.get("nelements") is None and values.get("elements") is not None:
            return compared(op, len(values["elements"]), value)
        case Compare(name, "known"):
            return values.get(name) is not None
        case Compare(name, "unknown"):
            return values.get(name) is None
        case Compare(name, op, value):
            return compared(op, values.get(name), value)
        case CompareProperties(left, op, right):
            return compared(op, values.get(left), values.get(right))
        case Length(name, op, value):
            stated = values.get(name)
            return compared(op, len(stated), value) if isinstance(stated, list | tuple) else None
        case HasElements(symbols, mode):
            wants = tuple((Item("=", symbol),) for symbol in symbols)
            return meets(HasItems(("elements",), wants, mode), values)
        case HasItems():
            return _has(part, values)
        case _:
            raise QueryError(f"{type(part).__name__} cannot be asked of a single entry.")


def compared(op: str, stated: Any, wanted: Any) -> Truth:
    """One comparison; none where a side is absent or the sides cannot be compared."""
    if stated is None or wanted is None:
        return None
    if op == "in":
        return any(compared("=", stated, one) for one in wanted)
    if isinstance(stated, str) and isinstance(wanted, str):
        times = _time(stated), _time(wanted)
        if op in ("=", "!=", "<", "<=", ">", ">=") and times[0] is not None and times[1] is not None:
            return HOLDS[op](*times)
        return HOLDS[op](stated, wanted)
    if isinstance(stated, bool) or isinstance(wanted, bool):
        same = isinstance(stated, bool) and isinstance(wanted, bool)
        return HOLDS[op](stated, wanted) if same and op in ("=", "!=") else None
    if isinstance(stated, int | float) and isinstance(wanted, int | float) and op not in ("contains", "starts", "ends"):
        return HOLDS[op](stated, wanted)
    return None


def _time(text: str) -> datetime | None:
    if len(text) < 20 or text[10:11] not in "Tt ":
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _has(part: HasItems, values: Values) -> Truth:
    lists = [values.get(name) for name in part.properties]
    if any(not isinstance(one, list | tuple) for one in lists):
        return None
    places = list(zip(*lists, strict=False))

    def fits(place: tuple[Any, ...], want: tuple[Item, ...]) -> bool:
        return all(compared(item.op, one, item.value) is True for one, item in zip(place, want, strict=True))

    met = [any(fits(place, want) for place in places) for want in part.wants]
    only = bool(places) and all(any(fits(place, want) for want in part.wants) for place in places)
    told = {"all": all(met), "any": any(met), "none": not any(met), "only": only, "exactly": only and all(met)}
    return told[part.mode]
