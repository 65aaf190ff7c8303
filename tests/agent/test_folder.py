"""A watched folder in all the ways instruments write to one."""

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agent.agents import a_config, agent_kill, agent_start, eventually, folder_source, running
from tests.agent.gateway_double import Fault, GatewayDouble


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def shipped(gateway: GatewayDouble, kind: str = "tails", state: str | None = None) -> list[bytes]:
    """Contents at the server in the order they began."""
    return [p["data"] for p in gateway.payloads().values() if p["kind"] == kind and state in (None, p["state"])]


def waits(claim: Callable[[], object]) -> None:
    eventually(claim)


def add(path: Path, text: str) -> None:
    with path.open("a") as handle:
        handle.write(text)


def test_only_whole_lines_are_shipped_while_a_log_grows(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    log = data / "a.log"
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        add(log, "time,T\n1,20")
        waits(lambda: shipped(gateway) == [b"time,T\n"])
        time.sleep(0.3)
        assert shipped(gateway) == [b"time,T\n"], "the unfinished line waits"
        add(log, ".5\n2,2")
        waits(lambda: shipped(gateway) == [b"time,T\n1,20.5\n"])
        add(log, "1\n")
        waits(lambda: shipped(gateway) == [b"time,T\n1,20.5\n2,21\n"])


def test_the_last_unfinished_line_is_shipped_when_the_log_is_closed(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    add(data / "a.log", "one\ntwo\nthr")
    with running(a_config(tmp_path, gateway.url, folder_source(data, close_after_s=0.6))):
        waits(lambda: shipped(gateway, state="done") == [b"one\ntwo\nthr"])
        time.sleep(0.5)
    (envelope,) = [one["envelope"] for one in gateway.payloads().values()]
    assert envelope["sha256"] == hashlib.sha256(b"one\ntwo\nthr").hexdigest()
    assert envelope["file_name"] == "a.log"


def test_a_truncated_log_is_closed_as_it_was_and_begun_anew(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    log = data / "a.log"
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        add(log, "one\ntwo\nthr")
        waits(lambda: shipped(gateway) == [b"one\ntwo\n"])
        time.sleep(0.2)
        os.truncate(log, 0)
        add(log, "uno\n")
        waits(lambda: shipped(gateway) == [b"one\ntwo\nthr", b"uno\n"])
        waits(lambda: shipped(gateway, state="done") == [b"one\ntwo\nthr"])


def test_a_log_truncated_while_the_agent_is_down_is_closed_too(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    log, config = data / "a.log", a_config(tmp_path, gateway.url, folder_source(data))
    with running(config):
        add(log, "one\ntwo\n")
        waits(lambda: shipped(gateway) == [b"one\ntwo\n"])
    log.write_text("uno\ndue\ntre\nquattro\n")
    with running(config):
        waits(lambda: shipped(gateway) == [b"one\ntwo\n", b"uno\ndue\ntre\nquattro\n"])
        waits(lambda: shipped(gateway, state="done") == [b"one\ntwo\n"])


@pytest.mark.parametrize("how", ["renamed", "copied and truncated"])
def test_a_rotated_log_is_followed_to_its_end(tmp_path: Path, data: Path, gateway: GatewayDouble, how: str) -> None:
    log = data / "a.log"
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        add(log, "head\none\n")
        waits(lambda: shipped(gateway) == [b"head\none\n"])
        if how == "renamed":
            with log.open("a") as old:
                old.write("two\n")
                log.rename(data / "a.log.1")
                old.write("last\n")
                old.flush()
        else:
            add(log, "two\nlast\n")
            shutil.copy(log, data / "a.log.1")
            os.truncate(log, 0)
        add(log, "head\nnew\n")
        waits(lambda: sorted(shipped(gateway)) == [b"head\nnew\n", b"head\none\ntwo\nlast\n"])
        time.sleep(0.6)
    assert shipped(gateway, "uploads") == [], "the rotated file is not shipped a second time"


def test_a_log_rewritten_as_a_whole_is_a_new_one(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    log = data / "a.log"
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        log.write_text("n = 2\n1\n2\n")
        waits(lambda: shipped(gateway) == [b"n = 2\n1\n2\n"])
        log.write_text("n = 3\n1\n2\n3\n")
        waits(lambda: shipped(gateway) == [b"n = 2\n1\n2\n", b"n = 3\n1\n2\n3\n"])


def test_a_log_changed_in_its_middle_is_shipped_whole_as_well(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    log = data / "a.log"
    lines = [f"line {number:06d}\n" for number in range(400)]
    log.write_text("".join(lines))
    with running(a_config(tmp_path, gateway.url, folder_source(data, close_after_s=1.5))):
        waits(lambda: shipped(gateway) == ["".join(lines).encode()])
        with log.open("r+") as handle:
            handle.seek(2000)
            handle.write("X")
        waits(lambda: shipped(gateway, "uploads", "done") == [log.read_bytes()])
        assert shipped(gateway, state="done") == ["".join(lines).encode()]


def test_utf16_and_crlf_logs_are_cut_at_line_ends(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    text = "time\tT / °C\r\n1\t20\r\n"
    (data / "wide.log").write_bytes(b"\xff\xfe" + (text + "2\t2").encode("utf-16-le"))
    (data / "crlf.log").write_bytes((text + "2\t2").encode())
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        waits(lambda: set(shipped(gateway)) == {text.encode(), b"\xff\xfe" + text.encode("utf-16-le")})


def test_a_finished_file_is_shipped_once_whole_and_again_when_it_changes(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    scan, config = data / "sub" / "scan.xrdml", a_config(tmp_path, gateway.url, folder_source(data))
    with running(config):
        scan.parent.mkdir()
        add(scan, "half")
        time.sleep(0.1)
        add(scan, " whole")
        waits(lambda: shipped(gateway, "uploads", "done") == [b"half whole"])
    with running(config):
        time.sleep(0.6)
        assert shipped(gateway, "uploads") == [b"half whole"], "not again after a restart"
        os.utime(scan)
        time.sleep(0.6)
        assert shipped(gateway, "uploads") == [b"half whole"], "not again when only its time changed"
        add(scan, " more")
        waits(lambda: shipped(gateway, "uploads", "done") == [b"half whole", b"half whole more"])
    (first, second) = [one["envelope"] for one in gateway.payloads().values()]
    assert first["metadata"]["path"] == "sub/scan.xrdml"
    assert first["id"] != second["id"]


def test_unfinished_and_unwanted_names_are_left_alone(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    for name in ("a.tmp", "~$b.xlsx", ".hidden", "c.dat", "empty.dat"):
        (data / name).write_text("" if name == "empty.dat" else name)
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        waits(lambda: sorted(shipped(gateway, "uploads", "done")) == [b"", b"c.dat"])


def test_a_folder_that_vanishes_is_reported_and_taken_up_again(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    config = a_config(tmp_path, gateway.url, folder_source(data))
    with running(config):
        add(data / "a.log", "one\n")
        waits(lambda: shipped(gateway) == [b"one\n"])
        data.rename(tmp_path / "unplugged")
        waits(lambda: gateway.beats[-1]["sources"][0]["state"] == "away")
        assert str(data) in gateway.beats[-1]["sources"][0]["error"]
        add(tmp_path / "unplugged" / "a.log", "two\n")
        (tmp_path / "unplugged").rename(data)
        waits(lambda: shipped(gateway) == [b"one\ntwo\n"])
        waits(lambda: gateway.beats[-1]["sources"][0]["state"] == "running")


def test_an_upload_is_resumed_where_it_was_after_a_kill(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    content = os.urandom(12 * 2**20)
    (data / "big.dat").write_bytes(content)
    config = a_config(tmp_path, gateway.url, folder_source(data))
    agent = agent_start(config)
    eventually(lambda: any(len(one) >= 2 * 2**20 for one in shipped(gateway, "uploads")))
    agent_kill(agent)
    (part,) = shipped(gateway, "uploads")
    assert len(part) < len(content), "the kill must fall into the upload"
    asked = len(gateway.requests)
    gateway.faults.append(Fault(path="uploads/", after_commit=True))
    with running(config):
        waits(lambda: shipped(gateway, "uploads", "done") == [content])
    pieces = [path for method, path in gateway.requests[asked:] if method == "PATCH"]
    assert len(pieces) <= (len(content) - len(part)) / 2**20 + 1, "it did not begin again from the start"


def test_a_file_that_changes_before_its_turn_is_shipped_as_it_is_now_and_the_old_state_is_listed(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    gateway.stop()
    config = a_config(tmp_path, gateway.url, folder_source(data))
    (data / "a.dat").write_text("first")
    with running(config):
        time.sleep(1)
        (data / "a.dat").write_text("second!")
        time.sleep(1)
        gateway.start()
        waits(lambda: shipped(gateway, "uploads", "done") == [b"second!"])
    assert "changed" in _status_text(config)


def test_the_agent_never_touches_the_files(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    add(data / "a.log", "one\n")
    add(data / "b.dat", "two")
    for path in data.iterdir():
        path.chmod(0o444)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_ino, path.stat().st_mode) for path in data.iterdir()}
    data.chmod(0o555)
    with running(a_config(tmp_path, gateway.url, folder_source(data, close_after_s=0.5))):
        waits(lambda: len(shipped(gateway, "uploads", "done") + shipped(gateway, state="done")) == 2)
    data.chmod(0o755)
    assert {
        path: (path.stat().st_mtime_ns, path.stat().st_ino, path.stat().st_mode) for path in data.iterdir()
    } == before


@pytest.mark.shared
def test_a_real_growth_log_replayed_in_odd_pieces_arrives_byte_for_byte(
    tmp_path: Path, data: Path, gateway: GatewayDouble, shared: Path
) -> None:
    real: Any = sorted(path for path in (shared / "instruments").rglob("*") if path.suffix in (".dlog", ".txt"))
    source = next(path for path in real if 50_000 < path.stat().st_size < 2_000_000)
    content = source.read_bytes()[:300_000]
    log = data / "replayed.log"
    with running(a_config(tmp_path, gateway.url, folder_source(data, close_after_s=1.0))):
        with log.open("ab", buffering=0) as handle:
            for start in range(0, len(content), 7919):
                handle.write(content[start : start + 7919])
                time.sleep(0.01)
        waits(lambda: shipped(gateway, state="done") == [content])


def _status_text(config: Path) -> str:
    from tests.agent.agents import agent_command

    return agent_command("status", "--config", str(config)).stdout
