"""From the tree of a filter text to a filter: one small function for each form of the grammar."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from django.utils.translation import gettext as _

from knowledge.errors import FilterError, FilterNotAnswered
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
    Same,
    Scalar,
    Words,
)

if TYPE_CHECKING:
    from lark import Token, Tree

Branch = Any  # lark's Tree or Token: their children are not typed
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
HOLDS: dict[str, Callable[[float, float], bool]] = {
    "=": lambda a, b: a == b, "!=": lambda a, b: a != b, "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """How names are understood: `aliases` as other names of properties; `symbols` whether elements must be known ones."""

    aliases: Mapping[str, str]
    symbols: bool

    def name(self, token: "Token") -> str:
        """The property that a name means."""
        return self.aliases.get(str(token), str(token))

    def filter(self, tree: "Tree[Token]") -> Filter:
        """The filter of an expression. Raises FilterError, or FilterNotAnswered for what no store answers."""
        return FORMS[tree.data](self, tree.children)


def unquote(token: str) -> str:
    """The text between double quotes, without its escapes."""
    inside = token[1:-1]
    if "\\" not in inside:
        return inside
    out, at = [], 0
    while at < len(inside):
        at += inside[at] == "\\" and at + 1 < len(inside)
        out.append(inside[at])
        at += 1
    return "".join(out)


def figure(token: "Token") -> float | int:
    """The number a token spells."""
    text = str(token)
    value = int(text) if text.lstrip("+-").isdigit() else float(text)
    if abs(value) > 1.7e308 or math.isinf(value):
        told = _("'%(number)s' is too large a number: they reach from -1.7e308 to 1.7e308.") % {"number": text}
        raise FilterNotAnswered(told, position=token.start_pos)
    return value


def _scalar(tree: Branch) -> Scalar:
    match tree.data:
        case "text":
            return unquote(tree.children[0])
        case "number":
            return figure(tree.children[0])
        case "true" | "false":
            return str(tree.data) == "true"
    told = _("A property cannot stand on the right of this comparison: name a value.")
    raise FilterNotAnswered(told, position=tree.children[0].start_pos)


def _quantity(tree: Branch) -> tuple[Scalar, str | None]:
    if tree.data == "with_unit":
        number, unit = tree.children
        return figure(number), unquote(unit) if unit.type == "STRING" else str(unit)
    return _scalar(tree.children[0]), None


def _either(reading: Reading, parts: list[Branch]) -> Filter:
    return reading.filter(parts[0]) if len(parts) == 1 else Or(tuple(map(reading.filter, parts)))


def _both(reading: Reading, parts: list[Branch]) -> Filter:
    return reading.filter(parts[0]) if len(parts) == 1 else And(tuple(map(reading.filter, parts)))


def _compared(reading: Reading, parts: list[Branch]) -> Filter:
    name, op, right = parts
    if right.data == "reference":
        return CompareProperties(reading.name(name), str(op), reading.name(right.children[0]))  # type: ignore[arg-type]
    value, unit = _quantity(right)
    return Compare(reading.name(name), str(op), value, unit)  # type: ignore[arg-type]  # OPERATOR's words


def _mirrored(reading: Reading, parts: list[Branch]) -> Filter:
    value, unit = _quantity(parts[0])
    return Compare(reading.name(parts[2]), MIRRORED[str(parts[1])], value, unit)  # type: ignore[arg-type]


def _constants(reading: Reading, parts: list[Branch]) -> Filter:
    left, right = _quantity(parts[0]), _quantity(parts[2])
    for value, unit in (left, right):
        if isinstance(value, bool | str) or unit:
            told = _("Two values are compared here, and only plain numbers can be: name a property.")
            raise FilterNotAnswered(told, position=parts[1].start_pos)
    return And(()) if HOLDS[str(parts[1])](left[0], right[0]) else Or(())  # type: ignore[arg-type]  # numbers


def _among(reading: Reading, parts: list[Branch]) -> Filter:
    values = [_quantity(part) for part in parts[1:]]
    if len({unit for _value, unit in values}) > 1:
        raise FilterError(_("The values of IN must all be in one unit."), position=parts[0].start_pos)
    return Compare(reading.name(parts[0]), "in", tuple(value for value, _unit in values), values[0][1])


def _stated(op: Literal["known", "unknown"]) -> Callable[[Reading, list[Branch]], Filter]:
    return lambda reading, parts: Compare(reading.name(parts[0]), op)


def _piece(op: Literal["contains", "starts", "ends"]) -> Callable[[Reading, list[Branch]], Filter]:
    return lambda reading, parts: Compare(reading.name(parts[0]), op, _scalar(parts[1]))


ITEMS = {"equals": "=", "item_contains": "contains", "item_starts": "starts", "item_ends": "ends"}


def _item(tree: Branch) -> Item:
    op = ITEMS.get(str(tree.data)) or str(tree.children[0])
    return Item(op, _scalar(tree.children[-1]))  # type: ignore[arg-type]  # the grammar's operators


def _has(reading: Reading, parts: list[Branch]) -> Filter:
    return _items(reading, [parts[0]], "all", [(_item(part),) for part in parts[1:]])


def _has_many(reading: Reading, parts: list[Branch]) -> Filter:
    return _items(reading, [parts[0]], str(parts[1]).lower(), [(_item(part),) for part in parts[2:]])


def _zipped(reading: Reading, parts: list[Branch]) -> Filter:
    rows = [part for part in parts if hasattr(part, "data")]
    words = [part for part in parts if not hasattr(part, "data")]
    mode = str(words.pop()).lower() if words[-1].type == "QUANTIFIER" else "all"
    wants = [tuple(map(_item, row.children)) for row in rows]
    for want in wants:
        if len(want) != len(words):
            told = _("Lists that belong together need a value for each of them: %(count)s with colons between.")
            raise FilterError(told % {"count": len(words)}, position=words[0].start_pos)
    return _items(reading, words, mode, wants)


def _items(reading: Reading, names: list["Token"], mode: Any, wants: list[tuple[Item, ...]]) -> Filter:
    properties = tuple(map(reading.name, names))
    plain = all(item.op == "=" and isinstance(item.value, str) for want in wants for item in want)
    if properties == ("elements",) and plain:
        symbols = tuple(str(want[0].value) for want in wants)
        if reading.symbols:
            _symbols_checked(names[0], symbols)
        return HasElements(symbols, mode)
    return HasItems(properties, tuple(wants), mode)


def _symbols_checked(name: "Token", symbols: tuple[str, ...]) -> None:
    from knowledge.index.elements import bits

    for symbol in symbols:
        if symbol not in bits():
            told = _("'%(symbol)s' is not the symbol of an element.") % {"symbol": symbol}
            raise FilterError(told, position=name.start_pos)


def _length(reading: Reading, parts: list[Branch]) -> Filter:
    number, op = figure(parts[-1]), "=" if len(parts) == 2 else str(parts[1])
    if not isinstance(number, int):
        raise FilterError(_("LENGTH is compared with a whole number."), position=parts[-1].start_pos)
    name = reading.name(parts[0])
    if name == "elements":
        return Compare("nelements", op, number)  # type: ignore[arg-type]  # OPERATOR's words
    return Length(name, op, number)  # type: ignore[arg-type]


def _linked(reading: Reading, parts: list[Branch]) -> Filter:
    same, inner = parts[0], parts[-1]
    if str(same) not in get_args(Same):
        told = _("LINKED needs one of %(words)s.") % {"words": ", ".join(get_args(Same))}
        raise FilterError(told, position=same.start_pos)
    topic = str(parts[1]) if len(parts) == 3 else None
    return Linked(str(same), reading.filter(inner), topic)  # type: ignore[arg-type]  # checked above


FORMS: dict[str, Callable[[Reading, list[Branch]], Filter]] = {
    "start": lambda reading, parts: reading.filter(parts[0]),
    "either": _either,
    "both": _both,
    "negated": lambda reading, parts: Not(reading.filter(parts[0])),
    "everything": lambda reading, parts: And(()),
    "nothing": lambda reading, parts: Or(()),
    "holds": lambda reading, parts: Compare(reading.name(parts[0]), "=", True),
    "compared": _compared,
    "compared_from_right": _mirrored,
    "constants": _constants,
    "among": _among,
    "known": _stated("known"),
    "unknown": _stated("unknown"),
    "contains": _piece("contains"),
    "starts": _piece("starts"),
    "ends": _piece("ends"),
    "has": _has,
    "has_many": _has_many,
    "zipped": _zipped,
    "zipped_many": _zipped,
    "length": _length,
    "linked": _linked,
    "words": lambda reading, parts: Words(unquote(parts[0])),
}
