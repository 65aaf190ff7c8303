"""From a filter to a condition in SQL: column names from the schemas, every value a parameter, and never null.

Each condition is true or false: a comparison with an absent value is false, and `Not` of it is true.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from knowledge.errors import QueryError
from knowledge.index.columns import Column
from knowledge.index.elements import bits, mask
from knowledge.index.rows import fold
from knowledge.query import properties
from knowledge.query.types import And, Compare, Filter, HasElements, Not, Or, Scalar, Words

DEEPEST = 60
MOST_PARTS = 2000
ORDER = ("<", "<=", ">", ">=")


@dataclass
class Compiler:
    """Writes one condition; `parameters` fill its question marks in order."""

    topic: str | None
    parameters: list[object] = field(default_factory=list)
    parts: int = 0

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
            case HasElements():
                return self._composition(part)
            case Words(text):
                return self._words(text)
            case Compare():
                return self._compare(part)
            case _:
                raise QueryError(f"The index cannot answer {type(part).__name__} yet.")

    def _joined(self, word: str, empty: str, parts: tuple[Filter, ...], depth: int) -> str:
        return f"({word.join(self.condition(part, depth + 1) for part in parts)})" if parts else empty

    def _put(self, value: object) -> str:
        self.parameters.append(value)
        return "?"

    def _words(self, text: str) -> str:
        words = fold(text).split()
        return "(" + " AND ".join(["true", *(f"contains(words, {self._put(word)})" for word in words)]) + ")"

    def _composition(self, part: HasElements) -> str:
        unknown = next((symbol for symbol in part.elements if symbol not in bits()), None)
        if unknown is not None:
            told = _("'%(symbol)s' is not the symbol of an element.") % {"symbol": unknown}
            raise QueryError(told, element=unknown)
        low, high = mask(part.elements)
        tests = {"all": self._all, "any": self._any, "only": self._only, "none": self._none, "exactly": self._exactly}
        return f"(nelements IS NOT NULL AND {tests[part.mode](low, high)})"

    def _all(self, low: int, high: int) -> str:
        put = self._put
        return (
            f"(e0 & {put(low)}::UBIGINT) = {put(low)}::UBIGINT AND (e1 & {put(high)}::UBIGINT) = {put(high)}::UBIGINT"
        )

    def _none(self, low: int, high: int) -> str:
        return f"(e0 & {self._put(low)}::UBIGINT) = 0 AND (e1 & {self._put(high)}::UBIGINT) = 0"

    def _any(self, low: int, high: int) -> str:
        return f"NOT ({self._none(low, high)})"

    def _only(self, low: int, high: int) -> str:
        whole = (1 << 64) - 1
        return self._none(whole ^ low, whole ^ high)

    def _exactly(self, low: int, high: int) -> str:
        return f"{self._all(low, high)} AND {self._only(low, high)}"

    def _compare(self, part: Compare) -> str:
        column = properties.column_of(part.property, self.topic)
        if part.op in ("known", "unknown"):
            return f'("{column.name}" IS {"NOT " if part.op == "known" else ""}NULL)'
        if part.unit is not None and column.family != "number":
            raise QueryError(f"'{part.property}' is not a number: leave the unit '{part.unit}' away.")
        if part.op == "in":
            values = part.value if isinstance(part.value, tuple) else (part.value,)
            return "(" + " OR ".join(["false", *(self._one(column, part, "=", value) for value in values)]) + ")"
        return self._one(column, part, part.op, part.value)

    def _one(self, column: Column, part: Compare, op: str, value: Scalar | tuple[Scalar, ...] | None) -> str:
        if value is None or isinstance(value, tuple):
            raise QueryError(f"'{part.property} {part.op}' needs one value.", property=part.property)
        families: dict[str, Callable[[Column, Compare, str, Scalar], str]] = {
            "number": self._number,
            "text": self._text,
            "boolean": self._boolean,
            "list": self._list,
        }
        return f"coalesce({families[column.family](column, part, op, value)}, false)"

    def _number(self, column: Column, part: Compare, op: str, value: Scalar) -> str:
        low, high = properties.number_bounds(column, self.topic, value, part.unit)
        name = f'"{column.name}"'
        if op in ("=", "!="):
            test = f"{name} BETWEEN {self._put(low)}::DOUBLE AND {self._put(high)}::DOUBLE"
            return test if op == "=" else f"NOT ({test})"
        if op not in ORDER:
            told = _("'%(name)s' is a number: %(op)s compares text.") % {"name": part.property, "op": op.upper()}
            raise QueryError(told, property=part.property)
        return f"{name} {op} {self._put(high if op in ('<=', '>') else low)}::DOUBLE"

    def _text(self, column: Column, part: Compare, op: str, value: Scalar) -> str:
        name = f'"{column.name}"'
        functions = {"contains": "contains", "starts": "starts_with", "ends": "ends_with"}
        if op in functions:
            if not isinstance(value, str):
                raise QueryError(f"'{part.property} {op.upper()}' needs text in double quotes.", property=part.property)
            return f"{functions[op]}({name}, {self._put(value)})"
        text = properties.text_value(column, self.topic, value)
        return f"{name} {'<>' if op == '!=' else op} {self._put(text)}"

    def _boolean(self, column: Column, part: Compare, op: str, value: Scalar) -> str:
        if not isinstance(value, bool) or op not in ("=", "!="):
            told = _("'%(name)s' is TRUE or FALSE, compared by = or !=.") % {"name": part.property}
            raise QueryError(told, property=part.property)
        return f'"{column.name}" {"<>" if op == "!=" else "="} {self._put(value)}'

    def _list(self, column: Column, part: Compare, op: str, value: Scalar) -> str:
        if op not in ("contains", "="):
            told = _("'%(name)s' is a list: ask what it HAS.") % {"name": part.property}
            raise QueryError(told, property=part.property)
        return f'list_contains("{column.name}", {self._put(str(value))})'
