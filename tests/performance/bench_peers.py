"""The same readings into Lodestone, InfluxDB and PostgreSQL, each until they are on disk, side by side in one run.

Every store gets prepared bodies over two connections, from this process, on the same cores. The rounds alternate, so that what
else the machine does meets all alike; the best round of each counts. Bare Parquet says what the disk format alone would take.
"""

import itertools
import os
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import numpy as np
import psycopg
from django.utils import timezone

from deploy.services import ServiceAbsent, postgresql
from ingest.contract import ZLIB, Codec, encode_batch
from ingest.gateway.models import Instrument
from ingest.home import home
from ingest.stream.services import stream_advance
from ingest.telemetry.codecs import ZSTD
from ingest.telemetry.models import Segment
from ingest.telemetry.services import GRACE, segments_merge
from tests.performance.bench_gateway import an_agent_enrolled, send_side_by_side
from tests.performance.gateway_server import GatewayServer
from tests.performance.influx_server import bodies_by_channel, bodies_by_row, influx_write, influxdb
from tests.performance.readings import CHANNELS, a_batch, readings

ROUNDS = 4
ROWS, BODIES = 8_000, 20  # of each of two senders
POINTS = 2 * BODIES * ROWS * CHANNELS
INFLUX_LINES = 5_000  # its own manual's advice
SINCE_2000 = 946_684_800_000_000  # microseconds from 1970 to PostgreSQL's zero of time


places = itertools.count()


class Store:
    """One way to make the readings durable: `write(round)` gives points/s."""

    def __init__(self, name: str, write: Callable[[int], float]) -> None:
        self.name, self.write, self.best = name, write, 0.0

    def turn(self, number: int) -> None:
        """One round."""
        self.best = max(self.best, self.write(number))


def _halves() -> list[tuple[np.ndarray, dict[str, np.ndarray]]]:
    times, columns = readings(2 * BODIES * ROWS)
    middle = BODIES * ROWS
    return [
        (times[part], {name: row[part] for name, row in columns.items()})
        for part in (slice(0, middle), slice(middle, None))
    ]


def _ours(server: GatewayServer, halves: list, codec: Codec | None) -> Callable[[int], float]:
    def write(number: int) -> float:
        sets = []
        later = (
            next(places) * 2 * BODIES * ROWS * 1_000_000
        )  # each round at a time of its own, so that none repeats another
        for at, (times, columns) in enumerate(halves):
            epoch = f"{codec.name if codec else 'plain'}-{number}-{at}"
            sets.append([])
            for sequence in range(BODIES):
                part = slice(sequence * ROWS, (sequence + 1) * ROWS)
                piece = {name: row[part] for name, row in columns.items()}
                batch = a_batch(times[part] + later, piece, epoch=epoch, sequence=sequence)
                sets[-1].append(encode_batch(batch, compress=codec is not None, codec=codec or ZLIB))
        return send_side_by_side(server.address, sets)

    return write


def _influx(port: int, name: str, sets: list[list[bytes]]) -> Callable[[int], float]:
    return lambda number: POINTS / influx_write(port, f"{name}{number}", sets)


def _copy_bodies(times: np.ndarray, columns: dict[str, np.ndarray]) -> list[bytes]:
    """Rows (time timestamptz, channel int2, value float8) in PostgreSQL's binary form, 8,000 rows of 32 channels a body."""
    row = np.dtype(
        [("n", ">i2"), ("lt", ">i4"), ("t", ">i8"), ("lc", ">i4"), ("c", ">i2"), ("lv", ">i4"), ("v", ">f8")]
    )
    bodies = []
    for at in range(0, len(times), ROWS):
        table = np.empty((ROWS, CHANNELS), row)
        table["n"], table["lt"], table["lc"], table["lv"] = 3, 8, 2, 8
        table["t"] = (times[at : at + ROWS] // 1000 - SINCE_2000)[:, None]
        table["c"] = np.arange(CHANNELS)
        table["v"] = np.stack([values[at : at + ROWS] for values in columns.values()], axis=1)
        bodies.append(b"PGCOPY\n\xff\r\n\0" + struct.pack(">ii", 0, 0) + table.tobytes() + struct.pack(">h", -1))
    return bodies


def _postgres(address: str, halves: list) -> Callable[[int], float]:
    sets = [_copy_bodies(times, columns) for times, columns in halves]

    def copy(connection: psycopg.Connection, table: str, bodies: list[bytes]) -> None:
        for body in bodies:
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copying:
                copying.write(body)
            connection.commit()

    def write(number: int) -> float:
        with ExitStack() as stack:
            links = [stack.enter_context(psycopg.connect(address)) for _ in sets]
            links[0].execute(f"CREATE TABLE p{number} (time timestamptz, channel int2, value float8)")
            links[0].commit()
            senders = [
                threading.Thread(target=copy, args=(link, f"p{number}", bodies))
                for link, bodies in zip(links, sets, strict=True)
            ]
            begun = time.perf_counter()
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
            seconds = time.perf_counter() - begun
            [[count]] = links[0].execute(f"SELECT count(*) FROM p{number}").fetchall()  # noqa: S608 - our own name
            if count != POINTS:
                raise RuntimeError(f"PostgreSQL holds {count} of {POINTS} rows")
            return POINTS / seconds

    return write


def _parquet(halves: list, folder: Path, *, dictionary: bool) -> Callable[[int], float]:
    """zstd Parquet of the same batches, one thread, each file synced; nothing else."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def write(number: int) -> float:
        begun = time.perf_counter()
        for times, columns in halves:
            for at in range(0, len(times), ROWS):
                arrays = [pa.array(times[at : at + ROWS]), *(pa.array(row[at : at + ROWS]) for row in columns.values())]
                path = folder / f"{dictionary}-{number}-{times[at]}.parquet"
                with path.open("wb") as file:
                    table = pa.Table.from_arrays(arrays, names=["time", *columns])
                    pq.write_table(table, file, compression="zstd", use_dictionary=dictionary)
                    file.flush()
                    os.fsync(file.fileno())
        return POINTS / (time.perf_counter() - begun)

    return write


def _settle() -> tuple[float, float]:
    """What the background makes of one round's segments: (points/s of merging, bytes/point afterwards)."""
    instrument = Instrument.objects.get(slug="bench")
    while stream_advance(instrument=instrument):
        pass
    later, begun = timezone.now() + GRACE + timedelta(minutes=1), time.perf_counter()
    merged = sum(iter(lambda: segments_merge(instrument=instrument, now=later), 0))
    seconds = time.perf_counter() - begun
    rows = Segment.objects.filter(retired=None).values_list("points", "size")
    points = sum(row[0] for row in rows)
    return (points / seconds if merged else 0.0), sum(row[1] for row in rows) / points


def figures() -> Iterator[tuple[str, float, str]]:
    """Points/s of each store, ours over the best peer, ours over bare Parquet, bytes/point."""
    an_agent_enrolled()
    halves = _halves()
    server = GatewayServer(home())
    with ExitStack() as stack:
        server.start()
        stack.callback(server.stop)
        ours = [Store(f"Lodestone, {codec.name if codec else 'not compressed'}", _ours(server, halves, codec))
                for codec in (ZLIB, ZSTD, None)]  # fmt: skip
        peers = []
        try:
            port = stack.enter_context(influxdb())
            by_row = [bodies_by_row(*half, INFLUX_LINES) for half in halves]
            by_channel = [bodies_by_channel(*half, INFLUX_LINES * 4) for half in halves]
            peers += [
                Store("InfluxDB 1.6, 32 fields a line", _influx(port, "rows", by_row)),
                Store("InfluxDB 1.6, one line a channel", _influx(port, "lines", by_channel)),
            ]
        except ServiceAbsent as reason:
            print(f"bench_peers: without InfluxDB: {reason}", file=sys.stderr)
        try:
            address = stack.enter_context(postgresql(durable=True))
            peers.append(Store("PostgreSQL, binary COPY of (time, channel, value)", _postgres(address, halves)))
        except ServiceAbsent as reason:
            print(f"bench_peers: without PostgreSQL: {reason}", file=sys.stderr)
        bare = [Store(f"bare zstd Parquet, 1 thread, {'with' if dictionary else 'without'} dictionary",
                      _parquet(halves, home(), dictionary=dictionary)) for dictionary in (True, False)]  # fmt: skip
        stores = [*ours, *peers, *bare]
        for number in range(ROUNDS):
            for store in stores:
                store.turn(number)
        for store in stores:
            yield f"peers: {store.name}, best of {ROUNDS}", store.best, "points/s"
        usual = ours[0].best
        if peers:
            yield "peers: Lodestone (zlib) over the best peer", usual / max(peer.best for peer in peers), "x"
        for store in bare:
            yield f"peers: Lodestone (zlib) over {store.name}", usual / store.best, "x"
        yield "peers: Lodestone, fresh segments", _bytes_per_point(), "bytes/point"
        speed, size = _settle()
        yield "peers: Lodestone, merging into settled segments", speed, "points/s"
        yield "peers: Lodestone, settled segments", size, "bytes/point"


def _bytes_per_point() -> float:
    rows = Segment.objects.values_list("points", "size")
    return sum(row[1] for row in rows) / sum(row[0] for row in rows)
