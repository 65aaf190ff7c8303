import itertools
from array import array
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ingest.contract import Block, Descriptor
from ingest.gateway.models import Agent
from ingest.gateway.services import frames_accept
from ingest.telemetry.folding import KEEP, batches_fold, ranges_joined
from ingest.telemetry.models import BatchRange, FrameBatch, Segment
from ingest.telemetry.points import Series, thinned
from ingest.telemetry.segments import segment_read, telemetry_folder
from ingest.telemetry.selectors import channel_list, series_read
from ingest.telemetry.services import GRACE, batches_compact, segments_merge, segments_sweep
from tests.builders.ingest import SECOND, T0, an_agent, batch_bytes

EVER = {"start_ns": 0, "end_ns": 2**62, "max_points": 10**9}


@pytest.fixture(autouse=True)
def agent(settings: Any, tmp_path: Path, db: None) -> Agent:
    settings.HOME = tmp_path
    return an_agent()


def send(agent: Agent, sequence: int, **changes: Any) -> None:
    frames_accept(agent=agent, data=batch_bytes(sequence, **changes))


def read(channel: str = "ch01") -> Series:
    return series_read(instrument="oxide-mbe", channels=[channel], **EVER)[channel]


def streamed() -> None:
    FrameBatch.objects.update(streamed=True)


def test_points_are_the_same_before_and_after_compaction(agent: Agent) -> None:
    for sequence in range(6):
        send(agent, sequence)
    before = read()
    assert len(before) == 60
    streamed()
    assert batches_compact(instrument=agent.instrument, now=timezone.now()) == 0  # too little, too young
    assert batches_compact(instrument=agent.instrument, now=timezone.now(), force=True) == 6
    after = read()
    assert np.array_equal(before.times, after.times)
    assert np.array_equal(before.values, after.values)
    segment = Segment.objects.get()
    assert (segment.points, segment.statistics["ch00"][0]) == (180, 60)
    assert not FrameBatch.objects.filter(payload__isnull=False).exists()


def test_compaction_waits_until_the_live_view_has_read(agent: Agent) -> None:
    send(agent, 0)
    assert batches_compact(instrument=agent.instrument, now=timezone.now(), force=True) == 0


def test_any_engine_reads_a_settled_segment(agent: Agent) -> None:
    import duckdb

    for sequence in range(4):
        send(agent, sequence, rows=2000)
    streamed()
    batches_compact(instrument=agent.instrument, now=timezone.now(), force=True)
    path = telemetry_folder() / Segment.objects.get().path
    rows = duckdb.sql(f"SELECT channel, count(*), epoch_ns(min(time)) FROM '{path}' GROUP BY 1 ORDER BY 1").fetchall()  # noqa: S608
    assert [(row[0], row[1]) for row in rows] == [("ch00", 8000), ("ch01", 8000), ("ch02", 8000)]
    assert rows[0][2] == T0


def test_any_engine_reads_a_large_batch_as_a_table(agent: Agent) -> None:
    import duckdb

    send(agent, 0, rows=8000)
    path = telemetry_folder() / Segment.objects.get().path
    [row] = duckdb.sql(f"SELECT count(*), epoch_ns(min(time)), max(ch01) FROM '{path}'").fetchall()  # noqa: S608
    assert row == (8000, T0, read().values.max())


@pytest.mark.parametrize("names", [("time", "p"), ("T", "t"), ("channel", "value")])
def test_channels_may_be_called_like_columns(agent: Agent, names: tuple[str, str]) -> None:
    times = array("q", range(T0, T0 + 12_000))
    columns = {name: array("d", (float(at) for _ in times)) for at, name in enumerate(names)}
    send(agent, 0, rows=0, blocks=(Block(times=times, channels=columns),))
    assert Segment.objects.get().points == 24_000
    for at, name in enumerate(names):
        assert set(read(name).values.tolist()) == {float(at)}
        assert len(read(name)) == 12_000


def test_a_large_batch_with_holes_disorder_and_infinities_keeps_every_value(agent: Agent) -> None:
    nan, inf = float("nan"), float("inf")
    rows = 12_000
    holes = array("d", (nan if at % 3 else float(at) for at in range(rows)))
    broken = array("d", (inf if at == 7 else float(at) for at in range(rows)))
    block = Block(
        times=array("q", range(T0, T0 + rows)),
        channels={"holes": holes, "broken": broken, "nothing": array("d", [nan]) * rows},
    )
    send(agent, 0, rows=0, blocks=(block,))
    backwards = Block(times=array("q", range(T0 + 2 * rows, T0 + rows, -1)), channels={"p": holes, "q": broken})
    send(agent, 1, rows=0, blocks=(backwards,))
    assert read("holes").values.tolist() == [float(at) for at in range(0, rows, 3)]
    assert (len(read("broken")), read("broken").values[7], len(read("nothing"))) == (rows, inf, 0)
    assert bool((np.diff(read("q").times) > 0).all())
    assert {c.name: (c.rows, c.maximum) for c in channel_list(instrument="oxide-mbe")}["broken"] == (rows, rows - 1.0)


def test_a_large_batch_that_comes_again_leaves_no_second_file(agent: Agent) -> None:
    for _ in range(2):
        send(agent, 0, rows=8000)
    assert len(list(telemetry_folder().rglob("*.parquet"))) == 1
    assert len(read()) == 8000


def test_small_segments_are_merged_and_swept_without_changing_a_point(agent: Agent) -> None:
    for sequence in range(13):
        send(agent, sequence, rows=7000, start=T0 + sequence * 7000 * SECOND)
    streamed()
    before, now = read(), timezone.now()
    assert segments_merge(instrument=agent.instrument, now=now) == 0  # they have not settled
    assert segments_merge(instrument=agent.instrument, now=now + GRACE + timedelta(minutes=1)) == 13
    assert np.array_equal(read().values, before.values)
    segments_sweep(now=now + 3 * GRACE)
    assert len(list(telemetry_folder().rglob("*.parquet"))) == Segment.objects.count() == 1
    assert np.array_equal(read().times, before.times)


def test_a_file_that_no_row_names_is_swept_after_an_hour(agent: Agent) -> None:
    send(agent, 0, rows=8000)
    orphan = telemetry_folder() / "oxide-mbe" / "20250101" / "orphan.parquet"
    orphan.parent.mkdir(parents=True)
    orphan.write_bytes(b"x")
    segments_sweep(now=timezone.now())
    assert orphan.exists()
    segments_sweep(now=timezone.now() + timedelta(hours=2))
    assert not orphan.exists()
    assert len(read()) == 8000


def test_a_missing_value_is_no_point(agent: Agent) -> None:
    block = Block(times=array("q", [T0, T0 + 1]), channels={"ch01": array("d", [float("nan"), 2.0])})
    send(agent, 0, rows=0, blocks=(block,))
    assert read().values.tolist() == [2.0]


def test_channels_of_a_stretch_of_time_have_their_own_extremes(agent: Agent) -> None:
    block = Block(times=array("q", [T0, T0 + 1, T0 + 2]), channels={"p": array("d", [5.0, 7.0, 1.0])})
    send(agent, 0, rows=0, blocks=(block,), descriptors=(Descriptor(name="p", unit="mbar", quantity="pressure"),))
    [whole] = channel_list(instrument="oxide-mbe")
    assert (whole.name, whole.unit, whole.quantity, whole.rows, whole.minimum, whole.maximum) == (
        "p",
        "mbar",
        "pressure",
        3,
        1.0,
        7.0,
    )
    streamed()
    batches_compact(instrument=agent.instrument, now=timezone.now(), force=True)
    [part] = channel_list(instrument="oxide-mbe", start_ns=T0, end_ns=T0 + 1)
    assert (part.rows, part.minimum, part.maximum) == (2, 5.0, 7.0)
    assert channel_list(instrument="oxide-mbe", start_ns=T0 + 9, end_ns=T0 + 10) == []


def test_a_segment_gives_only_what_is_asked_for(agent: Agent) -> None:
    send(agent, 0, rows=8000)
    place = Segment.objects.get().path
    points = segment_read(place, channels=["ch01"], start_ns=T0 + 10 * SECOND, end_ns=T0 + 19 * SECOND)
    assert set(points) == {"ch01"}
    assert len(points["ch01"]) == 10


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=500), st.integers(4, 60))
def test_thinning_keeps_the_extremes_and_the_order(values: list[float], most: int) -> None:
    series = Series(np.arange(len(values), dtype=np.int64), np.array(values))
    thin = thinned(series, most)
    assert len(thin) <= max(most, 4)
    assert (thin.values.min(), thin.values.max()) == (min(values), max(values))
    assert bool((np.diff(thin.times) > 0).all())


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 5)), max_size=20))
def test_ranges_hold_the_same_numbers_in_as_few_pieces(pairs: list[tuple[int, int]]) -> None:
    ranges = [(first, first + length) for first, length in pairs]
    joined = ranges_joined(ranges)
    assert {n for a, b in joined for n in range(a, b + 1)} == {n for a, b in ranges for n in range(a, b + 1)}
    assert all(after[0] > before[1] + 1 for before, after in itertools.pairwise(joined))


def test_an_old_batch_is_known_after_its_row_was_folded_away(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.telemetry.folding.NEWEST", 3)
    gone = {4, 11}  # lost on the way: they may still come
    for sequence in range(20):
        if sequence not in gone:
            send(agent, sequence)
    streamed()
    later = timezone.now() + KEEP + timedelta(hours=1)
    assert batches_fold(instrument=agent.instrument, now=later) == 0, "their points are not in a segment yet"
    batches_compact(instrument=agent.instrument, now=timezone.now(), force=True)
    before = read()
    assert batches_fold(instrument=agent.instrument, now=timezone.now()) == 0, "they are young"
    assert batches_fold(instrument=agent.instrument, now=later) == 15
    assert list(BatchRange.objects.order_by("first").values_list("first", "last")) == [(0, 3), (5, 10), (12, 16)]
    assert FrameBatch.objects.count() == 3
    for sequence in range(20):
        _, duplicate = frames_accept(agent=agent, data=batch_bytes(sequence))
        assert duplicate == (sequence not in gone)
    streamed()
    batches_compact(instrument=agent.instrument, now=timezone.now(), force=True)
    assert len(read()) == len(before) + 20
    for sequence in range(20, 24):
        send(agent, sequence)
    streamed()
    batches_compact(instrument=agent.instrument, now=timezone.now(), force=True)
    assert batches_fold(instrument=agent.instrument, now=later) > 0
    assert [row.first for row in BatchRange.objects.order_by("first")] == [0], "the holes are closed"


def test_a_fold_that_is_broken_off_changes_nothing(agent: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.telemetry.folding.NEWEST", 1)
    for sequence in range(5):
        send(agent, sequence)
    streamed()
    batches_compact(instrument=agent.instrument, now=timezone.now(), force=True)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    later = timezone.now() + KEEP + timedelta(hours=1)
    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr("django.db.models.query.QuerySet.delete", killed)
        batches_fold(instrument=agent.instrument, now=later)
    assert (BatchRange.objects.count(), FrameBatch.objects.count()) == (0, 5)
    assert batches_fold(instrument=agent.instrument, now=later) == 4
