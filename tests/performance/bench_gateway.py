"""Points through HTTP to durable: one sender, prepared batches, a real uvicorn server on the data folder."""

import http.client
import json
import random
import statistics
import time
from array import array
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from ingest.contract import Batch, Block, encode_batch
from ingest.gateway.models import Agent
from ingest.gateway.services import instrument_ensure
from ingest.gateway.tokens import secret_hash
from ingest.home import home
from tests.performance.gateway_server import GatewayServer

TOKEN = "bench-token"
CHANNELS = 32
START = 1_760_000_000_000_000_000


def prepared(count: int, rows: int, *, epoch: str, step_ns: int, historical: bool) -> list[bytes]:
    """`count` batches of 32 channels and `rows` rows, each channel with noise of its own, so that nothing compresses well."""
    batches, dice = [], random.Random(1)  # noqa: S311 - noise with a seed
    for sequence in range(count):
        first = START + sequence * rows * step_ns
        times = array("q", range(first, first + rows * step_ns, step_ns))
        columns = {
            f"channel_{c:02d}": array("d", (600 + c + dice.random() for _ in range(rows))) for c in range(CHANNELS)
        }
        batch = Batch(
            instrument="bench", source="bench", epoch=epoch, sequence=sequence, sent=first,
            historical=historical, blocks=(Block(times=times, channels=columns),),
        )  # fmt: skip
        batches.append(encode_batch(batch))
    return batches


def send(address: str, batches: Sequence[bytes]) -> tuple[float, list[float], int]:
    """Send all over one connection; (seconds, seconds of each, points acknowledged)."""
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
    taken, points, begun = [], 0, time.perf_counter()
    for data in batches:
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


def figures() -> Iterator[tuple[str, float, str]]:
    """Sustained points/s in large batches, small live batches/s and their latency."""
    instrument = instrument_ensure(slug="bench")
    Agent.objects.get_or_create(token_hash=secret_hash(TOKEN), defaults={"name": "bench", "instrument": instrument})
    server = GatewayServer(home())
    large = prepared(60, 2000, epoch="large", step_ns=1_000_000, historical=True)
    small = prepared(300, 1, epoch="small", step_ns=1_000_000_000, historical=False)
    server.start()
    try:
        send(server.address, prepared(2, 2000, epoch="warm", step_ns=1_000_000, historical=True))
        seconds, _, points = send(server.address, large)
        yield "gateway: points to durable, 1 sender, 32 channels x 2000 rows", points / seconds, "points/s"
        seconds, taken, _ = send(server.address, small)
        yield "gateway: live batches to durable, 1 sender, 32 channels x 1 row", len(small) / seconds, "batches/s"
        yield "gateway: live batch acknowledged, p50", statistics.median(taken) * 1000, "ms"
        yield "gateway: live batch acknowledged, p95", statistics.quantiles(taken, n=20)[-1] * 1000, "ms"
    finally:
        server.stop()
