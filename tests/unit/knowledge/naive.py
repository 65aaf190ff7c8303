"""What a filter means, said a second time and as plainly as possible: to compare the executor with."""

from collections.abc import Mapping
from typing import Any

from knowledge.query.types import And, Compare, Filter, HasElements, Not, Or, Words

Record = Mapping[str, Any]


def holds(part: Filter, record: Record) -> bool:
    match part:
        case And(parts):
            return all(holds(inner, record) for inner in parts)
        case Or(parts):
            return any(holds(inner, record) for inner in parts)
        case Not(inner):
            return not holds(inner, record)
        case Words(text):
            return all(word in record["words"] for word in text.casefold().split())
        case HasElements(elements, mode):
            return has(set(elements), set(record["elements"] or ()), mode)
        case Compare():
            return compare(part, record.get(part.property))
    raise AssertionError(part)


def has(wanted: set[str], there: set[str], mode: str) -> bool:
    if not there:
        return False
    return {
        "all": wanted <= there,
        "any": bool(wanted & there),
        "only": there <= wanted,
        "exactly": there == wanted,
        "none": not wanted & there,
    }[mode]


def compare(part: Compare, value: Any) -> bool:
    if part.op == "known":
        return value is not None
    if part.op == "unknown":
        return value is None
    if value is None:
        return False
    wanted: Any = part.value
    return {
        "=": lambda: value == wanted,
        "!=": lambda: value != wanted,
        "<": lambda: value < wanted,
        "<=": lambda: value <= wanted,
        ">": lambda: value > wanted,
        ">=": lambda: value >= wanted,
        "in": lambda: value in wanted,
        "contains": lambda: wanted in value,
        "starts": lambda: value.startswith(wanted),
        "ends": lambda: value.endswith(wanted),
    }[part.op]()
