"""Numbers and units as tables state them."""

import pytest

from knowledge.imports.numbers import NotANumber, Style, is_spoilt, number_read, number_stated, style_of
from knowledge.imports.units import unit_is, way_to


@pytest.mark.parametrize(
    ("text", "stated"),
    [
        ("5.65", (5.65, None, None)),
        ("-1e-3", (-0.001, None, None)),
        ("−3", (-3, None, None)),
        ("– 5", (-5, None, None)),
        ("5.653(2)", (5.653, 0.002, None)),
        ("5.4(12)", (5.4, 1.2, None)),
        ("1.2(3)e-5", (1.2e-5, 3e-6, None)),
        ("300(10)", (300, 10, None)),
        ("5.65 ± 0.02", (5.65, 0.02, None)),
        ("5.3 ± 2%", (5.3, 0.106, None)),
        ("5.6 +0.1/-0.2", (5.6, 0.2, None)),
        ("5.6$^{+0.1}_{-0.2}$", (5.6, 0.2, None)),
        ("(5.65±0.02)×10^-3 S/m", (0.00565, 2e-5, "S/m")),
        ("1.43 eV", (1.43, None, "eV")),
        ("300K", (300, None, "K")),
        ("2.0 eV/atom", (2, None, "eV/atom")),
        ("12.5 %", (12.5, None, "%")),
        ("1.2x10^-3", (0.0012, None, None)),
        ("1.2×10⁻³", (0.0012, None, None)),
        ("1.2×10−5", (1.2e-5, None, None)),
        ("1.2x10<sup>-5</sup>", (1.2e-5, None, None)),
        ("$1.2 \\times 10^{-5}$", (1.2e-5, None, None)),
        ("10⁻⁵ S/cm", (1e-5, None, "S/cm")),
        ("1.2e–5", (1.2e-5, None, None)),
        ("1.5D-3", (0.0015, None, None)),
        ("~3", (3, None, None)),
        ("ca. 5", (5, None, None)),
        ("约5", (5, None, None)),
        ("5.3*", (5.3, None, None)),
        ("5.3a", (5.3, None, None)),
        ("5.3†", (5.3, None, None)),
        ("5.3 [12]", (5.3, None, None)),
        ("7.3(a)", (7.3, None, None)),
        ("５．３", (5.3, None, None)),
        ("三百", (300, None, None)),
        ("十二点五", (12.5, None, None)),
        ("1\u2009234", (1234, None, None)),
        ("1,234.5", (1234.5, None, None)),
        ("1.234,5", (1234.5, None, None)),
        ("12,5", (12.5, None, None)),
    ],
)
def test_a_number_keeps_its_uncertainty_and_unit(text: str, stated: tuple[float, float | None, str | None]) -> None:
    found = number_stated(text)
    assert found.value == pytest.approx(stated[0])
    assert found.uncertainty == (None if stated[1] is None else pytest.approx(stated[1]))
    assert (found.unit, found.bound, found.low) == (stated[2], None, None)


@pytest.mark.parametrize(
    ("text", "bound", "value"),
    [
        ("<1E-10", "<", 1e-10),
        (">5 K", ">", 5),
        ("≤3", "<=", 3),
        ("at least 5", ">=", 5),
        ("$<5$", "<", 5),
        ("不大于3", "<=", 3),
    ],
)
def test_a_limit_keeps_its_sign(text: str, bound: str, value: float) -> None:
    found = number_stated(text)
    assert (found.bound, found.value) == (bound, value)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("3-5", 3, 5), ("3–5 K", 3, 5), ("3 to 5", 3, 5), ("-3 - -1", -3, -1), ("0,5-0,7", 0.5, 0.7), ("1e-3-5e-3", 1e-3, 5e-3),
     ("(3-5)×10^-3", 3e-3, 5e-3), ("0.3 eV - 0.5 eV", 0.3, 0.5), ("1.4 -- 1.6", 1.4, 1.6)],
)  # fmt: skip
def test_a_range_keeps_its_ends(text: str, low: float, high: float) -> None:
    found = number_stated(text)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert found.value == pytest.approx((low + high) / 2)


def test_what_stands_behind_a_number_is_a_circumstance_or_a_remark() -> None:
    assert number_stated("5.3 (300 K)").at == (300, "K")
    assert number_stated("5.3 @ 300 K").at == (300, "K")
    assert number_stated("1.1 eV (calc.)").remark == "calc."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0.3; 0.5", "several values"),
        ("0.3, 0.5", "several values"),
        ("1.2 / 1.4", "several values"),
        ("[1.2, 1.4]", "several values"),
        ("1,234", "can mean 1.234 or 1234"),
        ("1 234", "blanks"),
        ("5-3", "no range"),
        ("2021-03-05", "date"),
        ("5-Mar", "date"),
        ("#DIV/0!", "error of the spreadsheet"),
        ("5 bananas", "no unit"),
    ],
)
def test_what_is_no_single_number_says_why(text: str, says: str) -> None:
    with pytest.raises(NotANumber, match=says):
        number_stated(text)


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "many", "5-3", "1,234", "1_000", "Fm-3m", "2 x 2 x 2", "1.2×1019", "—"]
)
def test_what_is_no_single_number_is_none(text: str) -> None:
    assert number_read(text) is None


def test_a_column_proves_how_it_writes_numbers() -> None:
    assert style_of(["12,5", "3,75", "1.234,5"]).decimal == ","
    assert style_of(["1,234", "12.5"]).decimal == "."
    assert style_of(["1,234", "5,678"]).decimal == "?"
    assert style_of(["1,234"], Style(",")).decimal == ","
    assert number_stated("1,234", Style(".")).value == 1234
    assert number_stated("1,234", Style(",")).value == 1.234
    assert number_read("12,5", Style(".")) is None
    assert number_read("1.234", Style(",")) is None
    assert number_stated("12 345,6", style_of(["1 234", "12 345,6"])).value == 12345.6
    assert not style_of(["100 50", "1 234"]).blanks
    assert is_spoilt("#N/A") and is_spoilt("3-Mar") and not is_spoilt("3")


@pytest.mark.parametrize(
    ("written", "wanted", "scale", "offset"),
    [
        ("\\mu V/K", "uV/K", 1, 0),
        ("$\\mu$V K$^{-1}$", "uV/K", 1, 0),
        ("W/mK", "W/m/K", 1, 0),
        ("W m^{-1} K^{-1}", "W/m/K", 1, 0),
        ("μW/cm K^2", "W/m/K^2", 1e-4, 0),
        ("10^3 S/m", "S/m", 1000, 0),
        ("10-8 Ω·m", "ohm*m", 1e-8, 0),
        ("S cm⁻¹", "S/m", 100, 0),
        ("°C", "K", 1, 273.15),
        ("C", "degC", 1, 0),
        ("ppm/°C", "1/K", 1e-6, 0),
        ("A", "angstrom", 1, 0),
        ("A", "ampere", 1, 0),
        ("\\AA", "angstrom", 1, 0),
        ("g/cc", "g/cm^3", 1, 0),
        ("n/cm2", "1/m^2", 1e4, 0),
        ("meV/atom", "eV/atom", 1e-3, 0),
        ("cm^-1", "THz", 0.0299792458, 0),
        ("kJ/mol", "eV", 0.0103642697, 0),
        ("cm2/Vs", "cm^2/V/s", 1, 0),
        ("J/mol-K", "J/(mol*K)", 1, 0),
        ("wt.,%", "wt.%", 1, 0),
        ("dpa", "dpa", 1, 0),
        ("摄氏度", "K", 1, 273.15),
    ],
)
def test_a_written_unit_finds_its_way(written: str, wanted: str, scale: float, offset: float) -> None:
    way = way_to(written, wanted)
    assert way is not None
    assert (way.scale, way.offset) == (pytest.approx(scale), pytest.approx(offset))


@pytest.mark.parametrize(
    ("written", "wanted"),
    [("T", "K"), ("eV", "eV/atom"), ("wt.%", "at.%"), ("GPa", "eV"), ("%", None), ("states/eV", "g/cm^3"), ("K", None)],
)
def test_a_unit_of_something_else_finds_none(written: str, wanted: str | None) -> None:
    assert way_to(written, wanted) is None


def test_words_are_no_units() -> None:
    assert not any(map(unit_is, ["bananas", "group", "type", "gap", ""]))
