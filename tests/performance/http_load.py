"""A load generator of a few lines: so many connections ask one after the other, as fast as they are answered.

It runs in a process of its own and does nothing but write a request and count the bytes of its answer, about 0.05 ms each; it
is a closed loop, so a stall of the server shows in the slowest requests, not in a growing queue.
`python -m tests.performance.http_load PORT CONNECTIONS SECONDS` reads paths from stdin, one a line, and asks them in turn.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What a run measured: requests a second, and seconds that half, 95 % and 99 % of them took at most."""

    per_s: float
    p50: float
    p95: float
    p99: float
    wrong: int


async def _connection(port: int, paths: Iterator[str], until: float, times: list[float], wrong: list[int]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    while (began := time.perf_counter()) < until:
        writer.write(f"GET {next(paths)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        size = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(size)
        times.append(time.perf_counter() - began)
        if b" 200 " not in head[:20]:
            wrong.append(1)
    writer.close()


async def _run(port: int, connections: int, seconds: float, paths: list[str]) -> Load:
    times: list[float] = []
    wrong: list[int] = []
    turn = itertools.cycle(paths)
    began = time.perf_counter()
    await asyncio.gather(*(_connection(port, turn, began + seconds, times, wrong) for _ in range(connections)))
    whole = time.perf_counter() - began
    times.sort()
    at = [times[min(len(times) - 1, int(len(times) * share))] for share in (0.5, 0.95, 0.99)]
    return Load(len(times) / whole, *at, len(wrong))


def main() -> None:
    """Run, and print what was measured as JSON."""
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    found = asyncio.run(_run(port, connections, seconds, sys.stdin.read().split("\n")))
    print(json.dumps(found.__dict__))


if __name__ == "__main__":
    main()
