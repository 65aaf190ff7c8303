"""Real logs of real machines written again with every mischief; at the end the server holds what was written, exactly."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.agent.agents import ROOT, a_config, eventually, folder_source, running
from tests.agent.gateway_double import GatewayDouble
from tests.agent.test_folder import shipped
from tests.replay.replayer import MISCHIEF, Replayer

LOGS = (
    "growth-mbe/pdi-mbe8-epic/Sub.PID.MV.txt",
    "growth-mbe/pdi-mbe8-epic/Messages.txt",
    "growth-pld/ikz-pld/26042023_1630-STO-SAO-STO-Alev.dlog",
    "growth-pvd-evaporation/hzb-unold-pvdp/hzb-unold-lab_pvdp-2135.tsv",
    "growth-sputter/dtu-lesker/anait_0034_Ba-Zr_RecordingSet 2025.07.07-15.31.01.CSV",
)


def read_again(gateway: GatewayDouble, written: dict[str, list[bytes]]) -> bool:
    """Whether the server holds exactly what was written, each file once."""
    whole = Counter(one for generations in written.values() for one in generations)
    return Counter(shipped(gateway) + shipped(gateway, "uploads")) == whole


def arrived(gateway: GatewayDouble, written: dict[str, list[bytes]]) -> None:
    """Wait until every byte was read, unfinished last lines too."""
    try:
        eventually(lambda: read_again(gateway, written), within_s=30)
    except AssertionError:
        whole = Counter(one for generations in written.values() for one in generations)
        there = Counter(shipped(gateway) + shipped(gateway, "uploads"))
        lost = [f"{len(one)} bytes from {one[:60]!r}" for one in (whole - there).elements()]
        more = [f"{len(one)} bytes from {one[:60]!r}" for one in (there - whole).elements()]
        pytest.fail(f"not at the server: {lost}; at the server, but never written so: {more}")


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_real_logs_arrive_byte_for_byte_whatever_is_done_to_their_files(
    tmp_path: Path, gateway: GatewayDouble, shared: Path, seed: int
) -> None:
    contents = [(Path(name).name, (shared / "instruments" / name).read_bytes()[:60_000]) for name in LOGS]
    data = tmp_path / "data"
    data.mkdir()
    follow = [f"{name}*" for name, _ in contents]
    source = folder_source(data, follow=follow, rescan_s=0.02, line_wait_s=0.3, max_piece_bytes=8192)
    replayer = Replayer(
        data, contents, speed=4000, seed=seed, every=6, settled=lambda written: arrived(gateway, written)
    )
    with running(a_config(tmp_path, gateway.url, source)):
        replayer.run()
        arrived(gateway, replayer.written())
    assert all(replayer.done[kind] for kind in MISCHIEF), f"the seed must do everything once: {replayer.done}"
    assert sum(map(len, replayer.written()["Messages.txt"])) >= len(dict(contents)["Messages.txt"])


def test_the_command_writes_what_it_is_given(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"".join(b"%d\t%d\r\n" % (row, row * row) for row in range(3000)))
    command = [sys.executable, "-m", "tests.replay", str(tmp_path / "out"), str(log), "--speed", "1e6"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert (tmp_path / "out" / "a.log").read_bytes() == log.read_bytes()
    assert f"a.log: {log.stat().st_size} bytes in 1 files" in done.stdout
