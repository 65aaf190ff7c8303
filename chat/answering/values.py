"""Values of a material as its records state them."""

from collections.abc import Sequence
from dataclasses import dataclass

from chat.answering.stores import Desk
from chat.composer import phrases
from chat.planner.domain import Material
from knowledge.query.types import Row, Scalar
from knowledge.topics.schema import topics


@dataclass(frozen=True)
class Found:
    """One value of one property in one record."""

    row: Row
    name: str
    value: Scalar | tuple[Scalar, ...]
    unit: str | None


def values_of(row: Row, name: str) -> list[Found]:
    """The values a record has for a property, with those that follow from its formula and space group."""
    number = row.spacegroup_number
    fixed: dict[str, Scalar | tuple[Scalar, ...] | None] = {
        "spacegroup_number": number, "spacegroup_symbol": number, "elements": row.elements, "nelements": len(row.elements) or None,
        "external_id": row.external_id or None, "formula": row.formula or None,
    }  # fmt: skip
    if name == "crystal_system" and number:
        return [Found(row, name, phrases.system_of(number), None)]
    if name == "spacegroup_symbol" and number:
        return [Found(row, "spacegroup_number", number, None)]
    if name in fixed:
        value = fixed[name]
        return [] if value is None else [Found(row, name, value, None)]
    return [Found(row, name, s.value, s.unit) for s in row.values if s.property == name and s.value is not None]


def fact_text(desk: Desk, fact: Found) -> str:
    """A value with its label, in the unit asked for where one is."""
    value, unit = fact.value, fact.unit
    if desk.plan.unit and unit and isinstance(value, int | float):
        value, unit = converted(desk, float(value), unit), desk.plan.unit
    text = phrases.value_text(fact.name, value, unit, fact.row.topic, desk.language)
    if fact.name == "spacegroup_number":
        return text
    return desk.writer.text("said", label=desk.label(fact.name, fact.row.topic), value=text)


def converted(desk: Desk, value: float, unit: str) -> float:
    """The value in the unit asked for; a figure that follows from evidence."""
    from ingest.schemas.units import convert

    if desk.plan.unit is None or desk.plan.unit == unit:
        return value
    figure = float(f"{float(convert(value, unit, desk.plan.unit)):.12g}")
    desk.writer.hold(phrases.number(figure))
    return figure


def main_rows(rows: Sequence[Row], name: str) -> list[Row]:
    """The rows of the topic's main source, where it states the property; else all that state it."""
    stating = [row for row in rows if values_of(row, name)]
    main = [row for row in stating if (schema := topics().get(row.topic)) and schema.main_dataset == row.dataset]
    return main or stating


def names_of(materials: Sequence[Material]) -> str:
    """The materials in one text."""
    return ", ".join(dict.fromkeys(material.label() for material in materials))


def held_names(desk: Desk, materials: Sequence[Material]) -> str:
    """The materials in one text whose figures may be printed."""
    text = names_of(materials)
    desk.writer.hold(text)
    return text
