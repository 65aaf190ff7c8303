"""Filter text in OPTIMADE's grammar to a filter, and back: what the search box, the command line, the API and URLs speak."""

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from knowledge.errors import FilterError
from knowledge.query.types import And, Compare, Filter, HasElements, Not, Or, Scalar, Words

if TYPE_CHECKING:
    from lark import Lark, Token

LONGEST = 8000
DEEPEST = 40
MOST_NOTS = 50
EXAMPLE = 'elements HAS "Bi" AND spacegroup_number = 166'
ALIASES = {
    "id": "record",
    "chemical_formula_reduced": "formula",
    "chemical_formula_descriptive": "formula_source",
    "space_group_it_number": "spacegroup_number",
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


@cache
def _parser() -> "Lark":
    from lark import Lark

    grammar = (files("knowledge.query") / "filter.lark").read_text(encoding="utf-8")
    return Lark(grammar, parser="lalr", maybe_placeholders=False)


def parse_filter(text: str) -> Filter:
    """The filter that the text says. Raises FilterError with the position and what could stand there."""
    from lark.exceptions import UnexpectedInput, VisitError

    _limits(text)
    try:
        return _transformer().transform(_parser().parse(text))  # type: ignore[no-any-return]
    except UnexpectedInput as error:
        raise _explained(text, error) from error
    except VisitError as error:
        if isinstance(error.orig_exc, FilterError):
            raise error.orig_exc from error
        raise


def _limits(text: str) -> None:
    if not text.strip():
        raise FilterError(_("The filter is empty. Write for example: %(example)s") % {"example": EXAMPLE}, position=0)
    if len(text) > LONGEST:
        told = _("The filter is longer than %(most)s characters: ask for less at once.") % {"most": LONGEST}
        raise FilterError(told, position=LONGEST)
    if text.count("NOT") > MOST_NOTS:
        raise FilterError(f"More than {MOST_NOTS} NOT in one filter: simplify it.", position=text.rfind("NOT"))
    depth = 0
    for at, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth > DEEPEST:
            raise FilterError(f"More than {DEEPEST} brackets inside each other: simplify the filter.", position=at)


WISHES = {
    "OPERATOR": gettext_lazy("a comparison such as = or >="), "PROPERTY": gettext_lazy("a property"),
    "STRING": gettext_lazy("text in double quotes"), "NUMBER": gettext_lazy("a number"), "UNIT": gettext_lazy("a unit"),
    "LPAR": "(", "RPAR": ")", "COMMA": gettext_lazy("a comma"), "$END": gettext_lazy("the end"),
}  # fmt: skip


def _explained(text: str, error: Any) -> FilterError:  # Any: lark's errors share no typed attributes
    position = getattr(error, "pos_in_stream", None)
    at = len(text) if position is None or position < 0 else position
    if getattr(getattr(error, "token", None), "type", "") == "$END":
        at = len(text)
    wanted = (
        getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", None) or ()
    )
    wishes = sorted(str(WISHES.get(name, name)) for name in wanted)[:12]
    rest = text[at : at + 20]
    found = f"'{rest}'" if rest else _("the end")
    told = _(
        "The filter does not read at position %(at)s (%(found)s): expected %(wishes)s. Example: %(example)s. "
        "Words such as AND, HAS stand in capitals, text in double quotes."
    ) % {"at": at, "found": found, "wishes": ", ".join(wishes), "example": EXAMPLE}
    return FilterError(told, position=at, expected=wishes)


def _unquote(token: str) -> str:
    inside = token[1:-1]
    out, at = [], 0
    while at < len(inside):
        if inside[at] == "\\" and at + 1 < len(inside):
            at += 1
        out.append(inside[at])
        at += 1
    return "".join(out)


def _figure(token: str) -> float | int:
    return int(token) if token.lstrip("+-").isdigit() else float(token)


def _name(token: "Token") -> str:
    return ALIASES.get(str(token), str(token))


def _elements(name: "Token", symbols: list[Scalar], mode: Any) -> Filter:  # Any: one of ElementMode
    from knowledge.index.elements import bits

    for symbol in symbols:
        if not isinstance(symbol, str) or symbol not in bits():
            told = _("'%(symbol)s' is not the symbol of an element.") % {"symbol": symbol}
            raise FilterError(told, position=name.start_pos)
    return HasElements(tuple(str(symbol) for symbol in symbols), mode)


def _list(name: "Token", values: list[Scalar], mode: str) -> Filter:
    if _name(name) == "elements":
        return _elements(name, values, mode)
    parts = tuple(Compare(_name(name), "contains", value) for value in values)
    if mode in ("only", "exactly"):
        raise FilterError(f"HAS {mode.upper()} works on elements only.", position=name.start_pos)
    if mode == "none":
        return Not(Or(parts))
    return parts[0] if len(parts) == 1 else (And(parts) if mode == "all" else Or(parts))


@cache
def _transformer() -> Any:  # Any: lark's Transformer is untyped
    from lark import Transformer, v_args

    @v_args(inline=True)
    class ToFilter(Transformer[Any, Any]):
        def start(self, part: Filter) -> Filter:
            return part

        def either(self, *parts: Filter) -> Filter:
            return parts[0] if len(parts) == 1 else Or(parts)

        def both(self, *parts: Filter) -> Filter:
            return parts[0] if len(parts) == 1 else And(parts)

        def negated(self, part: Filter) -> Filter:
            return Not(part)

        def everything(self) -> Filter:
            return And(())

        def nothing(self) -> Filter:
            return Or(())

        def text(self, token: "Token") -> str:
            return _unquote(token)

        def number(self, token: "Token") -> float | int:
            return _figure(token)

        def true(self) -> bool:
            return True

        def false(self) -> bool:
            return False

        def value(self, item: Scalar) -> tuple[Scalar, str | None]:
            return item, None

        def with_unit(self, token: "Token", unit: "Token") -> tuple[Scalar, str | None]:
            return _figure(token), _unquote(unit) if unit.type == "STRING" else str(unit)

        def constants(self, *items: Scalar) -> list[Scalar]:
            return list(items)

        def compared(self, name: "Token", op: "Token", value: tuple[Scalar, str | None]) -> Filter:
            return Compare(_name(name), str(op), value[0], value[1])  # type: ignore[arg-type]

        def compared_from_right(self, value: Scalar, op: "Token", name: "Token") -> Filter:
            return Compare(_name(name), MIRRORED[str(op)], value)  # type: ignore[arg-type]

        def among(self, name: "Token", *values: tuple[Scalar, str | None]) -> Filter:
            return Compare(_name(name), "in", tuple(value for value, _unit in values), values[0][1])

        def known(self, name: "Token") -> Filter:
            return Compare(_name(name), "known")

        def unknown(self, name: "Token") -> Filter:
            return Compare(_name(name), "unknown")

        def contains(self, name: "Token", text: "Token") -> Filter:
            return Compare(_name(name), "contains", _unquote(text))

        def starts(self, name: "Token", text: "Token") -> Filter:
            return Compare(_name(name), "starts", _unquote(text))

        def ends(self, name: "Token", text: "Token") -> Filter:
            return Compare(_name(name), "ends", _unquote(text))

        def has(self, name: "Token", value: Scalar) -> Filter:
            return _list(name, [value], "all")

        def has_all(self, name: "Token", values: list[Scalar]) -> Filter:
            return _list(name, values, "all")

        def has_any(self, name: "Token", values: list[Scalar]) -> Filter:
            return _list(name, values, "any")

        def has_only(self, name: "Token", values: list[Scalar]) -> Filter:
            return _list(name, values, "only")

        def has_exactly(self, name: "Token", values: list[Scalar]) -> Filter:
            return _list(name, values, "exactly")

        def has_none(self, name: "Token", values: list[Scalar]) -> Filter:
            return _list(name, values, "none")

        def length(self, name: "Token", number: "Token") -> Filter:
            return self.length_compared(name, "=", number)

        def length_compared(self, name: "Token", op: str, number: "Token") -> Filter:
            if str(name) != "elements":
                raise FilterError("LENGTH works on elements only.", position=name.start_pos)
            return Compare("nelements", str(op), _figure(number))  # type: ignore[arg-type]

        def words(self, text: "Token") -> Filter:
            return Words(_unquote(text))

    return ToFilter()


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
            if not elements:
                return "elements IS KNOWN" if mode in ("all", "none") else "FALSE"
            word = "" if mode == "all" and len(elements) == 1 else f"{mode.upper()} "
            return f"elements HAS {word}{','.join(map(_quoted, elements))}"
        case Compare():
            return _compare_text(part)
        case _:
            raise FilterError(f"{type(part).__name__} has no filter text yet.")


def _bracketed(part: Filter) -> str:
    text = filter_text(part)
    return f"({text})" if isinstance(part, And | Or) and len(part.parts) > 1 else text


def _compare_text(part: Compare) -> str:
    if part.op in ("known", "unknown"):
        return f"{part.property} IS {part.op.upper()}"
    if part.op == "in":
        values = part.value if isinstance(part.value, tuple) else (part.value,)
        return (
            f"{part.property} IN ({', '.join(_value_text(value, part.unit) for value in values)})"
            if values
            else "FALSE"
        )
    word = {"contains": "CONTAINS", "starts": "STARTS WITH", "ends": "ENDS WITH"}.get(part.op, part.op)
    return f"{part.property} {word} {_value_text(part.value, part.unit)}"


def _value_text(value: object, unit: str | None) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, str):
        return _quoted(value)
    return json.dumps(value) + (f" {_quoted(unit)}" if unit else "")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
