"""One cell -> the value of a property in its canonical unit, or the reason why it holds none. Pure: no database, no files."""

import ast
import json
import re
from typing import Any, NamedTuple

from knowledge.imports.names import words_table
from knowledge.imports.numbers import PLAIN, NotANumber, Stated, Style, number_stated
from knowledge.imports.units import Way, tidied, way_to
from knowledge.records.drafts import Json
from knowledge.topics.schema import Property, per_topics, topics

_NOTHING = frozenset(words_table()["nothing"]) | {"", "\xa0"}
_TAG = re.compile(
    r"<(?:a|span|b|i|em|strong|u|font|br|p|div)\b[^<>]*>|</(?:a|span|b|i|em|strong|u|font|p|div)>", re.IGNORECASE
)
_TRUE = frozenset(["1", "1.0", "true", "yes", "y", "t", "是", "✓", "✔", "有", "真", "√", "对"])
_FALSE = frozenset(["0", "0.0", "false", "no", "n", "f", "否", "✗", "✘", "无", "假", "错"])


class BadCell(ValueError):
    """A cell that holds no value of its property; the message is the reason."""


class Number(NamedTuple):
    """A number in the property's unit with what the cell states beside it."""

    value: float | int
    uncertainty: float | None = None
    bound: str | None = None
    low: float | None = None
    high: float | None = None
    at: tuple[float, str] | None = None
    remark: str | None = None


def states_nothing(text: str) -> bool:
    """Whether a cell only says that there is no value."""
    return not text or text.strip().lower() in _NOTHING


def plain_text(text: str) -> str:
    """A cell without the HTML tags around its words, in one line."""
    text = text.strip()
    if "<" in text and ">" in text:
        text = _TAG.sub("", text)
    return " ".join(text.split()) if "\n" in text or "  " in text else text.strip()


def _list(text: str) -> Any:  # Any: checked by the caller
    try:
        return json.loads(text.replace("'", '"'))  # ten times as fast as reading Python
    except ValueError:
        return ast.literal_eval(text)


def items_of(text: str) -> list[str]:
    """The items of a list as sources write them: Python or JSON list, or words between commas or semicolons."""
    if text.startswith(("[", "(")):
        try:
            found = _list(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise BadCell(f"{text[:40]!r} is no list") from error
        return [str(item) for item in found] if isinstance(found, list | tuple) else [str(found)]
    return [part.strip() for part in text.replace(";", ",").split(",") if part.strip()]


def class_key(text: str) -> str:
    """A class label as it is compared: without case, blanks and signs between words."""
    return re.sub(r"[\s_–-]+", "_", tidied(text).strip().lower())


@per_topics
def _class_ids(topic: str, name: str) -> dict[str, str]:
    """Every spelling of a class of a property -> its id."""
    item = topics()[topic].property(name)
    found: dict[str, str] = {}
    for known in item.classes if item else ():
        for spelling in (known.id, *known.label.values(), *known.synonyms):
            found.setdefault(class_key(spelling), known.id)
    return found


def class_id(topic: str, item: Property, text: str) -> str:
    """The id of a class in any spelling of the schema. Raises BadCell."""
    known = _class_ids(topic, item.id)
    word = class_key(text)
    found = known.get(word) or known.get(re.sub(r"_?\([^()]*\)$", "", word)) or known.get(word.rstrip("*?"))
    if found is None:
        raise BadCell(f"{text[:40]!r} is none of {', '.join(c.id for c in item.classes)}")
    return found


def boolean(text: str) -> bool:
    """Yes or no in English, Chinese, digits or ticks. Raises BadCell."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise BadCell(f"{text[:40]!r} is neither true nor false")


def _outside(item: Property, number: float) -> bool:
    return (item.low is not None and number < item.low) or (item.high is not None and number > item.high)


def _in_unit(stated: Stated, item: Property, unit: str | None) -> Stated:
    written = stated.unit or unit
    if not written and item.unit:
        raise BadCell(f"{stated.value:g} has no unit, and the column states none for all its cells")
    if not written or written == item.unit:
        return stated
    way = way_to(written, item.unit)
    if way is None:
        wanted = item.unit or "a pure number"
        raise BadCell(f"the unit {written!r} cannot be converted to {wanted}: they measure different things")
    return _converted(stated, way)


def _converted(stated: Stated, way: Way) -> Stated:
    if way.scale == 1.0 and not way.offset:
        return stated

    def there(number: float) -> float:
        return float(f"{way(number):.15g}")

    spread = None if stated.uncertainty is None else float(f"{stated.uncertainty * abs(way.scale):.15g}")
    low = None if stated.low is None else there(stated.low)
    high = None if stated.high is None else there(stated.high)
    return stated._replace(value=there(stated.value), uncertainty=spread, low=low, high=high)


def number_value(item: Property, text: str, unit: str | None, style: Style = PLAIN) -> Number:
    """A cell as a number in the property's unit. `unit` is the column's, unless the cell names its own. Raises BadCell."""
    try:
        stated = _in_unit(number_stated(text, style), item, unit)
    except NotANumber as error:
        raise BadCell(str(error)) from error
    for number in (stated.value, stated.low, stated.high):
        if number is not None and _outside(item, number):
            shown = "" if f"{number:g}" == text.strip() else f" ({number:g})"
            raise BadCell(f"{text[:40]}{shown} is outside {_range(item)}")
    if item.type == "integer":
        if stated.value != int(stated.value):
            raise BadCell(f"{text[:40]!r} is no whole number")
        return _number(stated)._replace(value=int(stated.value))
    return _number(stated)


def _number(stated: Stated) -> Number:
    return Number(stated.value, stated.uncertainty, stated.bound, stated.low, stated.high, stated.at, stated.remark)


def _range(item: Property) -> str:
    """The possible values of a property in words."""
    low, high = (None if end is None else f"{end:g}" for end in (item.low, item.high))
    unit = f" {item.unit}" if item.unit else ""
    if low is not None and high is not None:
        return f"the possible {low} to {high}{unit}"
    return f"the possible: at least {low}{unit}" if low is not None else f"the possible: at most {high}{unit}"


def value_read(topic: str, item: Property, text: str) -> Json:
    """A cell that is no number as a value of the topic's property. Raises BadCell."""
    text = plain_text(text)
    if item.type == "class":
        return class_id(topic, item, text)
    if item.type == "boolean":
        return boolean(text)
    if item.type == "list":
        return [plain_text(part) for part in items_of(text)]
    return text
