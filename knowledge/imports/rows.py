"""Rows of a table -> drafts of records, and what was refused with its reason. Pure: no database, no files."""

import ast
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ingest.schemas.units import convert
from knowledge.chemistry.elements import element_named
from knowledge.chemistry.spacegroups import spacegroup_number
from knowledge.formula import Formula, NotAFormula, parse_formula
from knowledge.imports.mappings import ColumnMapping, Rule
from knowledge.imports.numbers import number_read
from knowledge.imports.tables import Table
from knowledge.records.drafts import Draft, Json, Value
from knowledge.topics.schema import Property, per_topics, topics

_EMPTY = frozenset({"", "-", "--", "—", "none", "null", "nan", "n/a", "na", "[]", "?"})


# NaN is sodium nitride, Na sodium: in a column of formulae only these mean nothing.
_NO_FORMULA = frozenset({"", "-", "--", "—", "None", "none", "null", "NULL", "nan", "n/a", "N/A", "?"})


class BadCell(ValueError):
    """A cell that holds no value of its property; the message is the reason."""


@dataclass
class Read:
    """What became of a table's rows; rows = drafts + merged + rejected rows."""

    drafts: list[Draft] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    merged: int = 0

    def refuse(self, row: int, reason: str, column: str | None = None) -> None:
        """Note a refused row, or with `column` a lost cell."""
        self.rejected.append({"row": row, "reason": reason} | ({"column": column} if column else {}))


def _list(text: str) -> Any:  # Any: checked by the caller
    try:
        return json.loads(text.replace("'", '"'))  # ten times as fast as reading Python
    except ValueError:
        return ast.literal_eval(text)


def _items(text: str) -> list[str]:
    """The items of a list as sources write them: Python or JSON list, or words between commas or semicolons."""
    if text.startswith(("[", "(")):
        try:
            found = _list(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise BadCell(f"{text[:40]!r} is no list") from error
        return [str(item) for item in found] if isinstance(found, list | tuple) else [str(found)]
    return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]


def _word(text: str) -> str:
    return text.strip().lower().replace("-", "_").replace(" ", "_")


@per_topics
def _class_ids(topic: str, name: str) -> dict[str, str]:
    """Every spelling of a class of a property -> its id."""
    item = topics()[topic].property(name)
    found: dict[str, str] = {}
    for known in item.classes if item else ():
        for spelling in (known.id, *known.label.values(), *known.synonyms):
            found.setdefault(_word(spelling), known.id)
    return found


def class_id(topic: str, item: Property, text: str) -> str:
    """The id of a class in any spelling of the schema. Raises BadCell."""
    found = _class_ids(topic, item.id).get(_word(text))
    if found is None:
        raise BadCell(f"{text[:40]!r} is none of {', '.join(c.id for c in item.classes)}")
    return found


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in ("1", "1.0", "true", "yes", "y", "是"):
        return True
    if word in ("0", "0.0", "false", "no", "n", "否"):
        return False
    raise BadCell(f"{text[:40]!r} is neither true nor false")


def number_value(item: Property, text: str, unit: str | None) -> tuple[float | int, float | None]:
    """A cell as number and uncertainty in the property's unit. `unit` is the column's, unless the cell names its own."""
    stated = number_read(text)
    if stated is None:
        raise BadCell(f"{text[:40]!r} is no number")
    number, spread, unit = stated.value, stated.uncertainty, stated.unit or unit
    if unit and item.unit and unit != item.unit:
        try:
            converted = float(convert(number, unit, item.unit))
            spread = None if spread is None else abs(float(convert(number + spread, unit, item.unit)) - converted)
        except ValueError as error:
            raise BadCell(f"{text[:40]!r}: {error}") from error
        number = converted
    if (item.low is not None and number < item.low) or (item.high is not None and number > item.high):
        raise BadCell(f"{text[:40]} is outside {item.low}..{item.high} {item.unit or ''}".rstrip())
    if item.type == "integer":
        if number != int(number):
            raise BadCell(f"{text[:40]!r} is no whole number")
        return int(number), spread
    return number, spread


def value_read(topic: str, item: Property, text: str) -> Json:
    """A cell that is no number as a value of the topic's property. Raises BadCell."""
    if item.type == "class":
        return class_id(topic, item, text)
    if item.type == "boolean":
        return _boolean(text)
    if item.type == "list":
        return _items(text)
    return text


class RowReader:
    """Reads the rows of one table by one mapping."""

    def __init__(self, table: Table, mapping: ColumnMapping, *, file_name: str, receipt: str) -> None:
        self.table, self.mapping, self.file_name, self.receipt = table, mapping, file_name, receipt
        self.schema = topics()[mapping.topic]
        self.items = {item.id: item for item in self.schema.properties}
        self.read = Read()
        at = {column: i for i, column in enumerate(table.columns)}
        self.at = at
        self.rules = [(at[column], column, rule) for column, rule in mapping.rules.items() if rule.property]
        self.formula_at = next((i for i, _, rule in self.rules if rule.property == "formula"), None)
        self.group_at = next(((i, c) for i, c, rule in self.rules if rule.property == "spacegroup_number"), None)
        self.elements_at = next(((i, c) for i, c, rule in self.rules if rule.property == "elements"), None)
        self.known: dict[str, list[Any]] = {}

    def run(self) -> Read:
        """All rows."""
        for number, reason in self.table.broken:
            self.read.refuse(number, reason)
        numbers = self.table.numbers or range(1, len(self.table.rows) + 1)
        constants = self._constants()
        for number, row in zip(numbers, self.table.rows, strict=True):
            draft = self._row(number, row, constants)
            if draft is not None:
                self._keep(draft)
        self.read.rejected.sort(key=lambda item: item["row"])
        return self.read

    def _constants(self) -> tuple[Value, ...]:
        return tuple(Value(name, value, column="file name") for name, value in self.mapping.constants.items())

    def _row(self, number: int, row: tuple[str, ...], constants: tuple[Value, ...]) -> Draft | None:
        text = row[self.formula_at].strip() if self.formula_at is not None else ""
        if text in _NO_FORMULA:
            self.read.refuse(number, "names no formula")
            return None
        try:
            formula = parse_formula(text)
        except NotAFormula as error:
            self.read.refuse(number, f"{text[:60]!r} is no formula: {error}")
            return None
        group = self._group(number, row)
        values = constants + tuple(self._values(number, row, formula))
        return Draft(
            key="",
            formula=formula.reduced,
            formula_source=text,
            elements=formula.elements,
            spacegroup_number=group,
            external_id=row[self.at[self.mapping.external_id]] if self.mapping.external_id else "",
            values=values,
            receipt=self.receipt,
            file_name=self.file_name,
            locator=self.table.locator(number),
        )

    def _group(self, number: int, row: tuple[str, ...]) -> int | None:
        if self.group_at is None:
            return None
        at, column = self.group_at
        text = row[at].strip()
        if text.lower() in _EMPTY:
            return None
        found = spacegroup_number(text)
        if found is None:
            self.read.refuse(number, f"{text[:40]!r} is no space group: 1 to 230 or a symbol", column)
        return found

    def _values(self, number: int, row: tuple[str, ...], formula: Formula) -> Iterator[Value]:
        for at, column, rule in self.rules:
            text = row[at].strip()
            if text.lower() in _EMPTY or rule.property in ("formula", "spacegroup_number"):
                continue
            try:
                if rule.property == "elements":
                    self._check_elements(text, formula)
                    continue
                if (item := self.items.get(rule.property or "")) is not None:
                    yield self._value(item, rule, column, text, row)
            except BadCell as error:
                self.read.refuse(number, str(error), column)

    def _value(self, item: Property, rule: Rule, column: str, text: str, row: tuple[str, ...]) -> Value:
        if item.type in ("number", "integer"):
            number, spread = number_value(item, text, rule.unit)
            return Value(item.id, number, item.unit, column, text, uncertainty=spread)
        value = value_read(self.schema.id, item, text)
        if rule.beside and isinstance(value, list):
            names = _items(row[self.at[rule.beside]])
            if len(names) != len(value):
                raise BadCell(f"{len(value)} counts for {len(names)} elements")
            value = [f"{name} {count}" for name, count in zip(names, value, strict=True)]
        return Value(item.id, value, item.unit, column, text)

    def _check_elements(self, text: str, formula: Formula) -> None:
        symbols = sorted(element_named(name) or name for name in _items(text))
        if tuple(symbols) != formula.elements:
            raise BadCell(f"elements {', '.join(symbols)} are not those of {formula.source}")

    def _keep(self, draft: Draft) -> None:
        """Give the draft its key; drop it when the same was said before under the same key."""
        key_column = self.mapping.key
        own = draft.external_id
        if key_column:
            own = next((str(v.raw) for v in draft.values if v.column == key_column), own)
        base = own or f"{draft.formula}|{draft.spacegroup_number or ''}"
        if self.mapping.constants:
            base = f"{self.mapping.part}|{base}"
        said = (draft.formula_source, draft.spacegroup_number, draft.values)
        before = self.known.setdefault(base, [])
        if said in before:
            self.read.merged += 1
            return
        before.append(said)
        self.read.drafts.append(replace(draft, key=base if len(before) == 1 else f"{base}#{len(before)}"))


def fingerprint(*parts: str) -> str:
    """A hash of texts, in order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
