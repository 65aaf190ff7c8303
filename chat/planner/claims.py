"""What a question takes for granted or asks to confirm about its materials."""

import re

from chat.planner.domain import Claim, ClassWord
from chat.planner.filters import class_property
from chat.planner.reading import Reading


def alternatives(reading: Reading) -> bool:
    """'TI or TCI?', 'topological or trivial': classes offered to choose from, not claimed."""
    places = [i for i, t in enumerate(reading.tokens) if t.has("class", "crystal_system")]
    return len(places) > 1 and any(t.has("or") for t in reading.tokens[places[0] : places[-1]])


def claims_of(reading: Reading) -> list[Claim]:
    """The classes, crystal systems and numbers of elements said of the materials, each with whether it is denied."""
    if alternatives(reading):
        return []
    claims: list[Claim] = []
    for index, token in enumerate(reading.tokens):
        word = token.senses.get("class")
        if (
            isinstance(word, ClassWord)
            and word.property != "crystal_system"
            and not (token.has("topic") and not reading.confirms())
        ):
            name = class_property(word.property, reading.spins.get(index, ""))
            claims.append(Claim(name, word.ids, _claim_negated(reading, index)))
        system = token.senses.get("crystal_system")
        if isinstance(system, str):
            claims.append(Claim("crystal_system", (system,), _claim_negated(reading, index)))
    for test in reading.found.numbers:
        if reading.confirms() or (test.property == "nelements" and test.op == "="):
            claims.append(Claim(test.property, (str(test.value),), op=test.op, unit=test.unit))
    return list(dict.fromkeys(claims))


def _claim_negated(reading: Reading, index: int) -> bool:
    first = reading.first()
    near = reading.tokens[max(0, index - 4) : index]
    tag = first is not None and first.has("yesno") and re.search(r"n't|n t", first.text)
    return any(t.has("not") for t in near if t is not first) and not tag


def figure_claims(reading: Reading, asked: list[str]) -> list[Claim]:
    """A bare number beside a property that is asked to be confirmed: 'Is the space group of X 225?'."""
    name = next((name for name in asked if name == "spacegroup_number" or reading.is_numeric(name)), "")
    return [Claim(name, (text,)) for text in reading.found.stray] if name else []
