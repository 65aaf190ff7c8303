"""Answers about materials together: comparison, what they share, what is similar, and the graph."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from chat.answering import lists
from chat.answering.lookup import refuse_property, refuse_unknown
from chat.answering.stores import Desk, unique, with_filter
from chat.answering.values import Found, fact_text, main_rows, values_of
from chat.composer import phrases
from chat.composer.writer import Table
from chat.planner.domain import Material
from chat.planner.filters import system_filter
from knowledge.formula import parse_formula
from knowledge.query.types import And, Compare, Filter, HasElements, Or, Query, Row

_DEFAULT = ("topological_class_soc", "topological_class_nsoc", "spacegroup_number")


def comparing(desk: Desk) -> None:
    """Two or more materials side by side, and which of them has more, or whether they are the same."""
    plan = desk.plan
    rows = {material: desk.rows_of(material, placed=True) for material in plan.materials}
    absent = [material for material, found in rows.items() if not found]
    if absent:
        return refuse_unknown(desk, absent)
    asked = plan.asked or tuple(
        name for name in _DEFAULT if any(values_of(row, name) for found in rows.values() for row in found)
    )
    facts = {name: {material: _facts(found, name) for material, found in rows.items()} for name in asked}
    if not any(own for by in facts.values() for own in by.values()):
        return refuse_property(desk, [row for found in rows.values() for row in found], asked)
    for name in asked:
        lacking = [material for material, own in facts[name].items() if not own]
        if lacking and any(facts[name].values()):
            desk.writer.hold(*(material.label() for material in lacking))
            desk.writer.say(
                "refuse_property",
                property=desk.label(name),
                material=", ".join(material.label() for material in lacking),
            )
    _conclusion(desk, facts)
    for name in asked:
        for own in facts[name].values():
            _state(desk, own)
    desk.draft.items = desk.draft.items or unique(material.label() for material in rows)


def _facts(rows: Sequence[Row], name: str) -> list[Found]:
    return [fact for row in main_rows(rows, name) for fact in values_of(row, name)]


def _state(desk: Desk, facts: Sequence[Found]) -> None:
    seen: dict[tuple[str, str], list[Row]] = {}
    for fact in facts:
        seen.setdefault((desk.subject(fact.row), fact_text(desk, fact)), []).append(fact.row)
    for (subject, text), rows in list(seen.items())[:6]:
        desk.writer.say(
            "fact", subject=subject, facts=text, marks=desk.writer.cite(rows[:4]), kind=desk.writer.text(rows[0].kind),
            source=desk.writer.title(rows[0].dataset),
        )  # fmt: skip


def _conclusion(desk: Desk, facts: dict[str, dict[Material, list[Found]]]) -> None:
    plan = desk.plan
    first = next(iter(facts))
    if plan.order:
        return _which(desk, first, facts[first])
    if plan.same:
        return _same(desk, facts)
    classes = (
        [str(fact.value) for own in facts[first].values() for fact in own]
        if first.startswith("topological_class")
        else []
    )
    desk.draft.classes = unique(classes)
    if plan.claims:
        _claimed(desk, facts)


def _claimed(desk: Desk, facts: dict[str, dict[Material, list[Found]]]) -> None:
    results = []
    picked = []
    for claim in desk.plan.claims:
        for material, own in facts.get(claim.property, {}).items():
            held = [(str(fact.value) in claim.values) != claim.negated for fact in own]
            results.append(bool(held) and all(held))
            if any(held):
                picked.append(material.label())
    if desk.plan.verdict and results:
        desk.writer.fixed("yes" if all(results) else "no")
        desk.draft.classes = ["yes" if all(results) else "no", *desk.draft.classes]
    elif picked:
        desk.draft.items = unique(picked)


def _which(desk: Desk, name: str, by: dict[Material, list[Found]]) -> None:
    best = []
    for material, own in by.items():
        numbers = [float(fact.value) for fact in own if isinstance(fact.value, int | float)]
        if numbers:
            best.append((max(numbers) if desk.plan.order == "more" else min(numbers), material, own[0]))
    if len(best) < 2:
        return
    best.sort(key=lambda entry: entry[0], reverse=desk.plan.order == "more")
    (top, winner, fact), (next_value, _, _) = best[0], best[1]
    unit = f" {fact.unit}" if fact.unit else ""
    label = desk.label(name, fact.row.topic)
    desk.writer.hold(phrases.number(top), phrases.number(next_value), winner.label())
    if top == next_value:
        desk.writer.say("compared_same", label=label, first=phrases.number(top) + unit)
        return
    desk.draft.items = [winner.label()]
    desk.draft.value, desk.draft.unit = top, fact.unit
    if desk.plan.verdict:
        right = winner == next(iter(by))
        desk.writer.fixed("yes" if right else "no")
        desk.draft.classes = ["yes" if right else "no"]
    key = "compared_more" if desk.plan.order == "more" else "compared_less"
    desk.writer.say(
        key,
        winner=winner.label(),
        label=label,
        first=phrases.number(top) + unit,
        second=phrases.number(next_value) + unit,
    )


def _same(desk: Desk, facts: dict[str, dict[Material, list[Found]]]) -> None:
    verdicts = []
    for name, by in facts.items():
        sets = [{str(fact.value) for fact in own} for own in by.values()]
        if not all(sets):
            continue
        label = desk.label(name, next(fact.row.topic for own in by.values() for fact in own))
        equal = all(one == sets[0] for one in sets)
        overlap = not equal and bool(set.intersection(*sets))
        verdicts.append(equal)
        desk.writer.say("same_yes" if equal else "same_partly" if overlap else "same_no", label=label)
    desk.draft.classes = ["yes" if verdicts and all(verdicts) else "no"]


# Sharing ---------------------------------------------------------------------------------------------------------


def related(desk: Desk) -> None:
    """Materials that share properties with a named one: its values become conditions."""
    plan = desk.plan
    rows = [row for material in plan.materials for row in desk.rows_of(material, placed=True)]
    if not rows:
        return refuse_unknown(desk, plan.materials)
    parts = [test for name in plan.relative if (test := _condition(name, rows))]
    if len(parts) < len(plan.relative):
        return refuse_property(desk, rows, plan.relative)
    own = And(tuple(Compare("formula", "!=", material.formula) for material in plan.materials if material.formula))
    query = desk.query
    for test in [*parts, own]:
        query = with_filter(query, test)
    for name in plan.relative:
        for row in rows[:2]:
            _state(desk, values_of(row, name))
    desk.plan = replace(plan, query=query, relative=())
    (lists.counting if plan.intent == "count" else lists.listing)(desk)


def _condition(name: str, rows: Sequence[Row]) -> Filter | None:
    values = unique(str(fact.value) for row in main_rows(rows, name) for fact in values_of(row, name))
    if not values:
        return None
    if name == "crystal_system":
        return Or(tuple(system_filter(value, False) for value in values))
    if name == "elements":
        return HasElements(rows[0].elements, "exactly")
    typed = tuple(int(value) if value.isdigit() else value for value in values)
    return Compare(name, "=", typed[0]) if len(typed) == 1 else Compare(name, "in", typed)


# Similar ---------------------------------------------------------------------------------------------------------


def similar_to(desk: Desk) -> None:
    """Similar materials, each with its reasons; conditions of the question are kept."""
    from knowledge.materials.reasons import reasons_told
    from knowledge.similar.services import MOST, similar

    material = desk.plan.materials[0]
    rows = desk.rows_of(material, placed=True)
    if not rows:
        return refuse_unknown(desk, desk.plan.materials)
    desk.writer.hold(material.label())
    row = _meant(desk, rows)
    found = similar(material=row.record, k=MOST, scope=desk.scope)
    kept = _kept(desk, [one.id for one in found], row, material)
    chosen = [one for one in found if one.id in kept]
    alike = [one for one in chosen if _ratio(one.formula) == _ratio(row.formula)]
    chosen = (alike if len(alike) >= min(desk.plan.limit, 3) else chosen)[: desk.plan.limit]
    more = _further(desk, row, material, {one.formula for one in chosen}, desk.plan.limit - len(chosen))
    if not chosen and not more:
        desk.writer.say("similar_none", material=material.label())
        return
    parts = []
    table = []
    for one in chosen:
        why = "; ".join(reasons_told(one.why))
        desk.writer.hold(why, f"{one.score:.3g}")
        parts.append(
            desk.writer.text(
                "similar_item",
                material=one.formula,
                score=f"{one.score:.3g}",
                why=why,
                marks=desk.writer.cite([kept[one.id]]),
            )
        )
        table.append((one.id, one.formula, str(kept[one.id].spacegroup_number or ""), f"{one.score:.3g}", why))
    parts += [desk.writer.text("similar_more", material=row.formula, marks=desk.writer.cite([row])) for row in more]
    desk.writer.say("similar", material=desk.subject(row), items=desk.writer.text("fact_join").join(parts))
    desk.draft.items = [*(one.formula for one in chosen), *(row.formula for row in more)]
    desk.draft.table = Table((desk.label("formula"), desk.label("spacegroup_number"), "score", "why"), tuple(table))


def _meant(desk: Desk, rows: Sequence[Row]) -> Row:
    """Of several polymorphs the one under the question's conditions, else the best documented one; the answer says which."""
    first = rows[0]
    own = [row for row in rows if row.topic == first.topic]
    if len({row.spacegroup_number for row in own}) < 2:
        return first
    if desk.plan.keep:
        where = And((Compare("record", "in", tuple(row.record for row in own)), desk.plan.keep))
        fitting = {row.record for row in desk.ask(Query(where=where, limit=len(own))).rows}
        own = [row for row in own if row.record in fitting] or own
    held: Counter[int | None] = Counter()
    for row in own:
        stated = row.value("icsd_id")
        held[row.spacegroup_number] += 1 + (len(stated.value) if stated and isinstance(stated.value, tuple) else 0)
    row = max(own, key=lambda row: held[row.spacegroup_number])
    desk.writer.say("similar_taken", material=row.formula, entry=desk.subject(row), marks=desk.writer.cite([row]))
    return row


def _further(desk: Desk, row: Row, material: Material, have: set[str], wanted: int) -> list[Row]:
    """Where a space group was named: more materials of it with the same stoichiometry and a shared element."""
    if wanted <= 0 or not material.spacegroup:
        return []
    parts: list[Filter] = [
        Compare("spacegroup_number", "=", material.spacegroup),
        Compare("nelements", "=", len(row.elements)),
    ]
    parts += [desk.plan.keep or HasElements(row.elements, "any")]
    found = desk.ask(Query(topic=row.topic, where=And(tuple(parts)), select=("formula",), limit=2000)).rows
    first = {
        one.formula: one
        for one in reversed(found)
        if one.formula not in have | {row.formula} and _ratio(one.formula) == _ratio(row.formula)
    }
    return [first[formula] for formula in sorted(first)][:wanted]


def _ratio(formula: str) -> tuple[float, ...]:
    return tuple(sorted(parse_formula(formula).amounts.values())) if formula else ()


def _kept(desk: Desk, ids: Sequence[str], row: Row, material: Material) -> dict[str, Row]:
    parts: list[Filter] = [Compare("record", "in", tuple(ids))]
    if desk.plan.keep:
        parts.append(desk.plan.keep)
    if material.spacegroup:
        parts.append(Compare("spacegroup_number", "=", material.spacegroup))
        if row.elements:
            parts.append(HasElements(row.elements, "any"))
    query = Query(where=And(tuple(parts)), limit=len(ids) or 1)
    return {one.record: one for one in desk.ask(query).rows}


# Graph -----------------------------------------------------------------------------------------------------------


def graph_of(desk: Desk) -> None:
    """The neighbourhood of a material in the graph, or what two materials share."""
    from knowledge.graph.selectors import neighbourhood

    rows = {material: desk.rows_of(material, placed=True) for material in desk.plan.materials}
    absent = [material for material, found in rows.items() if not found]
    if absent:
        return refuse_unknown(desk, absent)
    formulas = unique(found[0].formula for found in rows.values())
    graphs = [neighbourhood(formula=formula, scope=desk.scope, limit=6) for formula in formulas]
    nodes = {node.key: node for graph in graphs for node in graph.nodes}
    edges = {(edge.source, edge.relation, edge.target): edge for graph in graphs for edge in graph.edges}
    desk.writer.hold(*(node.label for node in nodes.values()))
    desk.draft.graph = {
        "nodes": [{"id": node.key, "kind": node.kind, "label": node.label} for node in nodes.values()],
        "edges": [
            {"source": e.source, "relation": e.relation, "target": e.target, "records": list(e.records)}
            for e in edges.values()
        ],
    }
    desk.draft.items = formulas
    marks = desk.writer.cite([row for found in rows.values() for row in found[:2]])
    ties = [
        {e.target for e in edges.values() if e.source == f"material:{formula}" and not e.target.startswith("record:")}
        for formula in formulas
    ]
    if len(formulas) > 1:
        shared = set.intersection(*ties)
        names = {"first": formulas[0], "second": formulas[1]}
        desk.writer.hold(*formulas)
        if shared:
            desk.writer.say("graph_shared", facts=_tied(desk, nodes, shared), marks=marks, **names)
        else:
            desk.writer.say("graph_unshared", **names)
        desk.draft.classes = [nodes[key].label for key in sorted(shared) if nodes[key].kind == "class"]
        return
    near = [node.label for node in nodes.values() if node.kind == "material" and node.label != formulas[0]]
    desk.writer.say(
        "graph", material=formulas[0], facts=_tied(desk, nodes, ties[0]), marks=marks, near=desk.join(near) or "-"
    )


def _tied(desk: Desk, nodes: Mapping[str, object], keys: set[str]) -> str:
    """The nodes grouped by what they are: elements, space group, classes."""
    groups: dict[str, list[str]] = {}
    for key in sorted(keys):
        node = nodes.get(key)
        if node is None:
            continue
        kind, text, name = getattr(node, "kind", ""), getattr(node, "label", ""), getattr(node, "property", "")
        if kind == "spacegroup":
            text, name = phrases.group_text(int(text), desk.language), "spacegroup_number"
        elif kind == "element":
            name = "elements"
        elif kind == "class":
            text = phrases.class_text(name, text, None, desk.language)
        desk.writer.hold(text)
        groups.setdefault(desk.label(name), []).append(text)
    return desk.writer.text("fact_join").join(
        desk.writer.text("graph_fact", label=label, values=desk.join(texts)) for label, texts in groups.items()
    )
