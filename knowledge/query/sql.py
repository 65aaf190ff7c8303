"""From a filter to a condition in SQL: column names from the schemas, every value a parameter.

A condition is true, false or null. Null means unknown: the record does not state what is asked, or states it only within
limits that decide nothing. Only what is true is found, and NOT of unknown is unknown, as OPTIMADE and SQL have it.
"""

import re
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from knowledge.errors import QueryError
from knowledge.index.columns import Column
from knowledge.index.elements import bits, mask
from knowledge.index.rows import fold
from knowledge.query import lists, properties, values
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

DEEPEST = 60
MOST_PARTS = 2000
MOST_LINKS = 8
PLACES = re.compile(r"\$(p\d+)")


@dataclass
class Parameters:
    """The values of one statement; each has a number, so that it may stand in several places."""

    values: list[object] = field(default_factory=list)

    def put(self, value: object) -> str:
        """The place that stands for the value."""
        self.values.append(value)
        return f"$p{len(self.values)}"

    def given(self, text: str) -> dict[str, object]:
        """The values that this statement names."""
        return {name: self.values[int(name[1:]) - 1] for name in PLACES.findall(text)}


@dataclass
class Compiler:
    """Writes conditions on the records of `topic` (none = any) whose readers and kinds `base` has settled.

    `every` names the columns that hold several values or limits for some record; the others need not be looked at.
    """

    topic: str | None
    parameters: Parameters
    base: str = "true"
    every: frozenset[str] | None = None

    def condition(self, part: Filter) -> str:
        """The condition of a filter, which `filter_checked` has found small enough."""
        match part:
            case And(parts):
                return self._joined(" AND ", "true", parts)
            case Or(parts):
                return self._joined(" OR ", "false", parts)
            case Not(inner):
                return f"(NOT {self.condition(inner)})"
            case HasElements():
                return self._composition(part)
            case Words(text):
                return self._words(text)
            case Compare():
                return self._compare(part)
            case CompareProperties():
                return self._properties(part)
            case HasItems():
                return lists.has_items(part, [self.column(name) for name in part.properties], self._put)
            case Length():
                return lists.length(part, self.column(part.property), self._put)
            case Linked():
                return self._linked(part)

    def column(self, name: str) -> Column:
        """The column of a property in the topic asked."""
        return properties.column_of(name, self.topic)

    def _joined(self, word: str, empty: str, parts: tuple[Filter, ...]) -> str:
        return f"({word.join(self.condition(part) for part in parts)})" if parts else empty

    def _put(self, value: object) -> str:
        return self.parameters.put(value)

    def _words(self, text: str) -> str:
        words = fold(text).split()
        return "(" + " AND ".join(["true", *(f"contains(words, {self._put(word)})" for word in words)]) + ")"

    def _composition(self, part: HasElements) -> str:
        known = [symbol for symbol in part.elements if symbol in bits()]
        if len(known) < len(part.elements) and part.mode in ("all", "exactly"):
            return "(CASE WHEN nelements IS NOT NULL THEN false END)"
        low, high = mask(known)
        tests = {"all": self._all, "any": self._any, "only": self._only, "none": self._none, "exactly": self._exactly}
        return f"(CASE WHEN nelements IS NOT NULL THEN {tests[part.mode](low, high)} END)"

    def _all(self, low: int, high: int) -> str:
        tests = []
        for name, word in (("e0", low), ("e1", high)):
            if word:
                place = f"{self._put(word)}::UBIGINT"
                tests.append(f"({name} & {place}) = {place}")
        return " AND ".join(tests) or "true"

    def _none(self, low: int, high: int) -> str:
        pairs = (("e0", low), ("e1", high))
        return " AND ".join(f"({name} & {self._put(word)}::UBIGINT) = 0" for name, word in pairs if word) or "true"

    def _any(self, low: int, high: int) -> str:
        return f"NOT ({self._none(low, high)})"

    def _only(self, low: int, high: int) -> str:
        whole = (1 << 64) - 1
        return self._none(whole ^ low, whole ^ high)

    def _exactly(self, low: int, high: int) -> str:
        return f"(e0 = {self._put(low)}::UBIGINT AND e1 = {self._put(high)}::UBIGINT)"

    def _compare(self, part: Compare) -> str:
        column = self.column(part.property)
        if part.op in ("known", "unknown"):
            return f'("{column.name}" IS {"NOT " if part.op == "known" else ""}NULL)'
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
            return lists.compared(column, op, value, self._put)
        test = values.test_of(column, self.topic, op, value, part.unit, self._put)
        return values.of_record(column, test, several=self._several(column))

    def _several(self, column: Column) -> bool:
        return column.every is not None and (self.every is None or column.every in self.every)

    def _properties(self, part: CompareProperties) -> str:
        left, right = self.column(part.left), self.column(part.right)
        return values.two_properties(left, right, part.op, self.topic, (self._several(left), self._several(right)))

    def _linked(self, part: Linked) -> str:
        properties.topic_checked(part.topic)
        inner = Compiler(part.topic, self.parameters, self.base, self.every)
        tests = [self.base]
        if part.topic is not None:
            tests.append(f"topic = {self._put(part.topic)}")
        tests.append(inner.condition(part.where))
        apart = None not in (self.topic, part.topic) and self.topic != part.topic
        where = " AND ".join(tests)
        if part.same == "material":
            return _same_material(where, apart)
        own, other = (f'"{properties.link_column(part.same, topic).name}"' for topic in (self.topic, part.topic))
        return f"(CASE WHEN {own} IS NOT NULL THEN {_same(own, other, where, apart)} END)"


def filter_checked(part: Filter) -> None:
    """That a filter is no larger than what is answered at once. Raises QueryError."""
    parts = links = 0
    waiting: list[tuple[Filter, int]] = [(part, 0)]
    while waiting:
        one, depth = waiting.pop()
        parts, links = parts + 1, links + isinstance(one, Linked)
        if depth > DEEPEST or parts > MOST_PARTS:
            raise QueryError(_("The filter has too many parts or brackets: ask for less at once."))
        if links > MOST_LINKS:
            raise QueryError(f"More than {MOST_LINKS} LINKED in one filter: ask for less at once.")
        inner = one.parts if isinstance(one, And | Or) else ()
        inner = (one.part,) if isinstance(one, Not) else (one.where,) if isinstance(one, Linked) else inner
        waiting += [(each, depth + 1) for each in inner]


def _among(keys: str, where: str, more: str = "", what: str | None = None) -> str:
    return f"{keys} IN (SELECT {what or keys} FROM entries WHERE {where}{more})"  # noqa: S608 - names from schemas


def _same(own: str, other: str, where: str, apart: bool) -> str:
    where = f"{where} AND {other} IS NOT NULL"
    plain = _among(own, where, what=other)
    if apart:
        return plain
    twice = _among(own, where, f" GROUP BY {other} HAVING count(*) > 1", other)
    itself = _among("record", where)
    return f"({twice} OR ({plain} AND NOT {itself}))"


def _same_material(where: str, apart: bool) -> str:
    where = f"{where} AND formula IS NOT NULL"
    pair = "formula || ' ' || spacegroup_number"
    open_ones, settled = f"{where} AND spacegroup_number IS NULL", f"{where} AND spacegroup_number IS NOT NULL"
    by_formula = _same("formula", "formula", where, apart)
    with_group = f"({_among('formula', open_ones)} OR {_same(f'({pair})', f'({pair})', settled, apart)})"
    return (
        f"(CASE WHEN formula IS NULL THEN NULL WHEN spacegroup_number IS NULL THEN {by_formula} ELSE {with_group} END)"
    )
