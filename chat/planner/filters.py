"""Tokens to conditions of a Query: elements, classes, space groups, crystal systems, numbers with units."""

from dataclasses import dataclass, field
from itertools import pairwise

from chat.planner.domain import ClassWord, Elements, Spin, Token
from chat.planner.lexicon import word_lists
from knowledge.query.types import And, Compare, Filter, HasElements, Not, Operator, Or

SYSTEMS = {
    "triclinic": (1, 2), "monoclinic": (3, 15), "orthorhombic": (16, 74), "tetragonal": (75, 142), "trigonal": (143, 167),
    "hexagonal": (168, 194), "cubic": (195, 230),
}  # fmt: skip
_OPERATORS: dict[str, Operator] = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "=", "more": ">", "less": "<"}
_OPPOSITE: dict[Operator, Operator] = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


@dataclass
class Conditions:
    """What the filters of a question are, and which tokens they used up."""

    elements: list[Filter] = field(default_factory=list)
    classes: list[Compare | Not] = field(default_factory=list)
    spacegroups: list[Filter] = field(default_factory=list)
    systems: list[tuple[str, bool]] = field(default_factory=list)
    numbers: list[Compare] = field(default_factory=list)
    used: set[int] = field(default_factory=set)
    stray: list[str] = field(default_factory=list)
    limit: int = 0

    def every(self) -> list[Filter]:
        """All conditions in one list."""
        systems = [system_filter(name, negated) for name, negated in self.systems]
        return [*self.elements, *self.classes, *self.spacegroups, *systems, *self.numbers]


def joined(parts: list[Filter]) -> Filter | None:
    """All of them, as plain as possible."""
    unique = list(dict.fromkeys(parts))
    if not unique:
        return None
    return unique[0] if len(unique) == 1 else And(tuple(unique))


def system_filter(name: str, negated: bool) -> Filter:
    """A crystal system as a range of space group numbers, which every source states."""
    low, high = SYSTEMS[name]
    inside = And((Compare("spacegroup_number", ">=", low), Compare("spacegroup_number", "<=", high)))
    return Not(inside) if negated else inside


def class_property(word: str, spin: Spin) -> str:
    """The property that a class word speaks of, by spin-orbit coupling (with it unless asked otherwise)."""
    variants = word_lists()["variants"].get(word)
    return str(variants["nosoc" if spin == "nosoc" else "soc"]) if variants else word


def spins(tokens: list[Token]) -> dict[int, Spin]:
    """For each class or property token the spin-orbit coupling that it is asked with: the mention nearest to it."""
    places: list[tuple[int, Spin]] = []
    for index, token in enumerate(tokens):
        for sense in ("socboth", "nosoc", "soc"):
            if token.has(sense):
                places.append((index, "both" if sense == "socboth" else "nosoc" if sense == "nosoc" else "soc"))
                break
        else:
            if token.has("soc_bare"):
                places.append((index, _bare(tokens, index)))
    if {spin for _, spin in places} == {"soc", "nosoc"} and not any(token.has("class") for token in tokens):
        places = [(index, "both") for index, _ in places]
    if not places:
        return {}
    changes = word_lists()["changes"]
    classes = [index for index, token in enumerate(tokens) if token.has("class")]
    if not classes and any(token.text.casefold() in changes for token in tokens):
        places = [(index, "both") for index, _ in places]
    for first, second in pairwise(classes):
        if any(token.text.casefold() in word_lists()["becomes"] for token in tokens[first:second]):
            places = [(first, "nosoc"), (second, "soc")]
    return {
        index: min(places, key=lambda place: (abs(place[0] - index), place[0] < index))[1]
        for index in range(len(tokens))
    }


def _bare(tokens: list[Token], index: int) -> Spin:
    """Spin-orbit coupling named without a clear with or without: look at the words around it."""
    around = [*tokens[max(0, index - 3) : index], *tokens[index + 1 : index + 4]]
    if any(t.has("without", "not") for t in tokens[max(0, index - 3) : index]):
        return "nosoc"
    off = ("off", "neglected", "ignored", "excluded", "disabled", "关", "关掉", "忽略", "去掉", "omitted")
    return "nosoc" if any(t.text.casefold() in off for t in around) else "soc"


def conditions(tokens: list[Token]) -> Conditions:
    """All filters that the tokens state."""
    found = Conditions()
    spin_of = spins(tokens)
    _elements(tokens, found)
    _classes(tokens, found, spin_of)
    _spacegroups(tokens, found)
    _systems(tokens, found)
    _numbers(tokens, found)
    return found


# Elements --------------------------------------------------------------------------------------------------------


def _elements(tokens: list[Token], found: Conditions) -> None:
    mode = ""
    index = 0
    while index < len(tokens):
        token = tokens[index]
        if token.has("element", "element_list") and not token.has("skip"):
            end, group, either = _group(tokens, index)
            found.elements.extend(_element_filter(tokens, index, end, group, either, mode))
            found.used.update(range(index, end))
            index = end
            continue
        mode = _mode(tokens, index, mode)
        index += 1


def _mode(tokens: list[Token], index: int, mode: str) -> str:
    token = tokens[index]
    if token.has("break"):
        return "" if token.text in "。;；?？!！\n" else mode
    if token.has("soc", "nosoc", "socboth"):
        return mode
    if token.has("without") or (token.has("not") and not token.has("contain")):
        return "none" if mode != "only" or not token.has("not") else mode
    if token.has("only"):
        return "only"
    if token.has("contain"):
        previous = next((t for t in reversed(tokens[max(0, index - 2) : index]) if not t.is_only("filler")), None)
        if mode in ("none", "only") and (previous is None or previous.has("without", "not", "only")):
            return mode
        return mode if mode == "only" and token.text.casefold() in ("of", "有") else "all"
    if token.has("class", "spacegroup"):
        return ""
    return mode


def _group(tokens: list[Token], start: int) -> tuple[int, list[Elements], bool]:
    """The elements listed from `start` on: where the list ends, its members, whether one of them is enough."""
    group: list[Elements] = []
    either = any(t.has("either") for t in tokens[max(0, start - 3) : start])
    index = start
    end = start
    while index < len(tokens):
        token = tokens[index]
        if token.has("element_list"):
            listed = token.senses["element_list"]
            symbols = listed if isinstance(listed, tuple) else ()
            group.extend(Elements((symbol,)) for symbol in symbols)
        elif token.has("element"):
            member = token.senses["element"]
            group.extend([member] if isinstance(member, Elements) else [])
        elif token.has("or") or (
            token.has("and")
            or token.text in ",、，/"
            or token.is_only("filler")
            or (token.has("without") and token.text.casefold() == "nor")
        ):
            if token.has("or"):
                following = next((t for t in tokens[index + 1 : index + 3] if t.has("element", "element_list")), None)
                either = either or following is not None
        elif token.has("property") and token.senses["property"] == "elements":
            end = index + 1
        else:
            break
        if token.has("element", "element_list"):
            end = index + 1
        if index - end > 1:
            break
        index += 1
    if any(t.has("either") for t in tokens[end : end + 2]):
        either = True
    return end, group, either


def _element_filter(
    tokens: list[Token], start: int, end: int, group: list[Elements], either: bool, mode: str
) -> list[Filter]:
    after = list(tokens[end : end + 2])
    if after and (after[0].has("free") or (after[0].has("without", "only") and after[0].text.casefold() == "free")):
        mode = "none"
    elif after and after[0].has("system") and sum(len(member.symbols) for member in group) > 1 and mode != "none":
        mode = "exactly"
    elif after and after[0].has("only") and mode != "none":
        mode = "only"
    if (
        tokens[start].has("element_list")
        and mode == ""
        and any(t.has("system") for t in tokens[max(0, start - 3) : start])
    ):
        mode = "exactly"
    single = [symbol for member in group if not member.family for symbol in member.symbols]
    families = [member for member in group if member.family]
    if mode == "none":
        symbols = [*single, *(symbol for member in families for symbol in member.symbols)]
        return [HasElements(tuple(symbols), "none")]
    if either:
        symbols = [*single, *(symbol for member in families for symbol in member.symbols)]
        return [HasElements(tuple(symbols), "only" if mode == "only" else "any")]
    parts: list[Filter] = [HasElements(member.symbols, "any") for member in families]
    if single:
        exact = mode in ("only", "exactly")
        parts.append(HasElements(tuple(single), "exactly" if exact else "all"))
    return parts


# Classes ---------------------------------------------------------------------------------------------------------


def _classes(tokens: list[Token], found: Conditions, spin_of: dict[int, Spin]) -> None:
    grouped: dict[tuple[str, bool], list[str]] = {}
    for index, token in enumerate(tokens):
        word = token.senses.get("class")
        if not isinstance(word, ClassWord) or token.has("skip") or word.property == "crystal_system":
            continue
        negated = _negated(tokens, index)
        spin = spin_of.get(index, "")
        names = [class_property(word.property, spin)]
        if spin == "both":
            names.append(class_property(word.property, "nosoc"))
        for name in names:
            grouped.setdefault((name, negated), []).extend(word.ids)
        found.used.add(index)
    for (name, negated), ids in grouped.items():
        unique = tuple(dict.fromkeys(ids))
        test = Compare(name, "=", unique[0]) if len(unique) == 1 else Compare(name, "in", unique)
        found.classes.append(Not(test) if negated else test)


def _negated(tokens: list[Token], index: int) -> bool:
    """Whether a 'not', 'except' or the like stands right before a token (fillers between do not count)."""
    steps = 0
    for token in reversed(tokens[:index]):
        if token.has("break") or steps > 3:
            return False
        if token.has("not", "without") and not token.has("nosoc"):
            return token.text.casefold() not in ("no", "number")
        if token.has("class") and steps < 3:
            steps += 1
            continue
        if not (
            token.is_only("filler")
            or token.has("yesno", "contain", "property", "topic", "or", "and", "list", "define", "material_word")
        ):
            return False
        steps += 1
    return False


# Space groups and crystal systems --------------------------------------------------------------------------------


def _spacegroups(tokens: list[Token], found: Conditions) -> None:
    inside: list[int] = []
    outside: list[int] = []
    for index, token in enumerate(tokens):
        numbers = token.senses.get("spacegroup")
        if isinstance(numbers, tuple) and not token.has("skip"):
            (outside if token.has("outside") or _negated(tokens, index) else inside).extend(numbers)
            found.used.add(index)
        bounds = token.senses.get("spacegroup_range")
        if isinstance(bounds, tuple):
            found.spacegroups.append(
                And((Compare("spacegroup_number", ">=", bounds[0]), Compare("spacegroup_number", "<=", bounds[1])))
            )
            found.used.add(index)
    if inside:
        unique = tuple(dict.fromkeys(inside))
        found.spacegroups.append(
            Compare("spacegroup_number", "=", unique[0])
            if len(unique) == 1
            else Compare("spacegroup_number", "in", unique)
        )
    found.spacegroups.extend(Compare("spacegroup_number", "!=", number) for number in dict.fromkeys(outside))


def _systems(tokens: list[Token], found: Conditions) -> None:
    for index, token in enumerate(tokens):
        name = token.senses.get("crystal_system")
        if isinstance(name, str) and not token.has("skip"):
            found.systems.append((name, _negated(tokens, index)))
            found.used.add(index)
        count = token.senses.get("binary")
        if isinstance(count, int) and not token.has("skip"):
            found.numbers.append(Compare("nelements", "!=" if _negated(tokens, index) else "=", count))
            found.used.add(index)
    if len(found.systems) > 1 and not any(negated for _, negated in found.systems):
        found.spacegroups.append(Or(tuple(system_filter(name, False) for name, _ in found.systems)))
        found.systems.clear()


# Numbers ---------------------------------------------------------------------------------------------------------


def _numbers(tokens: list[Token], found: Conditions) -> None:
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
