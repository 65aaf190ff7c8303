"""OPTIMADE filter text -> a condition on the index, by OPTIMADE's rules for names, types and absent values.

OPTIMADE compares the value that an entry shows, character by character, without any of the kindness with which Lodestone's own
search reads formulae, classes and units. Absent values make a comparison unknown, which SQL's three truth values say exactly.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

from knowledge.chemistry.spacegroups import spaced_symbols
from knowledge.index.columns import Column, columns
from knowledge.index.elements import bits, mask
from knowledge.optimade.errors import BadRequest, NotImplementedHere
from knowledge.optimade.fields import PREFIX, Field, fields
from knowledge.query.filters import parse_plain
from knowledge.query.lists import has_items
from knowledge.query.truth import HOLDS, meets
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
    Scalar,
    Words,
)

LONGEST, MOST_TERMS, DEEPEST = 8000, 500, 40
UNKNOWN = "NULL::BOOLEAN"
STRUCTURE = "cell_sites"  # stated by the records whose crystal structure can be read
ORDERED = frozenset({"=", "!=", "<", "<=", ">", ">="})
TEXT_ONLY = frozenset({"contains", "starts", "ends"})
PIECES = {"contains": "contains", "starts": "starts_with", "ends": "ends_with"}


def read(text: str) -> Filter:
    """The filter of OPTIMADE text with the names as they stand there. Raises FilterError, BadRequest or NotImplementedHere."""
    if len(text) > LONGEST:
        raise BadRequest(f"The filter has {len(text)} characters, more than {LONGEST}: ask for less at once.", "filter")
    found = parse_plain(text)
    _plain_checked(found, [0], 0)
    return found


def _plain_checked(part: Filter, terms: list[int], depth: int) -> None:
    """Refuse what Lodestone's own search box knows and OPTIMADE's grammar does not, and filters that are too large."""
    terms[0] += 1
    if terms[0] > MOST_TERMS or depth > DEEPEST:
        raise BadRequest(
            f"The filter has more than {MOST_TERMS} terms or {DEEPEST} levels: ask for less at once.", "filter"
        )
    match part:
        case And(parts) | Or(parts):
            for inner in parts:
                _plain_checked(inner, terms, depth + 1)
        case Not(inner):
            _plain_checked(inner, terms, depth + 1)
        case Words() | Linked():
            raise BadRequest("WORDS and LINKED are not in OPTIMADE's grammar.", "filter")
        case Compare(name, op, _, unit) if op == "in" or unit is not None:
            raise BadRequest(f"'{name}': IN and units after numbers are not in OPTIMADE's grammar.", "filter")
        case HasElements(_, mode) | HasItems(_, _, mode) if mode in ("none", "exactly"):
            raise BadRequest("HAS NONE and HAS EXACTLY are not in OPTIMADE's grammar.", "filter")


@dataclass(frozen=True)
class Condition:
    """A condition in SQL; `values` stand for its $names. `warnings` are sentences for the asker."""

    sql: str = "true"
    values: tuple[tuple[str, object], ...] = ()
    warnings: tuple[str, ...] = ()


@lru_cache(maxsize=2048)
def condition(text: str, mark: str) -> Condition:
    """What the index is asked for this text. `mark`: the topics' state, since their properties can be named."""
    writer = Writer()
    sql = writer.of(read(text))
    return Condition(sql, tuple(writer.values.items()), tuple(dict.fromkeys(writer.warnings)))


def foreign(name: str) -> bool:
    """Whether a name belongs to another provider: those are never an error, only unknown."""
    return name.startswith("_") and not name.startswith(PREFIX) and "_" in name[1:]


def unknown_property(name: str, kind: str) -> BadRequest:
    """The refusal of a name that neither the specification nor Lodestone has."""
    return BadRequest(f"There is no property '{name}' in {kind}: /info/{kind} lists them.", "filter")


@dataclass
class Writer:
    """Writes the condition of one filter on structures; gathers the values of its places, and warnings."""

    values: dict[str, object] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def of(self, part: Filter) -> str:
        """The condition: true, false or null for each record."""
        match part:
            case And(parts):
                return f"({' AND '.join(map(self.of, parts))})" if parts else "true"
            case Or(parts):
                return f"({' OR '.join(map(self.of, parts))})" if parts else "false"
            case Not(inner):
                return f"(NOT {self.of(inner)})"
            case Compare("references.id"):
                return self._reference(part)
            case Compare():
                return self._compare(part)
            case CompareProperties(left, op, right):
                return self._properties(left, op, right)
            case Length(name, op, value):
                return self._length(name, op, value)
            case HasElements(names, mode):
                return self._has(HasItems(("elements",), tuple((Item("=", name),) for name in names), mode))
            case HasItems():
                return self._has(part)
        raise NotImplementedHere(f"{type(part).__name__} is not answered here.", "filter")

    def _put(self, value: object) -> str:
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f"${name}"

    def _field(self, name: str) -> Field | None:
        """The property of a name; none for one that no entry states, such as another provider's."""
        found = fields("structures").get(name)
        if found is not None:
            return None if found.absent else found
        if foreign(name):
            self.warnings.append(f"The property '{name}' is another provider's: it is unknown for every entry here.")
            return None
        if "." in name:
            raise NotImplementedHere(f"'{name}': of nested properties only references.id is answered.", "filter")
        raise unknown_property(name, "structures")

    def _compare(self, part: Compare) -> str:
        found = self._field(part.property)
        if part.op in ("known", "unknown"):
            column = None if found is None else known_of(found)
            if column is None:
                return "true" if (found is None) == (part.op == "unknown") else "false"
            return f'("{column}" IS {"NOT " if part.op == "known" else ""}NULL)'
        if found is None:
            return UNKNOWN
        _type_checked(found, part)
        if found.derived:
            return _by_symbol(part)
        if found.constant is not None:
            return _truth(HOLDS[part.op](found.constant, part.value))
        if found.fold is not None:
            return _folded(HOLDS[part.op](found.fold, part.value))
        if found.type == "timestamp":
            return self._timestamp(found, part)
        return self._plain(found, part.op, part.value)

    def _plain(self, found: Field, op: str, value: object) -> str:
        name = f'"{found.column}"'
        if op in PIECES:
            return f"{PIECES[op]}({name}, {self._put(value)})"
        cast = "::DOUBLE" if found.type in ("integer", "float") else ""
        return f"({name} {'<>' if op == '!=' else op} {self._put(value)}{cast})"

    def _reference(self, part: Compare) -> str:
        if part.op in ("known", "unknown"):
            return _truth(part.op == "known")
        raise NotImplementedHere("references.id is a list: ask what it HAS.", "filter")

    def _timestamp(self, found: Field, part: Compare) -> str:
        """Times are kept to the second: one between two seconds is compared with the earlier."""
        moment = _moment(str(part.value))
        second = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        op: str = part.op
        if moment.microsecond:
            if op in ("=", "!="):
                return f'(CASE WHEN "{found.column}" IS NOT NULL THEN {_truth(op == "!=")} END)'
            op = {">=": ">", "<": "<="}.get(op, op)
        return self._plain(found, op, second)

    def _properties(self, left: str, op: str, right: str) -> str:
        sides = [self._field(left), self._field(right)]
        if sides[0] is None or sides[1] is None:
            return UNKNOWN
        for side in sides:
            if side is None or not side.sortable:
                raise NotImplementedHere(f"'{left}' and '{right}' cannot be compared with each other here.", "filter")
        types = {"float" if side.type == "integer" else side.type for side in sides if side}
        if len(types) != 1 or types & {"boolean"}:
            raise NotImplementedHere(
                f"'{left}' and '{right}' are of different types, or of one without an order.", "filter"
            )
        return f'("{sides[0].column}" {"<>" if op == "!=" else op} "{sides[1].column}")'

    def _length(self, name: str, op: str, value: int) -> str:
        if name == "references.id":
            return _truth(HOLDS[op](1, value))
        found = self._field(name)
        if found is None:
            return UNKNOWN
        if found.type != "list":
            raise NotImplementedHere(f"'{name}' is no list: it has no LENGTH.", "filter")
        if isinstance(found.fold, list) or name == "lattice_vectors":
            return _folded(HOLDS[op](3, value))
        sign = "<>" if op == "!=" else op
        if name in ("cartesian_site_positions", "species_at_sites"):
            return f'("{STRUCTURE}" {sign} {self._put(value)}::BIGINT)'
        if found.column is None:
            raise NotImplementedHere(f"'{name}' can be returned, but not be asked for its LENGTH.", "filter")
        if name in ("elements", "elements_ratios"):
            return f'(CASE WHEN "{found.column}" IS NOT NULL THEN "nelements" {sign} {self._put(value)}::BIGINT END)'
        return f'(len("{found.column}") {sign} {self._put(value)}::BIGINT)'

    def _has(self, part: HasItems) -> str:
        if part.properties == ("references.id",):
            return self._has_reference(part)
        found = [self._field(name) for name in part.properties]
        lists = [one for one in found if one is not None]
        if len(lists) < len(found):
            return UNKNOWN
        for one in lists:
            if one.type != "list":
                raise NotImplementedHere(f"'{one.name}' is no list: compare it with =, < or >.", "filter")
            if one.column is None and one.fold is None:
                raise NotImplementedHere(f"'{one.name}' can be returned, but not be filtered by what it HAS.", "filter")
        _items_checked(part, lists)
        if all(isinstance(one.fold, list) for one in lists):
            return _folded(meets(part, {one.name: one.fold for one in lists}) is True)
        if any(one.column is None for one in lists):
            raise NotImplementedHere("dimension_types is not answered together with other lists.", "filter")
        if [one.name for one in lists] == ["elements"] and all(want[0].op == "=" for want in part.wants):
            return self._composition([str(want[0].value) for want in part.wants], part.mode)
        return has_items(part, [_column(one) for one in lists], self._put)

    def _composition(self, names: list[str], mode: str) -> str:
        """HAS of the elements, by bit masks; what is no element is in no composition."""
        known = [name for name in names if name in bits()]
        if not known or (mode == "all" and len(known) < len(names)):
            return "false"
        whole = (1 << 64) - 1
        words = zip(("e0", "e1"), mask(known), strict=True)
        if mode == "all":
            tests = [
                f"({word} & {self._put(part)}::UBIGINT) = {self._put(part)}::UBIGINT" for word, part in words if part
            ]
            return f"({' AND '.join(tests)})"
        if mode == "any":
            return f"({' OR '.join(f'({word} & {self._put(part)}::UBIGINT) <> 0' for word, part in words if part)})"
        return f"({' AND '.join(f'({word} & {self._put(whole ^ part)}::UBIGINT) = 0' for word, part in words)})"

    def _has_reference(self, part: HasItems) -> str:
        tests = []
        for (item,) in part.wants:
            if not isinstance(item.value, str):
                raise NotImplementedHere("references.id is a list of texts.", "filter")
            tests.append(self._plain(Field("references.id", "string", "", column="dataset"), item.op, item.value))
        return f"({(' AND ' if part.mode == 'all' else ' OR ').join(tests)})"


def known_of(found: Field) -> str | None:
    """The column that tells whether the property is known; none where every entry states it."""
    if found.geometry or found.fold is not None:
        return STRUCTURE
    if found.derived:
        return "spacegroup_number"
    return None if found.required else found.column


def _column(found: Field) -> Column:
    return next(column for column in columns() if column.name == found.column)


def _truth(holds: bool) -> str:
    return "true" if holds else "false"


def _folded(holds: bool) -> str:
    return f'(CASE WHEN "{STRUCTURE}" IS NOT NULL THEN {_truth(holds)} END)'


def _type_checked(found: Field, part: Compare) -> None:
    """Types must match, and only some operators suit a type: everything else is answered 501, as the specification asks."""
    value, op = part.value, part.op
    if found.type in ("list", "dictionary"):
        raise NotImplementedHere(f"'{found.name}' is a {found.type}: ask what it HAS, or for its LENGTH.", "filter")
    if found.column is None and found.constant is None and found.fold is None and not found.derived:
        raise NotImplementedHere(f"'{found.name}' can be returned, but not be filtered by.", "filter")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "string": isinstance(value, str),
        "timestamp": isinstance(value, str) and op in ORDERED,
        "boolean": isinstance(value, bool) and op in ("=", "!="),
        "integer": number and op in ORDERED,
        "float": number and op in ORDERED,
    }[found.type]
    if not fits:
        told = f"'{found.name}' is a {found.type}: it is not compared by {op.upper()} with {value!r}. Types are not converted."
        raise NotImplementedHere(told, "filter")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text.upper().replace(" ", "T"))
    except ValueError as error:
        raise BadRequest(
            f"'{text[:40]}' is no time as RFC 3339 writes it, such as 2026-01-31T12:00:00Z.", "filter"
        ) from error
    if moment.tzinfo is None or len(text) < 20:
        raise BadRequest(f"'{text[:40]}' needs a date, a time and its zone, such as 2026-01-31T12:00:00Z.", "filter")
    return moment


def _by_symbol(part: Compare) -> str:
    """Comparisons with the Hermann-Mauguin symbol: the space groups whose symbol fits."""
    fits = [str(number) for number, symbol in spaced_symbols().items() if HOLDS[part.op](symbol, part.value)]
    return f'("spacegroup_number" IN ({", ".join(fits) or "-1"}))'


def _items_checked(part: HasItems, lists: list[Field]) -> None:
    def number(value: Scalar) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool)

    suits: dict[str | None, Callable[[Scalar], bool]] = {
        "string": lambda value: isinstance(value, str),
        "float": number,
        "integer": number,
    }
    for want in part.wants:
        if len(want) != len(lists):
            raise BadRequest(f"Each place needs {len(lists)} values with colons between them.", "filter")
        for one, item in zip(lists, want, strict=True):
            if not suits[one.items](item.value) or (item.op in TEXT_ONLY and one.items != "string"):
                told = f"'{one.name}' holds {one.items}s: {item.op.upper()} {item.value!r} does not suit them."
                raise NotImplementedHere(told, "filter")
