"""Columns for the plots: thinned without losing peaks, each over its own axis."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eln.entries.plots import axes, axis_chosen, decimate, file_plot, shown_first, step_marks
from eln.ui.quantity import pretty_number, pretty_unit
from ingest.parsers.protocol import Channel


@given(st.integers(0, 2**31), st.integers(1, 600), st.integers(10, 100))
def test_thinning_keeps_the_extremes_the_ends_and_the_order(seed: int, rows: int, points: int) -> None:
    y = np.random.default_rng(seed).normal(size=rows)
    x, thin = decimate(np.arange(len(y), dtype=float), y, points)
    assert thin.min() == y.min() and thin.max() == y.max()
    assert (x[0], x[-1]) == (0, len(y) - 1) and np.all(np.diff(x) > 0)
    assert len(thin) <= max(points, len(y) if len(y) <= points else 0) + 4


def channels() -> list[Channel]:
    return [
        Channel("two_theta", np.array([20.0, 21.0, 22.0]), unit="degree"),
        Channel("intensity", np.array([1.0, np.nan, 3.0]), unit="counts", axis="two_theta"),
        Channel("T", np.array([1.0, 2.0]), unit="degC", times=np.array([1_000_000_000, 2_000_000_000])),
        Channel("name", texts=("a", "b")),
    ]


def test_each_axis_of_a_file_is_a_plot_of_its_own() -> None:
    assert axes(channels()) == ["two_theta", "time"]
    plot = file_plot(channels(), "two_theta")
    assert plot["x"] == {"label": "two_theta", "unit": "°", "time": False}
    [series] = plot["series"]
    assert (series["label"], series["x"], series["values"]) == ("intensity", [20.0, 21.0, 22.0], [1.0, None, 3.0])
    timed = file_plot(channels(), "time")
    assert timed["x"]["time"] and timed["series"][0]["x"] == [1.0, 2.0]


@pytest.mark.parametrize(("wanted", "axis"), [("two_theta", "two_theta"), ("", "time"), ("gone", "two_theta")])
def test_an_axis_that_is_not_there_falls_back(wanted: str, axis: str) -> None:
    assert axis_chosen(axes(channels()), wanted) == axis


def test_of_many_live_channels_the_telling_ones_are_drawn_first() -> None:
    channels = [("al_cell_setpoint", "degC"), ("substrate_setpoint", "degC"), ("substrate_temperature", "degC")]
    channels += [("foreline_pressure", "mbar"), ("chamber_pressure", "mbar"), ("ion_pump_current", "mA")]
    assert shown_first(channels, most=2) == {"substrate_temperature", "chamber_pressure"}


def test_steps_become_marks() -> None:
    marks = step_marks([{"name": "growth", "start": "1970-01-01T00:00:05+00:00"}, {"name": "none"}])
    assert marks == [{"x": 5.0, "label": "growth", "kind": "step"}]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(650.25, "650.25"), (2.13e-9, "2.13×10⁻⁹"), (0, "0"), (None, "–"), (float("nan"), "–"), (123456.0, "123456"), (-4e7, "-4×10⁷")],
)  # fmt: skip
def test_numbers_are_written_for_people(value: float | None, shown: str) -> None:
    assert pretty_number(value) == shown


@pytest.mark.parametrize(
    ("unit", "shown"), [("degC", "°C"), ("angstrom**3", "Å³"), ("angstrom/s", "Å/s"), ("g/cm^3", "g/cm³"), (None, ""), ("Torr", "Torr")]
)  # fmt: skip
def test_units_are_written_for_people(unit: str | None, shown: str) -> None:
    assert pretty_unit(unit) == shown
