"""From a filter to a condition in Cypher: names from the schemas, every value a parameter; true, false or unknown (null).

The same rules as `knowledge.query.sql` and `knowledge.query.values`: a comparison holds where some stated value surely meets
it, fails where none can, and is unknown else.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from knowledge.errors import NotAnswered, QueryError
from knowledge.index.columns import Column
from knowledge.index.rows import fold
from knowledge.neo4j import wishes
from knowledge.neo4j.projection import ends
from knowledge.query import properties
from knowledge.query.sql import DEEPEST, MOST_LINKS, MOST_PARTS
from knowledge.query.types import (
    And,
    Compare,
    CompareProperties,
    Filter,
    HasElements,
    HasItems,
    Length,
    Linked,
    Not,
    Or,
    Words,
)
from knowledge.query.values import bounds_checked, pair_checked, text_checked, truth_checked

PIECES = {"contains": "CONTAINS", "starts": "STARTS WITH", "ends": "ENDS WITH"}


@dataclass
class Parameters:
    """The values of one statement, by name."""

    values: dict[str, object] = field(default_factory=dict)

    def put(self, value: object) -> str:
        """The place that stands for the value."""
        name = f"p{len(self.values)}"
        self.values[name] = value
        return f"${name}"


@dataclass(frozen=True)
class Test:
    """A comparison on one value; for an interval from its two ends, when it surely holds and when it surely fails."""

    exact: Callable[[str], str]
    surely: Callable[[str, str], str]
    never: Callable[[str, str], str]


def number_test(op: str, low: str, high: str) -> Test:
    """Comparison with a number that lies in [low, high], which are one place or a rounding error apart."""
    inside: Callable[[str, str], str] = lambda a, b: f"({a} >= {low} AND {b} <= {high})"  # noqa: E731
    outside: Callable[[str, str], str] = lambda a, b: f"({b} < {low} OR {a} > {high})"  # noqa: E731
    tests = {
        "=": (inside, outside),
        "!=": (outside, inside),
        "<": (lambda a, b: f"{b} < {low}", lambda a, b: f"{a} >= {low}"),
        "<=": (lambda a, b: f"{b} <= {high}", lambda a, b: f"{a} > {high}"),
        ">": (lambda a, b: f"{a} > {high}", lambda a, b: f"{b} <= {high}"),
        ">=": (lambda a, b: f"{a} >= {low}", lambda a, b: f"{b} < {low}"),
    }
    surely, never = tests[op]
    return Test(lambda x: surely(x, x), surely, never)


def interval_test(op: str, low: str, high: str) -> Test:
    """Comparison of an interval with another interval, of which each may be anything in it."""
    apart: Callable[[str, str], str] = lambda a, b: f"({b} < {low} OR {a} > {high})"  # noqa: E731
    one: Callable[[str, str], str] = lambda a, b: f"({a} = {b} AND {low} = {high} AND {a} = {low})"  # noqa: E731
    tests = {
        "=": (one, apart),
        "!=": (apart, one),
        "<": (lambda a, b: f"{b} < {low}", lambda a, b: f"{a} >= {high}"),
        "<=": (lambda a, b: f"{b} <= {low}", lambda a, b: f"{a} > {high}"),
        ">": (lambda a, b: f"{a} > {high}", lambda a, b: f"{b} <= {low}"),
        ">=": (lambda a, b: f"{a} >= {high}", lambda a, b: f"{b} < {low}"),
    }
    surely, never = tests[op]
    return Test(lambda x: surely(x, x), surely, never)


@dataclass
class Compiler:
    """Writes conditions on the node `node`; `base` says of a node, by name, who may read it and which kinds are meant."""

    topic: str | None
    parameters: Parameters
    base: Callable[[str], str]
    node: str = "r"
    parts: int = 0
    links: int = 0

    def condition(self, part: Filter, depth: int = 0) -> str:
        """The condition of a filter."""
        self.parts += 1
        if depth > DEEPEST or self.parts > MOST_PARTS:
            raise QueryError(_("The filter has too many parts or brackets: ask for less at once."))
        match part:
            case And(parts):
                return self._joined(" AND ", "true", parts, depth)
            case Or(parts):
                return self._joined(" OR ", "false", parts, depth)
            case Not(inner):
                return f"(NOT {self.condition(inner, depth + 1)})"
            case HasElements(elements, mode):
                there = f"{self.node}.elements"
                return f"(CASE WHEN {there} IS NULL THEN null ELSE {_has(there, self._put(list(elements)), mode)} END)"
            case Words(text):
                return f"(all(word IN {self._put(fold(text).split())} WHERE {self.node}.words CONTAINS word))"
            case Compare():
                return self._compare(part)
            case CompareProperties():
                return self._properties(part)
            case HasItems():
                columns = [self._column(name) for name in part.properties]
                return wishes.has_items(part, columns, self.node, self._put)
            case Length():
                return wishes.length(part, self._column(part.property), self.node, self._put)
            case Linked():
                return self._linked(part, depth)

    def _column(self, name: str) -> Column:
        return properties.column_of(name, self.topic)

    def _put(self, value: object) -> str:
        return self.parameters.put(value)

    def _joined(self, word: str, empty: str, parts: tuple[Filter, ...], depth: int) -> str:
        return f"({word.join(self.condition(part, depth + 1) for part in parts)})" if parts else empty

    def _compare(self, part: Compare) -> str:
        column = self._column(part.property)
        if part.op in ("known", "unknown"):
            return f"({self.node}.{column.name} IS {'NOT ' if part.op == 'known' else ''}NULL)"
        if part.unit is not None and column.family != "number":
            raise QueryError(f"'{part.property}' is not a number: leave the unit '{part.unit}' away.")
        if part.op == "in":
            wanted = part.value if isinstance(part.value, tuple) else (part.value,)
            tests = [self._one(column, part, "=", value) for value in wanted]
            return f"({' OR '.join(tests)})" if tests else "false"
        return self._one(column, part, part.op, part.value)

    def _one(self, column: Column, part: Compare, op: str, value: object) -> str:
        if value is None or isinstance(value, tuple):
            raise QueryError(f"'{part.property} {part.op}' needs one value.", property=part.property)
        if column.family in ("list", "numbers"):
            return wishes.compared(column, op, value, self.node, self._put)
        return self._of_record(column, self._test(column, op, value, part.unit))

    def _test(self, column: Column, op: str, value: object, unit: str | None) -> Test:
        if column.family == "number":
            bottom, top = bounds_checked(column, self.topic, op, value, unit)
            low = self._put(bottom)
            return number_test(op, low, low if top == bottom else self._put(top))
        truth = column.family == "boolean"
        wanted = truth_checked(column, op, value) if truth else text_checked(column, self.topic, op, value)
        return _plain(op, self._put(wanted))

    def _of_record(self, column: Column, test: Test) -> str:
        plain = test.exact(f"{self.node}.{column.name}")
        if column.every is None:
            return f"({plain})"
        some, none = _decided(column, self.node, test)
        there = f"{self.node}.{_first(column)}"
        return f"(CASE WHEN {there} IS NULL THEN {plain} WHEN {some} THEN true WHEN {none} THEN false ELSE null END)"

    def _properties(self, part: CompareProperties) -> str:
        left, right = self._column(part.left), self._column(part.right)
        return two_properties(left, right, part.op, self.node)

    def _linked(self, part: Linked, depth: int) -> str:
        self.links += 1
        if self.links > MOST_LINKS:
            raise QueryError(f"More than {MOST_LINKS} LINKED in one filter: ask for less at once.")
        properties.topic_checked(part.topic)
        other = f"{self.node}{self.links}"
        inner = Compiler(part.topic, self.parameters, self.base, other, self.parts, self.links)
        tests = [self.base(other), f"{other}.record <> {self.node}.record"]
        if part.topic is not None:
            tests.append(f"{other}.topic = {self._put(part.topic)}")
        own, same = self._tie(part.same, inner)
        tests += [same, inner.condition(part.where, depth + 1)]
        self.parts, self.links = inner.parts, inner.links
        found = f"EXISTS {{ MATCH ({other}:Record) WHERE {' AND '.join(tests)} }}"
        return f"(CASE WHEN {own} IS NULL THEN null ELSE {found} END)"

    def _tie(self, same: str, inner: "Compiler") -> tuple[str, str]:
        """What of the record must be known, and when another agrees with it."""
        if same == "material":
            own, group = f"{self.node}.formula", f"{self.node}.spacegroup_number"
            theirs = f"{inner.node}.spacegroup_number"
            return own, f"{inner.node}.formula = {own} AND ({group} IS NULL OR {theirs} IS NULL OR {theirs} = {group})"
        own, theirs = self._key(same), inner._key(same)
        return own, f"{theirs} = {own}"

    def _key(self, same: str) -> str:
        names = {"composition": "formula", "spacegroup": "spacegroup_number"}
        column = self._column(names.get(same, same))
        if column.family not in ("text", "number"):
            raise NotAnswered(f"Records cannot be linked by '{same}', which is no single value.", property=same)
        return f"{self.node}.{column.name}"


def _has(there: str, wanted: str, mode: str) -> str:
    every, only = f"all(x IN {wanted} WHERE x IN {there})", f"all(x IN {there} WHERE x IN {wanted})"
    some = f"any(x IN {wanted} WHERE x IN {there})"
    return {"all": every, "any": some, "only": only, "exactly": f"({every} AND {only})", "none": f"NOT {some}"}[mode]


def _plain(op: str, place: str) -> Test:
    sign = PIECES.get(op, "<>" if op == "!=" else op)

    def holds(x: str) -> str:
        return f"{x} {sign} {place}"

    return Test(holds, lambda a, b: holds(a), lambda a, b: f"NOT ({holds(a)})")


def _first(column: Column) -> str:
    """A property that a node has where its record states more of the column than one plain value."""
    return ends(str(column.every))[0] if column.family == "number" else str(column.every)


def _decided(column: Column, node: str, test: Test) -> tuple[str, str]:
    """When some of the several values surely meets the test, and when none can."""
    if column.family != "number":
        every = f"{node}.{column.every}"
        return f"any(x IN {every} WHERE {test.surely('x', 'x')})", f"all(x IN {every} WHERE {test.never('x', 'x')})"
    low, high = (f"{node}.{end}" for end in ends(str(column.every)))
    places = f"i IN range(0, size({low}) - 1)"
    return (
        f"any({places} WHERE {test.surely(f'{low}[i]', f'{high}[i]')})",
        f"all({places} WHERE {test.never(f'{low}[i]', f'{high}[i]')})",
    )


def two_properties(left: Column, right: Column, op: str, node: str) -> str:
    """Two properties of one record against each other. Raises NotAnswered where their types or units do not meet."""
    pair_checked(left, right, op)
    factor, offset = properties.affine(right.property, right.unit, left.unit) if left.family == "number" else (1.0, 0.0)

    def scaled(place: str) -> str:
        return place if (factor, offset) == (1.0, 0.0) else f"({place} * {factor!r} + {offset!r})"

    (a, b), (c, d) = _everything(left, node), _everything(right, node)
    numbers = left.family == "number"
    test = interval_test(op, scaled(f"{c}[j]"), scaled(f"{d}[j]")) if numbers else _plain(op, f"{c}[j]")

    def pairs(word: str, holds: str) -> str:
        return f"{word}(i IN range(0, size({a}) - 1) WHERE {word}(j IN range(0, size({c}) - 1) WHERE {holds}))"

    some, none = pairs("any", test.surely(f"{a}[i]", f"{b}[i]")), pairs("all", test.never(f"{a}[i]", f"{b}[i]"))
    absent = f"{node}.{left.name} IS NULL OR {node}.{right.name} IS NULL"
    return f"(CASE WHEN {absent} THEN null WHEN {some} THEN true WHEN {none} THEN false ELSE null END)"


def _everything(column: Column, node: str) -> tuple[str, str]:
    """All values of a property of a record: lower and upper ends."""
    one = f"[{node}.{column.name}]"
    if column.every is None:
        return one, one
    if column.family == "number":
        low, high = ends(column.every)
        return f"coalesce({node}.{low}, {one})", f"coalesce({node}.{high}, {one})"
    every = f"coalesce({node}.{column.every}, {one})"
    return every, every
