"""A plan as JSON and as words: what the reader sees as 'how I understood you'."""

from typing import Any

from chat.composer import phrases
from chat.planner.domain import Plan
from chat.planner.filters import material_filter
from knowledge.query.codec import to_json
from knowledge.query.types import And, Compare, Filter, Query
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
    from knowledge.query.types import Or

    return Query(topic=plan.topic, where=tests[0] if len(tests) == 1 else Or(tuple(tests)))


def plan_document(plan: Plan) -> dict[str, Any]:  # Any: JSON
    """The plan as JSON: intent, language, materials, asked properties, query, its address on the search page, chips."""
    query = plan_query(plan)
    return {
        "intent": plan.intent,
        "language": plan.language,
        "topic": (plan.query.topic if plan.query else plan.topic),
        "materials": [
            {"formula": m.formula or None, "id": m.external_id or None, "spacegroup_number": m.spacegroup}
            for m in plan.materials
        ],
        "properties": list(plan.asked),
        "claims": [{"property": c.property, "values": list(c.values), "negated": c.negated} for c in plan.claims],
        "query": to_json(query) if query else None,
        "search": query_to_params(query) if query else "",
        "chips": plan_chips(plan),
        "reason": plan.reason or None,
        "not_understood": list(plan.about),
    }


def plan_chips(plan: Plan) -> list[str]:
    """The plan in short words of its language."""
    language = plan.language
    topic = plan.query.topic if plan.query else plan.topic
    chips = [phrases.phrase(f"intent_{plan.intent}", language)]
    for material in plan.materials:
        group = (
            f" · {phrases.group_text(material.spacegroup, language)}"
            if material.spacegroup and 0 < material.spacegroup < 231
            else ""
        )
        chips.append(material.label() + group)
    chips += [phrases.label(name, topic, language) for name in plan.asked]
    if plan.query is not None and plan.query.where is not None:
        where = plan.query.where
        parts = where.parts if isinstance(where, And) else (where,)
        chips += [phrases.filter_words(part, topic, language) for part in parts]
    return chips
