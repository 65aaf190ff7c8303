"""What is wrong with a schema that its shape cannot say: names that point nowhere, units unknown, words missing."""

import re
import string
from collections.abc import Iterable, Iterator, Mapping

from ingest.errors import LodestoneError
from ingest.schemas import units
from knowledge.topics.domain import Property, TopicSchema

LANGUAGES = frozenset({"en", "zh"})
_ID = re.compile(r"[a-z][a-z0-9_]{0,59}")
# what every record has, whatever its topic: a property of this id would hide it
FIXED = frozenset(
    {"record", "topic", "dataset", "kind", "formula", "formula_source", "elements", "nelements", "spacegroup_number",
     "external_id", "title", "formula_alphabetical", "formula_anonymous", "chemsys", "elements_ratios", "last_modified"}
)  # fmt: skip
_FAMILY = {"integer": "number", "string": "text", "class": "text"}


def faults(schema: TopicSchema, others: Mapping[str, TopicSchema]) -> list[str]:
    """Every fault in one sentence each; `others` are the topics it will stand beside. Empty = it can be used."""
    return [
        *_words(schema),
        *_properties(schema.properties),
        *_names(schema),
        *_places(schema),
        *_clashes(schema, others),
    ]


def _words(schema: TopicSchema) -> Iterator[str]:
    if not _ID.fullmatch(schema.id):
        yield f"id '{schema.id}': lower-case letters, digits and underscores, beginning with a letter"
    yield from _labels("the topic", schema.label)
    for item in schema.properties:
        yield from _labels(item.id, item.label)
        for value in item.classes:
            yield from _labels(f"{item.id}, class {value.id}", value.label)
    for preset in schema.filters:
        yield from _labels(f"filter {preset.id}", preset.label)


def _labels(name: str, label: Mapping[str, str]) -> Iterator[str]:
    for language in sorted(LANGUAGES - {known for known, text in label.items() if text.strip()}):
        yield f"{name}: has no label in '{language}'"


def _twice(names: Iterable[str]) -> list[str]:
    seen: set[str] = set()
    return [name for name in names if name in seen or seen.add(name)]  # type: ignore[func-returns-value]


def _properties(items: tuple[Property, ...]) -> Iterator[str]:
    if not items:
        yield "the topic has no properties"
    for name in _twice(item.id for item in items):
        yield f"{name}: is defined twice"
    for name in _twice(column.lower() for item in items for column in dict.fromkeys(c.lower() for c in item.columns)):
        yield f"columns: '{name}' stands at two properties, so that nobody can say which is meant"
    for item in items:
        yield from _property(item)


def _property(item: Property) -> Iterator[str]:
    if not _ID.fullmatch(item.id):
        yield f"{item.id}: an id has lower-case letters, digits and underscores, beginning with a letter"
    if item.id in FIXED:
        yield f"{item.id}: every record has this already; choose another id"
    numeric = item.type in ("number", "integer")
    if item.unit and not numeric:
        yield f"{item.id}: has a unit but is no number"
    if item.unit and units.parse_unit(item.unit) is None:
        yield f"{item.id}: '{item.unit}' is no unit; write it as 'W/(m*K)' or 'angstrom^3'"
    if (item.low is not None or item.high is not None) and not numeric:
        yield f"{item.id}: low and high are for numbers"
    if item.low is not None and item.high is not None and item.low >= item.high:
        yield f"{item.id}: low {item.low:g} is not below high {item.high:g}"
    if (item.type == "class") != bool(item.classes):
        yield f"{item.id}: " + ("a class needs its classes" if item.type == "class" else "has classes but is no class")
    for name in _twice(value.id for value in item.classes):
        yield f"{item.id}: class '{name}' is defined twice"


def _names(schema: TopicSchema) -> Iterator[str]:
    known = {item.id for item in schema.properties}
    named: dict[str, Iterable[str]] = {"claims": schema.claims, "facts": schema.facts, "identifies": schema.identifies}
    if schema.projection:
        named["projection"] = [value.property for value in schema.projection.values]
    for where, names in named.items():
        for name in names:
            if name not in known | FIXED:
                yield f"{where}: there is no property '{name}'"


def _places(schema: TopicSchema) -> Iterator[str]:
    """Places of the summary's sentences."""
    known = {item.id for item in schema.properties} | FIXED
    if schema.summary and set(schema.summary) != LANGUAGES:
        yield "summary: needs its sentences in 'en' and in 'zh'"
    for language, sentences in schema.summary.items():
        for sentence in sentences:
            try:
                names = [name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None]
            except ValueError as error:
                yield f"summary {language}: '{sentence[:40]}': {error}"
                continue
            yield from (f"summary {language}: there is no property '{name}'" for name in names if name not in known)


def _clashes(schema: TopicSchema, others: Mapping[str, TopicSchema]) -> Iterator[str]:
    """One id means one thing in all topics, or a question that names no topic cannot be asked."""
    for other in others.values():
        if other.id == schema.id:
            continue
        for item in schema.properties:
            twin = other.property(item.id)
            if twin is not None and not _same(item, twin):
                yield (
                    f"{item.id}: in topic {other.id} it is a {twin.type} in {twin.unit or 'no unit'}, here a {item.type} in "
                    f"{item.unit or 'no unit'}; choose another id"
                )


def _same(one: Property, other: Property) -> bool:
    if _FAMILY.get(one.type, one.type) != _FAMILY.get(other.type, other.type):
        return False
    if one.unit == other.unit:
        return True
    if not one.unit or not other.unit:
        return False
    try:
        units.convert(1.0, one.unit, other.unit)
    except (LodestoneError, ValueError, ArithmeticError):
        return False
    return True
