"""Quantities and techniques are called as the schema says, in the reader's language."""

import pytest
from django.utils.translation import override

from eln.instruments.kinds import kind_label
from eln.ui.labels import quantity_label, technique_label


@pytest.mark.parametrize(
    ("language", "quantity", "technique"),
    [("en", "substrate temperature", "X-ray diffraction"), ("zh-hans", "衬底温度", "X 射线衍射")],
)
def test_labels_follow_the_language(language: str, quantity: str, technique: str) -> None:
    with override(language):
        assert quantity_label("substrate_temperature") == quantity
        assert technique_label("X-ray diffraction").replace(" ", "") == technique.replace(" ", "")


def test_what_no_schema_knows_keeps_its_name() -> None:
    assert (quantity_label("my_thing"), quantity_label(None), technique_label("Moon watching")) == (
        "my_thing",
        "",
        "Moon watching",
    )
    assert kind_label("my_kind") == "my kind"
