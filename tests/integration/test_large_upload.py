"""A file of many gigabytes: killed in the middle it goes on where it stopped, and the server's memory does not grow with it.

The short form sends 200 MB; LODESTONE_TEST_UPLOAD_GB=3 sends as much as one wishes to wait for.
"""

import hashlib
import http.client
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.integration.test_gateway_kill import SETUP, TOKEN, manage
from tests.performance.gateway_server import GatewayServer

pytestmark = pytest.mark.slow
SIZE = int(float(os.environ.get("LODESTONE_TEST_UPLOAD_GB", "0.2")) * 1e9)
PIECE = 8 * 2**20
GROWTH = 80 * 2**20  # of memory: a few pieces on their way, however large the file is


def piece(at: int) -> bytes:
    """The bytes from `at` on: the same ones whenever they are asked for, without a file to keep them."""
    return random.Random(at).randbytes(min(PIECE, SIZE - at))  # noqa: S311 - noise with a seed


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GatewayServer]:
    manage(tmp_path, SETUP)
    server = GatewayServer(tmp_path)
    server.start()
    yield server
    server.kill()


class Client:
    """One connection that is opened again after a kill."""

    def __init__(self, server: GatewayServer) -> None:
        self._where = urlsplit(server.address).netloc
        self._connection = http.client.HTTPConnection(self._where, timeout=120)

    def close(self) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: bytes, **headers: str) -> dict[str, Any]:
        self._connection.request(
            method, f"/ingest/api/v1/{path}", body, {"Authorization": f"Bearer {TOKEN}", **headers}
        )
        answer = self._connection.getresponse()
        document = dict(json.loads(answer.read()))
        assert answer.status == 200, document
        return document


def test_a_large_file_goes_on_after_a_kill_in_constant_memory(server: GatewayServer) -> None:
    digest = hashlib.sha256()
    for at in range(0, SIZE, PIECE):
        digest.update(piece(at))
    envelope = {"id": "large-file-1", "file_name": "stack.tif", "size": SIZE, "sha256": digest.hexdigest()}
    client, killed, most, least = Client(server), 0, 0, 2**62
    state = client.call("POST", "uploads", json.dumps(envelope).encode())
    while state["state"] != "done":
        at = int(state["offset"])
        assert at % PIECE == 0
        if at >= SIZE // 3 and not killed:
            killed += 1
            server.kill()
            server.start()
            client.close()
            client = Client(server)
            state = client.call("POST", "uploads", json.dumps(envelope).encode())
            assert state["offset"] == at, "what was answered for is still there"
            least = 2**62  # a new process
            continue
        state = client.call("PATCH", "uploads/large-file-1", piece(at), **{"Upload-Offset": str(at)})
        memory = psutil.Process(server.pid).memory_info().rss
        least, most = min(least, memory), max(most, memory - min(least, memory))
    client.close()
    assert killed == 1
    assert state["receipt"] == "large-file-1"
    assert most < GROWTH
    blob = server.home / "blobs" / envelope["sha256"][:2] / envelope["sha256"][2:4] / envelope["sha256"]
    with blob.open("rb") as file:
        assert hashlib.file_digest(file, "sha256").hexdigest() == envelope["sha256"]
