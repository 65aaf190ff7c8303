"""Long tables: one value a row, `formula, property, value, unit, conditions, source`."""

from knowledge.formula import NotAFormula, parse_formula
from knowledge.imports.rows import BadCell, Read, RowReader, number_value, value_read
from knowledge.imports.tables import Table
from knowledge.records.drafts import Draft, Json, Value


def _conditions(text: str) -> dict[str, Json]:
    """'temperature=300 K; phase=rutile' as a mapping."""
    parts = (part.partition("=") for part in text.split(";") if part.strip())
    return {name.strip(): value.strip() or True for name, _, value in parts}


def long_drafts(table: Table, reader: RowReader) -> Read:
    """One record for each row, whose only value carries its own source as method."""
    read = Read()
    for number, reason in table.broken:
        read.refuse(number, reason)
    numbers = table.numbers or range(1, len(table.rows) + 1)
    seen: set[str] = set()
    for number, row in zip(numbers, table.rows, strict=True):
        cells = dict(zip((column.lower() for column in table.columns), row, strict=True))
        try:
            draft = _draft(cells, reader, table.locator(number))
        except (BadCell, NotAFormula) as error:
            read.refuse(number, str(error))
            continue
        if draft.key in seen:
            read.merged += 1
            continue
        seen.add(draft.key)
        read.drafts.append(draft)
    return read


def _draft(cells: dict[str, str], reader: RowReader, locator: str) -> Draft:
    formula = parse_formula(cells["formula"])
    item = reader.schema.property(cells["property"])
    if item is None:
        raise BadCell(f"{cells['property']!r} is no property of topic {reader.schema.id}")
    if not cells["source"]:
        raise BadCell("a value needs its source")
    value: Json
    if item.type in ("number", "integer"):
        value, _ = number_value(item, cells["value"], cells["unit"] or None)
    else:
        value = value_read(reader.schema.id, item, cells["value"])
    stated = Value(
        item.id,
        value,
        item.unit,
        "value",
        f"{cells['value']} {cells['unit']}".strip(),
        method=cells["source"],
        conditions=_conditions(cells["conditions"]),
    )
    return Draft(
        key="|".join((formula.reduced, item.id, cells["conditions"], cells["source"])),
        formula=formula.reduced,
        formula_source=cells["formula"],
        elements=formula.elements,
        title=f"{formula.reduced}: {item.label['en']}",
        values=(stated,),
        receipt=reader.receipt,
        file_name=reader.file_name,
        locator=locator,
    )
