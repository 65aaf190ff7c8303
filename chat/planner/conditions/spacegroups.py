"""Conditions on the symmetry of a material."""

from chat.planner.conditions.classes import is_negated
from chat.planner.conditions.domain import Conditions
from chat.planner.domain import Token
from chat.planner.filters import system_filter
from knowledge.query.types import And, Compare, Or


def add_spacegroups(tokens: list[Token], found: Conditions) -> None:
    """Space groups by number, symbol or range."""
    inside: list[int] = []
    outside: list[int] = []
    for index, token in enumerate(tokens):
        numbers = token.senses.get("spacegroup")
        if isinstance(numbers, tuple) and not token.has("skip"):
            (outside if token.has("outside") or is_negated(tokens, index) else inside).extend(numbers)
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


def add_systems(tokens: list[Token], found: Conditions) -> None:
    """Crystal systems, and how many elements (binary, ternary)."""
    for index, token in enumerate(tokens):
        name = token.senses.get("crystal_system")
        if isinstance(name, str) and not token.has("skip"):
            found.systems.append((name, is_negated(tokens, index)))
            found.used.add(index)
        count = token.senses.get("binary")
        if isinstance(count, int) and not token.has("skip"):
            found.numbers.append(Compare("nelements", "!=" if is_negated(tokens, index) else "=", count))
            found.used.add(index)
    if len(found.systems) > 1 and not any(negated for _, negated in found.systems):
        found.spacegroups.append(Or(tuple(system_filter(name, False) for name, _ in found.systems)))
        found.systems.clear()
