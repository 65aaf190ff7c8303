"""Points through HTTP to durable: prepared batches, a real uvicorn server on the data folder, senders in this process."""

import http.client
import json
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from ingest.contract import ZLIB, Codec, encode_batch
from ingest.gateway.models import Agent
from ingest.gateway.services import instrument_ensure
from ingest.gateway.tokens import secret_hash
from ingest.home import home
from ingest.telemetry.codecs import ZSTD
from tests.performance.gateway_server import GatewayServer
from tests.performance.readings import batches

TOKEN = "bench-token"
ROWS, COUNT = 8_000, 24  # 32 channels x 8,000 rows = 2 MiB, what an agent sends at once when it catches up


def an_agent_enrolled() -> None:
    """The agent whose token the senders use."""
    instrument = instrument_ensure(slug="bench")
    Agent.objects.get_or_create(token_hash=secret_hash(TOKEN), defaults={"name": "bench", "instrument": instrument})


def prepared(
    count: int, rows: int, *, epoch: str, step_ns: int = 1_000_000, historical: bool = True, codec: Codec | None = ZLIB
) -> list[bytes]:
    """`count` bodies of 32 channels and `rows` rows."""
    made = batches(count, rows, epoch=epoch, step_ns=step_ns, historical=historical)
    return [encode_batch(batch, compress=codec is not None, codec=codec or ZLIB) for batch in made]


def send(address: str, bodies: Sequence[bytes]) -> tuple[float, list[float], int]:
    """Send all over one connection; (seconds, seconds of each, points acknowledged)."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    taken, points, begun = [], 0, time.perf_counter()
    for data in bodies:
        asked = time.perf_counter()
        connection.request("POST", "/ingest/api/v1/frames", data, {"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        document = json.loads(answer.read())
        if answer.status != 200 or document["duplicate"]:
            raise RuntimeError(f"refused: {answer.status} {document}")
        points += document["points"]
        taken.append(time.perf_counter() - asked)
    seconds = time.perf_counter() - begun
    connection.close()
    return seconds, taken, points


def send_side_by_side(address: str, sets: Sequence[Sequence[bytes]]) -> float:
    """One sender for each set, at once; points/s from the first byte to the last answer."""
    points: list[int] = []
    senders = [threading.Thread(target=lambda own=bodies: points.append(send(address, own)[2])) for bodies in sets]
    begun = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if len(points) < len(sets):
        raise RuntimeError("a sender failed; its traceback is above")
    return sum(points) / (time.perf_counter() - begun)


def figures() -> Iterator[tuple[str, float, str]]:
    """Sustained points/s in large batches by codec, small live batches/s and their latency."""
    an_agent_enrolled()
    server = GatewayServer(home())
    small = prepared(300, 1, epoch="small", step_ns=1_000_000_000, historical=False)
    server.start()
    try:
        send(server.address, prepared(4, ROWS, epoch="warm"))
        seconds, _, points = send(server.address, prepared(COUNT, ROWS, epoch="one"))
        yield "gateway: points to durable, 1 sender, zlib, 32 channels x 8000 rows", points / seconds, "points/s"
        for codec in (ZLIB, ZSTD, None):
            name = codec.name if codec else "not compressed"
            sets = [prepared(COUNT, ROWS, epoch=f"{name}-{at}", codec=codec) for at in range(2)]
            rate = send_side_by_side(server.address, sets)
            yield f"gateway: points to durable, 2 senders, {name}", rate, "points/s"
            size = sum(len(body) for bodies in sets for body in bodies) / (2 * COUNT * ROWS * 32)
            yield f"gateway: on the wire, {name}", size, "bytes/point"
        seconds, taken, _ = send(server.address, small)
        yield "gateway: live batches to durable, 1 sender, 32 channels x 1 row", len(small) / seconds, "batches/s"
        yield "gateway: live batch acknowledged, p50", statistics.median(taken) * 1000, "ms"
        yield "gateway: live batch acknowledged, p95", statistics.quantiles(taken, n=20)[-1] * 1000, "ms"
    finally:
        server.stop()
