"""Every simulated machine: ranges, faults, continuation; the physics of furnace and cryostat; data files across kills."""

import json
import math
import threading
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from ingest.agent.dry_run import DryContext
from ingest.agent.errors import SourceError
from ingest.agent.sources.simulated.data_files import DataFiles
from ingest.agent.sources.simulated.machines import MODELS, Conduct, DataRow, Model, describe, machine_names
from ingest.agent.sources.simulated.machines.materials import kondo, phonons, resistance
from ingest.agent.sources.simulated.params import SimulatedParams
from ingest.agent.sources.simulated.plugin import SimulatedSource
from ingest.parsers.quantum_design.plugin import plugin as quantum_design
from ingest.schemas import registry
from ingest.schemas.units import parse_unit
from tests.agent.agents import SIMULATED, a_config, agent_kill, agent_start, eventually, folder_source
from tests.agent.gateway_double import GatewayDouble
from tests.agent.test_simulated import Memory

MACHINES = ("cryostat", "oxide_mbe", "tube_furnace")
CHANNEL = {"cryostat": "helium_level", "oxide_mbe": "chamber_pressure", "tube_furnace": "zone2_temperature"}
START = datetime(2026, 1, 1, tzinfo=UTC)


def streamed(machine: str, memory: Memory | None = None, **keys: Any) -> Memory:
    memory = memory or Memory()
    fixed = {"start": START, "paced": False, "rows": 400, "batch_s": 10.0}
    SimulatedSource("machine", SimulatedParams.model_validate({**fixed, "machine": machine, **keys})).run(memory)
    return memory


def a_model(machine: str, **keys: Any) -> Model:
    conduct = {"seed": 1, "run_s": describe(machine).data["run_s"], "pause_s": 300, "people": ("ada",), "tag": "t"}
    return MODELS[machine](describe(machine), Conduct(**{**conduct, **keys}))


# -- each of them ---------------------------------------------------------------------------------------------------


def test_these_machines_there_are_and_an_unknown_one_is_refused_with_their_names() -> None:
    assert tuple(machine_names()) == MACHINES == tuple(sorted(MODELS))
    with pytest.raises(ValidationError, match="'toaster'; there are: cryostat, oxide_mbe, tube_furnace"):
        SimulatedParams.model_validate({"machine": "toaster"})
    with pytest.raises(ValidationError, match="tube_furnace writes no files"):
        SimulatedParams.model_validate({"machine": "tube_furnace", "folder": "x"})
    with pytest.raises(ValidationError, match="'rheed_intensity' is none of sample_temperature"):
        fault = {"kind": "stuck", "channel": "rheed_intensity", "at_s": 1}
        SimulatedParams.model_validate({"machine": "cryostat", "faults": [fault]})


@pytest.mark.parametrize("machine", MACHINES)
def test_channels_are_described_stay_in_range_and_have_units_that_the_server_knows(machine: str) -> None:
    memory, about = streamed(machine, rows=3000, time_factor=15.0), describe(machine)
    assert memory.frames[0].descriptors == about.descriptors
    known = set(registry.quantities())
    for one in about.descriptors:
        column = memory.column(one.name)
        assert one.low is not None and one.high is not None
        assert all(one.low <= value <= one.high for value in column), f"{one.name}: {min(column)}, {max(column)}"
        assert one.quantity is None or one.quantity in known, one
        assert parse_unit(one.unit or "") is not None, one
    starts, stops = memory.events("run_start"), memory.events("run_stop")
    assert len({one.value["title"] for one in starts}) == 3 and len(stops) >= 2
    assert len(memory.events("step")) >= 3 * len(stops)


@pytest.mark.parametrize("machine", MACHINES)
def test_a_restart_goes_on_with_the_very_next_row(machine: str, tmp_path: Path) -> None:
    folder: dict[str, Any] = {"folder": tmp_path / "whole"} if machine == "cryostat" else {}
    whole = streamed(machine, **folder)
    broken = Memory(limit=7)
    folder = {"folder": tmp_path / "broken"} if machine == "cryostat" else {}
    for _ in range(8):
        streamed(machine, broken, **folder)
        broken.saved = json.loads(json.dumps(broken.saved))  # as the spool keeps it
        broken.limit, broken.stopping = 5, threading.Event()
    broken.limit = 10**9
    streamed(machine, broken, **folder)
    assert broken.times() == whole.times()
    for name in describe(machine).channels:
        assert broken.column(name) == whole.column(name), name
    files = {path.name: path.read_bytes() for path in (tmp_path / "whole").glob("*")}
    assert files == {path.name: path.read_bytes() for path in (tmp_path / "broken").glob("*")}
    assert bool(files) == (machine == "cryostat")


@pytest.mark.parametrize("machine", MACHINES)
def test_every_fault_works_on_every_machine(machine: str) -> None:
    channel = CHANNEL[machine]
    faults = [
        {"kind": "stuck", "channel": channel, "at_s": 50, "duration_s": 30},
        {"kind": "burst", "channel": channel, "at_s": 100, "duration_s": 40, "size": 5},
        {"kind": "drift", "channel": channel, "at_s": 160, "duration_s": 40, "size": 7},
        {"kind": "gap", "channel": channel, "at_s": 220, "duration_s": 10},
        {"kind": "gap", "at_s": 250, "duration_s": 10},
        {"kind": "vanish", "at_s": 300, "duration_s": 20},
    ]
    sick, well = streamed(machine, faults=faults), streamed(machine)
    at = {time: number for number, time in enumerate(well.times())}
    values: dict[int, float] = {at[t]: v for t, v in zip(sick.times(), sick.column(channel), strict=True)}
    healthy = well.column(channel)
    assert len({values[row] for row in range(50, 80)}) == 1 and values[81] == healthy[81]
    assert max(values[row] / healthy[row] for row in range(100, 140)) == pytest.approx(5, rel=0.1)
    assert values[199] - healthy[199] == pytest.approx(7, rel=0.05)
    assert all(math.isnan(values[row]) for row in range(220, 230))
    missing = {*range(250, 260), *range(300, 320)}
    assert set(range(400)) - set(values) == missing
    assert [one.value["seconds"] for one in sick.events("gap")] == [20.0]


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_that_had_vanished_is_still_away_after_a_restart_of_the_agent(machine: str) -> None:
    faults = [{"kind": "vanish", "at_s": 30, "duration_s": 100}]
    memory = Memory(limit=6)  # commits of ten rows: stopped in the middle
    streamed(machine, memory, faults=faults)
    assert len(memory.events("death")) == 1, "gone; that we stop listening to nothing is no second death"
    births = len(memory.events("birth"))
    memory.limit, memory.stopping = 10**9, threading.Event()
    memory.saved = json.loads(json.dumps(memory.saved))
    streamed(machine, memory, faults=faults)
    assert len(memory.events("birth")) == births + 1, "born when it was back, not when the agent was"
    assert [one.value["seconds"] for one in memory.events("gap")] == [100.0]
    assert len(memory.times()) == 300


def test_a_checkpoint_of_another_machine_is_not_used() -> None:
    memory = streamed("cryostat", rows=50)
    memory.frames.clear()
    streamed("tube_furnace", memory, rows=50)
    assert memory.saved["machine"]["state"]["row"] == 50 == len(memory.column("zone1_temperature"))
    assert memory.frames[0].descriptors == describe("tube_furnace").descriptors


# -- the furnace ----------------------------------------------------------------------------------------------------


def test_zones_ramp_soak_and_do_not_overshoot() -> None:
    memory = streamed("tube_furnace", rows=1440)
    for zone in (1, 2, 3):
        real, wanted = memory.column(f"zone{zone}_temperature"), memory.column(f"zone{zone}_setpoint")
        heating = [abs(r - w) for r, w in zip(real[:1000], wanted[:1000], strict=True)]
        assert max(heating) < 5, "a controller follows a ramp it has the power for"
        assert max(real) < max(wanted) + 3
        assert 699 < real[570] < 701 and wanted[570] == pytest.approx(700)
    cooling = list(zip(memory.column("zone2_temperature"), memory.column("zone2_drive"), strict=True))
    assert cooling[1420][0] > memory.column("zone2_setpoint")[1420] + 5 and cooling[1420][1] == 0, "it cools as it can"


def test_a_hot_zone_warms_its_neighbours_and_the_gas_cools_the_first() -> None:
    def after(targets: list[float], argon: float, power: float = 1800.0) -> Any:
        furnace = a_model("tube_furnace")
        furnace.advance(1.0)
        state: Any = furnace.state
        state.targets, state.set_points, state.rates = targets, list(targets), [1.0] * 3
        state.flow_targets = {"argon": argon, "oxygen": 0.0}
        for _ in range(200):
            furnace.state.elapsed = 0.0  # stay in the first step
            furnace.advance(30.0)
        return state

    hot = after([800.0, 0.0, 0.0], 0.0)
    assert hot.zones[0] == pytest.approx(800, abs=2)
    assert hot.zones[0] > hot.zones[1] > hot.zones[2] > 60 and hot.drives[1] == hot.drives[2] == 0
    windy = after([800.0, 0.0, 0.0], 500.0)
    assert windy.drives[0] > hot.drives[0] + 1, "the controller makes up for what the gas takes"


# -- the cryostat ---------------------------------------------------------------------------------------------------


def test_phonons_follow_bloch_and_grueneisen() -> None:
    assert phonons(0.04) / phonons(0.02) == pytest.approx(32, rel=0.02), "T^5 far below the Debye temperature"
    assert phonons(4.0) / phonons(2.0) == pytest.approx(2, rel=0.03), "T far above"
    assert phonons(1.0) == 1.0


def test_a_superconductor_loses_its_resistance_at_tc_and_gets_it_back_by_field() -> None:
    film = {"residual": 2.0, "phonon": 10.0, "debye": 275.0, "tc": 9.0, "width": 0.05, "bc2": 3.0}
    assert resistance(film, 9.5, 0.0) > 2.0 and resistance(film, 8.0, 0.0) < 1e-6
    assert resistance(film, 9.0, 0.0) == pytest.approx(resistance(film, 9.5, 0.0) / 2, rel=0.02)
    assert resistance(film, 2.0, 3.5) > 2.0 and resistance(film, 5.0, 1.5) < 1 < resistance(film, 7.0, -1.5)


def test_a_kondo_alloy_has_its_minimum_and_saturates() -> None:
    alloy = {"residual": 0.02, "phonon": 0.95, "debye": 343.0, "kondo": 0.012, "kondo_temperature": 29.0}
    curve = [resistance(alloy, float(kelvin), 0.0) for kelvin in range(1, 100)]
    lowest = curve.index(min(curve)) + 1
    assert 10 < lowest < 40 and curve[0] > curve[lowest - 1] * 1.1
    assert kondo(1.0) == pytest.approx(0.5) and kondo(0.01) > 0.99


def test_the_cryostat_sweeps_quenches_nothing_and_is_refilled() -> None:
    memory = streamed("cryostat", rows=2300, time_factor=10.0)
    field, helium = memory.column("field"), memory.column("helium_level")
    assert max(field) == pytest.approx(6, abs=0.01) and min(field) == pytest.approx(-6, abs=0.01)
    assert max(abs(b - a) for a, b in pairwise(field)) <= 0.2 + 0.001, "no faster than the magnet may"
    states = [one.value["state"] for one in memory.events("refill")]
    assert states[:2] == ["begins", "ends"] and 60 < min(helium) < max(helium) < 94
    ohm, kelvin = memory.column("sample_resistance"), memory.column("sample_temperature")
    cold = [r for r, t, b in zip(ohm[:720], kelvin[:720], field[:720], strict=True) if t < 8 and abs(b) < 0.1]
    assert cold and max(cold) < 1e-4 < 1 < ohm[0], "the first sample is a superconductor"


# -- its data files -------------------------------------------------------------------------------------------------


def parsed(path: Path) -> Any:
    found = quantum_design.parse(path, path.name)
    return found, {channel.name: channel for channel in found.channels}


def test_each_sweep_is_a_file_that_the_parser_reads(tmp_path: Path) -> None:
    memory = streamed("cryostat", rows=740, time_factor=10.0, folder=tmp_path, people=("ada",))
    assert {path.name.split("_")[1] for path in tmp_path.glob("*.dat")} == {"RT-cooling", "RH-up", "RH-down"}
    (cooling,) = tmp_path.glob("*RT-cooling*")
    found, channels = parsed(cooling)
    assert found.technique == "electrical transport" and found.metadata["operator"] == "ada"
    local = START.astimezone()
    assert found.metadata["start"].startswith(f"{local:%Y-%m-%dT%H:%M}")
    rows = len(channels["Temperature"].values)
    assert [channels[name].unit for name in ("Temperature", "Magnetic Field", "Bridge 1 Resistance")] == [
        "K",
        "Oe",
        "ohm",
    ]
    assert channels["Temperature"].values == pytest.approx(memory.column("sample_temperature")[:rows], abs=0.01)
    assert channels["Bridge 1 Resistance"].values == pytest.approx(memory.column("sample_resistance")[:rows], rel=1e-6)
    assert rows == 324, "the step takes 45 % of a run"
    for path in tmp_path.glob("*.dat"):
        swept = "Temperature" if "_RT-" in path.name else "Magnetic Field"
        axis = parsed(path)[1]["Bridge 1 Resistance"].axis
        assert axis == swept, f"{path.name}: the temperature settles while the field is swept"


def test_a_missing_value_is_an_empty_cell_and_a_vanished_machine_goes_on_writing(tmp_path: Path) -> None:
    faults = [
        {"kind": "gap", "channel": "sample_resistance", "at_s": 20, "duration_s": 5},
        {"kind": "vanish", "at_s": 40, "duration_s": 30},
    ]
    memory = streamed("cryostat", rows=100, folder=tmp_path, faults=faults)
    (path,) = tmp_path.glob("*.dat")
    _, channels = parsed(path)
    ohm = channels["Bridge 1 Resistance"].values
    assert len(ohm) == 100 and sum(map(math.isnan, ohm)) == 5 and len(memory.times()) == 70


def test_a_file_that_somebody_moved_away_is_begun_anew_with_its_head(tmp_path: Path) -> None:
    memory = Memory(limit=3)
    streamed("cryostat", memory, rows=100, folder=tmp_path)
    (path,) = tmp_path.glob("*.dat")
    before = len(path.read_bytes().splitlines())
    path.rename(path.with_suffix(".moved"))
    memory.limit, memory.stopping = 10**9, threading.Event()
    streamed("cryostat", memory, rows=100, folder=tmp_path)
    _, channels = parsed(path)
    _, first = parsed(path.with_suffix(".moved"))
    assert before > 20 and len(channels["Temperature"].values) + len(first["Temperature"].values) == 100


def test_a_dry_run_writes_no_files(tmp_path: Path) -> None:
    context = DryContext("machine", "cryostat", {}, threading.Event(), lambda line: None)
    keys = {"machine": "cryostat", "start": START, "paced": False, "rows": 100, "folder": tmp_path / "data"}
    SimulatedSource("machine", SimulatedParams.model_validate(keys)).run(context)
    assert context.rows > 100 and not (tmp_path / "data").exists()


@pytest.mark.parametrize("written", [0, 5, 10**6])
def test_what_a_kill_cut_off_is_completed_from_the_checkpoint(tmp_path: Path, written: int) -> None:
    header = dict.fromkeys(
        ("TITLE", "BYAPP", "SAMPLE1_NAME", "SAMPLE1_MATERIAL", "OPERATOR", "APPNAME", "COLUMNS"), "x"
    )
    files = DataFiles(tmp_path, None)
    files.add(10**18, DataRow("a.dat", header, ("1",)))
    files.write()
    before = (tmp_path / "a.dat").read_bytes()
    files.add(10**18 + 10**9, DataRow("a.dat", header, ("2",)))
    files.add(10**18 + 2 * 10**9, DataRow("b.dat", header, ("3",)))
    saved = json.loads(json.dumps(files.dump()))
    files.write()
    whole = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "a.dat").write_bytes(whole["a.dat"][: len(before) + written])
    (tmp_path / "b.dat").write_bytes(whole["b.dat"][:written])
    again = DataFiles(tmp_path, saved)
    again.write()
    again.write()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == whole


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(SourceError, match="data cannot be written"):
        streamed("cryostat", rows=50, folder=tmp_path / "data")


def test_source_files_folder_source_and_parser_across_kills_of_the_real_agent(
    tmp_path: Path, gateway: GatewayDouble
) -> None:
    data, rows = tmp_path / "ppms", 800
    keys = f'machine = "cryostat"\nstart = {START.isoformat()}\nrows = {rows}\nbatch_s = 0.02'
    pace = "rate_hz = 200.0\ntime_factor = 200.0\nrun_s = 900.0\npause_s = 50.0"
    follow = folder_source(data, follow=["*.dat"], close_after_s=4)
    data.mkdir()
    config = a_config(tmp_path, gateway.url, f'{SIMULATED}\n{keys}\n{pace}\nfolder = "ppms"', follow)
    for part in (0.2, 0.5, 0.8):
        agent = agent_start(config)
        eventually(lambda part=part: len(set(gateway.times())) >= part * rows, within_s=60)  # type: ignore[misc]
        agent_kill(agent)
    agent = agent_start(config)
    try:
        eventually(lambda: len(set(gateway.times())) >= rows, within_s=60)
        whole = {path.name: path.read_bytes() for path in data.glob("*.dat")}
        eventually(lambda: {one["data"] for one in gateway.payloads().values()} == set(whole.values()), within_s=60)
    finally:
        agent.terminate()
        agent.wait(20)
    assert len(gateway.times()) == rows
    alone = tmp_path / "alone"
    streamed("cryostat", rows=rows, rate_hz=200.0, time_factor=200.0, run_s=900.0, pause_s=50.0, folder=alone)
    assert whole == {path.name: path.read_bytes() for path in alone.glob("*.dat")} and len(whole) == 3
    shipped = tmp_path / "shipped.dat"
    for one in gateway.payloads().values():
        shipped.write_bytes(one["data"])
        found, channels = parsed(shipped)
        assert found.technique == "electrical transport" and found.metadata["start"]
        assert {"K", "Oe", "ohm"} <= {channel.unit for channel in channels.values()}
