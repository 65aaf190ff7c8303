"""Logs that were closed and come back: they go on where they were, under whatever name, and nothing is shipped twice."""

import hashlib
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.agent.agents import a_config, agent_command, eventually, folder_source, running
from tests.agent.gateway_double import GatewayDouble
from tests.agent.test_folder import add, shipped


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def closed(gateway: GatewayDouble, *wanted: bytes) -> None:
    eventually(lambda: sorted(shipped(gateway, state="done")) == sorted(wanted))


def test_a_log_that_grows_again_after_it_was_closed_goes_on_where_it_was(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    log = data / "a.log"
    with running(a_config(tmp_path, gateway.url, folder_source(data, close_after_s=0.4))):
        add(log, "one\ntw")
        closed(gateway, b"one\ntw")
        add(log, "o\nthree\n")
        closed(gateway, b"one\ntwo\nthree\n")
        os.utime(log)  # touched only
        time.sleep(0.5)
        add(log, "four\n")
        closed(gateway, b"one\ntwo\nthree\nfour\n")
    assert len(gateway.payloads()) == 1, "one log, not several"
    (one,) = gateway.payloads().values()
    assert one["envelope"]["sha256"] == hashlib.sha256(log.read_bytes()).hexdigest()


def test_a_closed_log_that_grew_while_the_agent_was_down_goes_on(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    config = a_config(tmp_path, gateway.url, folder_source(data, close_after_s=0.4))
    add(data / "a.log", "one\n")
    with running(config):
        closed(gateway, b"one\n")
    add(data / "a.log", "two\n")
    with running(config):
        closed(gateway, b"one\ntwo\n")
    assert len(gateway.payloads()) == 1


@pytest.mark.parametrize("how", ["renamed", "copied and truncated"])
def test_a_closed_log_that_is_rotated_is_not_shipped_a_second_time(
    tmp_path: Path, data: Path, gateway: GatewayDouble, how: str
) -> None:
    log = data / "a.log"
    with running(a_config(tmp_path, gateway.url, folder_source(data, close_after_s=0.4))):
        add(log, "head\none\n")
        closed(gateway, b"head\none\n")
        if how == "renamed":
            log.rename(data / "a.log.1")
        else:
            shutil.copy(log, data / "a.log.1")
            os.truncate(log, 0)
        add(log, "head\nnew\n")
        closed(gateway, b"head\none\n", b"head\nnew\n")
        add(data / "a.log.1", "a last word\n")
        closed(gateway, b"head\none\na last word\n", b"head\nnew\n")
        time.sleep(0.4)
    assert len(gateway.payloads()) == 2


def test_a_closed_log_that_was_rewritten_is_a_new_one(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    with running(a_config(tmp_path, gateway.url, folder_source(data, close_after_s=0.4))):
        (data / "a.log").write_text("one\ntwo\n")
        closed(gateway, b"one\ntwo\n")
        (data / "a.log").write_text("uno\ndue\ntre\n")
        closed(gateway, b"one\ntwo\n", b"uno\ndue\ntre\n")


def test_the_last_unfinished_line_is_readable_soon_without_closing_the_log(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    with running(a_config(tmp_path, gateway.url, folder_source(data, line_wait_s=0.5))):
        add(data / "a.log", "one\nlast wo")
        eventually(lambda: shipped(gateway, state="growing") == [b"one\nlast wo"])
        add(data / "a.log", "rd\nnext\n")
        eventually(lambda: shipped(gateway, state="growing") == [b"one\nlast word\nnext\n"])
    assert len(gateway.payloads()) == 1


def test_a_log_whose_end_the_server_refuses_is_sent_whole_under_the_same_id_and_may_go_on(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    log = data / "a.log"
    with running(a_config(tmp_path, gateway.url, folder_source(data, close_after_s=1.0))):
        add(log, "one\ntwo\n")
        eventually(lambda: shipped(gateway) == [b"one\ntwo\n"])
        with closing(sqlite3.connect(gateway.store)) as db, db:
            db.execute("UPDATE payloads SET data = CAST('oXe\ntwo\n' AS BLOB)")
        closed(gateway, b"one\ntwo\n")
        add(log, "three\n")
        closed(gateway, b"one\ntwo\nthree\n")
    assert len(gateway.payloads()) == 1


def test_a_log_whose_end_is_refused_and_whose_file_is_gone_is_listed_and_can_be_tried_again(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    config = a_config(tmp_path, gateway.url, folder_source(data, close_after_s=1.0))
    with running(config):
        add(data / "a.log", "one\ntwo\n")
        eventually(lambda: shipped(gateway) == [b"one\ntwo\n"])
        with closing(sqlite3.connect(gateway.store)) as db, db:
            db.execute("UPDATE payloads SET data = CAST('oXe\ntwo\n' AS BLOB)")
        (data / "a.log").unlink()
        eventually(lambda: "hash differs" in agent_command("status", "--config", str(config)).stdout)
    with closing(sqlite3.connect(gateway.store)) as db, db:
        db.execute("UPDATE payloads SET data = CAST('one\ntwo\n' AS BLOB)")
    assert "1 put back" in agent_command("retry", "--config", str(config)).stdout
    with running(config):
        closed(gateway, b"one\ntwo\n")


def test_a_server_set_back_to_a_backup_gets_the_lines_it_lost_from_the_file(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    log = data / "a.log"
    config = a_config(tmp_path, gateway.url, folder_source(data, close_after_s=2.0))
    add(log, "one\ntwo\n")
    with running(config):
        eventually(lambda: shipped(gateway) == [b"one\ntwo\n"])
    with closing(sqlite3.connect(gateway.store)) as db, db:
        db.execute("UPDATE payloads SET data = CAST('one\n' AS BLOB)")
    add(log, "three\n")
    with running(config):
        closed(gateway, b"one\ntwo\nthree\n")
    assert len(gateway.payloads()) == 1


def test_many_small_files_share_calls(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    for number in range(250):
        (data / f"{number:03d}.dat").write_text(f"file {number}")
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        eventually(lambda: len(shipped(gateway, "uploads", "done")) == 250)
    calls = [path for _, path in gateway.requests if path == "files"]
    assert 3 <= len(calls) <= 10
    assert not [path for _, path in gateway.requests if path.startswith("uploads")]


def test_small_files_reach_a_server_that_takes_them_one_by_one_only(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    gateway.modern = False
    for number in range(5):
        (data / f"{number}.dat").write_text(f"file {number}")
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        eventually(lambda: len(shipped(gateway, "uploads", "done")) == 5)


def test_a_file_over_the_servers_limit_is_named_and_not_spooled(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    gateway.limits["upload"] = 1000
    config = a_config(tmp_path, gateway.url, folder_source(data))
    with running(config):
        (data / "small.dat").write_bytes(b"x" * 1000)
        eventually(lambda: shipped(gateway, "uploads", "done"))
        (data / "huge.dat").write_bytes(b"x" * 1001)
        eventually(lambda: "huge.dat: 1001 bytes are over" in gateway.beats[-1]["sources"][0]["error"])
        assert len(shipped(gateway, "uploads")) == 1
    with running(config):
        gateway.limits.clear()
        eventually(lambda: len(shipped(gateway, "uploads", "done")) == 2)
