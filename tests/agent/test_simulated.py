"""The simulated machine: the same rows for the same seed, physics in range, faults on time, exact continuation."""

import math
import statistics
import threading
from itertools import pairwise
from typing import Any, ClassVar

import pytest
from pydantic import ValidationError

from ingest.agent.sources.protocol import Checkpoints, Frames, Item
from ingest.agent.sources.simulated.machines import describe
from ingest.agent.sources.simulated.params import SimulatedParams
from ingest.agent.sources.simulated.plugin import SimulatedSource
from ingest.contract import Event
from ingest.schemas import registry
from ingest.schemas.units import parse_unit

CHANNELS, DESCRIPTORS = describe("oxide_mbe").channels, describe("oxide_mbe").descriptors
KEYS: dict[str, Any] = {
    "start": "2026-01-01T00:00:00Z",
    "paced": False,
    "rows": 2400,
    "rate_hz": 1.0,
    "time_factor": 1.0,
    "run_s": 900,
    "pause_s": 100,
    "batch_s": 10.0,
}


class Memory:
    """A context that keeps what it is given; stops after `limit` commits."""

    name, instrument, epoch = "machine", "mbe", "e"
    limits: ClassVar[dict[str, int]] = {}

    def __init__(self, limit: int = 10**9) -> None:
        self.frames: list[Frames] = []
        self.saved: dict[str, dict[str, Any]] = {}
        self.stopping = threading.Event()
        self.limit = limit

    def checkpoints(self) -> dict[str, dict[str, Any]]:
        return dict(self.saved)

    def commit(self, *items: Item, checkpoints: Checkpoints | None = None) -> float:
        self.frames.extend(one for one in items if isinstance(one, Frames))
        self.saved.update({key: value for key, value in (checkpoints or {}).items() if value is not None})
        self.limit -= 1
        if self.limit <= 0:
            self.stopping.set()
        return 0.0

    def no_room(self) -> str | None:
        return None

    def wait(self, seconds: float) -> bool:
        return self.stopping.is_set()

    def report(self, state: str, error: str = "") -> None:
        pass

    def column(self, name: str) -> list[float]:
        return [value for one in self.frames for block in one.blocks for value in block.channels[name]]

    def times(self) -> list[int]:
        return [time for one in self.frames for block in one.blocks for time in block.times]

    def events(self, kind: str) -> list[Event]:
        return [event for one in self.frames for event in one.events if event.kind == kind]


def streamed(memory: Memory | None = None, **keys: Any) -> Memory:
    memory = memory or Memory()
    SimulatedSource("machine", SimulatedParams.model_validate({**KEYS, **keys})).run(memory)
    return memory


def test_the_same_seed_gives_the_same_rows_and_another_seed_others() -> None:
    one, two, other = streamed(rows=300), streamed(rows=300), streamed(rows=300, seed=2)
    assert one.frames == two.frames
    assert one.column("rheed_intensity") != other.column("rheed_intensity")


def test_a_restart_goes_on_with_the_very_next_row() -> None:
    whole = streamed()
    broken = Memory(limit=37)
    for _ in range(10):
        streamed(broken)
        broken.limit, broken.stopping = 23, threading.Event()
    broken.limit = 10**9
    streamed(broken)
    assert broken.times() == whole.times()
    for name in CHANNELS:
        assert broken.column(name) == whole.column(name), name


def test_channels_are_described_first_and_stay_within_their_ranges() -> None:
    memory = streamed()
    assert len(CHANNELS) >= 32
    assert memory.frames[0].descriptors == DESCRIPTORS
    for one in DESCRIPTORS:
        assert one.unit and one.low is not None and one.high is not None
        column = memory.column(one.name)
        assert all(one.low <= value <= one.high for value in column), f"{one.name}: {min(column)}, {max(column)}"


def test_units_and_quantities_are_those_the_server_knows() -> None:
    known = set(registry.quantities())
    for one in DESCRIPTORS:
        assert one.quantity is None or one.quantity in known, one
        assert parse_unit(one.unit or "") is not None, one


def test_runs_have_a_start_steps_shutters_and_a_stop() -> None:
    memory = streamed(people=("ada", "lin"))
    starts, stops = memory.events("run_start"), memory.events("run_stop")
    assert [one.value["person"] for one in starts] == ["ada", "lin", "ada"]
    assert len({one.value["title"] for one in starts}) == 3, "the recipe changes from run to run"
    assert all({"uid", "title", "recipe", "sample", "person"} <= set(one.value) for one in starts)
    assert [one.value["uid"] for one in stops] == [one.value["uid"] for one in starts[:2]]
    assert all(abs((stop.time - start.time) / 1e9 - 900) <= 2 for start, stop in zip(starts, stops, strict=False))
    assert {"heat", "growth", "anneal", "cool"} <= {one.name for one in memory.events("step")}
    opened = [one.name for one in memory.events("shutter") if one.value]
    closed = [one.name for one in memory.events("shutter") if not one.value]
    assert opened[: len(closed)] == closed


def test_rheed_oscillates_once_a_layer_while_the_film_grows() -> None:
    memory = streamed(rows=900)
    growth = next(one for one in memory.events("step") if one.name == "growth")
    end = next(one for one in memory.events("step") if one.name == "anneal")
    first = memory.times().index(growth.time)
    last = memory.times().index(end.time)
    intensity, thickness = memory.column("rheed_intensity"), memory.column("qcm_thickness")
    smooth = [statistics.fmean(intensity[at - 2 : at + 3]) for at in range(first + 2, last - 2)]
    maxima = sum(a < b >= c for (a, b), (_, c) in pairwise(pairwise(smooth)))
    layers = (thickness[last] - thickness[first]) / 0.3905
    assert layers > 5
    assert 0.7 * layers <= maxima <= 1.3 * layers + 2


def test_temperatures_follow_their_set_points_as_first_order_lags() -> None:
    memory = streamed(rows=900)
    real, wanted = memory.column("substrate_temperature"), memory.column("substrate_setpoint")
    lag = [w - r for r, w in zip(real, wanted, strict=True)]
    assert max(lag) == pytest.approx(50, abs=2), "behind a ramp of 2 degC/s by ramp times the time constant of 25 s"
    assert abs(statistics.fmean(lag[600:640])) < 0.5, "and there when the ramp has long ended"


def test_faults_happen_when_the_script_says() -> None:
    faults = [
        {"kind": "stuck", "channel": "chamber_pressure", "at_s": 100, "duration_s": 50, "repeat_s": 400},
        {"kind": "burst", "channel": "buffer_pressure", "at_s": 200, "duration_s": 40, "size": 100},
        {"kind": "drift", "channel": "ti_cell_temperature", "at_s": 250, "duration_s": 60, "size": 40},
        {"kind": "gap", "at_s": 330, "duration_s": 20},
        {"kind": "gap", "channel": "qcm_rate", "at_s": 360, "duration_s": 5},
    ]
    sick, well = streamed(rows=600, faults=faults), streamed(rows=600)
    pressure = sick.column("chamber_pressure")
    assert len(set(pressure[100:150])) == 1 and len(set(pressure[50:100])) == 50
    assert len(set(pressure[480:530])) == 1, "and again"
    buffer = [a / b for a, b in zip(sick.column("buffer_pressure"), well.column("buffer_pressure"), strict=False)]
    assert 50 < max(buffer[200:240]) <= 100.1
    assert buffer[199] == pytest.approx(1.0)
    drift = [
        a - b for a, b in zip(sick.column("ti_cell_temperature"), well.column("ti_cell_temperature"), strict=False)
    ]
    assert drift[309] == pytest.approx(40, abs=1)
    silent = set(well.times()) - set(sick.times())
    assert len(silent) == 20
    assert [math.isnan(value) for value in sick.column("qcm_rate")].count(True) == 5


def test_a_machine_that_vanishes_dies_and_is_born_again_with_a_gap() -> None:
    sick, well = streamed(rows=200, faults=[{"kind": "vanish", "at_s": 50, "duration_s": 30}]), streamed(rows=200)
    assert len(set(well.times()) - set(sick.times())) == 30
    assert [one.value["seconds"] for one in sick.events("gap")] == [30.0]
    assert len(sick.events("death")) == len(well.events("death")) + 1
    assert len(sick.events("birth")) == len(well.events("birth")) + 1
    with pytest.raises(ValidationError, match="vanishes as a whole"):
        SimulatedParams.model_validate({"faults": [{"kind": "vanish", "channel": "qcm_rate", "at_s": 1}]})


def test_a_fault_on_an_unknown_channel_is_refused() -> None:
    with pytest.raises(ValidationError, match="teapot"):
        SimulatedParams.model_validate({"faults": [{"kind": "stuck", "channel": "teapot", "at_s": 1}]})
