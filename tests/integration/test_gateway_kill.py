"""The server is killed in mid-stream, again and again; a sender that repeats what was not acknowledged loses and doubles nothing."""

import hashlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.builders.ingest import batch_bytes
from tests.performance.gateway_server import ROOT, GatewayServer

TOKEN = "kill-token"
SETUP = """
import django; django.setup()
from ingest.home import home_prepare; home_prepare()
from ingest.gateway.models import Agent
from ingest.gateway.services import instrument_ensure
from ingest.gateway.tokens import secret_hash
Agent.objects.create(name="a", instrument=instrument_ensure(slug="oxide-mbe"), token_hash=secret_hash("kill-token"))
"""
COUNT = """
import django; django.setup()
import json
from django.utils import timezone
from ingest.feeds.services import stages_drain
from ingest.gateway.models import Instrument
from ingest.stream.models import StreamEvent
from ingest.telemetry.reading import points_read
from ingest.telemetry.services import batches_compact
def count():
    points = points_read(instrument="oxide-mbe", channels=None, start_ns=None, end_ns=None)
    return {name: [len(series), len(set(series.times.tolist()))] for name, series in points.items()}
before = count()
stages_drain(only=["ingest.stream"])
while batches_compact(instrument=Instrument.objects.get(slug="oxide-mbe"), now=timezone.now(), force=True):
    pass
print(json.dumps({"before": before, "after": count(), "events": StreamEvent.objects.count()}))
"""


class Resending:
    """A client that repeats a request until it is answered, as the agent does."""

    def __init__(self, server: GatewayServer) -> None:
        self._server = server
        self.repeats = 0

    def call(self, method: str, path: str, data: bytes, **headers: str) -> dict[str, Any]:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/octet-stream"} | headers
            request = urllib.request.Request(self._server.address + path, data, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return dict(json.loads(answer.read()))
            except urllib.error.HTTPError as error:
                with error:
                    document = json.loads(error.read())
                if error.code < 500:
                    return dict(document)
            except (OSError, urllib.error.URLError, ValueError):
                pass
            self.repeats += 1
            time.sleep(0.02)
        raise TimeoutError(f"{method} {path} was not answered within two minutes")


def manage(home: Path, code: str) -> str:
    environment = {
        **os.environ,
        "LODESTONE_HOME": str(home),
        "LODESTONE_DATABASE_URL": "",
        "DJANGO_SETTINGS_MODULE": "deploy.config.settings",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GatewayServer]:
    manage(tmp_path, SETUP)
    server = GatewayServer(tmp_path)
    server.start()
    yield server
    server.kill()


class Killer(threading.Thread):
    """Kills the server at random moments and starts it again."""

    def __init__(self, server: GatewayServer, dice: random.Random, wanted: int) -> None:
        super().__init__(daemon=True)
        self._server, self._dice, self._wanted, self.kills = server, dice, wanted, 0
        self.failure: Exception | None = None

    def run(self) -> None:
        try:
            while self.kills < self._wanted:
                time.sleep(self._dice.uniform(0.05, 0.5))
                self._server.kill()
                self.kills += 1
                self._server.start()
        except Exception as error:
            self.failure = error


@pytest.mark.slow
def test_ten_kills_lose_and_double_no_row(server: GatewayServer) -> None:
    killer = Killer(server, random.Random(7), 10)  # noqa: S311 - a seed, so that a failure repeats
    client, sequence = Resending(server), 0
    rows = {"small": 5, "large": 7000}  # kept in the catalogue row, and as a segment
    sent: dict[str, int] = dict.fromkeys(rows, 0)
    killer.start()
    while killer.is_alive() or sequence < 40:
        source = "large" if sequence % 4 == 3 else "small"
        event = {"time": sequence, "kind": "message", "name": "n", "value": sequence}
        data = batch_bytes(sequence, rows=rows[source], source=source, events=(event,), start=1 + sequence * 10**13)
        answer = client.call("POST", "frames", data)
        assert answer.get("accepted"), answer
        sent[source] += 1
        sequence += 1
    killer.join()
    assert killer.failure is None
    assert killer.kills == 10
    assert client.repeats > 0
    expected = sum(count * rows[source] for source, count in sent.items())
    counted = json.loads(manage(server.home, COUNT))
    for when in ("before", "after"):  # [rows, different times] of each channel
        assert counted[when] == {name: [expected, expected] for name in ("ch00", "ch01", "ch02")}, when
    assert counted["events"] == sequence
    with sqlite3.connect(server.home / "lodestone.sqlite3") as database:
        [[batches, points]] = database.execute("SELECT count(*), sum(points) FROM ingest_framebatch")
    assert (batches, points) == (sequence, 3 * expected)


@pytest.mark.slow
def test_kills_in_an_upload_and_in_a_growing_log_change_no_byte(server: GatewayServer) -> None:
    dice = random.Random(3)  # noqa: S311 - a seed, so that a failure repeats
    data = dice.randbytes(3_000_000)
    killer, client = Killer(server, dice, 4), Resending(server)
    digest = hashlib.sha256(data).hexdigest()
    envelope = {"file_name": "f.bin", "size": len(data), "sha256": digest}
    tail = {"id": "tail-000001", "instrument": "oxide-mbe", "file_name": "g.log"}
    killer.start()
    files, offset = 0, 0
    lines = b"".join(b"%09d\n" % number for number in range(30_000))
    while killer.is_alive() or files == 0 or offset < len(lines):
        if offset < len(lines):
            at = client.call("POST", "tails", json.dumps(tail).encode())["offset"]
            piece = lines[at : at + 10_000]
            offset = client.call("PATCH", "tails/tail-000001", piece, **{"Upload-Offset": str(at)}).get("offset", at)
        upload = f"upload-{files:06d}"
        state = client.call("POST", "uploads", json.dumps({"id": upload} | envelope).encode())
        while state["state"] != "done":
            at = state["offset"]
            answer = client.call("PATCH", f"uploads/{upload}", data[at : at + 700_000], **{"Upload-Offset": str(at)})
            state = (
                answer
                if "state" in answer
                else client.call("POST", "uploads", json.dumps({"id": upload} | envelope).encode())
            )
        files += 1
    killer.join()
    assert killer.failure is None
    close = {"id": "tail-000001", "file_name": "g.log", "size": len(lines), "sha256": hashlib.sha256(lines).hexdigest()}
    assert client.call("POST", "tails/tail-000001/close", json.dumps(close).encode())["state"] == "done"
    with sqlite3.connect(server.home / "lodestone.sqlite3") as database:
        rows = database.execute("SELECT state, sha256, count(*) FROM ingest_receipt GROUP BY 1, 2").fetchall()
        [[told]] = database.execute("SELECT count(DISTINCT key) FROM ingest_feedevent WHERE feed = 'receipts'")
    assert sorted(rows) == sorted([("done", digest, files), ("done", close["sha256"], 1)])
    assert told == files + 1
    blob = server.home / "blobs" / digest[:2] / digest[2:4] / digest
    assert hashlib.sha256(blob.read_bytes()).hexdigest() == digest
    assert not list((server.home / "uploads").iterdir())
