"""Spools that are hurt: a torn page, a disk that is really full, a week without the server."""

import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ingest.agent.config import ServerSettings
from ingest.agent.errors import SpoolCorrupt
from ingest.agent.sources.protocol import Frames
from ingest.agent.spool import Spool
from ingest.agent.upload import Uploader
from ingest.agent.wire import Wire
from ingest.contract import Block
from tests.agent.agents import a_config, agent_kill, agent_start, eventually, folder_source
from tests.agent.gateway_double import GatewayDouble

PAGE = 4096
WEEK_ROWS = 7 * 86400
CHANNELS = tuple(f"ch{number:02d}" for number in range(60))


def torn_page(seed: int) -> dict[str, int]:
    """Rows spooled, the agent gone, one page of its file filled with noise or cut off; the next agent sends what it can read.

    Counts: rows spooled, arrived, lost (all that a page can hold), doubled, and whether damage was noticed at all.
    """
    draw = random.Random(seed)  # noqa: S311 - a place to hurt
    with tempfile.TemporaryDirectory(prefix="lodestone-torn-") as folder:
        place = Path(folder)
        spool, now = Spool(place / "agent.spool"), time.time_ns()
        rows = 400
        for row in range(rows):
            block = Block(times=array("q", [now + row]), channels={"T": array("d", [row]), "p": array("d", [-row])})
            spool.commit("machine", "mbe", [Frames((block,))], {"at": {"row": row}}, now=now)
        numbered = draw.random() < 0.5 and spool.claim(now=now)
        spool.close()
        path = place / "agent.spool"
        page = draw.randrange(path.stat().st_size // PAGE)
        with path.open("r+b") as file:
            if draw.random() < 0.3:
                file.truncate(path.stat().st_size - draw.randrange(1, PAGE))
            else:
                file.seek(page * PAGE)
                file.write(draw.randbytes(PAGE))
        with _gateway(place) as gateway:
            sent = _drained(path, gateway)
            times = gateway.times()
        found = len(set(times))
        return {
            "spooled": rows,
            "found": found,
            "lost": rows - found,
            "doubled": len(times) - found,
            "noticed": sent,
            "numbered": bool(numbered),
        }


def _drained(path: Path, gateway: GatewayDouble) -> int:
    """Open the hurt spool as the agent does, send all it holds; how many spools were moved aside."""
    suspect = 0
    while True:
        spool = None
        try:
            spool = Spool(path, suspect=suspect)
            wire = Wire(ServerSettings(url=gateway.url, token=gateway.token), gateway.token)
            Uploader(spool, wire, retry_max_s=0.1, stopping=threading.Event()).drain(limit_s=30)
            wire.close()
            break
        except SpoolCorrupt:
            suspect += 1
        finally:
            if spool is not None:
                spool.close()
    return len([one for one in path.parent.glob("agent.spool.damaged-*") if not one.name.endswith(("-wal", "-shm"))])


@contextmanager
def _gateway(place: Path) -> Iterator[GatewayDouble]:
    folder = place / "server"
    folder.mkdir()
    gateway = GatewayDouble(folder).start()
    try:
        yield gateway
    finally:
        gateway.stop()


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[Path]:
    """A file system of its own that is really full soon. Raises PermissionError where none can be mounted."""
    place.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(place)], capture_output=True, check=False
    )
    if done.returncode:
        raise PermissionError(f"no small file system can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=False)


def full_disk() -> dict[str, Any]:
    """A log of 24 MB, a spool on a disk of 16 MB, no server; then kill -9, then the server comes: every line is there once."""
    with tempfile.TemporaryDirectory(prefix="lodestone-full-") as folder:
        place = Path(folder)
        data = place / "data"
        data.mkdir()
        lines = b"".join(b"%07d\t%s\n" % (row, os.urandom(112).hex().encode()) for row in range(100_000))
        (data / "long.log").write_bytes(lines)
        with small_disk(place / "disk", "16m") as disk, _gateway(place) as gateway:
            gateway.stop()
            config = a_config(place, gateway.url, folder_source(data, max_piece_bytes=30_000))
            config.write_text(config.read_text().replace("[spool]", f'[spool]\npath = "{disk}/agent.spool"'))
            agent = agent_start(config)
            try:
                eventually(lambda: b"PAUSED" in config.with_suffix(".log").read_bytes(), within_s=60)
                free = os.statvfs(disk).f_bavail * PAGE
                agent_kill(agent)
                agent = agent_start(config)
                time.sleep(1)
                gateway.start()
                eventually(lambda: [one["data"] for one in gateway.payloads().values()] == [lines], within_s=120)
            finally:
                with suppress(ProcessLookupError):
                    agent.terminate()
                agent.wait(30)
            (arrived,) = (one["data"] for one in gateway.payloads().values())
            return {"lines": 100_000, "arrived": arrived.count(b"\n"), "free_when_full": free, "same": arrived == lines}


def week(url: str, token: str, place: Path, *, rows: int = WEEK_ROWS) -> dict[str, float]:
    """A row of 60 channels each second for `rows` seconds without a server, spooled a minute at a time; then catching up."""
    spool, draw = Spool(place / "week.spool"), random.Random(3)  # noqa: S311 - values
    minute = [array("d", (draw.gauss(20, 1) for _ in range(60))) for _ in CHANNELS]
    start, began = time.time_ns() - rows * 10**9, time.perf_counter()
    for first in range(0, rows, 60):
        count = min(60, rows - first)
        times = array("q", (start + (first + row) * 10**9 for row in range(count)))
        block = Block(
            times=times, channels={name: column[:count] for name, column in zip(CHANNELS, minute, strict=True)}
        )
        spool.commit("week", "mbe", [Frames((block,))], {"at": {"row": first}}, now=int(times[-1]))
    spooled, size = time.perf_counter() - began, sum(one.stat().st_size for one in place.glob("week.spool*"))
    wire = Wire(ServerSettings(url=url, token=token), token)
    uploader = Uploader(spool, wire, retry_max_s=5, stopping=threading.Event())
    began = time.perf_counter()
    while spool.counts()[0]:
        uploader.step()
    took, points = time.perf_counter() - began, rows * len(CHANNELS)
    spool.shrink()
    left = sum(one.stat().st_size for one in place.glob("week.spool*"))
    wire.close()
    spool.close()
    return {
        "points": points,
        "spool_s": spooled,
        "spool_mb": size / 1e6,
        "bytes_per_point": size / points,
        "catch_up_s": took,
        "points_per_s": points / took,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "left_mb": left / 1e6,
    }


def main() -> int:
    """`python -m tests.torture.spools URL TOKEN PLACE ROWS`: the week in a process of its own, for its memory."""
    url, token, place, rows = sys.argv[1:]
    print(json.dumps(week(url, token, Path(place), rows=int(rows))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
