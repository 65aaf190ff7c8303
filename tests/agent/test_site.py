"""The real agent against the real site: kill -9 of both in mid-stream, then every row, line and byte counted."""

import hashlib
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.agent.agents import SIMULATED, a_config, agent_command, agent_kill, agent_start, eventually, folder_source
from tests.agent.sites import Site

ROWS = 3000
KILLS = 10
RUNS = 4  # 2000 s of process: three runs of 600 s with pauses of 60 s, and one begun
START = 1_767_225_600_000_000_000
REPLAY = (
    f"{SIMULATED}\nstart = 2026-01-01T00:00:00Z\nrows = {ROWS}\nrate_hz = 150.0\nbatch_s = 0.05\ntime_factor = 100.0\n"
    "run_s = 600.0\npause_s = 60.0"
)
LOOK = """
import json
from ingest.gateway.models import Receipt
from ingest.gateway.selectors import receipt_path
from ingest.stream.models import Run
from ingest.telemetry.models import FrameBatch
from ingest.telemetry.reading import points_read
numbers = sorted(FrameBatch.objects.values_list("sequence", flat=True))
times = []
if numbers:
    series = points_read(instrument="mbe", channels=["chamber_pressure"], start_ns=0, end_ns=2**62).get("chamber_pressure")
    times = [] if series is None else [int(t) for t in series.times]
receipts = [[r.file_name, r.state, r.sha256, receipt_path(r).stat().st_size] for r in Receipt.objects.order_by("file_name")]
runs = [run.state for run in Run.objects.order_by("started")]
print(json.dumps({"numbers": numbers, "times": times, "receipts": receipts, "runs": runs}))
"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    one = Site(tmp_path / "site")
    one.start()
    yield one
    one.stop()


@pytest.mark.slow
def test_kills_of_agent_and_server_lose_nothing_and_double_nothing(tmp_path: Path, site: Site) -> None:
    data = tmp_path / "data"
    data.mkdir()
    big = os.urandom(5 * 2**20)
    (data / "scan.dat").write_bytes(big)
    config = a_config(tmp_path, site.url, REPLAY, folder_source(data, close_after_s=300.0))
    config.write_text(config.read_text().replace('token = "right-token"', 'token_file = "agent.token"'))
    enrolled = agent_command("enrol", "--server", site.url, "--code", site.enrolment_code(), "--config", str(config))
    assert enrolled.returncode == 0, enrolled.stderr
    moments = random.Random(11)  # noqa: S311 - moments of a test
    agent, written = agent_start(config), 0
    with (data / "growth.log").open("a") as log:
        for kill in range(KILLS):
            end = time.monotonic() + moments.uniform(0.8, 1.4)
            while time.monotonic() < end:
                log.write(f"{written}\t{written * written}\n")
                log.flush()
                written += 1
                time.sleep(0.005)
            if kill % 3 == 2:
                site.kill()
                site.start()
            else:
                agent_kill(agent)
                agent = agent_start(config)
        log.write("an unfinished last line")
    os.utime(data / "growth.log", (0, 0))  # long ago: the log is finished
    try:
        eventually(lambda: _complete(site.json(LOOK)), within_s=90)
    finally:
        agent.terminate()
        assert agent.wait(20) == 0
    stored = site.json(LOOK)
    assert stored["times"] == [START + round(row * 1e9 / 150) for row in range(ROWS)]
    assert stored["numbers"] == list(range(len(stored["numbers"])))
    whole = (data / "growth.log").read_bytes()
    assert stored["receipts"] == [
        ["growth.log", "done", hashlib.sha256(whole).hexdigest(), len(whole)],
        ["scan.dat", "done", hashlib.sha256(big).hexdigest(), len(big)],
    ]
    assert stored["runs"] == ["closed"] * (RUNS - 1) + ["open"], "each run once, closed by its own stop"
    assert agent_command("status", "--config", str(config)).returncode == 0, "nothing was refused"


def _complete(stored: dict[str, Any]) -> bool:
    return (
        len(stored["times"]) >= ROWS
        and len(stored["runs"]) >= RUNS
        and [state for _, state, *_ in stored["receipts"]] == ["done", "done"]
    )
