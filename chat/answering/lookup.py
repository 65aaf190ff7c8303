"""Answers about one material: values with their sources, claims confirmed or corrected, sources compared."""

from collections.abc import Sequence
from dataclasses import replace

from chat.answering.claims import say_wrong_group, verdicts
from chat.answering.stores import Desk, unique
from chat.answering.values import Found, converted, fact_text, held_names, main_rows, names_of, values_of
from chat.composer import phrases
from chat.composer.writer import Table
from chat.planner.domain import Material
from knowledge.query.types import Row, Scalar
from knowledge.topics.schema import topics

MOST_LISTED = 8
FIXED = ("spacegroup_number", "crystal_system", "elements", "nelements", "external_id", "formula", "spacegroup_symbol")
_DESCRIBED = (
    *("topological_class_soc", "topological_class_nsoc", "nsites", "valence_electrons", "prototype", "crystal_system"),
    *("a", "b", "c", "alpha", "beta", "gamma", "volume", "density", "strongest_peak_two_theta"),
    *("bulk_modulus", "shear_modulus", "band_gap", "melting_point", "lattice_parameter", "crystal_structure"),
)


def look_up(desk: Desk) -> None:
    """Answer about the plan's material."""
    plan = desk.plan
    everything = {material: desk.rows_of(material) for material in plan.materials}
    if not any(everything.values()):
        return refuse_unknown(desk, plan.materials)
    rows: list[Row] = []
    wrong = False
    for material, found in everything.items():
        placed = (
            tuple(row for row in found if row.spacegroup_number == material.spacegroup)
            if material.spacegroup
            else found
        )
        if found and not placed:
            wrong = True
            desk.writer.hold(str(material.spacegroup))
        rows += placed or found
    asked = plan.asked or _described(rows)
    facts = _facts(rows, asked)
    missing = [
        name
        for name in asked
        if not any(
            fact.name in (name, "spacegroup_number")
            for fact in facts
            if fact.name == name or name == "spacegroup_symbol"
        )
    ]
    if not facts:
        return refuse_property(desk, rows, asked)
    verdicts(desk, rows, facts, wrong)
    if wrong and not plan.verdict:
        say_wrong_group(desk)
    _sentences(desk, facts)
    if missing and plan.asked and not all(name.endswith("_nsoc") for name in missing):
        desk.writer.say(
            "refuse_property",
            property=desk.join(desk.label(name) for name in missing),
            material=names_of(plan.materials),
        )
    _figures(desk, facts, asked)
    _limits(desk, facts)


def _described(rows: Sequence[Row]) -> tuple[str, ...]:
    held = {stated.property for row in rows for stated in row.values}
    return ("spacegroup_number", *(name for name in _DESCRIBED if name in held or name == "crystal_system"))


def _facts(rows: Sequence[Row], asked: Sequence[str]) -> list[Found]:
    """The values asked for. Where topics mean different things by a name, those of the first topic that has it."""
    found: list[Found] = []
    for name in asked:
        own = [fact for row in rows for fact in values_of(row, name)] or _called_alike(rows, name)
        if own and name not in FIXED:
            first = phrases.property_of(name, own[0].row.topic)
            own = [fact for fact in own if _same_meaning(name, first.label["en"] if first else "", fact.row.topic)]
        found += own
    return found


def _called_alike(rows: Sequence[Row], name: str) -> list[Found]:
    """Values of the properties that other topics hold under the same label."""
    item = phrases.property_of(name, None)
    names = {
        other.id
        for schema in topics().values()
        for other in schema.properties
        if item and other.id != name and other.label["en"] == item.label["en"]
    }
    return [replace(fact, name=name) for row in rows for other in sorted(names) for fact in values_of(row, other)]


def _same_meaning(name: str, english: str, topic: str) -> bool:
    schema = topics().get(topic)
    item = schema.property(name) if schema else None
    return item is None or item.label["en"] == english


def _sentences(desk: Desk, facts: list[Found]) -> None:
    """One sentence for each entry (material, space group, source) with all its values; records that say the same are cited together."""
    said: dict[tuple[object, ...], tuple[list[Row], list[str]]] = {}
    for row, own in _by_record(facts):
        texts = [fact_text(desk, fact) for fact in own]
        key = (row.formula, row.spacegroup_number, row.dataset, row.kind, tuple(texts))
        said.setdefault(key, ([], texts))[0].append(row)
    if all(fact.name == "spacegroup_number" for fact in facts):
        return _groups_only(desk, facts)
    groups = {row.spacegroup_number for rows, _ in said.values() for row in rows if row.spacegroup_number}
    if len(groups) > 1 and not any(material.spacegroup for material in desk.plan.materials):
        desk.writer.say("polymorphs", material=held_names(desk, desk.plan.materials))
    for rows, texts in list(said.values())[:MOST_LISTED]:
        first = rows[0]
        desk.writer.say(
            "fact", subject=desk.subject(first), facts=desk.writer.text("fact_join").join(texts), marks=desk.writer.cite(rows),
            kind=desk.writer.text(first.kind), source=desk.writer.title(first.dataset),
        )  # fmt: skip
    if len(said) > MOST_LISTED:
        rest = len(said) - MOST_LISTED
        desk.writer.hold(str(rest))
        desk.writer.sentences.append(
            desk.writer.text("more", count=str(rest)) + ("." if desk.language == "en" else "。")
        )
    _table(desk, facts)


def _by_record(facts: list[Found]) -> list[tuple[Row, list[Found]]]:
    found: dict[str, tuple[Row, list[Found]]] = {}
    for fact in facts:
        found.setdefault(fact.row.record, (fact.row, []))[1].append(fact)
    return list(found.values())


def _groups_only(desk: Desk, facts: list[Found]) -> None:
    """Where space groups alone are asked for: one sentence for each material and group."""
    by: dict[tuple[str, Scalar | tuple[Scalar, ...]], list[Row]] = {}
    for fact in facts:
        by.setdefault((fact.row.formula, fact.value), []).append(fact.row)
    if len(by) > 1:
        desk.writer.say("polymorphs", material=held_names(desk, desk.plan.materials))
    for (formula, value), rows in list(by.items())[: MOST_LISTED * 2]:
        kinds = desk.join(unique(desk.writer.text(row.kind) for row in rows))
        text = phrases.value_text("spacegroup_number", value, None, None, desk.language)
        desk.writer.say(
            "fact", subject=formula or rows[0].external_id, facts=text, marks=desk.writer.cite(rows[:6]), kind=kinds,
            source=desk.join(unique(desk.writer.title(row.dataset) for row in rows)),
        )  # fmt: skip
    _table(desk, facts)


def _table(desk: Desk, facts: list[Found]) -> None:
    names = unique(fact.name for fact in facts)
    if len(_by_record(facts)) < 2 and len(names) < 3:
        return
    shown = [name for name in names if name != "spacegroup_number"]
    columns = (
        desk.label("formula"),
        desk.label("spacegroup_number"),
        desk.label("external_id"),
        *(desk.label(name) for name in shown),
        desk.label("dataset"),
    )
    rows = []
    for row, own in _by_record(facts)[:400]:
        values = {
            fact.name: phrases.value_text(fact.name, fact.value, fact.unit, row.topic, desk.language) for fact in own
        }
        group = str(row.spacegroup_number or "")
        rows.append(
            (
                row.record,
                row.formula,
                group,
                row.external_id,
                *(values.get(name, "") for name in shown),
                desk.writer.title(row.dataset),
            )
        )
    desk.draft.table = Table(columns, tuple(rows))


# Figures and notes -----------------------------------------------------------------------------------------------


def _figures(desk: Desk, facts: list[Found], asked: Sequence[str]) -> None:
    draft = desk.draft
    for name in asked:
        own = [
            fact
            for fact in facts
            if fact.name == name or (name == "spacegroup_symbol" and fact.name == "spacegroup_number")
        ]
        main = [fact for fact in own if fact.row in main_rows([f.row for f in own], fact.name)] or own
        if name.endswith("_nsoc") and any(
            other.endswith("_soc") for other in asked if other != name and other.startswith("topological_class")
        ):
            continue
        item = phrases.property_of(name, None)
        if name == "crystal_system" or (item and item.type == "class"):
            draft.classes += [text for text in unique(str(fact.value) for fact in main) if text not in draft.classes]
        numeric = [fact for fact in main if isinstance(fact.value, int | float) and not isinstance(fact.value, bool)]
        different = {fact.value for fact in numeric}
        places = {(fact.row.formula, fact.row.spacegroup_number) for fact in numeric}
        if numeric and draft.value is None and (len(different) == 1 or len(places) == 1) and desk.plan.asked:
            value = float(numeric[0].value)  # type: ignore[arg-type]  # numbers only
            unit = numeric[0].unit
            draft.value = converted(desk, value, unit) if unit and desk.plan.unit else value
            draft.unit = desk.plan.unit if unit and desk.plan.unit else unit
    draft.items += [item for item in unique(fact.row.formula for fact in facts) if item]
    sources = {(f.row.formula, f.row.spacegroup_number, f.name): set[str]() for f in facts}
    for fact in facts:
        sources[fact.row.formula, fact.row.spacegroup_number, fact.name].add(str(fact.value))
    names = {
        f.name
        for f in facts
        if f.name not in FIXED
        and any(
            c.row.dataset != f.row.dataset
            for c in facts
            if c.name == f.name and c.row.spacegroup_number == f.row.spacegroup_number
        )
    }
    if not desk.plan.agree and any(len(values) > 1 and key[2] in names for key, values in sources.items()):
        desk.writer.fixed("conflict")


def _limits(desk: Desk, facts: list[Found]) -> None:
    for topic in unique(fact.row.topic for fact in facts if fact.name not in FIXED):
        schema = topics().get(topic)
        text = schema.limits.get(desk.language) if schema else None
        if text:
            desk.draft.notes.append(text)
            if any(fact.value == "Triv_Ins" for fact in facts):
                desk.writer.hold(text)
                desk.writer.say("limits", text=text)


# Refusals --------------------------------------------------------------------------------------------------------


def refuse_unknown(desk: Desk, materials: Sequence[Material]) -> None:
    """There is no record of these materials."""
    desk.draft.status = "refused"
    desk.writer.say("refuse_none", material=held_names(desk, materials))


def refuse_property(desk: Desk, rows: Sequence[Row], asked: Sequence[str]) -> None:
    """There are records, but none states what is asked; say what they hold."""
    desk.draft.status = "refused"
    for name in asked:
        desk.label(name)
    desk.writer.say(
        "refuse_property",
        property=desk.join(desk.label(name) for name in asked),
        material=held_names(desk, desk.plan.materials),
    )
    held(desk, rows)


def held(desk: Desk, rows: Sequence[Row]) -> None:
    """Which properties the records of a material hold."""
    names = unique(
        [
            *(("spacegroup_number",) if any(row.spacegroup_number for row in rows) else ()),
            *(s.property for row in rows for s in row.values),
        ]
    )
    labels = unique(desk.label(name, rows[0].topic) for name in names)[:14]
    if labels:
        desk.writer.say("refuse_held", properties=desk.join(labels), marks=desk.writer.cite(rows[:2]))
