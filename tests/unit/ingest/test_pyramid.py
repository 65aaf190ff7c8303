"""Any zoom shows the true extremes: the pyramid's answer equals the naive one, bucket by bucket, whatever came late or twice."""

import random
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ingest.gateway.models import Instrument
from ingest.telemetry.models import Segment, Tile
from ingest.telemetry.points import Series, joined, statistics
from ingest.telemetry.pyramid import (
    COARSEST,
    cells_joined,
    cells_of,
    cells_pack,
    cells_series,
    cells_unpack,
    coarser,
    finest_level,
    series_tiles,
    width_ns,
    zoom_level,
)
from ingest.telemetry.segments import segment_place, segment_write
from ingest.telemetry.selectors import series_read
from ingest.telemetry.tiles import pyramid_advance, pyramid_drop, zoom_plan
from tests.builders.ingest import T0, an_instrument

numbers = st.one_of(
    st.integers(-5, 5).map(float), st.floats(-1e6, 1e6), st.sampled_from([float("inf"), -float("inf"), float("nan")])
)
series = st.lists(st.tuples(st.integers(0, 10**11), numbers), min_size=1, max_size=80).map(
    lambda rows: Series(
        np.array([t for t, _ in sorted(rows)], np.int64), np.array([v for _, v in sorted(rows, key=lambda r: r[0])])
    )
)


def naive(points: Series, width: int) -> dict[int, tuple[float, float]]:
    """Lowest and highest value by bucket, the slow way."""
    there = ~np.isnan(points.values)
    buckets, values = points.times[there] // width, points.values[there]
    if not len(buckets):
        return {}
    names, place = np.unique(buckets, return_inverse=True)
    low, high = np.full(len(names), np.inf), np.full(len(names), -np.inf)
    np.minimum.at(low, place, values)
    np.maximum.at(high, place, values)
    return {int(name): (float(a), float(b)) for name, a, b in zip(names, low, high, strict=True)}


@given(series, st.integers(10, 18), st.integers(1, 5))
def test_cells_and_coarser_cells_hold_the_extremes(points: Series, level: int, factor: int) -> None:
    cells = coarser(cells_of(points, level), factor)
    found = {int(c["cell"]): (float(c["low"]), float(c["high"])) for c in cells}
    assert found == naive(points, width_ns(level) * factor)
    known = set(zip(points.times.tolist(), points.values.tolist(), strict=True))
    shown = cells_series(cells)
    assert set(zip(shown.times.tolist(), shown.values.tolist(), strict=True)) <= known
    assert bool((np.diff(shown.times) >= 0).all())


@given(st.lists(series, min_size=1, max_size=4), st.integers(12, 16))
def test_joining_in_any_order_or_twice_changes_nothing(parts: list[Series], level: int) -> None:
    cells = [cells_of(part, level) for part in parts]
    whole = cells_of(joined(parts), level)
    for order in (cells, cells[::-1], [*cells, *cells]):
        assert np.array_equal(cells_joined(order), whole)


@given(series)
def test_cells_survive_being_packed(points: Series) -> None:
    cells = cells_of(points, 12)
    assert cells_unpack(cells_pack(cells), len(cells)).tobytes() == cells.tobytes()


@given(st.integers(1, 10**9), st.integers(0, 10**18), st.integers(2, 5000))
def test_levels_fit_what_is_asked(rows: int, span: int, buckets: int) -> None:
    level = finest_level(rows, T0, T0 + span)
    assert 10 <= level <= COARSEST
    zoom = zoom_level(span, buckets)
    assert zoom < 10 or width_ns(zoom) * buckets <= span
    assert zoom == COARSEST or width_ns(zoom + 1) * buckets > span


@pytest.fixture
def instrument(settings: Any, tmp_path: Path, db: None) -> Instrument:
    settings.HOME = tmp_path
    return an_instrument()


def a_segment(instrument: Instrument, points: dict[str, Series]) -> Segment:
    summary = statistics(points)
    place = segment_place(instrument.slug, T0)
    return Segment.objects.create(
        instrument=instrument, path=place, size=segment_write(place, points), statistics=summary,
        points=sum(int(row[0]) for row in summary.values()),
        start_ns=min(int(row[3]) for row in summary.values()), end_ns=max(int(row[4]) for row in summary.values()),
    )  # fmt: skip


def some_points(rows: int, start_s: float, hz: float, seed: int) -> Series:
    dice = np.random.default_rng(seed)
    times = T0 + np.sort((start_s * 1e9 + dice.uniform(0, rows / hz, rows) * 1e9).astype(np.int64))
    return Series(times, np.cumsum(dice.standard_normal(rows)))


LATER = timedelta(days=2)


@pytest.fixture
def stored(instrument: Instrument) -> dict[str, Series]:
    """Three segments in the pyramid, one that came late in between and one not built yet; a slow channel beside the fast."""
    fast = [some_points(200_000, 2000 * at, 100, at) for at in range(3)]
    slow = [some_points(150, 2000 * at, 0.075, 10 + at) for at in range(3)]
    for one, two in zip(fast, slow, strict=True):
        a_segment(instrument, {"fast": one, "slow": two})
    assert pyramid_advance(instrument=instrument, now=timezone.now() + LATER) == 3
    late = some_points(50_000, 1500, 100, 7)
    a_segment(instrument, {"fast": late})
    assert pyramid_advance(instrument=instrument, now=timezone.now() + LATER) == 1
    young = some_points(30_000, 5800, 100, 8)
    a_segment(instrument, {"fast": young})
    assert pyramid_advance(instrument=instrument, now=timezone.now()) == 0
    return {"fast": joined([*fast, late, young]), "slow": joined(slow)}


def assert_exact(instrument: Instrument, stored: dict[str, Series], start: int, end: int, most: int) -> bool:
    """The answer holds the extremes of each of its buckets, and only real points; whether the pyramid gave it."""
    zoom = zoom_plan(instrument=instrument.slug, start_ns=start, end_ns=end, max_points=most)
    for channel, points in stored.items():
        [shown] = series_read(
            instrument=instrument.slug, channels=[channel], start_ns=start, end_ns=end, max_points=most
        ).values()
        inside = Series(
            *(row[(points.times >= start) & (points.times <= end)] for row in (points.times, points.values))
        )
        known = dict(zip(inside.times.tolist(), inside.values.tolist(), strict=True))
        assert all(
            known[time] == value for time, value in zip(shown.times.tolist(), shown.values.tolist(), strict=True)
        )
        if zoom is None or not len(inside):
            continue
        assert len(shown) <= most
        width = width_ns(zoom.level)
        factor = 1
        while zoom.end_ns // (width * factor) - zoom.start_ns // (width * factor) + 1 > zoom.buckets:
            factor += 1
        assert naive(shown, width * factor) == naive(inside, width * factor)
        assert (shown.values.min(), shown.values.max()) == (inside.values.min(), inside.values.max())
    return zoom is not None


def test_every_zoom_is_exact(instrument: Instrument, stored: dict[str, Series]) -> None:
    dice, used = random.Random(4), 0  # noqa: S311 - a seed, so that a failure repeats
    for _ in range(30):
        length = int(7e12 * 10 ** -dice.uniform(0, 2.5))
        start = T0 - 10**10 + dice.randrange(7 * 10**12 - length + 1)
        used += assert_exact(instrument, stored, start, start + length, int(10 ** dice.uniform(0.8, 3.4)))
    assert assert_exact(instrument, stored, 0, 2**62, 2000)
    assert used > 8


def test_the_pyramid_is_the_same_after_it_was_dropped_and_rebuilt(
    instrument: Instrument, stored: dict[str, Series]
) -> None:
    fields = ("channel", "level", "number", "count", "cells")
    before = [(*row[:-1], bytes(row[-1])) for row in Tile.objects.order_by(*fields[:3]).values_list(*fields)]
    pyramid_drop(instrument=instrument)
    assert not Tile.objects.exists()
    assert zoom_plan(instrument=instrument.slug, start_ns=0, end_ns=2**62, max_points=2000) is None
    assert pyramid_advance(instrument=instrument, now=timezone.now() + LATER) == 5
    young = Segment.objects.get(points=30_000)
    assert young.levels is not None
    after = {row[:3]: (row[3], bytes(row[4])) for row in Tile.objects.values_list(*fields)}
    changed = [row for row in before if after[row[:3]] != row[3:]]
    assert len(changed) < len(before) / 2, "only what the young segment added is new"
    assert assert_exact(instrument, stored, 0, 2**62, 2000)


def test_a_tile_holds_no_more_than_its_cells(instrument: Instrument) -> None:
    points = some_points(40_000, 0, 1000, 3)
    tiles = list(series_tiles(points, 12))
    assert all(len({int(c) // 1024 for c in cells["cell"]}) == 1 for _, cells in tiles)
    assert {key.level for key, _ in tiles} == set(range(12, COARSEST + 1))
