"""Tokens to conditions of a Query: elements, classes, space groups, crystal systems, numbers with units."""

from chat.planner.conditions.classes import add_classes, spins_of
from chat.planner.conditions.domain import Conditions
from chat.planner.conditions.elements import add_elements
from chat.planner.conditions.numbers import add_numbers
from chat.planner.conditions.spacegroups import add_spacegroups, add_systems
from chat.planner.domain import Token


def conditions(tokens: list[Token]) -> Conditions:
    """All filters that the tokens state."""
    found = Conditions()
    spin_of = spins_of(tokens)
    add_elements(tokens, found)
    add_classes(tokens, found, spin_of)
    add_spacegroups(tokens, found)
    add_systems(tokens, found)
    add_numbers(tokens, found)
    return found
