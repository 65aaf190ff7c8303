"""Conditions on the class of a material, with the spin-orbit coupling that each is asked with."""

from itertools import pairwise

from chat.planner.conditions.domain import Conditions
from chat.planner.domain import ClassWord, Spin, Token
from chat.planner.filters import class_property
from chat.planner.lexicon import word_lists
from knowledge.query.types import Compare, Not


def spins_of(tokens: list[Token]) -> dict[int, Spin]:
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
        index: min(
            places, key=lambda place: (_clauses(tokens, place[0], index), abs(place[0] - index), place[0] < index)
        )[1]
        for index in range(len(tokens))
    }


def _clauses(tokens: list[Token], one: int, other: int) -> int:
    """How many clause ends stand between two tokens."""
    return sum(token.has("break") and token.text not in "()（）" for token in tokens[min(one, other) : max(one, other)])


def _bare(tokens: list[Token], index: int) -> Spin:
    """Spin-orbit coupling named without a clear with or without: look at the words around it."""
    around = [*tokens[max(0, index - 3) : index], *tokens[index + 1 : index + 4]]
    if any(t.has("without", "not") for t in tokens[max(0, index - 3) : index]):
        return "nosoc"
    off = ("off", "neglected", "ignored", "excluded", "disabled", "关", "关掉", "忽略", "去掉", "omitted")
    return "nosoc" if any(t.text.casefold() in off for t in around) else "soc"


def add_classes(tokens: list[Token], found: Conditions, spin_of: dict[int, Spin]) -> None:
    """Classes of materials, each under its spin-orbit coupling."""
    grouped: dict[tuple[str, bool], list[str]] = {}
    for index, token in enumerate(tokens):
        word = token.senses.get("class")
        if not isinstance(word, ClassWord) or token.has("skip") or word.property == "crystal_system":
            continue
        negated = is_negated(tokens, index)
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


def is_negated(tokens: list[Token], index: int) -> bool:
    """Whether a 'not', 'except' or the like stands right before a token (fillers between do not count)."""
    steps = 0
    exists = any(token.has("exist") for token in tokens[max(0, index - 2) : index])
    for token in reversed(tokens[:index]):
        if token.has("break") or steps > 3:
            return False
        if token.has("not", "without") and not token.has("nosoc"):
            return token.text.casefold() != "no" or (steps == 0 and tokens[index].has("class") and not exists)
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
