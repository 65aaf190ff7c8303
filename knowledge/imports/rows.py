"""Rows of a table -> drafts of records, and what was refused with its reason. Pure: no database, no files."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from knowledge.chemistry.elements import element_named
from knowledge.formula import Formula, NotAFormula, parse_formula
from knowledge.imports.compositions import Shares, composition_text
from knowledge.imports.identity import group_read
from knowledge.imports.mappings import ColumnMapping, Rule
from knowledge.imports.numbers import PLAIN, Style, style_of
from knowledge.imports.tables import Table
from knowledge.imports.units import way_to
from knowledge.imports.values import BadCell, Number, items_of, number_value, plain_text, states_nothing, value_read
from knowledge.records.drafts import Draft, Json, Value
from knowledge.topics.schema import Property, TopicSchema, topics

# NaN is sodium nitride, Na sodium: in a column of formulae only these mean nothing.
_NO_FORMULA = frozenset({"", "-", "--", "—", "None", "none", "null", "NULL", "nan", "n/a", "N/A", "?", "#N/A"})
_STRUCTURAL = frozenset({"formula", "spacegroup_number", "elements"})
STYLE_SAMPLE = 5000


@dataclass
class Read:
    """What became of a table's rows; rows = drafts + merged + rejected rows."""

    drafts: list[Draft] = field(default_factory=list)
    rejected: list[dict[str, Any]] = field(default_factory=list)
    merged: int = 0

    def refuse(self, row: int, reason: str, column: str | None = None) -> None:
        """Note a refused row, or with `column` a lost cell."""
        self.rejected.append({"row": row, "reason": reason} | ({"column": column} if column else {}))


def table_style(table: Table) -> Style:
    """How the numbers of a table are written, by the proof of all its cells."""
    return style_of(cell for row in table.rows[:STYLE_SAMPLE] for cell in row if cell and cell[-1].isdigit())


def column_style(table: Table, at: int, otherwise: Style) -> Style:
    """How the numbers of one column are written."""
    return style_of((row[at] for row in table.rows[:STYLE_SAMPLE]), otherwise)


def condition_named(schema: TopicSchema, unit: str) -> Property | None:
    """The topic's condition that is measured in a unit: kelvin means the temperature."""
    return next((p for p in schema.properties if p.condition and p.unit and way_to(unit, p.unit)), None)


@dataclass(frozen=True)
class _Column:
    """One column that gives values: where it stands, its rule, its property, how it writes numbers; its cells once read."""

    at: int
    name: str
    rule: Rule
    item: Property
    style: Style
    cells: dict[str, Number | Json | BadCell] = field(default_factory=dict)


class RowReader:
    """Reads the rows of one table by one mapping."""

    def __init__(self, table: Table, mapping: ColumnMapping, *, file_name: str, receipt: str) -> None:
        self.table, self.mapping, self.file_name, self.receipt = table, mapping, file_name, receipt
        self.schema = topics()[mapping.topic]
        self.read = Read()
        self.at = {column: i for i, column in enumerate(table.columns)}
        self.formula_at = self._place("formula")
        self.group_at = self._place("spacegroup_number")
        self.elements_at = self._place("elements")
        self.sources = [
            self.at[c] for c, rule in mapping.rules.items() if rule.role == "source" or rule.property == "reference"
        ]
        otherwise = table_style(table)
        self.columns = sorted(self._columns(otherwise), key=lambda column: not column.item.condition)
        self.spreads = {
            rule.of: (self.at[c], c, rule, column_style(table, self.at[c], otherwise))
            for c, rule in mapping.rules.items()
            if rule.role == "uncertainty" and rule.of
        }
        self.shares = self._shares(otherwise)
        self.used = self._used()
        self.altered = {number for number, _ in (*table.formats, *table.lost)}
        self.references: dict[tuple[str, ...], str | None] = {}
        self.known: dict[str, dict[tuple[str, ...], None]] = {}
        self.formulas: dict[str, Formula | str] = {}

    def _used(self) -> list[int]:
        """The places of the columns that say something: rows equal in them are the same."""
        names = [c for c, r in self.mapping.rules.items() if r.property or r.role != "value"]
        names += [name for name in (self.mapping.external_id, self.mapping.key) if name and name not in names]
        return [self.at[name] for name in names]

    def _place(self, name: str) -> tuple[int, str] | None:
        return next(((self.at[c], c) for c, rule in self.mapping.rules.items() if rule.property == name), None)

    def _columns(self, otherwise: Style) -> Iterator[_Column]:
        for name, rule in self.mapping.rules.items():
            item = self.schema.property(rule.property or "")
            if item is None or rule.role != "value" or rule.property in _STRUCTURAL:
                continue
            numeric = item.type in ("number", "integer")
            style = column_style(self.table, self.at[name], otherwise) if numeric else PLAIN
            yield _Column(self.at[name], name, rule, item, style)

    def _shares(self, otherwise: Style) -> Shares | None:
        told = [(self.at[c], c, r.element, r.unit) for c, r in self.mapping.rules.items() if r.role == "element"]
        if not told or self.formula_at is not None:
            return None
        columns = tuple((at, column, element) for at, column, element, _ in told if element)
        styles = tuple(column_style(self.table, at, otherwise) for at, _, _ in columns)
        return Shares(columns, told[0][3] or "at.%", self.mapping.rest, styles)

    def run(self) -> Read:
        """All rows."""
        for number, reason in self.table.broken:
            self.read.refuse(number, reason)
        numbers = self.table.row_numbers()
        constants = self._constants()
        for number, row in zip(numbers, self.table.rows, strict=True):
            draft = self._row(number, row, constants)
            if draft is not None:
                self._keep(draft, number, row)
        self.read.rejected.sort(key=lambda item: item["row"])
        return self.read

    def _constants(self) -> tuple[Value, ...]:
        return tuple(Value(name, value, column="file name") for name, value in self.mapping.constants.items())

    def _formula(self, row: tuple[str, ...]) -> tuple[Formula | None, str]:
        """The formula of a row and its text. Raises BadCell where the row names none."""
        if self.shares is not None:
            text, source = composition_text(self.shares, row)
            return parse_formula(text), source
        if self.formula_at is None:
            if self.mapping.external_id and not states_nothing(row[self.at[self.mapping.external_id]]):
                return None, ""
            raise BadCell("names no formula")
        text = row[self.formula_at[0]].strip()
        if text in _NO_FORMULA:
            raise BadCell("names no formula")
        known = self.formulas.get(text)
        if known is None:
            try:
                known = parse_formula(plain_text(text))
            except NotAFormula as error:
                known = f"{text[:60]!r} is no formula: {error}"
            self.formulas[text] = known
        if isinstance(known, str):
            raise BadCell(known)
        return known, plain_text(text)

    def _row(self, number: int, row: tuple[str, ...], constants: tuple[Value, ...]) -> Draft | None:
        name = plain_text(row[self.at[self.mapping.names_rows]]) if self.mapping.names_rows else ""
        try:
            formula, text = self._formula(row)
        except (BadCell, NotAFormula) as error:
            if states_nothing(name):
                self.read.refuse(number, str(error))
                return None
            formula, text = None, ""
        if self.elements_at is not None and formula is not None:
            self._check_elements(number, row, formula, *self.elements_at)
        identifier = plain_text(row[self.at[self.mapping.external_id]]) if self.mapping.external_id else ""
        return Draft(
            key="",
            formula=formula.reduced if formula else "",
            formula_source=text,
            elements=formula.elements if formula else (),
            spacegroup_number=self._group(number, row),
            external_id="" if states_nothing(identifier) else identifier,
            title="" if states_nothing(name) else name[:200],
            values=constants + tuple(self._values(number, row)),
            receipt=self.receipt,
            file_name=self.file_name,
            locator=self.table.locator(number),
        )

    def _group(self, number: int, row: tuple[str, ...]) -> int | None:
        if self.group_at is None:
            return None
        at, column = self.group_at
        text = row[at].strip()
        if states_nothing(text):
            return None
        found = group_read(text)
        if found is None:
            self.read.refuse(number, f"{text[:40]!r} is no space group: 1 to 230 or a symbol", column)
        return found

    def _values(self, number: int, row: tuple[str, ...]) -> Iterator[Value]:
        conditions: dict[str, Json] = {}
        reference = self._reference(row)
        for column in self.columns:
            text = row[column.at].strip()
            if text in column.rule.empty:
                continue
            try:
                stated = self._cell(number, column, text, row)
                if stated is None:
                    continue
                value = self._value(number, column, text, stated, row, conditions, reference)
            except BadCell as error:
                self.read.refuse(number, str(error), column.name)
                continue
            if column.item.condition and not column.rule.conditions:
                conditions[column.item.id] = text if value.low is not None or value.bound else value.value
            yield value

    def _cell(self, number: int, column: _Column, text: str, row: tuple[str, ...]) -> Number | Json:
        """What a cell states of its property; none = nothing. Raises BadCell. The same text is read once."""
        altered = self.table.formats.get((number, column.name)) if self.table.formats else None
        if altered == "date" and column.item.type in ("number", "integer"):
            raise BadCell(f"{text[:40]!r} was turned into a date by a spreadsheet: what was typed is lost")
        if text not in column.cells:
            try:
                column.cells[text] = self._stated(column, text)
            except BadCell as error:
                column.cells[text] = error
        found = column.cells[text]
        if isinstance(found, BadCell):
            raise found
        if column.rule.beside and isinstance(found, list):
            names = items_of(row[self.at[column.rule.beside]])
            if len(names) != len(found):
                raise BadCell(f"{len(found)} counts for {len(names)} elements")
            return [f"{name} {count}" for name, count in zip(names, found, strict=True)]
        return found

    def _stated(self, column: _Column, text: str) -> Number | Json:
        if states_nothing(text):
            if column.item.type == "class" and text:
                try:
                    return value_read(self.schema.id, column.item, text)  # a class may be called unknown
                except BadCell:
                    return None
            return None
        if column.item.type in ("number", "integer"):
            return number_value(column.item, text, column.rule.unit, column.style)
        return value_read(self.schema.id, column.item, text)

    def _value(
        self,
        number: int,
        column: _Column,
        text: str,
        stated: Number | Json,
        row: tuple[str, ...],
        conditions: dict[str, Json],
        reference: str | None,
    ) -> Value:
        item, rule = column.item, column.rule
        method = rule.method
        if not isinstance(stated, Number):
            return Value(item.id, stated, item.unit, column.name, text, method=method, reference=reference)
        held = {} if item.condition or not conditions else dict(conditions)
        if rule.conditions:
            held |= dict(rule.conditions)
        if stated.at is not None:
            held |= self._circumstance(*stated.at)
        spread = stated.uncertainty
        if spread is None and column.name in self.spreads:
            spread = self._spread(number, column, row)
        return Value(
            item.id,
            stated.value,
            item.unit,
            column.name,
            text,
            uncertainty=spread,
            method=f"{method}; {stated.remark}" if method and stated.remark else method or stated.remark,
            conditions=held,
            bound=stated.bound,
            low=stated.low,
            high=stated.high,
            reference=reference,
        )

    def _circumstance(self, number: float, unit: str) -> dict[str, Json]:
        """What a cell says behind its number: 5.2 (300 K)."""
        item = condition_named(self.schema, unit)
        way = way_to(unit, item.unit) if item and item.unit else None
        return {item.id: float(f"{way(number):.12g}")} if item and way else {"at": f"{number:g} {unit}"}

    def _spread(self, number: int, column: _Column, row: tuple[str, ...]) -> float | None:
        """The uncertainty that a column of its own states: a difference, so without the zero of its scale."""
        at, name, rule, style = self.spreads[column.name]
        text = row[at].strip()
        if states_nothing(text):
            return None
        try:
            plain = replace_limits(column.item)
            stated = number_value(plain, text, None, style)
            unit = rule.unit or column.rule.unit
            way = way_to(unit, column.item.unit) if unit and column.item.unit else None
            if rule.unit == "%" and column.item.unit != "%":
                base = column.cells.get(row[column.at].strip())
                return abs(base.value) * stated.value / 100 if isinstance(base, Number) else None
            return float(f"{abs(stated.value) * abs(way.scale if way else 1.0):.12g}")
        except BadCell as error:
            self.read.refuse(number, str(error), name)
            return None

    def _reference(self, row: tuple[str, ...]) -> str | None:
        if not self.sources:
            return None
        texts = tuple(row[at] for at in self.sources)
        if texts not in self.references:
            parts = map(plain_text, texts)
            said = list(dict.fromkeys(part for part in parts if not states_nothing(part)))
            self.references[texts] = "; ".join(said)[:400] or None
        return self.references[texts]

    def _check_elements(self, number: int, row: tuple[str, ...], formula: Formula, at: int, column: str) -> None:
        text = row[at].strip()
        if states_nothing(text):
            return
        try:
            symbols = sorted(element_named(name) or name for name in items_of(text))
            if tuple(symbols) != formula.elements:
                raise BadCell(f"elements {', '.join(symbols)} are not those of {formula.source}")
        except BadCell as error:
            self.read.refuse(number, str(error), column)

    def _keep(self, draft: Draft, number: int, row: tuple[str, ...]) -> None:
        """Give the draft its key; drop it when the same was said before under the same key."""
        base = self._base(draft)
        said = tuple(row[at] for at in self.used)
        if number in self.altered:  # equal texts, but not equal cells
            said = (*said, str(number))
        before = self.known.setdefault(base, {})
        if said in before:
            self.read.merged += 1
            return
        before[said] = None
        self.read.drafts.append(replace(draft, key=base if len(before) == 1 else f"{base}#{len(before)}"))

    def _base(self, draft: Draft) -> str:
        key_column = self.mapping.key
        own = draft.external_id
        if key_column:
            own = next((str(v.raw) for v in draft.values if v.column == key_column), own)
        base = own or f"{draft.formula or draft.title}|{draft.spacegroup_number or ''}"
        return f"{self.mapping.part}|{base}" if self.mapping.constants else base


def replace_limits(item: Property) -> Property:
    """The property without unit and limits, for numbers that are no values of it."""
    return item.model_copy(update={"low": None, "high": None, "unit": None, "type": "number"})


def fingerprint(*parts: str) -> str:
    """A hash of texts, in order."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
