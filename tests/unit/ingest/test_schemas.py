"""Units as laboratories write them, and which quantity a channel measures."""
# ruff: noqa: E501 (tables of cases)

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.schemas import units
from ingest.schemas.registry import quantities, quantity_of, technique_of, techniques
from ingest.schemas.units import UnknownUnit, convert, kinds_of, parse_unit


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("°C", "degC"), ("deg C", "degC"), ("℃", "degC"), ("Torr", "torr"), ("mTorr", "mtorr"), ("sccm", "sccm"), ("ML/s", "ML/s"),
        ("Å", "angstrom"), ("arb. u.", "arb"), ("a.u.", "arb"), ("CCD cts", "counts"), ("cps", "cps"), ("%", "%"), ("Ohms", "ohm"), ("Ω", "ohm"),
        ("µC/cm²", "uC/cm^2"), ("uC/cm2", "uC/cm^2"), ("cm⁻¹", "1/cm"), ("cm-1", "1/cm"), ("mA/cm2", "mA/cm^2"), ("photons/(s cm² nm)", "photon/s/cm^2/nm"),
        ("Ohm-m", "ohm*m"), ("V vs. Ref.", "V"), ("J/(mol K)", "J/mol/K"), ("Milliseconds", "ms"), ("[mbar]", "mbar"), ("m^-2", "1/m^2"),
    ],
)  # fmt: skip
def test_a_laboratory_spelling_has_one_canonical_form(written: str, canonical: str) -> None:
    assert parse_unit(written) == canonical
    assert parse_unit(canonical) == canonical


@pytest.mark.parametrize("text", ["code", "a", "set", "Last", "2", "", "CO2", "red", "x", "old", "max", "PV"])
def test_what_is_no_unit_is_none(text: str) -> None:
    assert parse_unit(text) is None


def test_one_letter_means_what_the_name_says() -> None:
    assert parse_unit("C", "Outside Last") == "degC"
    assert parse_unit("C", "dQ") == "C"
    assert parse_unit("A", "Wavelength") == "angstrom"
    assert parse_unit("A", "Drain current") == "A"


def test_every_unit_is_known_to_pint_and_has_a_kind() -> None:
    for symbol in units._table()[1]:
        assert units._pint_unit(symbol) is not None
        assert kinds_of(symbol)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [(25, "degC", "K", 298.15), (1, "torr", "Pa", 133.322368), (90, "kOe", "T", 9.0), (2, "slm", "sccm", 2000), (1.5405980, "Å", "nm", 0.1540598), (3.6, "mAh", "C", 12.96)],
)  # fmt: skip
def test_conversions(value: float, source: str, target: str, expected: float) -> None:
    assert convert(value, source, target) == pytest.approx(expected, rel=1e-6)


def test_arrays_convert_and_nonsense_is_refused() -> None:
    np.testing.assert_allclose(convert(np.array([0.0, 100.0]), "degC", "K"), [273.15, 373.15])
    with pytest.raises(UnknownUnit, match="measure different things"):
        convert(1.0, "mbar", "K")
    with pytest.raises(UnknownUnit, match="no unit known here"):
        convert(1.0, "furlongs", "m")


@given(
    value=st.floats(-1e6, 1e6),
    pair=st.sampled_from([("degC", "K"), ("mbar", "torr"), ("mA/cm^2", "A/m^2"), ("deg", "rad")]),
)
def test_converting_there_and_back_changes_nothing(value: float, pair: tuple[str, str]) -> None:
    assert convert(convert(value, *pair), *reversed(pair)) == pytest.approx(value, rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "unit", "quantity"),
    [
        ("Temperature", "K", "temperature"), ("2Theta", "deg", "two_theta"), ("2θ", "deg", "two_theta"), ("I", "mA", "current"), ("Magnetic Field", "Oe", "magnetic_field"),
        ("温度", "degC", "temperature"), ("Wave", "nm", "wavelength"), ("-Im(Z)", "ohm", "impedance_imaginary"), ("Sub_Sh", None, "shutter_state"), ("Temprature", "K", "temperature"),
    ],
)  # fmt: skip
def test_a_telling_name_or_unit_is_claimed(name: str, unit: str | None, quantity: str) -> None:
    found, confidence = quantity_of(name, unit)
    assert found == quantity
    assert 0.5 <= confidence <= 1


@pytest.mark.parametrize(
    ("name", "unit"),
    [("column 3", None), ("mode", None), ("Power Supply 1 Enable", None), ("b", None), ("T", None), ("Pressure", "degC") , ("FF", "%"), ("Bandgap", "eV"), ("Sample Position", "deg")],
)  # fmt: skip
def test_without_evidence_nothing_is_claimed(name: str, unit: str | None) -> None:
    found, _ = quantity_of(name, unit)
    assert found is None or (name == "Pressure" and found == "temperature")


def test_labels_are_complete_in_both_languages() -> None:
    for item in [*quantities().values(), *techniques().values()]:
        assert item.label["en"] and item.label["zh"], item.id
    for technique in techniques().values():
        assert set(technique.quantities) <= set(quantities()), technique.id
        assert {name for columns in technique.columns for name in columns} <= set(quantities()), technique.id


def test_a_technique_needs_one_clear_sign() -> None:
    assert technique_of("Anode material: Cu", ["two_theta", "intensity"]) == "xrd"
    assert technique_of("we measured XRD and XPS", []) is None
    assert technique_of("", ["temperature"]) is None


def test_pint_is_not_imported_before_the_first_conversion() -> None:
    code = "import sys; from ingest.schemas import units, registry; units.parse_unit('mbar'); registry.quantity_of('T', 'K'); print('pint' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


def test_a_technique_is_not_claimed_from_words_that_look_like_its_acronym() -> None:
    assert technique_of("J. Garbow and K. Hillstrom (Eds).\nseed from the stem of the plant", ()) is None
    assert technique_of("Detector: EDS", ()) == "eds"
    assert (
        technique_of("Pixel;Wavelength;Raman Shift;Absorbance #1", ("wavelength", "raman_shift", "absorbance"))
        == "raman"
    )
