"""The free columns of a table against one topic: each property from its surest column, symbols confirmed by their neighbours."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from knowledge.imports import reasons
from knowledge.imports.mappings import Rule
from knowledge.imports.meanings import by_place, options
from knowledge.imports.names import compact, named_in, words_of_kind
from knowledge.imports.options import CLAIM, Column, Option
from knowledge.imports.reasons import Reason, why
from knowledge.imports.rows import condition_named
from knowledge.imports.units import way_to
from knowledge.topics.schema import TopicSchema

Chosen = tuple[Rule, Reason, tuple[Option, ...]]
STRONG = 0.75
COMPANY = 3  # so many symbols of one topic side by side confirm each other

# What a circumstance in a header is called where the topic has no condition of its kind: (unit like, name, canonical unit).
_CONDITIONS = (
    ("K", "temperature", "K"),
    ("GPa", "pressure", "GPa"),
    ("Hz", "frequency", "Hz"),
    ("T", "magnetic_field", "T"),
    ("nm", "wavelength", "nm"),
    ("kV/cm", "electric_field", "kV/cm"),
)


def header_conditions(schema: TopicSchema, column: Column) -> tuple[tuple[str, float | str], ...]:
    """The circumstances that a header states, in the canonical units of the topic's conditions."""
    found: dict[str, float | str] = {}
    for number, unit in (*column.group_at, *column.header.at):
        item = condition_named(schema, unit)
        named = (
            [(item.id, item.unit)]
            if item and item.unit
            else [(name, to) for like, name, to in _CONDITIONS if way_to(unit, like)]
        )
        if not named:
            found["at"] = f"{number:g} {unit}"
        for name, wanted in named[:1]:
            way = way_to(unit, wanted)
            if way:
                found[name] = float(f"{way(number):.12g}")
    if column.header.ambient:
        found["pressure"] = "ambient"
    return tuple(sorted(found.items()))


def assigned(schema: TopicSchema, free: Sequence[Column], place: tuple[str, ...], *, named: bool) -> dict[str, Chosen]:
    """Rule, reason and alternatives of each free column. `named`: the file or sheet is named like the topic."""
    open_options = {column.name: options(schema, column) for column in free}
    _assume_kelvin(open_options)
    best = {name: found[0] for name, found in open_options.items() if found and found[0].confidence >= CLAIM}
    sure = [option for option in best.values() if not option.vague and option.confidence >= STRONG]
    strong = {option.rule.property for option in sure if not option.weak}
    core = named or bool({option.rule.property for option in sure} & set(schema.claims))
    company = sum(option.weak for option in best.values()) >= COMPANY
    chosen: dict[str, Chosen] = {}
    for column in free:
        found = open_options[column.name]
        option = best.get(column.name)
        if option and option.weak and not (strong - {option.rule.property} or company or named):
            option = None
        if option and option.vague and not core:
            option = None
        if option is None and (guess := by_place(schema, column, place, free)):
            option, found = guess, [guess, *found]
        if option is None:
            chosen[column.name] = (Rule(), _refusal(column, found), tuple(found))
            continue
        rule = replace(option.rule, conditions=header_conditions(schema, column))
        chosen[column.name] = (rule, option.reason, tuple(o for o in found if o is not option))
    return _with_spreads(schema, _once(chosen, free), free)


def _assume_kelvin(open_options: dict[str, list[Option]]) -> None:
    """Three different temperatures without a unit, none of them below 250, are in kelvin: Tg, Tx and Tl of one glass."""
    assumed = {name: found[0] for name, found in open_options.items() if found and found[0].assumed}
    if len({option.rule.property for option in assumed.values()}) < COMPANY:
        return
    for name, option in assumed.items():
        reason = why(reasons.KELVIN, property=option.reason.facts.get("property", ""))
        open_options[name][0] = Option(replace(option.rule, unit="K", confidence=0.55), reason)


def _refusal(column: Column, found: Sequence[Option]) -> Reason:
    if not column.filled:
        return why(reasons.EMPTY)
    if not found:
        return why(reasons.NOT_NAMED)
    first = found[0]
    if first.weak or first.vague:
        return why(reasons.LONE_SYMBOL, name=column.name, property=first.rule.property or "")
    return first.reason


def _once(chosen: dict[str, Chosen], free: Sequence[Column]) -> dict[str, Chosen]:
    """Each property under each circumstance and method from its surest column only; the others stay unclaimed.

    Columns that share the property's name, and never state it in the same row, stay together: one per unit.
    """
    columns = {column.name: column for column in free}
    ranked = sorted(chosen, key=lambda name: -chosen[name][0].confidence)
    taken: dict[object, list[Column]] = {}
    kept: dict[str, Chosen] = {}
    for name in ranked:
        rule, reason, others = chosen[name]
        if not rule.property:
            continue
        before = taken.setdefault((rule.property, rule.conditions, rule.method), [])
        if all(_apart(columns[name], other) for other in before):
            before.append(columns[name])
            continue
        told = why(reasons.TAKEN, property=rule.property)
        kept[name] = (Rule(), told, (Option(replace(rule, confidence=0.4), reason), *others))
    return {name: kept.get(name, one) for name, one in chosen.items()}


def _apart(one: Column, other: Column) -> bool:
    """Whether two columns of one name share no filled row."""
    same = {reading.name for reading in one.header.readings} & {reading.name for reading in other.header.readings}
    return bool(same) and not any(a.strip() and b.strip() for a, b in zip(one.cells, other.cells, strict=True))


def _with_spreads(schema: TopicSchema, chosen: dict[str, Chosen], free: Sequence[Column]) -> dict[str, Chosen]:
    """Columns of uncertainties, paired with the column that they belong to."""
    values = {column.name: column for column in free if chosen[column.name][0].property and column.numbers}
    for at, column in enumerate(free):
        if chosen[column.name][0].property or column.numeric < 0.5:
            continue
        said = {name: chosen[name][0].property for name in values}
        of = _spread_of(schema, column, free[at - 1].name if at else None, values, said)
        if of is None or any(number.value < 0 for number in column.numbers):
            continue
        unit = column.header.readings[0].unit or column.unit
        wanted = chosen[of][0].unit
        if unit and wanted and unit != "%" and not way_to(unit, wanted):
            continue
        rule = Rule(None, unit, 0.8, role="uncertainty", of=of)
        chosen[column.name] = (rule, why(reasons.IS_SPREAD, column=of), chosen[column.name][2])
    return chosen


def _spread_of(
    schema: TopicSchema,
    column: Column,
    before: str | None,
    values: Mapping[str, Column],
    said: Mapping[str, str | None],
) -> str | None:
    """The column whose uncertainty a header names: 'Tc_err' that of 'Tc (K)'; a bare 'error' that of the column before it."""
    for reading in column.header.readings:
        bare = tuple(
            word
            for word in reading.name
            if word not in words_of_kind("uncertainty") and word not in ("standard", "bar", "in", "of")
        )
        if len(bare) == len(reading.name):
            continue
        if not bare:
            return before if before in values else None
        same = [
            name
            for name, other in values.items()
            if any(compact(r.name) == compact(bare) for r in other.header.readings)
        ]
        meant = {named.spelling.property for named in named_in(schema, bare) if not named.rest}
        same = same or [name for name, item in said.items() if item in meant]
        if len(same) == 1:
            return same[0]
    return None
