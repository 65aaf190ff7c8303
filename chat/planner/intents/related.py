"""Materials asked for by their likeness to a named one, and questions about the entries of one material."""

from dataclasses import replace

from chat.planner.domain import Order, Plan
from chat.planner.filters import joined, material_filter, properties_of
from chat.planner.intents import lists
from chat.planner.intents.lists import MOST_ROWS
from chat.planner.reading import Reading
from knowledge.query.types import Query


def similar_asked(reading: Reading) -> bool:
    """Whether materials like a named one are asked for."""
    for index, token in enumerate(reading.tokens):
        if token.has("similar"):
            if token.text.casefold() != "like":
                return True
            before = reading.tokens[index - 1].text.casefold() if index else ""
            if not before.endswith(("look", "would", "d", "looks")) and any(
                t.has("material") for t in reading.tokens[index + 1 : index + 4]
            ):
                return True
    return False


def exceeds_asked(reading: Reading) -> bool:
    """Whether others are asked for by a value of the named one: 'TIs with more electrons than Bi2Se3'."""
    near = [t for i in reading.materials_at for t in reading.tokens[max(0, i - 2) : i]]
    beyond = any(
        t.text.casefold().endswith("than") or t.text in ("比", "大于", "多于", "高于", "低于", "少于") for t in near
    )
    return beyond and (reading.counts() or reading.lists())


def likeness_asked(reading: Reading) -> bool:
    """Whether other materials that are like the named one in something unsaid are asked for: 'with the same structure as NaCl'."""
    return reading.has("list", "count", "material_word") and any(
        t.has("same") and t.text.casefold() in ("same", "identical", "相同", "一样", "同样") for t in reading.tokens
    )


def listing_others(reading: Reading) -> bool:
    """Whether other materials that share something are to be listed or counted."""
    return (
        reading.has("list", "count")
        and any(t.has("property", "crystal_system") for t in reading.tokens)
        and not reading.agrees()
    )


def countable_asked(reading: Reading) -> bool:
    """Whether the number asked for is a property of the material itself."""
    return any(
        t.senses.get("property") in ("elements", "nelements", "nsites", "valence_electrons", "icsd_id")
        for t in reading.tokens
    )


def of_one(reading: Reading, superlative: tuple[str, Order] | None) -> Plan:
    """Counts and superlatives among the entries of one material."""
    material = reading.materials[0]
    where = [material_filter(material)]
    if superlative:
        return lists.superlative_plan(reading, superlative, [*where, *reading.found.classes])
    if any(t.senses.get("property") == "spacegroup_number" for t in reading.tokens):
        return lists.count_plan(reading, where, "spacegroup_number")
    return lists.count_plan(reading, [*where, *reading.found.classes], "")


def related(reading: Reading) -> Plan:
    """Materials that share something with one named: same space group as Bi2Se3."""
    names = tuple(
        dict.fromkeys(
            name
            for name in reading.asked()
            if name
            in (
                "spacegroup_number",
                "topological_class_soc",
                "topological_class_nsoc",
                "elements",
                "nelements",
                "crystal_system",
                "nsites",
                "prototype",
            )
        )
    )
    if len(names) > 1 and "topological_class_nsoc" in names and not reading.has("nosoc"):
        names = tuple(name for name in names if name != "topological_class_nsoc")
    where = joined([*reading.found.elements, *reading.found.classes, *reading.found.numbers])
    topic = reading.topic([*names, *properties_of(where)])
    kind = "count" if reading.counts() else "list"
    return replace(
        reading.base(kind),
        topic=topic,
        relative=names,
        query=Query(topic=topic, where=where, limit=MOST_ROWS),
        limit=reading.found.limit,
    )
