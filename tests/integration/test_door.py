"""The front door for batches of a real server: the same answers as the rest of the wire, a bounded queue, nothing lost behind it."""

import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ingest.contract import encode_batch
from ingest.telemetry.codecs import ZSTD
from tests.builders.ingest import a_batch, batch_bytes
from tests.integration.test_gateway_kill import COUNT, SETUP, TOKEN, manage
from tests.performance.gateway_server import GatewayServer

pytestmark = pytest.mark.slow
QUEUE = 40_000  # bytes that may wait; a batch of the test has about half of it
SENDERS, BATCHES, ROWS = 8, 12, 300


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayServer]:
    home: Path = tmp_path_factory.mktemp("door")
    manage(home, SETUP)
    server = GatewayServer(home, LODESTONE_INGEST_MAX_QUEUE_BYTES=str(QUEUE))
    server.start()
    yield server
    server.stop()


def post(server: GatewayServer, data: bytes, *, token: str = TOKEN) -> tuple[int, dict[str, str], dict[str, Any]]:
    connection = http.client.HTTPConnection(urlsplit(server.address).netloc, timeout=60)
    connection.request("POST", "/ingest/api/v1/frames", data, {"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    document = json.loads(answer.read())
    connection.close()
    return answer.status, {key.lower(): value for key, value in answer.getheaders()}, document


def raw(server: GatewayServer, head: str, body: bytes) -> bytes:
    """The first bytes of the answer to a request that http.client would not write."""
    where = urlsplit(server.address)
    with socket.create_connection((where.hostname, where.port), 20) as connection:
        start = f"POST /ingest/api/v1/frames HTTP/1.1\r\nHost: {where.netloc}\r\nAuthorization: Bearer {TOKEN}\r\n"
        connection.sendall(f"{start}{head}\r\n\r\n".encode() + body)
        return connection.recv(4096)


def test_the_door_answers_as_the_rest_of_the_wire_does(server: GatewayServer) -> None:
    body = batch_bytes(0, source="door")
    assert post(server, body)[0] == 200
    assert post(server, body)[2]["duplicate"] is True
    status, headers, problem = post(server, body, token="wrong")
    assert (status, problem["code"], headers["content-type"]) == (401, "not_authorised", "application/problem+json")
    assert headers["www-authenticate"] == "Bearer"
    assert (post(server, b"nonsense")[0], post(server, b"nonsense")[2]["code"]) == (400, "bad_batch")


def test_a_batch_may_be_packed_with_zstd(server: GatewayServer) -> None:
    status, _, answer = post(server, encode_batch(a_batch(0, source="zstd", rows=50), codec=ZSTD))
    assert (status, answer["points"]) == (200, 150)


def test_a_body_over_the_limit_is_refused_before_it_is_read(server: GatewayServer) -> None:
    assert b" 413 " in raw(server, f"Content-Length: {65 * 2**20}", b"")[:20]


def test_a_body_in_chunks_of_unknown_length_is_taken(server: GatewayServer) -> None:
    body = batch_bytes(0, source="chunked")
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:100], body[100:])) + b"0\r\n\r\n"
    assert b" 200 " in raw(server, "Transfer-Encoding: chunked", chunks)[:20]


class Sender(threading.Thread):
    """Sends its batches, waits as it is told and repeats; `answers` counts the statuses it got."""

    def __init__(self, server: GatewayServer, name: str) -> None:
        super().__init__(daemon=True)
        self._server, self._source, self.answers, self.waits = server, name, Counter[int](), list[int]()

    def run(self) -> None:
        for sequence in range(BATCHES):
            data = encode_batch(a_batch(sequence, source=self._source, rows=ROWS, channels=8), compress=False)
            assert len(data) < QUEUE
            while True:
                status, headers, _ = post(self._server, data)
                self.answers[status] += 1
                if status == 200:
                    break
                self.waits.append(int(headers["retry-after"]))
                time.sleep(0.05)  # sooner than asked, so that the queue stays full


def test_more_senders_than_the_queue_holds_are_told_to_wait_and_lose_nothing(server: GatewayServer) -> None:
    senders = [Sender(server, f"sender-{at}") for at in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(120)
    answers = sum((sender.answers for sender in senders), Counter[int]())
    assert set(answers) == {200, 429}
    assert answers[200] == SENDERS * BATCHES
    assert all(seconds > 0 for sender in senders for seconds in sender.waits)
    counted = json.loads(manage(server.home, COUNT))
    assert counted["before"]["ch07"][0] == SENDERS * BATCHES * ROWS
    assert counted["after"] == counted["before"]
