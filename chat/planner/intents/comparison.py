"""Two or more materials side by side."""

from dataclasses import replace

from chat.planner import claims as claiming
from chat.planner.domain import Order, Plan
from chat.planner.reading import Reading


def comparison(reading: Reading) -> Plan:
    """The plan that sets the materials side by side, or says which has more, or whether they are the same."""
    asked = reading.asked()
    claims = claiming.claims_of(reading)
    order = _comparative(reading)
    if order and order[0] and order[0] not in asked:
        asked = [order[0], *asked]
    if claims and not any(a.startswith("topological_class") for a in asked) and reading.class_named():
        asked += (
            reading.variants("topological_class", next(iter(reading.spins.values()), ""))
            if claiming.alternatives(reading)
            else [c.property for c in claims]
        )
    if not asked and reading.unknown:
        return reading.refuse("property", *reading.unknown)
    if order and not order[0]:
        return reading.clarify("which_property")
    if reading.spins == {} and reading.has("same") and "topological_class_nsoc" in asked:
        asked = [name for name in asked if name != "topological_class_nsoc"]
    return replace(
        reading.base("compare"), asked=tuple(dict.fromkeys(asked)), claims=tuple(claims),
        verdict=reading.confirms() and not (order and reading.has("or")),
        same=reading.has("same", "agree") and not (order and order[0]), order=order[1] if order else "",
    )  # fmt: skip


def _comparative(reading: Reading) -> tuple[str, Order] | None:
    for token in reading.tokens:
        value = token.senses.get("adjective")
        if isinstance(value, tuple):
            return value[0], "less" if value[1] in ("min", "less") else "more"
    for index, token in enumerate(reading.tokens):
        if token.has("more", "less", "max", "min"):
            name = reading.numeric_near(index)
            return name, "more" if token.has("more", "max") else "less"
    return None
