"""Numbers as tables state them."""

import pytest

from knowledge.imports.numbers import number_read


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("5.65", (5.65, None, None)),
        ("-1e-3", (-0.001, None, None)),
        ("−3", (-3, None, None)),
        ("5.653(2)", (5.653, 0.002, None)),
        ("300(10)", (300, 10, None)),
        ("5.65 ± 0.02", (5.65, 0.02, None)),
        ("1.43 eV", (1.43, None, "eV")),
    ],
)
def test_a_number_keeps_its_uncertainty_and_unit(text: str, stated: tuple[float, float | None, str | None]) -> None:
    found = number_read(text)
    assert found is not None
    assert found.value == pytest.approx(stated[0])
    assert found.uncertainty == (None if stated[1] is None else pytest.approx(stated[1]))
    assert found.unit == stated[2]


@pytest.mark.parametrize("text", ["", "nan", "inf", "many", "5-3", "1,234", "1_000", "5 bananas"])
def test_what_is_no_single_number_is_none(text: str) -> None:
    assert number_read(text) is None
