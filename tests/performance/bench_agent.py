"""The agent against the real site: points/s from a source to durable, catching up after an outage, cost of a quiet day."""

import json
import os
import random
import tempfile
import threading
import time
from array import array
from collections.abc import Iterator
from pathlib import Path

import psutil

from ingest.agent.config import ServerSettings
from ingest.agent.sources.protocol import Frames
from ingest.agent.sources.simulated.machines import describe
from ingest.agent.spool import Spool
from ingest.agent.upload import Uploader
from ingest.agent.wire import Wire
from ingest.contract import Block
from tests.agent.agents import SIMULATED, a_config, agent_start, folder_source
from tests.agent.sites import Site

SECOND = 1_000_000_000
CHANNELS, DESCRIPTORS = describe("oxide_mbe").channels, describe("oxide_mbe").descriptors
ROWS = 2_000  # in one commit of the busy source
COMMITS = 100
OUTAGE_ROWS = 3_600  # one hour at 1 Hz, spooled row by row
QUIET_S = 30
FILES = 20_000


def figures() -> Iterator[tuple[str, float, str]]:
    """Start a site on the benchmark's data folder, and one agent after the other."""
    site = Site(Path(os.environ["LODESTONE_HOME"]))
    site.start()
    try:
        with tempfile.TemporaryDirectory(prefix="lodestone-bench-agent-") as place:
            server = ServerSettings(url=site.url, token=_token(site))
            yield from _busy(server, Path(place))
            yield from _catch_up(server, Path(place))
            yield from _quiet(site.url, server.secret(), Path(place))
            yield from _folder(site.url, server.secret(), Path(place) / "folder")
    finally:
        site.stop()


def _token(site: Site) -> str:
    wire = Wire(ServerSettings(url=site.url, token="none-needed"), None)
    token = str(wire.enrol(code=site.enrolment_code(), name="bench", host="bench")["token"])
    wire.close()
    return token


def _noise(rows: int) -> "dict[str, array[float]]":
    """Values that do not compress, as real ones hardly do."""
    draw = random.Random(1)  # noqa: S311 - noise
    return {name: array("d", (draw.gauss(20, 1) for _ in range(rows))) for name in CHANNELS}


def _block(first: int, values: "dict[str, array[float]]") -> Block:
    rows = len(values[CHANNELS[0]])
    return Block(times=array("q", (first + row * SECOND for row in range(rows))), channels=values)


class _Sender:
    """An uploader in a thread on a spool of its own."""

    def __init__(self, server: ServerSettings, path: Path) -> None:
        self.spool = Spool(path)
        self._stopping, self._wire = threading.Event(), Wire(server, server.secret())
        self.uploader = Uploader(self.spool, self._wire, retry_max_s=5, stopping=self._stopping)
        self._thread = threading.Thread(target=self.uploader.run)

    def start(self) -> None:
        self._thread.start()

    def empty(self) -> None:
        """Wait until all was answered for."""
        while self.spool.counts()[0]:
            time.sleep(0.005)

    def stop(self) -> None:
        self._stopping.set()
        self.spool.filled.set()
        self._thread.join()
        self._wire.close()
        self.spool.close()


def _busy(server: ServerSettings, place: Path) -> Iterator[tuple[str, float, str]]:
    sender = _Sender(server, place / "busy.spool")
    values = _noise(ROWS)
    start = time.time_ns() - COMMITS * ROWS * SECOND
    commits = [
        Frames((_block(start + at * ROWS * SECOND, values),), (), DESCRIPTORS if at == 0 else ())
        for at in range(COMMITS)
    ]
    sender.start()
    began = time.perf_counter()
    for one in commits:
        sender.spool.commit("busy", "mbe", [one], {"at": {"rows": ROWS}}, now=time.time_ns())
    sender.empty()
    took = time.perf_counter() - began
    sender.stop()
    yield "agent_to_durable_one_agent", COMMITS * ROWS * len(CHANNELS) / took, "points/s"


def _catch_up(server: ServerSettings, place: Path) -> Iterator[tuple[str, float, str]]:
    sender = _Sender(server, place / "outage.spool")
    values = _noise(1)
    start = time.time_ns() - OUTAGE_ROWS * SECOND
    began = time.perf_counter()
    for row in range(OUTAGE_ROWS):
        at = start + row * SECOND
        sender.spool.commit("outage", "mbe", [Frames((_block(at, values),))], {"at": {"row": row}}, now=at)
    yield "agent_spool_commits", OUTAGE_ROWS / (time.perf_counter() - began), "commits/s"
    began = time.perf_counter()
    sender.start()
    sender.empty()
    took = time.perf_counter() - began
    sender.stop()
    yield "agent_catch_up_after_an_outage", OUTAGE_ROWS * len(CHANNELS) / took, "points/s"


def _quiet(url: str, token: str, place: Path) -> Iterator[tuple[str, float, str]]:
    source = f"{SIMULATED}\nrate_hz = {60 / len(CHANNELS)}\nbatch_s = 1.0"
    config = a_config(place, url, source, token=token)
    config.write_text(config.read_text().replace("heartbeat_s = 0.5", "heartbeat_s = 15"))
    agent = agent_start(config)
    try:
        time.sleep(5)
        cpu, memory = _watched(psutil.Process(agent.pid))
        yield "agent_cpu_at_60_points_per_s", cpu, "% of a core"
        yield "agent_memory_at_60_points_per_s", memory, "MiB"
    finally:
        agent.terminate()
        agent.wait(20)


def _watched(process: psutil.Process) -> tuple[float, float]:
    """Share of a core over some time (%), and resident memory (MiB) at its end."""
    before, began = sum(process.cpu_times()[:2]), time.perf_counter()
    time.sleep(QUIET_S)
    cpu = (sum(process.cpu_times()[:2]) - before) / (time.perf_counter() - began)
    return 100 * cpu, process.memory_info().rss / 2**20


def _folder(url: str, token: str, place: Path) -> Iterator[tuple[str, float, str]]:
    """Small files until all are durable, then the same folder again and again with nothing new."""
    data = place / "data"
    for number in range(FILES):
        path = data / f"{number // 500:03d}" / f"scan-{number:05d}.dat"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d\n" % number * 100)
    config = a_config(place, url, folder_source(data, settle_s=1.0, rescan_s=1.0), token=token)
    config.write_text(config.read_text().replace("heartbeat_s = 0.5", "heartbeat_s = 15"))
    agent = agent_start(config)
    try:
        began = time.perf_counter()
        while not (queue := config.parent / "agent.spool.state.json").exists() or _shipped(queue) < FILES:
            time.sleep(0.5)
        yield "agent_small_files_to_durable", FILES / (time.perf_counter() - began), "files/s"
        cpu, memory = _watched(psutil.Process(agent.pid))
        yield "agent_cpu_watching_20000_files", cpu, "% of a core"
        yield "agent_memory_watching_20000_files", memory, "MiB"
        agent.terminate()
        agent.wait(20)
        agent = agent_start(config)
        time.sleep(10)
        yield (
            "agent_memory_watching_20000_files_after_a_restart",
            psutil.Process(agent.pid).memory_info().rss / 2**20,
            "MiB",
        )
    finally:
        agent.terminate()
        agent.wait(20)


def _shipped(state: Path) -> int:
    """Files that were delivered, by the agent's own word."""
    try:
        return int(json.loads(state.read_text())["metrics"]["files_sent"])
    except (OSError, ValueError, KeyError):
        return 0
