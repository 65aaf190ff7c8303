"""What users of other collectors complained of, each as a test of ours. Where ours is shown elsewhere too, this is the short form."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.agent.agents import (
    ROOT,
    SIMULATED,
    a_config,
    agent_command,
    agent_kill,
    agent_start,
    eventually,
    folder_source,
    running,
)
from tests.agent.gateway_double import Fault, GatewayDouble
from tests.agent.test_delivery import REPLAY, WANTED, _status
from tests.agent.test_folder import add, shipped


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


def waits(claim: object) -> None:
    eventually(claim)  # type: ignore[arg-type] # a lambda


def test_rows_taken_while_the_server_is_down_arrive_after_any_number_of_outages(
    tmp_path: Path, gateway: GatewayDouble
) -> None:
    """Telegraf 1976 and 802 (data lost while the output is down), 16314 (the disk buffer stops working after a while)."""
    config = a_config(tmp_path, gateway.url, REPLAY)
    gateway.stop()
    for _ in range(3):
        with running(config):
            time.sleep(0.4)
    with running(config):
        for _ in range(3):
            gateway.start()
            time.sleep(0.2)
            gateway.stop()
        gateway.start()
        waits(lambda: len(gateway.times()) >= len(WANTED))
    assert sorted(gateway.times()) == WANTED


def test_limits_set_for_the_whole_agent_hold_for_each_source(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    """Telegraf 15656: buffer settings at the level of the agent are ignored."""
    gateway.stop()
    for name in "ab":
        (data / name).mkdir()
        (data / name / "x.log").write_text("".join(f"{row},{'x' * 90}\n" for row in range(2000)))
    sources = [folder_source(data / name, max_piece_bytes=8000).replace('"files"', f'"{name}"') for name in "ab"]
    config = a_config(tmp_path, gateway.url, *sources, spool="max_bytes = 70000")
    with running(config):
        waits(lambda: [one["state"] for one in _status(config)["sources"]] == ["paused", "paused"])
        assert _status(config)["queue_bytes"] < 70_000 + 2 * 2 * 8000
        gateway.start()
        waits(lambda: sum(map(len, shipped(gateway))) == sum(len((data / n / "x.log").read_bytes()) for n in "ab"))


def test_what_waits_on_disk_is_sent_after_a_restart_without_anything_new(
    tmp_path: Path, gateway: GatewayDouble
) -> None:
    """Telegraf 16615 (the buffer is not flushed after down-time), OpenTelemetry 50102 (the backlog is lost at a restart)."""
    config = a_config(tmp_path, gateway.url, REPLAY)
    gateway.stop()
    agent = agent_start(config)
    waits(lambda: (tmp_path / "agent.spool").exists() and _status(config)["queue_rows"] >= len(WANTED))
    agent_kill(agent)
    gateway.start()
    with running(config):
        waits(lambda: len(gateway.times()) >= len(WANTED))
    assert sorted(gateway.times()) == WANTED
    assert len({batch.epoch for batch in gateway.batches()}) == 1


@pytest.mark.parametrize("how", ["renamed", "copied and truncated"])
def test_a_log_rotated_while_the_agent_was_down_is_not_read_from_its_start_again(
    tmp_path: Path, data: Path, gateway: GatewayDouble, how: str
) -> None:
    """Fluent Bit 1330 (rotated during down-time: read again from the start) and 2030 (read again despite the database)."""
    log, config = data / "a.log", a_config(tmp_path, gateway.url, folder_source(data))
    add(log, "head\none\n")
    with running(config):
        waits(lambda: shipped(gateway) == [b"head\none\n"])
    add(log, "two\n")
    if how == "renamed":
        log.rename(data / "a.log.1")
    else:
        shutil.copy(log, data / "a.log.1")
        os.truncate(log, 0)
    add(log, "head\nnew\n")
    with running(config):
        waits(lambda: sorted(shipped(gateway)) == [b"head\nnew\n", b"head\none\ntwo\n"])
        time.sleep(0.5)
    assert len(gateway.payloads()) == 2


def test_a_hard_kill_with_the_server_down_loses_no_line(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    """Fluent Bit 5912: the offset in the database is ahead of delivery, after a hard kill lines are missing."""
    gateway.stop()
    config = a_config(tmp_path, gateway.url, folder_source(data, max_piece_bytes=256))
    lines = "".join(f"line {row}\n" for row in range(400))
    add(data / "a.log", lines)
    for _ in range(3):
        agent = agent_start(config)
        waits(lambda: (tmp_path / "agent.spool.state.json").exists())
        time.sleep(0.2)
        agent_kill(agent)
    gateway.start()
    with running(config):
        waits(lambda: shipped(gateway) == [lines.encode()])


def test_the_same_name_with_the_same_inode_and_other_contents_is_another_log(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    """Fluent Bit 1875: a file of the same name that got the same inode is taken for the old one."""
    log, config = data / "a.log", a_config(tmp_path, gateway.url, folder_source(data))
    log.write_text("old one\nold two\n")
    inode = log.stat().st_ino
    with running(config):
        waits(lambda: shipped(gateway) == [b"old one\nold two\n"])
    with log.open("r+") as file:  # the same inode, for certain
        file.truncate(0)
        file.write("new one\nnew two\nnew three\n")
    assert log.stat().st_ino == inode
    with running(config):
        waits(lambda: sorted(shipped(gateway)) == [b"new one\nnew two\nnew three\n", b"old one\nold two\n"])


def test_a_shorter_log_after_midnight_is_read_at_once(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    """Fluent Bit 11455: the offset is larger than the file after the rotation at midnight; the file is ignored for 24 hours."""
    log, config = data / "a.log", a_config(tmp_path, gateway.url, folder_source(data))
    log.write_text("".join(f"yesterday {row}\n" for row in range(100)))
    with running(config):
        waits(lambda: len(shipped(gateway)) == 1)
        log.unlink()
        log.write_text("today 0\n")
        waits(lambda: b"today 0\n" in shipped(gateway))


def test_an_unfinished_line_at_shutdown_is_not_lost(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    """Fluent Bit 11265: the partial last line is lost when the agent ends."""
    config = a_config(tmp_path, gateway.url, folder_source(data))
    for piece in ("one\ntw", "o\nthr", "ee\n"):
        add(data / "a.log", piece)
        agent = agent_start(config)
        whole = (data / "a.log").read_bytes()
        waits(lambda whole=whole: shipped(gateway) == [whole[: whole.rindex(b"\n") + 1]])
        agent.send_signal(signal.SIGTERM)
        assert agent.wait(20) == 0
    assert shipped(gateway) == [b"one\ntwo\nthree\n"]


def test_a_writer_that_truncates_and_writes_all_again_gives_its_lines_once_per_version(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    """Fluent Bit 8955: truncating and rewriting the whole file gives 10 lines instead of 6."""
    log = data / "a.log"
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        log.write_text("1\n2\n3\n")
        waits(lambda: shipped(gateway) == [b"1\n2\n3\n"])
        log.write_text("1\n2\n3\n4\n5\n6\n")  # the same beginning: it simply grew
        waits(lambda: shipped(gateway) == [b"1\n2\n3\n4\n5\n6\n"])
    assert b"".join(shipped(gateway)).count(b"\n") == 6


def test_a_very_long_line_is_shipped_whole_and_the_next_ones_too(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    """Fluent Bit 3488: a long line corrupts the offset."""
    content = b"a" * 3_000_000 + b"\nshort\n" + b"b" * 70_000 + b"\nlast\n"
    (data / "a.log").write_bytes(content)
    with running(a_config(tmp_path, gateway.url, folder_source(data, max_piece_bytes=1024))):
        waits(lambda: shipped(gateway) == [content])
        add(data / "a.log", "more\n")
        waits(lambda: shipped(gateway) == [content + b"more\n"])


def test_two_sources_on_one_folder_keep_their_own_places(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    """Fluent Bit 8928: with a shared database one input deletes the entries of the other."""
    first = folder_source(data, include=["a*"]).replace('"files"', '"first"')
    second = folder_source(data, include=["b*"]).replace('"files"', '"second"')
    config = a_config(tmp_path, gateway.url, first, second)
    for _ in range(2):
        add(data / "a.log", "a\n")
        add(data / "b.log", "b\n")
        with running(config):
            wanted = [(data / name).read_bytes() for name in ("a.log", "b.log")]
            waits(lambda wanted=wanted: sorted(shipped(gateway)) == wanted)
    assert len(gateway.payloads()) == 2


def test_the_place_in_a_log_moves_with_what_was_spooled_and_what_was_spooled_is_never_let_go_undelivered(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    """OpenTelemetry 31074 (loses with persistence on), 45120 (the checkpoint advances while the exporter is down)."""
    gateway.faults.extend(Fault(status=503, path="tails") for _ in range(20))
    config = a_config(tmp_path, gateway.url, folder_source(data))
    add(data / "a.log", "one\n")
    with running(config):
        waits(lambda: len(gateway.faults) < 18)
        add(data / "a.log", "two\n")
        (data / "a.log").rename(tmp_path / "gone")  # what was read is only in the spool now
        add(data / "a.log", "other\n")
        waits(lambda: b"other\n" in shipped(gateway) and any(one.startswith(b"one\n") for one in shipped(gateway)))


def test_rows_are_on_disk_before_they_are_gathered_into_batches(tmp_path: Path, gateway: GatewayDouble) -> None:
    """OpenTelemetry 37843: the batch processor in front of the queue loses its 30 s; 20552: no test proves that nothing is lost."""
    gateway.stop()
    config = a_config(tmp_path, gateway.url, f"{REPLAY}".replace("batch_s = 0.05", "batch_s = 0.01"))
    agent = agent_start(config)
    waits(lambda: (tmp_path / "agent.spool").exists() and _status(config)["queue_rows"] > 20)
    agent_kill(agent)
    spooled = _status(config)["queue_rows"]
    gateway.start()
    with running(config):
        waits(lambda: len(gateway.times()) >= len(WANTED))
    assert spooled > 20 and sorted(gateway.times()) == WANTED


def test_the_first_rows_of_an_outage_are_there_however_long_it_lasts(tmp_path: Path, gateway: GatewayDouble) -> None:
    """OpenTelemetry 48635: the first four hours of an outage are missing; its retries end after 300 s and drop the batch."""
    fast = REPLAY.replace("rows = 200", "rows = 20000").replace(
        "rate_hz = 100.0\nbatch_s = 0.05", "rate_hz = 1.0\nbatch_s = 60.0"
    )
    gateway.stop()
    config = a_config(tmp_path, gateway.url, f"{fast}\npaced = false")  # 5.5 hours of rows
    with running(config):
        waits(lambda: _status(config)["queue_rows"] >= 20_000 if (tmp_path / "agent.spool").exists() else False)
        gateway.start()
        waits(lambda: len(gateway.times()) >= 20_000)
    times = sorted(gateway.times())
    assert (len(times), len(set(times)), times[0]) == (20_000, 20_000, WANTED[0])


def test_many_files_at_once_are_all_found_without_events_of_the_system(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    """watchdog 1234 and 391: the watcher's buffer overflows and events are silently lost; ours looks for itself."""
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        waits(lambda: gateway.beats)
        for number in range(3000):
            (data / f"{number}.dat").write_text(str(number))
        eventually(lambda: len(shipped(gateway, "uploads", "done")) == 3000, within_s=60)


def test_a_folder_away_for_long_is_said_to_be_and_taken_up_again(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    """watchdog 1065 (the observer's thread dies when the share is away and never says so), 934 (a bogus "root deleted")."""
    with running(a_config(tmp_path, gateway.url, folder_source(data, close_after_s=1.0))):
        add(data / "a.log", "one\n")
        waits(lambda: shipped(gateway) == [b"one\n"])
        for _ in range(2):
            data.rename(tmp_path / "away")
            waits(lambda: gateway.beats[-1]["sources"][0]["state"] == "away")
            time.sleep(1.5)  # longer than files are followed
            (tmp_path / "away").rename(data)
            waits(lambda: gateway.beats[-1]["sources"][0]["state"] == "running")
        add(data / "a.log", "two\n")
        waits(lambda: shipped(gateway) == [b"one\ntwo\n"])
    assert len(gateway.payloads()) == 1, "nothing was taken for deleted or new"


def test_reading_a_file_is_no_change_of_it(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    """Anteumbra 27: the watcher reports reads as changes and excites itself."""
    (data / "a.dat").write_text("one")
    (data / "a.log").write_text("one\n")
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        waits(lambda: len(gateway.payloads()) == 2)
        asked = len([path for _, path in gateway.requests if path != "heartbeat"])
        for _ in range(5):
            (data / "a.dat").read_bytes()
            time.sleep(0.15)
        assert len([path for _, path in gateway.requests if path != "heartbeat"]) == asked


# -- what we promise on top: the instrument's files are read, never more --------------------------------------------------

WATCHED = """
import os, sys
data, opened = sys.argv[1], open(sys.argv[2], "a", buffering=1)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = ("os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.chmod", "os.chown", "os.truncate", "os.utime", "os.link", "os.symlink")
def hook(event, args):
    if event == "open" and isinstance(args[0], (str, bytes)) and os.fsdecode(args[0]).startswith(data):
        mode = args[1] or ""
        bad = bool((args[2] or 0) & WRITING) or any(c in mode for c in "wax+")
        opened.write(f"{'WRITE' if bad else 'read'} {args}\\n")
    elif event in CHANGES and any(isinstance(a, (str, bytes)) and os.fsdecode(a).startswith(data) for a in args):
        opened.write(f"WRITE {event} {args}\\n")
    elif event in ("fcntl.flock", "fcntl.lockf", "msvcrt.locking"):
        name = os.readlink(f"/proc/self/fd/{args[0] if isinstance(args[0], int) else args[0].fileno()}")
        opened.write(f"{'WRITE' if name.startswith(data) else 'lock elsewhere'} {event} {name}\\n")
sys.addaudithook(hook)
from ingest.agent.cli import main
sys.exit(main(["run", "--config", sys.argv[3]]))
"""


def test_no_file_of_the_instrument_is_ever_opened_for_writing_locked_or_changed(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    """Each opening, lock and change in the agent's process is written down by an audit hook of the interpreter."""
    config = a_config(tmp_path, gateway.url, folder_source(data, close_after_s=0.6))
    add(data / "a.log", "one\n")
    (data / "b.dat").write_bytes(b"x" * 3_000_000)
    (data / "c.dat").write_text("small")
    record = tmp_path / "opened"
    command = [sys.executable, "-c", WATCHED, str(data), str(record), str(config)]
    agent = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    try:
        waits(lambda: len(shipped(gateway, "uploads", "done")) == 2 and shipped(gateway) == [b"one\n"])
        (data / "a.log").rename(data / "a.log.1")
        add(data / "a.log", "two\n")
        waits(lambda: sorted(shipped(gateway, state="done")) == [b"one\n", b"two\n"])
    finally:
        agent.terminate()
        assert agent.wait(20) == 0
    lines = record.read_text().splitlines()
    assert [line for line in lines if line.startswith("WRITE")] == []
    assert sum(line.startswith("read") for line in lines) >= 4 and any("lock elsewhere" in line for line in lines)


def test_a_file_that_cannot_be_read_for_a_while_is_named_and_read_when_it_can_be(
    tmp_path: Path, data: Path, gateway: GatewayDouble
) -> None:
    """Locked by the instrument's program, or without rights: reported, tried again, others go on."""
    (data / "locked.dat").mkdir(mode=0o700)  # what the name stands for cannot be opened as a file
    (data / "free.dat").write_text("free")
    (data / "loop.log").symlink_to(data / "loop.log")
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        waits(lambda: shipped(gateway, "uploads", "done") == [b"free"])
        (data / "locked.dat").rmdir()
        (data / "locked.dat").write_text("open now")
        waits(lambda: sorted(shipped(gateway, "uploads", "done")) == [b"free", b"open now"])


def test_times_of_a_share_that_jump_ship_nothing_twice(tmp_path: Path, data: Path, gateway: GatewayDouble) -> None:
    """The clock of a file server an hour off, and back: sizes and contents decide."""
    (data / "a.dat").write_text("scan")
    add(data / "a.log", "one\n")
    with running(a_config(tmp_path, gateway.url, folder_source(data))):
        waits(lambda: len(gateway.payloads()) == 2)
        for hours in (1, -1, -20, 0):
            for name in ("a.dat", "a.log"):
                os.utime(data / name, times=(time.time(), time.time() + 3600 * hours))
            time.sleep(0.5)
        add(data / "a.log", "two\n")
        waits(lambda: shipped(gateway) == [b"one\ntwo\n"])
    assert len(gateway.payloads()) == 2
    assert (
        json.loads(agent_command("status", "--json", "--config", str(tmp_path / "agent.toml")).stdout)["rejected"] == []
    )


def test_a_source_of_rows_marks_its_birth_its_gap_and_its_death(tmp_path: Path, gateway: GatewayDouble) -> None:
    """Gaps and disconnects are data."""
    config = a_config(tmp_path, gateway.url, f"{SIMULATED}\nrate_hz = 20.0\nbatch_s = 0.1")
    agent = agent_start(config)
    waits(lambda: gateway.times())
    agent_kill(agent)
    time.sleep(2.5)
    with running(config):
        before = len(gateway.times())
        waits(lambda: len(gateway.times()) > before + 5)
    kinds = [event.kind for batch in gateway.batches() for event in batch.events]
    assert kinds.count("birth") == 2 and "gap" in kinds and kinds[-1] == "death"
    gap = next(e for b in gateway.batches() for e in b.events if e.kind == "gap")
    assert 2 < gap.value["seconds"] < 30
