"""What the server answers, and what the agent makes of it: nothing lost, nothing doubled, nothing dropped in silence."""

import json
import time
from pathlib import Path

from tests.agent.agents import SIMULATED, a_config, agent_command, eventually, folder_source, running
from tests.agent.gateway_double import Fault, GatewayDouble

ROWS = 200
REPLAY = f"{SIMULATED}\nstart = 2026-01-01T00:00:00Z\nrows = {ROWS}\nrate_hz = 100.0\nbatch_s = 0.05\nrun_s = 600.0"
START = 1_767_225_600_000_000_000
WANTED = [START + round(row * 1e7) for row in range(ROWS)]


def complete(gateway: GatewayDouble) -> bool:
    return len(gateway.times()) >= ROWS


def test_a_stream_arrives_whole_and_in_order(tmp_path: Path, gateway: GatewayDouble) -> None:
    with running(a_config(tmp_path, gateway.url, REPLAY)):
        eventually(lambda: complete(gateway))
    assert gateway.times() == WANTED
    batches = gateway.batches()
    assert [batch.sequence for batch in batches] == list(range(len(batches)))
    assert len(batches[0].descriptors) >= 32


def test_a_lost_answer_doubles_nothing(tmp_path: Path, gateway: GatewayDouble) -> None:
    gateway.faults.extend(Fault(path="frames", after_commit=True) for _ in range(8))
    with running(a_config(tmp_path, gateway.url, REPLAY)):
        eventually(lambda: complete(gateway) and not gateway.faults)
    assert sorted(gateway.times()) == WANTED


def test_a_server_that_goes_away_and_comes_back_gets_everything(tmp_path: Path, gateway: GatewayDouble) -> None:
    with running(a_config(tmp_path, gateway.url, REPLAY)):
        for _ in range(3):
            time.sleep(0.4)
            gateway.stop()
            time.sleep(0.3)
            gateway.start()
        eventually(lambda: complete(gateway))
    assert sorted(gateway.times()) == WANTED


def test_503_with_retry_after_is_waited_for(tmp_path: Path, gateway: GatewayDouble) -> None:
    gateway.faults.append(Fault(status=503, path="frames", headers={"Retry-After": "2"}))
    began = time.monotonic()
    with running(a_config(tmp_path, gateway.url, REPLAY)):
        eventually(lambda: not gateway.faults)
        told = time.monotonic()
        eventually(lambda: gateway.times())
        assert time.monotonic() - told > 1.5, (
            f"it came back too early, {time.monotonic() - began:.1f} s after the start"
        )
        eventually(lambda: complete(gateway))
    assert sorted(gateway.times()) == WANTED


def test_a_wrong_token_keeps_the_data_and_says_so_until_it_is_right(tmp_path: Path, gateway: GatewayDouble) -> None:
    gateway.token = "another-token"
    config = a_config(tmp_path, gateway.url, REPLAY)
    with running(config):
        eventually(lambda: _status(config)["server"]["state"] == "unauthorised" if _seen(config) else False)
        assert agent_command("status", "--config", str(config)).returncode == 2
        eventually(lambda: _status(config)["queue_rows"] >= ROWS)
        assert gateway.times() == []
    gateway.token = "right-token"
    with running(config):
        eventually(lambda: complete(gateway))
    assert sorted(gateway.times()) == WANTED


def test_a_refused_batch_is_set_aside_listed_and_harms_no_other(tmp_path: Path, gateway: GatewayDouble) -> None:
    poison = REPLAY.replace('name = "machine"', 'name = "poison"')
    config = a_config(tmp_path, gateway.url, REPLAY, poison)
    with running(config):
        eventually(lambda: complete(gateway))
        eventually(lambda: sum(one["rows"] for one in _status(config)["rejected"]) >= ROWS)
        eventually(lambda: _status(config)["queue_rows"] == 0)
    assert gateway.times() == WANTED
    asked = len(gateway.requests)
    refused = len(_status(config)["rejected"])
    with running(config):
        time.sleep(0.5)
    births = [path for _, path in gateway.requests[asked:] if path == "frames"]
    assert len(births) <= 2 < refused, "only the two births are sent; what was refused is not tried again by itself"
    shown = agent_command("status", "--config", str(config))
    assert shown.returncode == 2
    assert "never takes this" in shown.stdout
    gateway.poisoned = False  # the cause is removed
    assert agent_command("retry", "--config", str(config)).returncode == 0
    with running(config):
        eventually(lambda: sorted(gateway.times()) == sorted(WANTED * 2))
    assert _status(config)["rejected"] == []


def test_a_batch_on_which_the_server_fails_does_not_hold_up_the_others(tmp_path: Path, gateway: GatewayDouble) -> None:
    gateway.faults.extend(Fault(status=500, path="frames") for _ in range(3))
    config = a_config(tmp_path, gateway.url, REPLAY)
    with running(config):
        eventually(lambda: len(gateway.times()) > ROWS // 2)
        waiting = _status(config)
    assert waiting["rejected"] == []
    assert set(gateway.times()) < set(WANTED) or sorted(gateway.times()) == WANTED
    assert waiting["queue_rows"] > 0, "the failing batch waits, it is not dropped"


def test_a_full_spool_pauses_the_sources_and_loses_nothing(tmp_path: Path, gateway: GatewayDouble) -> None:
    gateway.stop()
    data = tmp_path / "data"
    data.mkdir()
    lines = "".join(f"{number},{'x' * 200}\n" for number in range(3000))
    (data / "long.log").write_text(lines)
    config = a_config(tmp_path, gateway.url, folder_source(data, max_piece_bytes=20_000), spool="max_bytes = 100000")
    with running(config):
        eventually(lambda: _seen(config) and _status(config)["sources"][0]["state"] == "paused")
        status = _status(config)
        assert status["queue_bytes"] < 100_000 + 2 * 20_000
        assert "spool.max_bytes" in status["sources"][0]["error"]
        gateway.start()
        eventually(lambda: [one["data"].decode() for one in gateway.payloads().values()] == [lines])


def test_the_clock_offset_is_learned_from_answers(tmp_path: Path, gateway: GatewayDouble) -> None:
    gateway.skew_ns = 3600 * 10**9
    config = a_config(tmp_path, gateway.url, REPLAY)
    with running(config):
        eventually(lambda: _seen(config) and abs(_status(config)["clock_offset_s"] or 0) > 1)
        assert abs(_status(config)["clock_offset_s"] - 3600) < 0.5
        eventually(lambda: abs((gateway.beats[-1].get("clock_offset_ns") or 0) / 1e9 - 3600) < 0.5)
    assert gateway.times()[0] == START, "times of rows are never changed"


def test_the_heartbeat_says_how_it_goes(tmp_path: Path, gateway: GatewayDouble) -> None:
    with running(a_config(tmp_path, gateway.url, REPLAY)):
        eventually(lambda: gateway.beats)
    beat = gateway.beats[0]
    assert {"version", "queue_rows", "queue_bytes", "oldest", "disk_free", "sources", "time"} <= set(beat)
    assert beat["sources"][0]["name"] == "machine"


def _seen(config: Path) -> bool:
    return (config.parent / "agent.spool.state.json").exists()


def _status(config: Path) -> dict:  # type: ignore[type-arg]
    return json.loads(agent_command("status", "--json", "--config", str(config)).stdout)  # type: ignore[no-any-return]
