"""A record as a row of a table: which columns there are is known only after all records were seen. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Document = Mapping[str, Any]  # Any: a record as JSON
Kind = Literal["number", "text", "boolean", "list"]
MOST_COLUMNS = 2000
FIXED: dict[str, Kind] = {
    "record": "text", "version": "number", "topic": "text", "dataset": "text", "kind": "text", "formula": "text",
    "formula_source": "text", "elements": "list", "spacegroup_number": "number", "external_id": "text", "title": "text",
    "file_name": "text", "locator": "text",
}  # fmt: skip
STATED: dict[str, Kind] = {
    "property": "text", "value": "text", "number": "number", "unit": "text", "bound": "text", "low": "number",
    "high": "number", "uncertainty": "number", "conditions": "text", "method": "text", "column": "text", "raw": "text",
}  # fmt: skip
EXTRAS: dict[str, Kind] = {
    "bound": "text", "low": "number", "high": "number", "uncertainty": "number", "conditions": "text", "method": "text",
}  # fmt: skip
Key = tuple[str, str | None, int]  # property, unit, which of several values of it


@dataclass(frozen=True)
class Column:
    """One column of a table: a field of the record (`property` none), a value, or with `part` what belongs to a value."""

    name: str
    kind: Kind
    property: str | None = None
    unit: str | None = None
    number: int = 0
    part: str | None = None


@dataclass
class Seen:
    """What the records so far state, from which the columns follow."""

    kinds: dict[Key, set[Kind]] = field(default_factory=dict)
    parts: dict[Key, set[str]] = field(default_factory=dict)

    def add(self, document: Document) -> None:
        """Take one record into account."""
        for key, stated in keyed(document):
            kinds = self.kinds.setdefault(key, set())
            if stated.get("value") is not None:
                kinds.add(kind_of(stated["value"]))
            present = {name for name in EXTRAS if stated.get(name) not in (None, "", {})}
            if present:
                self.parts.setdefault(key, set()).update(present)

    def columns(self, *, first: Sequence[str] = ()) -> list[Column]:
        """All columns of the wide table: the record's fields, then each property in this order, the others by name."""
        order = {name: at for at, name in enumerate(first)}
        found = [Column(name, kind) for name, kind in FIXED.items()]
        units: dict[str, set[str | None]] = {}
        for name, unit, _number in self.kinds:
            units.setdefault(name, set()).add(unit)
        for key in sorted(self.kinds, key=lambda key: (order.get(key[0], len(order)), key[0], key[2], key[1] or "")):
            name, unit, number = key
            label = name if number == 0 else f"{name} #{number + 1}"
            if len(units[name]) > 1:
                label += f" in {unit or 'no unit'}"
            kinds = self.kinds[key]
            kind: Kind = next(iter(kinds)) if len(kinds) == 1 else "text"
            found.append(Column(label, kind, name, unit, number))
            found += [
                Column(f"{label} {part}", EXTRAS[part], name, unit, number, part)
                for part in EXTRAS
                if part in self.parts.get(key, ())
            ]
        return found


def kind_of(value: object) -> Kind:
    """Which kind of column holds this value."""
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return "list" if isinstance(value, list) else "text"


def keyed(document: Document) -> Iterator[tuple[Key, Document]]:
    """The values of a record, several of one property and unit numbered in their order."""
    count: dict[tuple[str, str | None], int] = {}
    for stated in document["values"]:
        place = (stated["property"], stated.get("unit"))
        number = count.get(place, 0)
        count[place] = number + 1
        yield (*place, number), stated


def wide_row(document: Document, columns: Sequence[Column]) -> list[Any]:
    """The cells of one record, None where it states nothing."""
    stated = dict(keyed(document))
    return [_cell(document, stated, column) for column in columns]


def _cell(document: Document, stated: Mapping[Key, Document], column: Column) -> Any:
    if column.property is None:
        return typed(document.get(column.name), column.kind)
    found = stated.get((column.property, column.unit, column.number))
    if found is None:
        return None
    if column.part == "conditions":
        return conditions_text(found.get("conditions"))
    value = found.get(column.part or "value")
    return typed(value, column.kind)


def typed(value: Any, kind: Kind) -> Any:
    """The value as this kind of column holds it; an empty text is none."""
    if value is None or value == "":
        return None
    match kind:
        case "number":
            return value if isinstance(value, int | float) else None
        case "list":
            return [str(part) for part in value] if isinstance(value, list) else [str(value)]
        case "boolean":
            return bool(value)
    return text_of(value)


def text_of(value: Any) -> str:
    """A value as text: truth in words, lists with semicolons, numbers in full."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "; ".join(map(text_of, value))
    return str(value)


def conditions_text(conditions: Mapping[str, Any] | None) -> str | None:
    """Conditions as `name=value` with semicolons."""
    if not conditions:
        return None
    return "; ".join(f"{name}={text_of(value)}" for name, value in sorted(conditions.items()))


LONG: list[Column] = [Column(name, kind) for name, kind in (FIXED | STATED).items() if name != "elements"]


def long_rows(document: Document) -> Iterator[list[Any]]:
    """One row for each value of a record; a record without values has one row."""
    fixed = [typed(document.get(name), kind) for name, kind in FIXED.items() if name != "elements"]
    for stated in document["values"] or [{}]:
        value = stated.get("value")
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        cells = {**stated, "number": number, "conditions": conditions_text(stated.get("conditions"))}
        yield [*fixed, *(typed(cells.get(name), kind) for name, kind in STATED.items())]
