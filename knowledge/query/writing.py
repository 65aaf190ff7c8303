"""From a filter to its text: what `parse_filter` reads back to the same meaning."""

import json

from knowledge.query.types import (
    And,
    Compare,
    CompareProperties,
    Filter,
    HasElements,
    HasItems,
    Item,
    Length,
    Linked,
    Not,
    Or,
    Words,
)

PIECES = {"contains": "CONTAINS", "starts": "STARTS WITH", "ends": "ENDS WITH"}


def filter_text(part: Filter) -> str:
    """The filter as text that `parse_filter` reads back to the same meaning."""
    match part:
        case And(()):
            return "TRUE"
        case Or(()):
            return "FALSE"
        case And(parts):
            return " AND ".join(_bracketed(inner) for inner in parts)
        case Or(parts):
            return " OR ".join(_bracketed(inner) for inner in parts)
        case Not(inner):
            return f"NOT {_bracketed(inner)}"
        case Words(text):
            return f"WORDS {_quoted(text)}"
        case HasElements(elements, mode):
            wants = tuple((Item("=", symbol),) for symbol in elements)
            return _items_text(HasItems(("elements",), wants, mode))
        case HasItems():
            return _items_text(part)
        case Length(name, op, value):
            return f"{name} LENGTH {op} {value}"
        case CompareProperties(left, op, right):
            return f"{left} {op} {right}"
        case Linked(same, where, topic):
            return f"LINKED {same} {f'IN {topic} ' if topic else ''}({filter_text(where)})"
        case Compare():
            return _compare_text(part)


def _bracketed(part: Filter) -> str:
    text = filter_text(part)
    return f"({text})" if isinstance(part, And | Or) and len(part.parts) > 1 else text


def _items_text(part: HasItems) -> str:
    if not part.wants:  # decided by the lists being stated at all
        test, word = (">= 0", " AND ") if part.mode in ("all", "none") else ("< 0", " OR ")
        return "(" + word.join(f"{name} LENGTH {test}" for name in part.properties) + ")"
    word = "" if part.mode == "all" and len(part.wants) == 1 else f"{part.mode.upper()} "
    rows = [":".join(map(_item_text, want)) for want in part.wants]
    return f"{':'.join(part.properties)} HAS {word}{','.join(rows)}"


def _item_text(item: Item) -> str:
    value = _value_text(item.value, None)
    return value if item.op == "=" else f"{PIECES.get(item.op, item.op)} {value}"


def _compare_text(part: Compare) -> str:
    if part.op in ("known", "unknown"):
        return f"{part.property} IS {part.op.upper()}"
    if part.op == "in":
        values = part.value if isinstance(part.value, tuple) else (part.value,)
        listed = ", ".join(_value_text(value, part.unit) for value in values)
        return f"{part.property} IN ({listed})" if values else "FALSE"
    return f"{part.property} {PIECES.get(part.op, part.op)} {_value_text(part.value, part.unit)}"


def _value_text(value: object, unit: str | None) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return _quoted(value)
    return json.dumps(value) + (f" {_quoted(unit)}" if unit else "")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
