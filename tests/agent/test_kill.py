"""kill -9 of the real agent in mid-stream, at random moments, with a server that loses answers: 0 lost, 0 doubled."""

import random
import time
from pathlib import Path

import pytest

from tests.agent.agents import SIMULATED, a_config, agent_kill, agent_start, eventually, folder_source
from tests.agent.gateway_double import Fault, GatewayDouble

KILLS = 12
ROWS = 6000
START = 1_767_225_600_000_000_000
REPLAY = (
    f"{SIMULATED}\nstart = 2026-01-01T00:00:00Z\nrows = {ROWS}\nrate_hz = 200.0\nbatch_s = 0.02\ntime_factor = 200.0\n"
    "run_s = 600.0\npause_s = 60.0"
)


@pytest.mark.slow
def test_twelve_kills_lose_no_row_and_double_none(tmp_path: Path, gateway: GatewayDouble) -> None:
    data = tmp_path / "data"
    data.mkdir()
    config = a_config(tmp_path, gateway.url, REPLAY, folder_source(data, max_piece_bytes=4096))
    moments = random.Random(7)  # noqa: S311 - moments of a test
    log = (data / "growth.log").open("a")
    written = 0
    for kill in range(KILLS):
        agent = agent_start(config)
        gateway.faults.extend(Fault(path=path, after_commit=True) for path in ("frames", "tails/"))
        enough = len(gateway.requests) + moments.randint(3, 25)  # so many requests later, whatever the machine's speed
        while len(gateway.requests) < enough:
            log.write(f"{written}\t{written * written}\n")
            log.flush()
            written += 1
            time.sleep(0.003)
        if kill % 4 == 3:
            gateway.stop()
            time.sleep(0.2)
            agent_kill(agent)
            gateway.start()
        else:
            agent_kill(agent)
    stored = len(gateway.times())
    assert 0 < stored < ROWS, f"the kills must fall into the stream; {stored} of {ROWS} rows were stored by then"
    log.close()
    gateway.faults.clear()
    whole = (data / "growth.log").read_bytes()
    agent = agent_start(config)
    try:
        eventually(lambda: len(gateway.times()) >= ROWS, within_s=150)
        eventually(lambda: [one["data"] for one in gateway.payloads().values()] == [whole], within_s=60)
    finally:
        agent.terminate()
        assert agent.wait(20) == 0
    assert sorted(gateway.times()) == [START + round(row * 5e6) for row in range(ROWS)]
    numbers = sorted(batch.sequence for batch in gateway.batches())
    assert numbers == list(range(len(numbers))), "no sequence number is missing"
    starts = [one for batch in gateway.batches() for one in batch.events if one.kind == "run_start"]
    stops = [one for batch in gateway.batches() for one in batch.events if one.kind == "run_stop"]
    assert len({one.value["uid"] for one in starts}) == len(starts) > 1
    assert {one.value["uid"] for one in stops} <= {one.value["uid"] for one in starts}
