"""How long a plot of any stretch of a channel with 10^8 points takes: the first time in a process, and again."""

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import numpy as np
from django.utils import timezone

from ingest.gateway.models import Instrument
from ingest.gateway.services import instrument_ensure
from ingest.telemetry.models import Segment, Tile
from ingest.telemetry.points import Series
from ingest.telemetry.points import statistics as summary_of
from ingest.telemetry.segments import segment_place, segment_write
from ingest.telemetry.selectors import series_read
from ingest.telemetry.tiles import pyramid_advance
from tests.performance.readings import START

POINTS, SEGMENTS = 100_000_000, 800  # as many files as if 31 more channels were stored beside it
STEP_NS = 1_000_000
MOST = 2000
ZOOMS = 60


def _fill(instrument: Instrument) -> None:
    """A channel at 1 kHz over 28 hours: noise on a drift."""
    dice, rows, level = np.random.default_rng(1), POINTS // SEGMENTS, 600.0
    for at in range(SEGMENTS):
        times = START + (at * rows + np.arange(rows, dtype=np.int64)) * STEP_NS + dice.integers(0, 50_000, rows)
        walk = level + np.cumsum(dice.standard_normal(rows)) * 1e-3
        level = float(walk[-1])
        points = {"T": Series(times, np.round(walk + 0.05 * dice.standard_normal(rows), 4))}
        place = segment_place(instrument.slug, int(times[0]))
        size = segment_write(place, points)
        Segment.objects.create(
            instrument=instrument, path=place, size=size, statistics=summary_of(points), points=rows,
            start_ns=int(times[0]), end_ns=int(times[-1]),
        )  # fmt: skip


def _zooms(seed: int) -> Iterator[tuple[int, int]]:
    """Stretches from one second to all, evenly over the decades."""
    dice, whole = random.Random(seed), POINTS * STEP_NS  # noqa: S311 - a seed
    for at in range(ZOOMS):
        span = int(whole**1.0 if at == 0 else 1e9 * (whole / 1e9) ** dice.random())
        first = START + dice.randrange(max(1, whole - span))
        yield first, first + span


def timings(seed: int) -> list[float]:
    """Milliseconds of each zoom."""
    taken = []
    for start, end in _zooms(seed):
        begun = time.perf_counter()
        read = series_read(instrument="zoom", channels=["T"], start_ns=start, end_ns=end, max_points=MOST)
        taken.append(1000 * (time.perf_counter() - begun))
        if not len(read["T"]):
            raise RuntimeError("an empty plot")
    return taken


def _cold() -> float:
    """The first zoom of a new process, with the files out of the memory where the system lets us."""
    code = (
        "import django; django.setup(); import time; from ingest.telemetry.selectors import series_read;"
        "import ingest.telemetry.tiles, pyarrow.parquet;"
        f"b = time.perf_counter(); series_read(instrument='zoom', channels=['T'], start_ns={START}, end_ns={START + POINTS * STEP_NS},"
        f" max_points={MOST}); print(1000 * (time.perf_counter() - b))"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "deploy.config.settings"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return float(done.stdout)


def figures() -> Iterator[tuple[str, float, str]]:
    """Building, then zooms."""
    instrument = instrument_ensure(slug="zoom")
    _fill(instrument)
    begun = time.perf_counter()
    while pyramid_advance(instrument=instrument, now=timezone.now() + timedelta(days=2)):
        pass
    yield "zoom: 10^8 points into the pyramid", POINTS / (time.perf_counter() - begun), "points/s"
    size = sum(len(cells) for cells in Tile.objects.values_list("cells", flat=True).iterator())
    yield "zoom: the pyramid beside 10^8 points", size / 2**20, "MiB"
    yield "zoom: the whole of it, first in a process", statistics.median(_cold() for _ in range(5)), "ms"
    first, again = timings(1), timings(1)
    yield "zoom: 1 s to all, p50", statistics.median(first), "ms"
    yield "zoom: 1 s to all, p95", statistics.quantiles(first, n=20)[-1], "ms"
    yield "zoom: 1 s to all, slowest", max(first), "ms"
    yield "zoom: the same again, p95", statistics.quantiles(again, n=20)[-1], "ms"
