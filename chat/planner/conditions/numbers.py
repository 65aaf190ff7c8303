"""Conditions that compare a property with a number."""

from chat.planner.conditions.domain import Conditions
from chat.planner.domain import Token
from knowledge.query.types import Compare, Operator

_OPERATORS: dict[str, Operator] = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "=", "more": ">", "less": "<"}
_OPPOSITE: dict[Operator, Operator] = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


def add_numbers(tokens: list[Token], found: Conditions) -> None:
    """Numbers compared with a property, and how many are to be listed."""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if not token.has("number") or index in found.used or token.has("skip"):
            index += 1
            continue
        second = _range_end(tokens, index)
        if second is not None:
            index = _between(tokens, index, second, found)
            continue
        _single(tokens, index, found)
        index += 1


def _value(token: Token) -> float:
    value = token.senses["number"]
    number = float(str(value))
    return int(number) if number.is_integer() else number


def _range_end(tokens: list[Token], index: int) -> int | None:
    """The number that closes a range opened by this one."""
    for place in range(index + 1, min(index + 4, len(tokens))):
        if tokens[place].has("number"):
            between = tokens[index + 1 : place]
            opened = any(t.has("between") for t in tokens[max(0, index - 3) : index])
            closed = any(t.has("between") for t in tokens[place + 1 : place + 3])
            if (
                any(t.has("to") for t in between)
                or not between
                or ((opened or closed) and any(t.has("and") for t in between))
            ):
                return place
            return None
        if not tokens[place].has("to", "and", "filler", "unit"):
            return None
    return None


def _between(tokens: list[Token], low: int, high: int, found: Conditions) -> int:
    name = _property_near(tokens, low, high)
    if not name:
        found.stray.append(tokens[low].text)
        return high + 1
    unit = _unit(tokens, high) or _unit(tokens, low)
    found.numbers.append(Compare(name, ">=", _value(tokens[low]), unit))
    found.numbers.append(Compare(name, "<=", _value(tokens[high]), unit))
    found.used.update((low, high))
    return high + 1


def _unit(tokens: list[Token], index: int) -> str | None:
    unit = tokens[index].senses.get("unit")
    if unit is None and index + 1 < len(tokens) and tokens[index + 1].has("unit"):
        unit = tokens[index + 1].senses["unit"]
    return unit if isinstance(unit, str) else None


def _single(tokens: list[Token], index: int, found: Conditions) -> None:
    token = tokens[index]
    operator, certain = _operator(tokens, index)
    following = next(
        (t for t in tokens[index + 1 : index + 3] if not t.is_only("filler", "unit", "distinct", "ge", "le")), None
    )
    name = _property_near(tokens, index, index)
    counted = following is not None and following.has("property") and _countable(following)
    if counted and following is not None:
        name = _counted_name(following)
    if token.is_only("number") and token.text.casefold() in ("one", "一") and not certain:
        return
    if name and (certain or counted or (_unit(tokens, index) and name)):
        found.numbers.append(Compare(name, operator, _value(token), _unit(tokens, index)))
        found.used.add(index)
    elif _is_amount(tokens, index):
        found.limit = int(_value(token))
        found.used.add(index)
    elif token.text[0].isdigit() or token.text[0] == "-":
        found.stray.append(token.text)


def _countable(token: Token) -> bool:
    return token.senses["property"] in ("elements", "nelements", "nsites", "valence_electrons")


def _counted_name(token: Token) -> str:
    name = token.senses["property"]
    return "nelements" if name == "elements" else str(name)


def _operator(tokens: list[Token], index: int) -> tuple[Operator, bool]:
    """The comparison around a number, and whether one is written."""
    after = tokens[index + 1 : index + 3]
    if after and tokens[index + 1].has("unit") and not tokens[index].has("unit"):
        after = tokens[index + 2 : index + 4]
    for token in after[:1] + [
        t for t in after[1:2] if after[0].is_only("filler", "material_word", "or", "property", "foreign")
    ]:
        for sense in ("ge", "le"):
            if token.has(sense) and not token.has("spacegroup_word"):
                return _OPERATORS[sense], True
    negated = False
    for steps, token in enumerate(reversed(tokens[max(0, index - 4) : index])):
        for sense in ("gt", "ge", "lt", "le", "eq"):
            if token.has(sense) and not (sense == "ge" and token.text.casefold() == "from"):
                operator = _OPERATORS[sense]
                before = tokens[max(0, index - steps - 2) : index - steps - 1]
                negated = any(t.has("not") for t in before)
                return _OPPOSITE.get(operator, operator) if negated else operator, True
        if token.has("more", "less") and any(
            t.text.casefold() in ("than", "于") for t in tokens[max(0, index - 2) : index]
        ):
            return (">" if token.has("more") else "<"), True
        if token.has("property") and steps == 0:
            continue
        if token.has("break", "number", "class"):
            break
    return "=", False


def _property_near(tokens: list[Token], low: int, high: int) -> str:
    """The numeric property that a number belongs to: in the same clause, before it or else after it."""
    for token in tokens[high + 1 : high + 3]:
        if token.has("property") and _countable(token):
            return _counted_name(token)
        if not token.is_only("filler", "unit", "distinct", "ge", "le", "material_word"):
            break
    for direction in (reversed(tokens[max(0, low - 8) : low]), iter(tokens[high + 1 : high + 7])):
        for token in direction:
            if token.has("break") and token.text not in ",，(":
                break
            if token.has("property"):
                return "nelements" if token.senses["property"] == "elements" else str(token.senses["property"])
            if token.has("spacegroup_word") and not token.has("property"):
                return "spacegroup_number"
    return ""


def _is_amount(tokens: list[Token], index: int) -> bool:
    """Whether a number says how many to list: top 5, any five, 前三, three examples."""
    before = tokens[max(0, index - 3) : index]
    after = tokens[index + 1 : index + 4]
    if any(t.has("max", "min", "list", "example", "similar") for t in [*before, *after]):
        return True
    return any(t.has("material_word", "class") for t in after) or any(t.has("contain") for t in after[:0])
