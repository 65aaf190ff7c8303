"""Long tables: one value a row, `formula, property, value, unit, conditions, source` in columns of any order and name."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from knowledge.formula import NotAFormula, parse_formula
from knowledge.imports.headers import header_read
from knowledge.imports.mappings import Role, Rule
from knowledge.imports.materials import Identified
from knowledge.imports.names import compact, property_named, words_of_kind
from knowledge.imports.numbers import Style
from knowledge.imports.options import Column
from knowledge.imports.rows import Read, RowReader, column_style, condition_named, table_style
from knowledge.imports.tables import Table
from knowledge.imports.units import way_to
from knowledge.imports.values import BadCell, Number, number_value, plain_text, states_nothing, value_read
from knowledge.records.drafts import Draft, Json, Value
from knowledge.topics.schema import Property, TopicSchema

_FIXED: dict[str, Role] = {
    "property": "property",
    "value": "stated",
    "unit": "unit",
    "conditions": "conditions",
    "source": "source",
}
_KINDS: tuple[tuple[Role, str], ...] = (
    ("property", "long_property"),
    ("stated", "long_value"),
    ("unit", "long_unit"),
    ("conditions", "long_conditions"),
)


def _called(column: Column, kind: str) -> bool:
    return any(compact(reading.name) in words_of_kind(kind) for reading in column.header.readings)


def _named(schema: TopicSchema, text: str) -> str | None:
    """The property that a cell names, with or without its unit: 'band gap (eV)'."""
    for reading in header_read(plain_text(text)).readings:
        if found := property_named(schema.id, " ".join(reading.name)):
            return found
    return property_named(schema.id, text)


def long_rules(
    candidates: Sequence[TopicSchema], found: Sequence[Column], known: Identified
) -> tuple[TopicSchema, dict[str, Rule]] | None:
    """Topic and rules of a long table; none if the table is not long or no topic knows most of the properties it names."""
    roles: dict[Role, Column] = {}
    for role, kind in _KINDS:
        fitting = [column for column in found if _called(column, kind) and column.name not in known.rules]
        if fitting:
            roles[role] = fitting[0]
    if "property" not in roles or "stated" not in roles or roles["property"] is roles["stated"]:
        return None
    names = roles["property"].filled
    if not names or roles["property"].numeric > 0.2:
        return None
    shares = [(sum(_named(schema, name) is not None for name in names) / len(names), schema) for schema in candidates]
    share, schema = max(shares, key=lambda pair: pair[0])
    if share < 0.5 or sum(other == share for other, _ in shares) > 1:
        return None
    return schema, {column.name: Rule(None, None, 0.9 * share, role=role) for role, column in roles.items()}


class _Long:
    """The places of a long table's columns."""

    def __init__(self, table: Table, reader: RowReader) -> None:
        self.reader, self.schema = reader, reader.schema
        at = reader.at
        self.roles: dict[str, int] = {
            r.role: at[c] for c, r in reader.mapping.rules.items() if r.role in _FIXED.values()
        }
        if "property" not in self.roles:
            lower = {column.lower(): i for i, column in enumerate(table.columns)}
            self.roles = {role: lower[name] for name, role in _FIXED.items() if name in lower}
        formulas = [at[c] for c, rule in reader.mapping.rules.items() if rule.property == "formula"]
        self.formula = formulas[0]
        self.style: Style = column_style(table, self.roles["stated"], table_style(table))
        self.source_needed = reader.mapping.kind == "literature" and bool(reader.mapping.citation)

    def cell(self, row: Sequence[str], role: str) -> str:
        """A cell by its role; empty where the table has no such column."""
        at = self.roles.get(role)
        return "" if at is None else row[at].strip()


def long_drafts(table: Table, reader: RowReader) -> Read:
    """One record for each row, whose only value carries its own source."""
    read, places = Read(), _Long(table, reader)
    for number, reason in table.broken:
        read.refuse(number, reason)
    numbers = table.row_numbers()
    seen: dict[str, list[Value]] = {}
    for number, row in zip(numbers, table.rows, strict=True):
        try:
            draft = _draft(row, places, table.locator(number))
        except (BadCell, NotAFormula) as error:
            read.refuse(number, str(error))
            continue
        before = seen.setdefault(draft.key, [])
        if draft.values[0] in before:
            read.merged += 1
            continue
        before.append(draft.values[0])
        read.drafts.append(draft if len(before) == 1 else replace(draft, key=f"{draft.key}#{len(before)}"))
    return read


def conditions_read(schema: TopicSchema, text: str) -> Mapping[str, Json]:
    """'temperature=300 K; phase=rutile' or '300 K' as conditions; numbers with units in the topic's canonical ones."""
    found: dict[str, Json] = {}
    for part in (part.strip() for part in text.split(";") if part.strip()):
        name, sign, value = (piece.strip() for piece in part.partition("="))
        item = schema.property(name) or (None if sign else condition_named(schema, part.lstrip("0123456789.eE+- ")))
        if item is not None and item.condition:
            try:
                found[item.id] = number_value(item, value if sign else part, item.unit).value
                continue
            except BadCell:
                pass
        found[name] = value or True
    return found


def _stated(places: _Long, item: Property, row: Sequence[str]) -> Number | Json:
    text = places.cell(row, "stated")
    if states_nothing(text):
        raise BadCell("states no value")
    if item.type not in ("number", "integer"):
        return value_read(places.schema.id, item, text)
    unit = places.cell(row, "unit") or None
    if unit is None:
        header = header_read(plain_text(places.cell(row, "property")))
        unit = next((r.unit for r in header.readings if r.unit and way_to(r.unit, item.unit)), None)
    return number_value(item, text, None if unit and states_nothing(unit) else unit, places.style)


def _draft(row: Sequence[str], places: _Long, locator: str) -> Draft:
    formula = parse_formula(plain_text(row[places.formula]))
    name = places.cell(row, "property")
    item = places.schema.property(name) or places.schema.property(_named(places.schema, name) or "")
    if item is None:
        raise BadCell(f"{name[:60]!r} is no property of topic {places.schema.id}")
    source, conditions = places.cell(row, "source"), places.cell(row, "conditions")
    if places.source_needed and not source:
        raise BadCell("a value needs its source")
    found = _stated(places, item, row)
    number = found if isinstance(found, Number) else None
    stated = Value(
        item.id,
        number.value if number else found,  # type: ignore[arg-type]  # no Number left
        item.unit,
        "value",
        f"{places.cell(row, 'stated')} {places.cell(row, 'unit')}".strip(),
        uncertainty=number.uncertainty if number else None,
        method=source or None,
        conditions=conditions_read(places.schema, conditions),
        bound=number.bound if number else None,
        low=number.low if number else None,
        high=number.high if number else None,
    )
    return Draft(
        key="|".join((formula.reduced, item.id, conditions, source)),
        formula=formula.reduced,
        formula_source=plain_text(row[places.formula]),
        elements=formula.elements,
        title=f"{formula.reduced}: {item.label['en']}",
        values=(stated,),
        receipt=places.reader.receipt,
        file_name=places.reader.file_name,
        locator=locator,
    )
