"""What is exported is what was stored: the same numbers, times and units in each format."""

import csv
import json
from array import array
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ingest.contract import Block, Descriptor
from ingest.export.domain import rows, time_edges
from ingest.export.selectors import channels_header, points_stretches, run_header
from ingest.export.services import export_write
from ingest.gateway.models import Agent
from ingest.gateway.services import frames_accept
from ingest.stream.models import Run
from ingest.stream.services import stream_advance
from ingest.telemetry.points import Series
from tests.builders.ingest import SECOND, T0, an_agent, an_event, batch_bytes

NAN, INF = float("nan"), float("inf")


def test_times_in_the_export_have_their_nanoseconds() -> None:
    times, values, there = rows(
        [Series(np.array([1, 5]), np.array([1.0, NAN])), Series(np.array([5]), np.array([2.0]))]
    )
    assert (times.tolist(), there[0].tolist(), there[1].tolist()) == ([1, 5], [True, True], [False, True])
    assert values[1][1] == 2.0


series = st.lists(st.integers(0, 6), max_size=12).map(
    lambda times: Series(np.array(sorted(times), np.int64), np.arange(len(times), dtype=float))
)


@given(st.lists(series, min_size=1, max_size=4))
def test_rows_lose_no_point_and_stay_in_order(columns: list[Series]) -> None:
    times, values, there = rows(columns)
    assert bool((np.diff(times) >= 0).all())
    for one, value, seen in zip(columns, values, there, strict=True):
        assert times[seen].tolist() == one.times.tolist()
        assert value[seen].tolist() == one.values.tolist()
    assert all(any(seen[at] for seen in there) for at in range(len(times)))


spans = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**5)), max_size=8)


@given(spans, st.integers(0, 10**6), st.integers(0, 10**6), st.integers(1, 10**5))
def test_edges_cover_the_whole_stretch_once(many: list[tuple[int, int, int]], a: int, b: int, most: int) -> None:
    found = time_edges([(min(s, e), max(s, e), n) for s, e, n in many], min(a, b), max(a, b), most)
    assert (found[0], found[-1]) == (min(a, b), max(a, b) + 1)
    assert bool((np.diff(found) > 0).all())


@pytest.fixture
def run(settings: Any, tmp_path: Path, db: None) -> Run:
    """A run with a value every second, a channel at a third of the rate, an infinite value, and a change of unit."""
    settings.HOME = tmp_path
    agent: Agent = an_agent()
    start = an_event(
        "run_start", 0, value={"uid": "r1", "title": "Growth, 7", "sample": "S 1", "recipe": "STO", "person": "Li"}
    )
    step = an_event("step", 5, name="anneal", value={"T": 650.5, "gas": "O2"})
    kelvin = Descriptor(name="T/cell", unit="K", version=2)
    for part in range(3):
        times = array("q", range(T0 + part * 10 * SECOND + 1, T0 + (part + 1) * 10 * SECOND + 1, SECOND))
        fast = array("d", ([INF, *range(9)] if part == 1 else range(10)))
        slow = array("d", (0.1 * at if at % 3 == 0 else NAN for at in range(10)))
        descriptors = (Descriptor(name="T/cell", unit="degC"), Descriptor(name="p", unit="mbar", quantity="pressure"))
        frames_accept(agent=agent, data=batch_bytes(
            part, rows=0, blocks=(Block(times=times, channels={"T/cell": fast, "p": slow}),),
            descriptors=descriptors if part == 0 else (kelvin,) if part == 2 else (),
            events=(start, step) if part == 0 else (),
        ))  # fmt: skip
    frames_accept(agent=agent, data=batch_bytes(3, rows=0, events=(an_event("run_stop", 31, value={"uid": "r1"}),)))
    while stream_advance(instrument=agent.instrument):
        pass
    return Run.objects.get(pk="r1")


def written(run: Run, path: Path) -> Path:
    export_write(run_header(run, now=timezone.now()), kind=path.suffix[1:], path=path)
    return path


def test_csv_holds_every_value_with_its_unit(run: Run, tmp_path: Path) -> None:
    lines = list(csv.DictReader(StringIO(written(run, tmp_path / "r.csv").read_text())))
    assert list(lines[0]) == ["time_utc", "time [s]", "T/cell [degC]", "T/cell [K]", "p [mbar]"]
    assert len(lines) == 30
    assert [float(line["p [mbar]"]) for line in lines if line["p [mbar]"]] == pytest.approx([0, 0.3, 0.6, 0.9] * 3)
    assert [line["T/cell [K]"] for line in lines[:20]] == [""] * 20
    assert [float(line["T/cell [K]"]) for line in lines[20:]] == list(range(10))
    assert float(lines[10]["T/cell [degC]"]) == INF
    assert lines[0]["time_utc"].startswith("2025-10-09 08:53:20.000000001")


def test_parquet_says_what_each_column_is(run: Run, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    table = pq.read_table(written(run, tmp_path / "r.parquet"))
    field = table.schema.field("p [mbar]")
    assert (field.metadata[b"unit"], field.metadata[b"quantity"], field.metadata[b"channel"]) == (
        b"mbar",
        b"pressure",
        b"p",
    )
    assert table["p [mbar]"].null_count == 18
    about = json.loads(table.schema.metadata[b"lodestone"])
    assert (about["title"], about["sample"], about["experiment_identifier"]) == ("Growth, 7", "S 1", "r1")


def test_nexus_has_units_on_every_number_and_the_same_values(run: Run, tmp_path: Path) -> None:
    import h5py

    with h5py.File(written(run, tmp_path / "r.nxs")) as file:
        without: list[str] = []
        file.visititems(lambda name, one: without.append(name) if isinstance(one, h5py.Dataset)
                        and one.dtype.kind in "if" and "units" not in one.attrs else None)  # fmt: skip
        assert without == []
        entry = file["entry"]
        assert (entry.attrs["NX_class"], entry["title"][()], entry["sample/name"][()]) == (
            "NXentry",
            b"Growth, 7",
            b"S 1",
        )
        assert entry["start_time"][()].decode() == "2025-10-09T08:53:20.000000000Z"
        assert (entry["instrument/name"][()], entry["user/name"][()]) == (b"oxide-mbe", b"Li")
        assert (entry["steps/step_001/set_T"][()], entry["steps/step_001/set_gas"][()]) == (650.5, b"O2")
        cell, kelvin = entry["data/T_cell"], entry["data/T_cell_2"]
        assert (cell.attrs["channel"], cell["value"].attrs["units"], kelvin["value"].attrs["units"]) == (
            "T/cell",
            "degC",
            "K",
        )
        assert cell["time"][:2].tolist() == [1, SECOND + 1] and cell["time"].attrs["units"] == "ns"
        assert (len(cell["value"]), cell["value"][10], kelvin["value"][:].tolist()) == (
            20,
            INF,
            [float(n) for n in range(10)],
        )
        assert b"Lodestone" in entry["process/program"][()]


def test_stretches_hold_few_points_and_all_of_them(run: Run) -> None:
    header = run_header(run, now=timezone.now())
    pieces = [points for _, points in points_stretches(header, most=7)]
    assert max(sum(map(len, points.values())) for points in pieces) <= 20
    assert sum(len(points.get("p", ())) for points in pieces) == 12
    one = channels_header(run.instrument, channels=["p"], start_ns=T0, end_ns=T0 + 5 * SECOND, now=timezone.now())
    assert [column.channel for column in one.columns] == ["p"]


def test_the_command_writes_by_the_ending_and_says_what_is_wrong(run: Run, tmp_path: Path, capsys: Any) -> None:
    out, said = tmp_path / "x.nxs", StringIO()
    call_command("export_run", "r1", str(out), "--json", stdout=said)
    assert [c["unit"] for c in json.loads(said.getvalue())["channels"]] == ["degC", "K", "mbar"]
    assert out.stat().st_size > 0
    for arguments in (("none", str(out)), ("r1", str(tmp_path / "x.xlsx")), ("r1", str(tmp_path / "no" / "x.csv"))):
        with pytest.raises(SystemExit) as ended:
            call_command("export_run", *arguments)
        assert ended.value.code == 2
    assert "r1" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.glob("*x.*")) == ["x.nxs"]
