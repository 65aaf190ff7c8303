"""Answers about one material: values with their sources, claims confirmed or corrected, sources compared."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chat.answering.stores import Desk, unique
from chat.composer import phrases
from chat.composer.writer import Table
from chat.planner.domain import Claim, Material
from knowledge.query.types import Row, Scalar
from knowledge.topics.schema import topics

MOST_LISTED = 8
FIXED = ("spacegroup_number", "crystal_system", "elements", "nelements", "external_id", "formula", "spacegroup_symbol")
_DESCRIBED = (
    *("topological_class_soc", "topological_class_nsoc", "nsites", "valence_electrons", "prototype", "crystal_system"),
    *("a", "b", "c", "alpha", "beta", "gamma", "volume", "density", "strongest_peak_two_theta"),
    *("bulk_modulus", "shear_modulus", "band_gap", "melting_point", "lattice_parameter", "crystal_structure"),
)


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
    _verdicts(desk, rows, facts, wrong)
    if wrong and not plan.verdict:
        _wrong_group(desk)
    _sentences(desk, facts)
    if missing and plan.asked and not all(name.endswith("_nsoc") for name in missing):
        desk.writer.say(
            "refuse_property", property=desk.join(desk.label(name) for name in missing), material=_names(plan.materials)
        )
    _figures(desk, facts, asked)
    _limits(desk, facts)


def _names(materials: Sequence[Material]) -> str:
    return ", ".join(dict.fromkeys(material.label() for material in materials))


def _wrong_group(desk: Desk) -> None:
    for material in desk.plan.materials:
        if material.spacegroup:
            desk.writer.hold(material.label())
            desk.writer.say("wrong_group", material=material.label(), number=str(material.spacegroup))


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
        desk.writer.say("polymorphs", material=_held(desk, desk.plan.materials))
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


def _held(desk: Desk, materials: Sequence[Material]) -> str:
    text = _names(materials)
    desk.writer.hold(text)
    return text


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


def _groups_only(desk: Desk, facts: list[Found]) -> None:
    """Where space groups alone are asked for: one sentence for each material and group."""
    by: dict[tuple[str, Scalar | tuple[Scalar, ...]], list[Row]] = {}
    for fact in facts:
        by.setdefault((fact.row.formula, fact.value), []).append(fact.row)
    if len(by) > 1:
        desk.writer.say("polymorphs", material=_held(desk, desk.plan.materials))
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


# Claims ----------------------------------------------------------------------------------------------------------


def _verdicts(desk: Desk, rows: Sequence[Row], facts: list[Found], wrong: bool) -> None:
    plan = desk.plan
    if plan.agree:
        return _agreement(desk, rows)
    held = [_holds(claim, rows) for claim in plan.claims]
    if plan.verdict and not plan.claims and not plan.asked and not wrong:
        desk.writer.fixed("yes")
        desk.draft.classes.append("yes")
    if plan.verdict and (
        held
        or wrong
        or (any(material.spacegroup for material in plan.materials) and plan.asked == ("spacegroup_number",))
    ):
        true = not wrong and all(result is True for result in held)
        mixed = not wrong and any(result is None for result in held) and False not in held
        if not mixed:
            desk.writer.fixed("yes" if true else "no")
        if not any(claim.property.startswith("topological_class") for claim in plan.claims) and not mixed:
            desk.draft.classes.append("yes" if true else "no")
        if wrong:
            _wrong_group(desk)
    elif False in held:
        desk.writer.fixed("premise")
    if False in held:
        _corrections(
            desk, rows, [claim for claim, result in zip(plan.claims, held, strict=True) if result is False], facts
        )


def _holds(claim: Claim, rows: Sequence[Row]) -> bool | None:
    """Whether all entries agree with a claim; none if only some do."""
    results = set()
    main = main_rows(rows, claim.property)
    for row in main:
        for fact in values_of(row, claim.property):
            results.add(_meets(fact, claim) != claim.negated)
    if len(results) != 1:
        return None if results else False
    return results.pop()


def _meets(fact: Found, claim: Claim) -> bool:
    """Whether a value is what is claimed of it; figures are compared in the unit of the claim."""
    if claim.op == "=" or not isinstance(fact.value, int | float):
        return _plain(fact.value) in claim.values
    figure, limit = float(fact.value), float(claim.values[0])
    if claim.unit and fact.unit:
        from ingest.schemas.units import convert

        figure = float(convert(figure, fact.unit, claim.unit))
    return {">": figure > limit, ">=": figure >= limit, "<": figure < limit, "<=": figure <= limit}.get(
        claim.op, figure != limit
    )


def _plain(value: Scalar | tuple[Scalar, ...]) -> str:
    return phrases.number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def main_rows(rows: Sequence[Row], name: str) -> list[Row]:
    """The rows of the topic's main source, where it states the property; else all that state it."""
    stating = [row for row in rows if values_of(row, name)]
    main = [row for row in stating if (schema := topics().get(row.topic)) and schema.main_dataset == row.dataset]
    return main or stating


def _corrections(desk: Desk, rows: Sequence[Row], claims: Sequence[Claim], facts: list[Found]) -> None:
    """Say what a wrong claim should have been, where the answer does not say it anyway."""
    for claim in claims:
        if claim.property in {fact.name for fact in facts}:
            continue
        own = [fact for row in rows for fact in values_of(row, claim.property)]
        seen: dict[tuple[str, str], list[Row]] = {}
        for fact in own:
            seen.setdefault((desk.subject(fact.row), fact_text(desk, fact)), []).append(fact.row)
        for (subject, text), found in list(seen.items())[:MOST_LISTED]:
            desk.writer.say(
                "fact", subject=subject, facts=text, marks=desk.writer.cite(found[:4]), kind=desk.writer.text(found[0].kind),
                source=desk.writer.title(found[0].dataset),
            )  # fmt: skip


def _agreement(desk: Desk, rows: Sequence[Row]) -> None:
    """Whether the sources say the same of a class."""
    name = next((name for name in desk.plan.asked if name.endswith("_soc") or not name.endswith("_nsoc")), "")
    by: dict[str, set[str]] = {}
    for row in rows:
        for fact in values_of(row, name):
            by.setdefault(row.dataset, set()).add(str(fact.value))
    if len(by) < 2:
        if by:
            desk.writer.say(
                "agree_one", material=_held(desk, desk.plan.materials), source=desk.writer.title(next(iter(by)))
            )
        return
    same = _compatible(list(by.values()), name)
    desk.writer.fixed("agree_yes" if same else "agree_no")
    desk.draft.notes.append("agree" if same else "disagree")


def _compatible(values: list[set[str]], name: str) -> bool:
    """Equal labels, or one source's label naming the group that the other's belongs to (a semimetal of unsaid kind)."""
    if len({frozenset(one) for one in values}) == 1:
        return True
    item = phrases.property_of(name, None)
    groups = [{tuple(sorted(c.broader)) for c in item.classes if c.id in one} for one in values] if item else []
    return (
        bool(groups)
        and all(len(group) == 1 for group in groups)
        and len({next(iter(group)) for group in groups}) == 1
        and any("SM" in one for one in values)
    )


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
    desk.writer.say("refuse_none", material=_held(desk, materials))


def refuse_property(desk: Desk, rows: Sequence[Row], asked: Sequence[str]) -> None:
    """There are records, but none states what is asked; say what they hold."""
    desk.draft.status = "refused"
    for name in asked:
        desk.label(name)
    desk.writer.say(
        "refuse_property",
        property=desk.join(desk.label(name) for name in asked),
        material=_held(desk, desk.plan.materials),
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
