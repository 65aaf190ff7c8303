"""Features do not depend on how a formula is written."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.datasets import Column, Rows
from analysis.errors import OutOfReach
from analysis.features import build, spec_of
from analysis.features.composition import odd_electrons, statistics, statistics_names
from analysis.features.elements import element_table
from analysis.features.spec import crystal_system
from knowledge.formula import parse_formula

AMOUNTS = st.dictionaries(st.sampled_from(["Bi", "Se", "Te", "O", "Fe", "Sr", "Ti"]), st.integers(1, 9), min_size=1)


def rows_of(
    *formulas: str, spacegroups: tuple[int | None, ...] | None = None, columns: tuple[Column, ...] = ()
) -> Rows:
    read = [parse_formula(text) for text in formulas]
    return Rows(
        tuple(str(at) for at in range(len(read))),
        tuple(item.reduced for item in read),
        tuple(dict(item.amounts) for item in read),
        spacegroups or (None,) * len(read),
        columns,
    )


@given(AMOUNTS, st.integers(2, 5))
def test_order_and_scale_of_a_formula_do_not_matter(amounts: dict[str, int], scale: int) -> None:
    turned = dict(reversed([(symbol, scale * n) for symbol, n in amounts.items()]))
    one, other = statistics([amounts]), statistics([turned])
    np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9)


def test_the_mean_atomic_number_of_water_is_ten_thirds() -> None:
    at = statistics_names().index("mean Z")
    assert statistics([{"H": 2, "O": 1}])[0, at] == pytest.approx(10 / 3)


def test_valence_electrons_are_those_outside_closed_shells() -> None:
    table = element_table()
    for symbol, valence in {"Na": 1, "O": 6, "Fe": 8, "Bi": 5, "Ti": 4, "Zn": 12}.items():
        assert table.values[table.index[symbol], table.names.index("valence")] == valence, symbol


@pytest.mark.parametrize(
    ("formula", "odd"), [("NaCl", 0.0), ("Bi2Se3", 0.0), ("Al", 1.0), ("Al2", 1.0), ("Fe0.62Ni0.38", 0.5)]
)
def test_an_odd_number_of_electrons_is_seen(formula: str, odd: float) -> None:
    assert odd_electrons(dict(parse_formula(formula).amounts)) == odd


def test_every_feature_is_finite_and_named() -> None:
    rows = rows_of("Bi2Se3", "NaCl", "Fe", "YBa2Cu3O7", spacegroups=(166, 225, 229, 47))
    matrix = build(spec_of(rows), rows)
    assert np.isfinite(matrix.values).all()
    assert len(matrix.names) == matrix.values.shape[1] == len(matrix.blocks)
    assert matrix.values[0, matrix.names.index("trigonal")] == 1


@pytest.mark.parametrize(
    ("number", "system"), [(1, "triclinic"), (166, "trigonal"), (194, "hexagonal"), (230, "cubic")]
)
def test_space_groups_have_crystal_systems(number: int, system: str) -> None:
    assert crystal_system(number) == system


def test_a_model_that_needs_a_column_says_which() -> None:
    rows = rows_of("NaCl", "KCl", columns=(Column("pressure", "number", numbers=(1.0, float("nan"))),))
    spec = spec_of(rows)
    assert build(spec, rows).values[1, -1] == 1.0
    with pytest.raises(OutOfReach, match="pressure"):
        build(spec, rows_of("NaCl"))


def test_an_element_beyond_the_table_is_refused_with_its_name() -> None:
    with pytest.raises(OutOfReach, match="Og"):
        statistics([{"Og": 1}])
