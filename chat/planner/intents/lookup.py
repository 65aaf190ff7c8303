"""Values of one material, or a claim about it."""

from dataclasses import replace
from itertools import pairwise

from chat.planner import claims as claiming
from chat.planner.domain import Plan, Spin, Token
from chat.planner.lexicon import word_lists
from chat.planner.reading import Reading, is_word


def look_up(reading: Reading) -> Plan:
    """The plan for values of the named material, or why there is none."""
    asked = reading.asked()
    claims = claiming.claims_of(reading)
    if (
        not asked
        and claiming.alternatives(reading)
        and all(t.has("crystal_system") for t in reading.tokens if t.has("class", "crystal_system"))
    ):
        return replace(reading.base("lookup"), asked=("crystal_system",))
    if claims and asked == ["formula"]:
        asked = []
    if [test for test in reading.found.numbers if not any(test.property == claim.property for claim in claims)]:
        return reading.clarify("number", *[t.text for t in reading.tokens if t.has("number")])
    if _of_one_element(reading):
        return reading.clarify("which_property")
    spin: Spin = next(iter(reading.spins.values()), "")
    if claiming.alternatives(reading) or (
        not asked and (claims and any(c.property.startswith("topological_class") for c in claims))
    ):
        asked = (
            [*asked, *reading.variants("topological_class", spin)]
            if not any(a.startswith("topological_class") for a in asked) and reading.class_named()
            else asked
        )
        asked += [claim.property for claim in claims if claim.property not in asked]
    if not asked and claims:
        asked = [claim.property for claim in claims]
    if not asked and reading.spins:
        asked = reading.variants("topological_class", spin)
    inherited = (
        reading.memory.plan.asked
        if reading.memory.plan and (reading.has("also", "pronoun") or len(_content(reading)) <= 1)
        else ()
    )
    confirms = reading.confirms()
    if not asked and inherited:
        asked = list(inherited)
    if not asked and reading.agrees():
        asked = reading.variants("topological_class", spin)
    if not asked and confirms and any(m.spacegroup for m in reading.materials):
        asked = ["spacegroup_number"]
    if not asked and _is_bare_question(reading):
        return reading.refuse("property", *reading.unknown)
    if reading.unknown and _unknown_matters(reading):
        return reading.refuse("words", *reading.unknown) if not asked else reading.clarify("words", *reading.unknown)
    if reading.found.stray:
        figured = claiming.figure_claims(reading, asked) if confirms else []
        if not figured:
            return reading.clarify("number", *reading.found.stray)
        claims += figured
    if any(t.has("number") and t.has("unit") for t in reading.tokens) and not reading.found.numbers:
        return reading.clarify("number", *[t.text for t in reading.tokens if t.has("number")])
    sources, agree = reading.sources()
    return replace(
        reading.base("lookup"), asked=tuple(dict.fromkeys(asked)), claims=tuple(claims), verdict=confirms or agree, agree=agree,
        sources=sources, unit=_unit_asked(reading, asked),
    )  # fmt: skip


def _content(reading: Reading) -> list[Token]:
    return [
        t
        for i, t in enumerate(reading.tokens)
        if i not in reading.materials_at
        and not t.is_only("filler", "break", "and", "also", "spacegroup", "list", "contain")
    ]


def _is_bare_question(reading: Reading) -> bool:
    """A material and words that name nothing stored."""
    return (bool(reading.unknown) and not reading.has("describe", "define")) or any(
        t.has("topic") and not t.has("class", "describe", "property") for t in reading.tokens[:0]
    )


def _unknown_matters(reading: Reading) -> bool:
    """Whether a word not understood stands next to the material or the property, where it changes what is meant."""
    for index, token in enumerate(reading.tokens):
        if token.senses or not is_word(token):
            continue
        around = [*reading.tokens[max(0, index - 1) : index], *reading.tokens[index + 1 : index + 2]]
        unit = index > 0 and reading.tokens[index - 1].text.casefold() == "in"
        if unit or any(t.has("material", "property", "class") for t in around) or not reading.asked():
            return True
    return False


def _unit_asked(reading: Reading, asked: list[str]) -> str | None:
    for index, token in enumerate(reading.tokens):
        unit = token.senses.get("unit")
        if isinstance(unit, str) and not token.has("number"):
            return unit
        if not token.senses and index and reading.tokens[index - 1].text.casefold() == "in":
            known: str | None = next(
                (name for name, words in word_lists()["unit"].items() if token.text in words), None
            )
            if known:
                reading.unknown = [word for word in reading.unknown if word != token.text]
                return known
    return None


def _of_one_element(reading: Reading) -> bool:
    """'How many atoms of Se are in Bi2Se3?': an amount of one element, which is no property of its own."""
    spoken = [
        t for i, t in enumerate(reading.tokens) if not t.is_only("filler", "contain") or i in reading.materials_at
    ]
    return any(
        {str(one.senses.get("property")), str(other.senses.get("property"))} & {"nsites", "valence_electrons"}
        and any(t.has("element") and not t.has("property", "contain") for t in (one, other))
        for one, other in pairwise(spoken)
    )
