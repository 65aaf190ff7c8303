"""What a query may name: the fixed properties and those of the topic schemas, and the values they take."""

from difflib import get_close_matches

from django.utils.translation import gettext as _

from ingest.errors import LodestoneError
from knowledge.errors import NotAnswered, QueryError, UnknownProperty
from knowledge.index import columns as layout
from knowledge.index.columns import Column
from knowledge.records.models import Kind
from knowledge.topics.schema import Property, TopicSchema, per_topics, topics


def topic_checked(name: str | None) -> TopicSchema | None:
    """The topic's schema; raises QueryError that names the topics there are."""
    if name is None:
        return None
    found = topics().get(name)
    if found is None:
        raise QueryError(f"There is no topic '{name}'. Topics: {', '.join(topics()) or 'none'}.", topic=name)
    return found


def kinds_checked(kinds: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds if all exist."""
    wrong = next((kind for kind in kinds if kind not in Kind.values), None)
    if wrong is not None:
        raise QueryError(f"There is no kind '{wrong}'. Kinds: {', '.join(Kind.values)}.", kind=wrong)
    return kinds


def _in_topic(name: str, topic: str | None) -> list[Column]:
    return [
        column
        for column in layout.columns()
        if column.property == name and (not column.topics or topic is None or topic in column.topics)
    ]


def names(topic: str | None) -> list[str]:
    """All properties that a query on this topic (none = any) may name."""
    found = (column.property for column in layout.columns() if not column.topics or topic in (None, *column.topics))
    return list(dict.fromkeys(found))


def column_of(name: str, topic: str | None) -> Column:
    """The column of a property; raises QueryError with near names if there is none, or if topics mean different things by it."""
    found = _in_topic(name, topic)
    if len(found) == 1:
        return found[0]
    if found:
        meant = ", ".join(place for column in found for place in column.topics)
        raise QueryError(f"'{name}' means different things in the topics {meant}: name one of them.", property=name)
    near = get_close_matches(name, names(topic), n=4, cutoff=0.5)
    raise UnknownProperty(_absent(name, topic, near), property=name, near=near)


def _absent(name: str, topic: str | None, near: list[str]) -> str:
    if near:
        return _("There is no property '%(name)s'. Did you mean %(near)s?") % {"name": name, "near": ", ".join(near)}
    known = ", ".join(names(topic)[:40])
    return _("There is no property '%(name)s'. Known: %(known)s.") % {"name": name, "known": known}


def link_column(same: str, topic: str | None) -> Column:
    """The column in which linked records agree. Raises QueryError where the topic has none, or a list."""
    names = {"composition": "formula", "material": "formula", "spacegroup": "spacegroup_number"}
    column = column_of(names.get(same, same), topic)
    if column.family not in ("text", "number"):
        raise NotAnswered(f"Records cannot be linked by '{same}', which is no single value.", property=same)
    return column


def schema_of(column: Column, topic: str | None) -> Property | None:
    """The schema of a column's property: in the topic asked, else in the first that has it."""
    place = topic if topic in column.topics else next(iter(column.topics), None)
    return topics()[place].property(column.property) if place else None


@per_topics
def _class_names(topic: str, name: str) -> dict[str, str]:
    item = topics()[topic].property(name)
    found: dict[str, str] = {}
    for value in item.classes if item else ():
        for word in (*value.synonyms, *value.label.values(), value.id):
            found[word.casefold()] = value.id
    return found


def text_value(column: Column, topic: str | None, value: object) -> str:
    """A text value as the index spells it: formulae reduced, classes by id."""
    if not isinstance(value, str):
        told = _("'%(name)s' is text: put the value in double quotes.") % {"name": column.property}
        raise NotAnswered(told, property=column.property)
    if column.property == "formula":
        return _reduced(value)
    item = schema_of(column, topic)
    if item is not None and item.type == "class":
        place = topic if topic in column.topics else column.topics[0]
        return _class_names(place, item.id).get(value.casefold(), value)
    return value


def _reduced(value: str) -> str:
    from knowledge.formula import NotAFormula, parse_formula

    try:
        return parse_formula(value).reduced
    except NotAFormula:
        return value


def number_bounds(column: Column, topic: str | None, value: object, unit: str | None) -> tuple[float, float]:
    """The number in the column's unit, as (low, high): equal unless it was converted, then one rounding error apart."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        told = _("'%(name)s' is a number, and '%(value)s' is not.") % {"name": column.property, "value": value}
        raise NotAnswered(told, property=column.property)
    given = unit or layout.unit_in(topic, column.property)
    if given == column.unit or given is None:
        return float(value), float(value)
    if column.unit is None:
        told = _("'%(name)s' has no unit; leave '%(unit)s' away.") % {"name": column.property, "unit": unit}
        raise QueryError(told, property=column.property)
    converted = _converted(column.property, float(value), given, column.unit)
    slack = abs(converted) * 1e-9
    return converted - slack, converted + slack


def affine(name: str, unit: str | None, wanted: str | None) -> tuple[float, float]:
    """Factor and offset that bring numbers of a property in `unit` to `wanted`; raises NotAnswered if the units do not meet."""
    if unit == wanted:
        return 1.0, 0.0
    if unit is None or wanted is None:
        raise NotAnswered(f"'{name}' has {unit or 'no unit'}, the other property {wanted or 'none'}.", property=name)
    offset = _converted(name, 0.0, unit, wanted)
    return _converted(name, 1.0, unit, wanted) - offset, offset


def _converted(name: str, value: float, unit: str, canonical: str) -> float:
    from ingest.schemas import units

    try:
        return float(units.convert(value, units.parse_unit(unit) or unit, canonical))
    except (LodestoneError, ValueError, ArithmeticError) as error:
        raise QueryError(
            f"'{unit}' cannot be converted to {canonical}, the unit of '{name}'.", property=name
        ) from error
