"""What a question claims of a material, held against the records: confirmed, corrected, or the sources compared."""

from collections.abc import Sequence

from chat.answering.stores import Desk
from chat.answering.values import Found, fact_text, held_names, main_rows, values_of
from chat.composer import phrases
from chat.planner.domain import Claim
from knowledge.query.types import Row, Scalar

MOST_LISTED = 8


def say_wrong_group(desk: Desk) -> None:
    """Say that no record has the space group named."""
    for material in desk.plan.materials:
        if material.spacegroup:
            desk.writer.hold(material.label())
            desk.writer.say("wrong_group", material=material.label(), number=str(material.spacegroup))


def verdicts(desk: Desk, rows: Sequence[Row], facts: list[Found], wrong: bool) -> None:
    """Yes or no where that is asked, and what is right where a claim is wrong."""
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
            say_wrong_group(desk)
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
                "agree_one", material=held_names(desk, desk.plan.materials), source=desk.writer.title(next(iter(by)))
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
