"""Conditions on the elements of a material."""

from chat.planner.conditions.domain import Conditions
from chat.planner.domain import Elements, Token
from knowledge.query.types import Filter, HasElements


def add_elements(tokens: list[Token], found: Conditions) -> None:
    """Elements that must, may or must not be there."""
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
    elif mode == "all" and (
        any(t.has("eq") for t in tokens[max(0, start - 2) : start])
        or any(t.has("only") for t in after[1:] if after[0].has("and"))
    ):
        mode = "exactly"
    if (
        tokens[start].has("element_list")
        and mode == ""
        and any(t.has("system") for t in tokens[max(0, start - 3) : start])
    ):
        mode = "exactly"
    single = [symbol for member in group if not member.family for symbol in member.symbols]
    families = [_besides(member, single) for member in group if member.family]
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


def _besides(family: Elements, single: list[str]) -> Elements:
    """A family without the elements named beside it: 'Bi and a pnictogen' asks for another one."""
    rest = tuple(symbol for symbol in family.symbols if symbol not in single)
    return Elements(rest, family=True) if rest else family
