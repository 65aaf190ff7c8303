"""Space groups and elements by every name in use."""

import pytest

from knowledge.chemistry.elements import element_named, elements
from knowledge.chemistry.names import formula_named
from knowledge.chemistry.spacegroups import crystal_system, spacegroup_number, symbols


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("166", 166),
        ("166.0", 166),
        ("R-3m", 166),
        ("P6_3/mmc", 194),
        ("P63/mmc", 194),
        ("P 63/m m c", 194),
        ("Pbnm", 62),
        ("P2_1/n", 14),
        ("P 1 21/c 1", 14),
        ("Fm3m", 225),
        ("0", None),
        ("231", None),
        ("1.5", None),
        ("cubic", None),
        ("", None),
        ("nan", None),
    ],
)
def test_a_space_group_is_known_by_number_and_symbol(text: str, number: int | None) -> None:
    assert spacegroup_number(text) == number


def test_every_symbol_leads_back_to_its_number() -> None:
    assert len(symbols()) == 230
    assert all(spacegroup_number(symbol) == number for number, symbol in symbols().items())
    assert [crystal_system(n) for n in (2, 15, 74, 142, 167, 194, 230)] == [
        "triclinic",
        "monoclinic",
        "orthorhombic",
        "tetragonal",
        "trigonal",
        "hexagonal",
        "cubic",
    ]


def test_elements_have_names_in_both_languages() -> None:
    assert len(elements()) == 118
    assert [element_named(name) for name in ("Bi", "bismuth", "铋", "Aluminium", "nothing")] == [
        "Bi",
        "Bi",
        "Bi",
        "Al",
        None,
    ]


@pytest.mark.parametrize("name", ["硫化铁", "氧化铜", "iron oxide", "化", "钾化氧"])
def test_a_name_that_leaves_the_composition_open_is_no_formula(name: str) -> None:
    assert formula_named(name) is None
