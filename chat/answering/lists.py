"""Answers about many materials: lists, counts, superlatives, groups, shares and means."""

from collections.abc import Sequence
from dataclasses import replace

from chat.answering.domain import Draft
from chat.answering.stores import Desk, unique, with_filter
from chat.composer import phrases
from chat.composer.writer import Table
from chat.planner.filters import properties_of
from knowledge.query.executor import run
from knowledge.query.types import Aggregate, And, Compare, Evidence, Filter, Query, Row

MOST_NAMED = 10
MOST_ROWS = 500
MOST_CITED = 5


def _query(desk: Desk) -> tuple[Query, str]:
    query, source, others = desk.narrowed(desk.query)
    desk.others = others
    return query, source


def _others(desk: Desk) -> None:
    if desk.others:
        parts = [
            desk.writer.text("source_count", source=desk.writer.title(slug), count=str(count))
            for slug, count in desk.others.items()
        ]
        desk.writer.hold(*(str(count) for count in desk.others.values()))
        desk.writer.say("others", sources=desk.join(parts))


def _table(desk: Desk, rows: Sequence[Row], names: Sequence[str]) -> None:
    shown = [name for name in names if name not in ("formula", "spacegroup_number", "external_id", "dataset")]
    heads = ("formula", "spacegroup_number", "external_id")
    columns = (*(desk.label(name) for name in heads), *(desk.label(name) for name in shown), desk.label("dataset"))
    found = []
    for row in rows[:MOST_ROWS]:
        values = []
        for name in shown:
            stated = row.value(name)
            number = len(row.elements) if name == "nelements" else None
            value = stated.value if stated else number
            values.append(
                ""
                if value is None
                else phrases.value_text(name, value, stated.unit if stated else None, row.topic, desk.language)
            )
        group = str(row.spacegroup_number or "")
        found.append((row.record, row.formula, group, row.external_id, *values, desk.writer.title(row.dataset)))
    desk.draft.table = Table(columns, tuple(found))


def _named(desk: Desk, rows: Sequence[Row], most: int = MOST_NAMED) -> str:
    """The first few materials with their marks, each once."""
    first: dict[str, list[Row]] = {}
    for row in rows:
        first.setdefault(row.formula or row.external_id, []).append(row)
    if len(first) == 1 and len(rows) > 1:
        return _with_groups(desk, rows)
    parts = [
        desk.writer.text("list_item", material=name, marks=desk.writer.cite(own[:1]))
        for name, own in list(first.items())[:most]
    ]
    total = max(len(first), len(desk.draft.items))
    if total > most:
        rest = str(total - most)
        desk.writer.hold(rest)
        parts.append(desk.writer.text("more", count=rest))
    return desk.join(parts)


def _names(query: Query) -> list[str]:
    return [name for name in unique(properties_of(query.where)) if name != "dataset"]


def listing(desk: Desk) -> None:
    """All materials that match: exact count, the first in the text, all in the items."""
    query, source = _query(desk)
    evidence = desk.ask(replace(query, limit=MOST_ROWS, select=(*_names(query), *desk.plan.asked) or ("formula",)))
    desk.draft.count = evidence.count
    if not evidence.count:
        desk.writer.say("nothing", where=desk.where_words(query), source=source)
        _others(desk)
        return
    rows = evidence.rows
    formulas = _all_names(desk, query, evidence)
    wanted = desk.plan.limit
    if wanted:
        formulas = formulas[:wanted]
        rows = tuple(row for row in rows if (row.formula or row.external_id) in set(formulas))
    desk.draft.items = formulas
    _table(desk, rows, [*_names(query), *desk.plan.asked])
    distinct = str(desk.count_distinct(query))
    desk.writer.say(
        "list",
        count=str(evidence.count),
        distinct=distinct,
        source=source,
        items=_named(desk, rows, max(wanted, MOST_NAMED) if wanted <= 30 else MOST_NAMED),
    )
    _others(desk)


def _all_names(desk: Desk, query: Query, evidence: Evidence) -> list[str]:
    """Every material that matches, by formula; also those beyond the page of rows."""
    if evidence.count <= len(evidence.rows):
        return unique(row.formula or row.external_id for row in evidence.rows)
    groups = run(
        replace(query, limit=0, sort=(), aggregate=Aggregate("count", None, "formula")), scope=desk.scope
    ).groups
    return sorted(groups)


def existence(desk: Desk) -> None:
    """Whether anything matches."""
    query, source = _query(desk)
    evidence = desk.ask(replace(query, limit=MOST_ROWS))
    desk.draft.count = evidence.count
    desk.draft.classes = ["yes" if evidence.count else "no"]
    desk.draft.items = unique(row.formula for row in evidence.rows if row.formula)
    if evidence.count:
        _table(desk, evidence.rows, _names(query))
        desk.writer.say("exists_yes", count=str(evidence.count), source=source, items=_named(desk, evidence.rows, 5))
    else:
        desk.writer.say("exists_no", source=source)
    _others(desk)


def counting(desk: Desk) -> None:
    """How many records match, and how many compositions; or how many values of a property, or the mean of one."""
    if desk.plan.average:
        return _mean(desk)
    query, source = _query(desk)
    evidence = desk.ask(replace(query, limit=50))
    distinct = desk.count_distinct(query)
    marks = desk.writer.cite(evidence.rows[:MOST_CITED])
    desk.draft.count = evidence.count
    desk.draft.value = float(evidence.count)
    if not evidence.count:
        desk.writer.say("count_none", count=str(evidence.count), where=desk.where_words(query), source=source)
    elif desk.plan.distinct and desk.plan.distinct != "formula":
        different = desk.count_distinct(query, desk.plan.distinct)
        desk.draft.count, desk.draft.value = different, float(different)
        label = desk.label(desk.plan.distinct)
        if not different:
            desk.draft = Draft("refused")
            desk.writer.say("refuse_foreign", about=label)
            return
        desk.writer.say(
            "count_groups", distinct=str(different), label=label, count=str(evidence.count), marks=marks, source=source
        )
    elif desk.plan.distinct:
        desk.draft.count, desk.draft.value = distinct, float(distinct)
        desk.writer.say("count_distinct", distinct=str(distinct), count=str(evidence.count), marks=marks, source=source)
    else:
        desk.writer.say("count", count=str(evidence.count), distinct=str(distinct), marks=marks, source=source)
    if desk.plan.percent:
        _share(desk, evidence)
    if evidence.count:
        _table(desk, evidence.rows, _names(query))
    _others(desk)


def _share(desk: Desk, evidence: Evidence) -> None:
    where = desk.query.where
    parts = where.parts if isinstance(where, And) else (where,)
    rest = tuple(part for part in parts if part is not None and not _names_a_class(part))
    context = And(rest) if rest and len(rest) < len(parts) else None
    whole, _source, _ = desk.narrowed(Query(topic=evidence.query.topic, where=context, limit=0))
    total = desk.ask(whole).count
    if total:
        share = 100 * evidence.count / total
        desk.draft.value, desk.draft.unit = round(share, 4), "percent"
        text = f"{share:.3g}"
        desk.writer.hold(text)
        desk.writer.say("percent", percent=text, total=str(total))


def _names_a_class(part: Filter) -> bool:
    return any(name.startswith("topological_class") for name in properties_of(part))


def _mean(desk: Desk) -> None:
    query, source = _query(desk)
    name = desk.plan.asked[0]
    known = with_filter(query, Compare(name, "known"))
    evidence = desk.ask(replace(known, limit=MOST_CITED))
    figure = desk.ask(known).aggregate
    item = phrases.property_of(name, query.topic)
    unit = item.unit if item else None
    desk.draft.count = evidence.count
    if figure is None:
        desk.draft.status = "refused"
        desk.writer.say("nothing", where=desk.where_words(known), source=source)
        return
    desk.draft.value, desk.draft.unit = figure, unit
    value = phrases.number(figure) + (f" {unit}" if unit else "")
    desk.writer.say(
        "mean",
        label=desk.label(name),
        value=value,
        count=str(evidence.count),
        source=source,
        marks=desk.writer.cite(evidence.rows),
    )


def superlative(desk: Desk) -> None:
    """The material with the largest or smallest value, with all that share it; or the first N."""
    query, source = _query(desk)
    name = desk.plan.asked[0]
    evidence = desk.ask(replace(query, limit=max(400, desk.plan.limit * 4)))
    values = [(row, _value(row, name)) for row in evidence.rows]
    known = [(row, value) for row, value in values if value is not None]
    if not known:
        desk.draft.status = "refused"
        desk.writer.say("nothing", where=desk.where_words(query), source=source)
        return
    item = phrases.property_of(name, query.topic)
    unit = item.unit if item and name != "nelements" else None
    top = known[0][1]
    desk.draft.value, desk.draft.unit, desk.draft.count = top, unit, evidence.count
    if desk.plan.limit > 1:
        return _ranking(desk, known, name, unit, source)
    tied = [row for row, value in known if value == top]
    desk.draft.items = unique(row.formula or row.external_id for row in tied)
    _table(desk, [row for row, _ in known[:50]], [name, *_names(query)])
    key = "superlative_max" if desk.plan.order == "max" else "superlative_min"
    desk.writer.say(
        key,
        label=desk.label(name, query.topic),
        value=_figure(top, unit),
        items=_with_groups(desk, tied),
        source=source,
    )
    if len(desk.draft.items) > 1:
        desk.writer.hold(str(len(desk.draft.items)))
        desk.writer.say("ties", count=str(len(desk.draft.items)))


def _figure(value: float, unit: str | None) -> str:
    return phrases.number(value) + (f" {unit}" if unit else "")


def _with_groups(desk: Desk, rows: Sequence[Row]) -> str:
    parts = [
        desk.writer.text("list_item", material=desk.subject(row), marks=desk.writer.cite([row]))
        for row in rows[:MOST_NAMED]
    ]
    if len(rows) > MOST_NAMED:
        rest = str(len(rows) - MOST_NAMED)
        desk.writer.hold(rest)
        parts.append(desk.writer.text("more", count=rest))
    return desk.join(parts)


def _value(row: Row, name: str) -> float | None:
    if name == "nelements":
        return float(len(row.elements)) or None
    if name == "spacegroup_number":
        return float(row.spacegroup_number) if row.spacegroup_number else None
    stated = row.value(name)
    value = stated.value if stated else None
    return float(value) if isinstance(value, int | float) else None


def _ranking(desk: Desk, known: Sequence[tuple[Row, float]], name: str, unit: str | None, source: str) -> None:
    first: dict[str, tuple[Row, float]] = {}
    for row, value in known:
        first.setdefault(row.formula or row.external_id, (row, value))
    best = list(first.items())[: desk.plan.limit]
    desk.draft.items = [formula for formula, _ in best]
    _table(desk, [row for _, (row, _) in best], [name])
    parts = [
        desk.writer.text("ranked", material=formula, value=_figure(value, unit), marks=desk.writer.cite([row]))
        for formula, (row, value) in best[:20]
    ]
    desk.writer.say("ranking", label=desk.label(name), items=desk.join(parts), source=source)


def grouping(desk: Desk) -> None:
    """Counts by the values of a property, and which is the most or least frequent."""
    query, source = _query(desk)
    by = desk.plan.asked[0]
    if by == "crystal_system":
        query = replace(query, aggregate=Aggregate("count", None, "spacegroup_number"))
    evidence = desk.ask(query)
    groups = (
        _systems(desk, evidence)
        if by == "crystal_system"
        else {key: int(value) for key, value in evidence.groups.items()}
    )
    if not groups:
        desk.writer.say("nothing", where=desk.where_words(query), source=source)
        return
    ordered = (
        sorted(groups.items(), key=lambda pair: (-pair[1], pair[0]))
        if desk.plan.order == "max"
        else sorted(groups.items(), key=lambda pair: (pair[1], pair[0]))
    )
    rows = desk.ask(replace(query, aggregate=None, limit=3)).rows
    key, count = ordered[0]
    desk.draft.items, desk.draft.count = [name for name, _ in ordered], evidence.count
    desk.draft.value = float(key) if by in ("spacegroup_number", "nelements") else float(count)
    item = phrases.property_of(by, query.topic)
    if by == "crystal_system" or (item and item.type == "class"):
        desk.draft.classes = [key]
    desk.writer.say(
        "groups_top" if desk.plan.order == "max" else "groups_low", key=_key(desk, by, key), count=str(count)
    )
    parts = [
        desk.writer.text("group_item", key=_key(desk, by, name), count=str(number))
        for name, number in ordered[:MOST_NAMED]
    ]
    desk.writer.say(
        "groups",
        label=desk.label(by, query.topic),
        items=desk.join(parts),
        count=str(evidence.count),
        source=source,
        marks=desk.writer.cite(rows),
    )
    desk.draft.table = Table(
        (desk.label(by), "n"), tuple(("", _key(desk, by, name), str(number)) for name, number in ordered[:500])
    )


def _systems(desk: Desk, evidence: Evidence) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, count in evidence.groups.items():
        system = phrases.system_of(int(number))
        found[system] = found.get(system, 0) + int(count)
    desk.writer.hold(*(str(count) for count in found.values()))
    return found


def _key(desk: Desk, by: str, key: str) -> str:
    if by == "spacegroup_number":
        return phrases.group_text(int(key), desk.language)
    return phrases.value_text(by, key, None, desk.plan.topic, desk.language)
