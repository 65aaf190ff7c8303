"""Twenty machines of 60 points/s each against `manage.py up`, four of them watched: how soon a value is seen, what the server takes."""

import http.client
import json
import os
import random
import statistics
import threading
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from ingest.contract import Batch, Block, Descriptor, encode_batch
from tests.agent.sites import Site

MACHINES, CHANNELS, ROWS = 20, 12, 5  # each sends 12 x 5 values once a second
WATCHED = 4
WARM_S, MEASURED_S = 15, 60
PREPARE = f"""
from django.test import Client
from eln.models import User
from ingest.gateway.models import Agent
from ingest.gateway.services import instrument_ensure
from ingest.gateway.tokens import secret_hash
for at in range({MACHINES}):
    machine = instrument_ensure(slug=f"machine-{{at}}")
    Agent.objects.create(name=f"pc-{{at}}", instrument=machine, token_hash=secret_hash(f"token-{{at}}"))
client = Client()
client.force_login(User.objects.create(username="watcher", is_superuser=True, is_staff=True))
print(client.cookies["sessionid"].value)
"""


class Machine(threading.Thread):
    """Sends a batch a second over one connection, as an agent does; `taken` holds the seconds until each was durable."""

    def __init__(self, netloc: str, number: int, until: float) -> None:
        super().__init__(daemon=True)
        self._netloc, self._number, self._until = netloc, number, until
        self._dice = random.Random(number)  # noqa: S311 - noise
        self.taken: list[tuple[float, float]] = []
        self.faults: list[str] = []

    def _batch(self, sequence: int) -> bytes:
        now = time.time_ns()
        times = array("q", (now - (ROWS - 1 - row) * 10**9 // ROWS for row in range(ROWS)))
        names = [f"channel_{at:02d}" for at in range(CHANNELS)]
        columns = {
            name: array("d", (600 + at + self._dice.gauss(0, 0.1) for _ in times)) for at, name in enumerate(names)
        }
        return encode_batch(
            Batch(
                instrument=f"machine-{self._number}", source="m", epoch="e", sequence=sequence, sent=now,
                descriptors=tuple(Descriptor(name=name, unit="degC") for name in names) if sequence == 0 else (),
                blocks=(Block(times=times, channels=columns),),
            )
        )  # fmt: skip

    def run(self) -> None:
        connection = http.client.HTTPConnection(self._netloc, timeout=30)
        sequence, due = 0, time.monotonic() + self._number / MACHINES
        while due < self._until:
            time.sleep(max(0.0, due - time.monotonic()))
            begun, headers = time.perf_counter(), {"Authorization": f"Bearer token-{self._number}"}
            connection.request("POST", "/ingest/api/v1/frames", self._batch(sequence), headers)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 200:
                self.faults.append(f"{answer.status} {said[:200]!r}")
            self.taken.append((time.monotonic(), time.perf_counter() - begun))
            sequence, due = sequence + 1, due + 1.0


class Watcher(threading.Thread):
    """A live page: reads the server-sent events; `ages` holds how old the newest value of each message was when it was seen."""

    def __init__(self, netloc: str, number: int, session: str, until: float) -> None:
        super().__init__(daemon=True)
        self._where = (netloc, f"/instruments/machine-{number}/stream/", {"Cookie": f"sessionid={session}"})
        self._until = until
        self.ages: list[tuple[float, float]] = []

    def run(self) -> None:
        netloc, path, headers = self._where
        connection = http.client.HTTPConnection(netloc, timeout=30)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"the live page's stream answers {answer.status}")
        while time.monotonic() < self._until:
            line = answer.readline()
            if line.startswith(b"data: "):
                series = json.loads(line[6:]).get("series", [])
                if series:
                    newest = max(one["x"][-1] for one in series)
                    self.ages.append((time.monotonic(), time.time() - newest))
        connection.close()


def _cpu(process: psutil.Process) -> float:
    """Seconds of processor time of a process and its children so far."""
    every = [process, *process.children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in every)


def figures() -> Iterator[tuple[str, float, str]]:
    """Seconds until a value is durable and seen, share of the machine."""
    site = Site(Path(os.environ["LODESTONE_HOME"]))
    site.start()
    try:
        session, netloc = site.ask(PREPARE), urlsplit(site.url).netloc
        until = time.monotonic() + WARM_S + MEASURED_S
        machines = [Machine(netloc, at, until) for at in range(MACHINES)]
        watchers = [Watcher(netloc, at, session, until) for at in range(WATCHED)]
        for one in (*machines, *watchers):
            one.start()
        assert site.process is not None
        process = psutil.Process(site.process.pid)
        time.sleep(WARM_S)
        since, before = time.monotonic(), _cpu(process)
        time.sleep(MEASURED_S - 1)
        cpu = (_cpu(process) - before) / (time.monotonic() - since)
        for one in (*machines, *watchers):
            one.join(30)
        faults = [fault for machine in machines for fault in machine.faults]
        if faults:
            raise RuntimeError(f"{len(faults)} batches were refused: {faults[0]}")
        ages = [age for watcher in watchers for when, age in watcher.ages if when > since]
        taken = [seconds for machine in machines for when, seconds in machine.taken if when > since]
        yield "live: 20 machines x 60 points/s, value durable, p95", statistics.quantiles(taken, n=20)[-1], "s"
        yield "live: value seen on the page, p50", statistics.median(ages), "s"
        yield "live: value seen on the page, p95", statistics.quantiles(ages, n=20)[-1], "s"
        yield "live: value seen on the page, slowest", max(ages), "s"
        yield "live: the server", 100 * cpu / (os.cpu_count() or 1), "% of the machine"
        yield "live: memory of the server", process.memory_info().rss / 2**20, "MiB"
    finally:
        site.stop()
