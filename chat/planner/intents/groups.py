"""Counts by the values of a property."""

import re
from dataclasses import replace

from chat.planner.domain import ClassWord, Order, Plan, Spin
from chat.planner.filters import class_property, joined, properties_of
from chat.planner.lexicon import word_lists
from chat.planner.reading import Reading
from knowledge.query.types import Aggregate, Filter, Not, Query


def grouping(reading: Reading) -> str:
    """The property to count by: 'which space group has the most ...', 'distribution over classes'."""
    places = {
        i: str(t.senses["property"])
        for i, t in enumerate(reading.tokens)
        if t.has("property") and i not in reading.found.used
    }
    keys = {
        i: name
        for i, name in places.items()
        if name in ("spacegroup_number", "topological_class", "elements", "crystal_system", "nelements", "prototype")
    }
    if reading.has("adjective"):
        return ""
    numeric = [name for name in places.values() if name not in keys.values() and reading.is_numeric(name)]
    compared = (reading.has("compare") or sum(t.has("count") for t in reading.tokens) > 1) and len(
        _classes(reading)
    ) > 1
    if compared:
        return class_property("topological_class", next(iter(reading.spins.values()), ""))
    if _groups_listed(reading, keys) and not any(isinstance(test, Not) for test in reading.found.classes):
        return "spacegroup_number"
    named = _grouped_by(reading, keys)
    if (
        named
        or reading.has("most_common", "distribution")
        or (_most_asked(reading) and not numeric and _has_non_element(reading, keys))
    ):
        name = named or next((name for name in keys.values()), "")
        pair = word_lists()["variants"].get(name)
        spin: Spin = next(iter(reading.spins.values()), "")
        return str(pair["nosoc" if spin == "nosoc" else "soc"]) if pair else name
    return ""


def _has_non_element(reading: Reading, keys: dict[int, str]) -> bool:
    if any(name in ("spacegroup_number", "topological_class", "crystal_system") for name in keys.values()):
        return True
    return bool(
        re.search(
            r"which element|what element|哪种元素|哪个元素|什么元素",
            " ".join(t.text for t in reading.tokens).casefold(),
        )
    )


def groups_plan(reading: Reading, parts: list[Filter], by: str) -> Plan:
    """The plan that counts by a property."""
    where = joined(parts)
    topic = reading.topic([by, *properties_of(where)])
    query = Query(topic=topic, where=where, limit=0, aggregate=Aggregate("count", None, by))
    order: Order = "min" if reading.has("min") and not reading.has("distribution") else "max"
    return replace(
        reading.base("groups"), topic=topic, query=query, order=order, asked=(by,), limit=reading.found.limit
    )


def _most_asked(reading: Reading) -> bool:
    """Whether 'most' or 'fewest' is asked; 'highest symmetry' is no number of materials."""
    bare = ("highest", "lowest", "largest", "smallest", "最高", "最低", "最大", "最小")
    return any(t.has("max", "min") and (t.text.casefold() not in bare or reading.has("count")) for t in reading.tokens)


def _classes(reading: Reading) -> list[ClassWord]:
    """The classes named."""
    return [word for t in reading.tokens if isinstance(word := t.senses.get("class"), ClassWord)]


def _groups_listed(reading: Reading, keys: dict[int, str]) -> bool:
    """'Which space groups contain TCIs?': the groups themselves are asked for."""
    return any(
        name == "spacegroup_number"
        and index
        and reading.tokens[index - 1].text.casefold() in ("which", "what", "哪些", "有哪些")
        and (reading.language == "zh" or reading.tokens[index].text.casefold().endswith("s"))
        for index, name in keys.items()
    )


def _grouped_by(reading: Reading, keys: dict[int, str]) -> str:
    """The property in 'number of TIs by crystal system'; a ranking by a property is no grouping."""
    if reading.has("max", "min"):
        return ""
    by = ("by", "per", "by the", "按", "按照", "各")
    return next((name for i, name in keys.items() if i and reading.tokens[i - 1].text.casefold() in by), "")
