"""The sentences of answers in both languages, and how values, classes and conditions are written."""

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import yaml

from chat.planner.filters import SYSTEMS
from chat.planner.lexicon import spacegroups
from knowledge.query.filters import filter_text
from knowledge.query.types import And, Compare, Filter, HasElements, Not, Or, Scalar, Words
from knowledge.topics.schema import Property, topics

_NUMBERED = re.compile(r"(\{(\w+)\}(?: \w+)? )\(([^()|]+)\|([^()|]+)\)")
_SIGNS = {"=": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}


@cache
def _phrases() -> Mapping[str, Mapping[str, str]]:
    text = (files("chat.composer") / "phrases.yaml").read_text(encoding="utf-8")
    loaded: Mapping[str, Mapping[str, str]] = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader builds text only
    return loaded


def phrase(key: str, language: str, /, **places: str) -> str:
    """The sentence of this key with its places filled."""
    text = _phrases()[key][language]
    if not places:
        return text
    text = _NUMBERED.sub(lambda match: match[1] + match[3 if places[match[2]] == "1" else 4], text)
    return text.format(**places)


def has_phrase(key: str) -> bool:
    """Whether there is a sentence or word of this key."""
    return key in _phrases()


def property_of(name: str, topic: str | None) -> Property | None:
    """The schema of a property: in the topic, else in the first that has it."""
    if topic and (own := topics().get(topic)) and (item := own.property(name)):
        return item
    return next((item for schema in topics().values() if (item := schema.property(name))), None)


def label(name: str, topic: str | None, language: str) -> str:
    """What a property is called."""
    if has_phrase(name):
        return phrase(name, language)
    item = property_of(name, topic)
    return (item.label.get(language) or item.label.get("en") or name) if item else name


def number(value: float) -> str:
    """A figure as it is printed: whole numbers whole, others with six figures."""
    if isinstance(value, bool):
        return str(value)
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    return f"{value:.6g}"


def class_text(name: str, id_: str, topic: str | None, language: str) -> str:
    """A class by its label and id."""
    item = property_of(name, topic)
    found = next((value for value in item.classes if value.id == id_), None) if item else None
    if found is None:
        return phrase(id_, language) if has_phrase(id_) else id_
    text = found.label.get(language) or found.label["en"]
    return (
        text if found.id.casefold() == found.label["en"].casefold() else phrase("class", language, label=text, id=id_)
    )


def value_text(
    name: str, value: Scalar | tuple[Scalar, ...] | None, unit: str | None, topic: str | None, language: str
) -> str:
    """A value with its unit, a class with its label, a list joined."""
    if value is None:
        return "?"
    if isinstance(value, bool):
        return phrase("true" if value else "false", language)
    if isinstance(value, tuple):
        return phrase("list_join", language).join(str(part) for part in value)
    if name == "spacegroup_number":
        return group_text(int(float(value)), language)
    if isinstance(value, int | float):
        return f"{number(value)} {unit}" if unit else number(value)
    return class_text(name, value, topic, language)


def group_text(number_: int, language: str) -> str:
    """A space group by symbol and number."""
    return phrase("group", language, symbol=spacegroups().get(number_, "?"), number=str(number_))


def system_of(number_: int) -> str:
    """The crystal system of a space group number."""
    return next(name for name, (low, high) in SYSTEMS.items() if low <= number_ <= high)


def filter_words(where: Filter | None, topic: str | None, language: str) -> str:
    """A condition in words, as the plan shows it."""
    if where is None:
        return phrase("everything", language)
    if isinstance(where, And | Or):
        system = _as_system(where)
        if system:
            return phrase(system, language)
        join = phrase("and" if isinstance(where, And) else "or", language)
        return join.join(filter_words(part, topic, language) for part in where.parts)
    if isinstance(where, Not):
        return phrase("not", language, part=filter_words(where.part, topic, language))
    if isinstance(where, HasElements):
        key = {"all": "with", "any": "any", "only": "only", "exactly": "exactly", "none": "none"}[where.mode]
        return phrase(key, language, elements=phrase("list_join", language).join(where.elements))
    if isinstance(where, Words):
        return where.text
    if isinstance(where, Compare):
        return _compare_words(where, topic, language)
    return filter_text(where)


def _as_system(where: And | Or) -> str | None:
    for name, (low, high) in SYSTEMS.items():
        if where == And((Compare("spacegroup_number", ">=", low), Compare("spacegroup_number", "<=", high))):
            return name
    return None


def _compare_words(test: Compare, topic: str | None, language: str) -> str:
    named = label(test.property, topic, language)
    if test.op == "known":
        return phrase("known", language, label=named)
    values = test.value if isinstance(test.value, tuple) else (test.value,)
    if test.property == "dataset":
        text = phrase("or", language).join(str(value) for value in values)
    else:
        text = phrase("or", language).join(
            number(value) if isinstance(value, int | float) else value_text(test.property, value, None, topic, language)
            for value in values
        )
    sign = _SIGNS.get(test.op, "=" if test.op == "in" else test.op)
    return f"{named} {sign} {text}" + (f" {test.unit}" if test.unit else "")
