"""Comparisons with stated values in SQL: of one exact value, and of records that state several, a limit or a range.

A comparison holds where some stated value meets it, whatever it may be within its limits; it does not hold where no
possible value of any meets it; else it is unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from knowledge.errors import NotAnswered
from knowledge.index.columns import Column
from knowledge.query import properties

Put = Callable[[object], str]
ORDER = ("<", "<=", ">", ">=")
PIECES = {"contains": "contains", "starts": "starts_with", "ends": "ends_with"}


@dataclass(frozen=True)
class Test:
    """A comparison as SQL on one value: `exact` for a plain column; for an interval {lo, hi}, when it surely holds or fails."""

    exact: Callable[[str], str]
    surely: Callable[[str], str]
    never: Callable[[str], str]


def _definite(exact: Callable[[str], str]) -> Test:
    return Test(exact, exact, lambda x: f"NOT ({exact(x)})")


def test_of(column: Column, topic: str | None, op: str, value: object, unit: str | None, put: Put) -> Test:
    """The comparison of a property with one value. Raises NotAnswered if its type has no such comparison."""
    if column.family == "number":
        return _number(column, topic, op, value, unit, put)
    if column.family == "boolean":
        return _boolean(column, op, value, put)
    return _text(column, topic, op, value, put)


def _number(column: Column, topic: str | None, op: str, value: object, unit: str | None, put: Put) -> Test:
    bottom, top = bounds_checked(column, topic, op, value, unit)
    low = f"{put(bottom)}::DOUBLE"
    high = low if top == bottom else f"{put(top)}::DOUBLE"
    return _number_test(op, low, high)


def bounds_checked(column: Column, topic: str | None, op: str, value: object, unit: str | None) -> tuple[float, float]:
    """Between which numbers, in the column's unit, a compared value lies. Raises NotAnswered for comparisons of text."""
    bounds = properties.number_bounds(column, topic, value, unit)
    if op not in ("=", "!=", *ORDER):
        told = _("'%(name)s' is a number: %(op)s compares text.") % {"name": column.property, "op": op.upper()}
        raise NotAnswered(told, property=column.property)
    return bounds


def _number_test(op: str, low: str, high: str) -> Test:
    """Comparison with a number known to lie in [low, high], which are one place or a rounding error apart."""

    def equal(x: str) -> str:
        return f"{x} = {low}" if low == high else f"{x} BETWEEN {low} AND {high}"

    inside: Callable[[str], str] = lambda x: f"({x}.lo >= {low} AND {x}.hi <= {high})"  # noqa: E731
    outside: Callable[[str], str] = lambda x: f"({x}.hi < {low} OR {x}.lo > {high})"  # noqa: E731
    tests = {
        "=": Test(equal, inside, outside),
        "!=": Test(lambda x: f"NOT ({equal(x)})", outside, inside),
        "<": Test(lambda x: f"{x} < {low}", lambda x: f"{x}.hi < {low}", lambda x: f"{x}.lo >= {low}"),
        "<=": Test(lambda x: f"{x} <= {high}", lambda x: f"{x}.hi <= {high}", lambda x: f"{x}.lo > {high}"),
        ">": Test(lambda x: f"{x} > {high}", lambda x: f"{x}.lo > {high}", lambda x: f"{x}.hi <= {high}"),
        ">=": Test(lambda x: f"{x} >= {low}", lambda x: f"{x}.lo >= {low}", lambda x: f"{x}.hi < {low}"),
    }
    return tests[op]


def _text(column: Column, topic: str | None, op: str, value: object, put: Put) -> Test:
    place = put(text_checked(column, topic, op, value))
    if op in PIECES:
        return _definite(lambda x: f"{PIECES[op]}({x}, {place})")
    return _definite(lambda x: f"{x} {'<>' if op == '!=' else op} {place}")


def text_checked(column: Column, topic: str | None, op: str, value: object) -> str:
    """A text as the index spells it, or a piece of one as given. Raises NotAnswered for what is no text."""
    if op not in PIECES:
        return properties.text_value(column, topic, value)
    if not isinstance(value, str):
        raise NotAnswered(f"'{column.property} {op.upper()}' needs text in double quotes.", property=column.property)
    return value


def _boolean(column: Column, op: str, value: object, put: Put) -> Test:
    place = put(truth_checked(column, op, value))
    return _definite(lambda x: f"{x} {'<>' if op == '!=' else '='} {place}")


def truth_checked(column: Column, op: str, value: object) -> bool:
    """TRUE or FALSE. Raises NotAnswered for other values and comparisons."""
    if not isinstance(value, bool) or op not in ("=", "!="):
        told = _("'%(name)s' is TRUE or FALSE, compared by = or !=.") % {"name": column.property}
        raise NotAnswered(told, property=column.property)
    return value


def of_record(column: Column, test: Test, *, several: bool) -> str:
    """The comparison with what a record states; `several` where some record of the column states more than one number."""
    plain = f"({test.exact(_name(column))})"
    if not several or column.every is None:
        return plain
    every = f'"{column.every}"'
    return f"(CASE WHEN {every} IS NULL THEN {plain} {_decided(every, test)} END)"


def _name(column: Column) -> str:
    return f'"{column.name}"'


def _decided(every: str, test: Test) -> str:
    return (
        f"WHEN len(list_filter({every}, lambda x: {test.surely('x')})) > 0 THEN true "
        f"WHEN len(list_filter({every}, lambda x: {test.never('x')})) = len({every}) THEN false"
    )


def two_properties(left: Column, right: Column, op: str, topic: str | None, several: tuple[bool, bool]) -> str:
    """Two properties of one record against each other. Raises NotAnswered where their types or units do not meet."""
    pair_checked(left, right, op)
    sign = "<>" if op == "!=" else op
    if left.family != "number":
        return _pairs(left, right, several, lambda y: _definite(lambda x: f"{x} {sign} {y}"), "")
    factor, offset = properties.affine(right.property, right.unit, left.unit)

    def scaled(place: str) -> str:
        return place if (factor, offset) == (1.0, 0.0) else f"({place} * {factor!r}::DOUBLE + {offset!r}::DOUBLE)"

    if not any(several):
        return f"({_name(left)} {sign} {scaled(_name(right))})"
    return _pairs(left, right, several, lambda y: _intervals(op, scaled(f"{y}.lo"), scaled(f"{y}.hi")), "number")


def pair_checked(left: Column, right: Column, op: str) -> None:
    """Raises NotAnswered where the types of two properties do not meet."""
    if left.family != right.family or left.family in ("list", "numbers"):
        told = _("'%(left)s' and '%(right)s' cannot be compared: they are of different types, or lists.")
        raise NotAnswered(told % {"left": left.property, "right": right.property}, property=right.property)
    if left.family == "boolean" and op not in ("=", "!="):
        told = _("'%(name)s' is TRUE or FALSE, compared by = or !=.") % {"name": left.property}
        raise NotAnswered(told, property=left.property)


def _intervals(op: str, low: str, high: str) -> Test:
    """Comparison of an interval x with another interval [low, high], of which each may be anything."""
    apart: Callable[[str], str] = lambda x: f"({x}.hi < {low} OR {x}.lo > {high})"  # noqa: E731
    one: Callable[[str], str] = lambda x: f"({x}.lo = {x}.hi AND {low} = {high} AND {x}.lo = {low})"  # noqa: E731
    tests = {
        "=": (one, apart),
        "!=": (apart, one),
        "<": (lambda x: f"{x}.hi < {low}", lambda x: f"{x}.lo >= {high}"),
        "<=": (lambda x: f"{x}.hi <= {low}", lambda x: f"{x}.lo > {high}"),
        ">": (lambda x: f"{x}.lo > {high}", lambda x: f"{x}.hi <= {low}"),
        ">=": (lambda x: f"{x}.lo >= {high}", lambda x: f"{x}.hi < {low}"),
    }
    return Test(one, *tests[op])


def _pairs(left: Column, right: Column, several: tuple[bool, bool], test: Callable[[str], Test], family: str) -> str:
    """Some value of the one against some value of the other, by the rule of this module."""
    xs, ys = _everything(left, several[0], family), _everything(right, several[1], family)
    here = test("y")
    some = f"len(list_filter({xs}, lambda x: len(list_filter({ys}, lambda y: {here.surely('x')})) > 0)) > 0"
    none = (
        f"len(list_filter({xs}, lambda x: len(list_filter({ys}, lambda y: {here.never('x')})) = len({ys}))) = len({xs})"
    )
    stated = f"{_name(left)} IS NOT NULL AND {_name(right)} IS NOT NULL"
    return f"(CASE WHEN NOT ({stated}) THEN NULL WHEN {some} THEN true WHEN {none} THEN false END)"


def _everything(column: Column, several: bool, family: str) -> str:
    one = f"[{{'lo': {_name(column)}, 'hi': {_name(column)}}}]" if family == "number" else f"[{_name(column)}]"
    return f'coalesce("{column.every}", {one})' if several else one
