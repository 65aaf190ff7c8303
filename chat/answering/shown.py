"""A plan as JSON and as words: what the reader sees as 'how I understood you'."""

from dataclasses import replace
from typing import Any

from chat.composer import phrases
from chat.planner.domain import Plan
from chat.planner.filters import material_filter
from knowledge.query.codec import to_json
from knowledge.query.types import And, Compare, Filter, Or, Query
from knowledge.query.urls import query_to_params


def plan_query(plan: Plan) -> Query | None:
    """The query that shows what the answer rests on: the plan's own, or the records of its materials."""
    if plan.query is not None:
        return plan.query
    if not plan.materials:
        return None
    tests: list[Filter] = []
    for material in plan.materials:
        test = material_filter(material)
        tests.append(
            And((test, Compare("spacegroup_number", "=", material.spacegroup))) if material.spacegroup else test
        )
    return Query(topic=plan.topic, where=tests[0] if len(tests) == 1 else Or(tuple(tests)))


def plan_document(plan: Plan) -> dict[str, Any]:  # Any: JSON
    """The plan as JSON: intent, language, materials, asked properties, query, its address on the search page, chips."""
    query, parts = plan_query(plan), plan_parts(plan)
    return {
        "intent": plan.intent,
        "language": plan.language,
        "topic": (plan.query.topic if plan.query else plan.topic),
        "materials": [
            {"formula": m.formula or None, "id": m.external_id or None, "spacegroup_number": m.spacegroup}
            for m in plan.materials
        ],
        "properties": list(plan.asked),
        "claims": [
            {"property": c.property, "values": list(c.values), "negated": c.negated, "op": c.op, "unit": c.unit}
            for c in plan.claims
        ],
        "query": to_json(query) if query else None,
        "search": _search(query) if query else "",
        "chips": [part["text"] for part in parts],
        "parts": parts,
        "reason": plan.reason or None,
        "not_understood": list(plan.about),
    }


def plan_parts(plan: Plan) -> list[dict[str, str]]:
    """The plan in short words of its language, each `text` with the search `without` it where it is a condition."""
    language = plan.language
    topic = plan.query.topic if plan.query else plan.topic
    parts = [_part(phrases.phrase(f"intent_{plan.intent}", language))]
    for index, material in enumerate(plan.materials):
        group = material.spacegroup if material.spacegroup and 0 < material.spacegroup < 231 else None
        shown = f" · {phrases.group_text(group, language)}" if group else ""
        parts.append(_part(material.label() + shown, _without_material(plan, index)))
    parts += [_part(phrases.label(name, topic, language)) for name in plan.asked]
    if plan.query is not None and plan.query.where is not None:
        where = plan.query.where
        tests = where.parts if isinstance(where, And) else (where,)
        for test in tests:
            rest = tuple(other for other in tests if other != test)
            less = replace(plan.query, where=rest[0] if len(rest) == 1 else And(rest) if rest else None)
            parts.append(_part(phrases.filter_words(test, topic, language), less))
    return parts


def _part(text: str, less: Query | None = None) -> dict[str, str]:
    """A chip; `less` is the query without the condition it names."""
    return {"text": text, "without": _search(less) if less else ""}


def _without_material(plan: Plan, index: int) -> Query | None:
    """The query without a material's space group, or without one of several materials."""
    if plan.query is not None:
        return None
    material = plan.materials[index]
    if material.spacegroup:
        kept = (*plan.materials[:index], replace(material, spacegroup=None), *plan.materials[index + 1 :])
    else:
        kept = (*plan.materials[:index], *plan.materials[index + 1 :])
    return plan_query(replace(plan, materials=kept))


def _search(query: Query) -> str:
    """The search page's parameters; a table of records, also where the plan only counts."""
    return query_to_params(replace(query, limit=Query().limit, aggregate=None)) or "q="
