"""InfluxDB 1.6 of Debian as a peer in benchmarks: a private server on loopback in a temporary folder, which reports to nobody."""

import contextlib
import http.client
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from deploy.services import ServiceAbsent, free_port, listens, wait_for

CONFIG = """
reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{folder}/meta"
  logging-enabled = false
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  wal-fsync-delay = "0s"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
  max-body-size = 0
[subscriber]
  enabled = false
[continuous_queries]
  enabled = false
"""


def _program() -> str:
    found = shutil.which("influxd")
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-q", "influxdb"], capture_output=True, check=False)
        found = shutil.which("influxd")
    if found is None:
        raise ServiceAbsent("influxd is not installed (Debian package influxdb)")
    return found


@contextlib.contextmanager
def influxdb() -> Iterator[int]:
    """A fresh server whose writes are synced before they are answered, as by default; gives its port. Raises ServiceAbsent."""
    program, port = _program(), free_port()
    with tempfile.TemporaryDirectory(prefix="lodestone-influx-", ignore_cleanup_errors=True) as folder:
        config = Path(folder, "influxdb.conf")
        config.write_text(CONFIG.format(folder=folder, port=port, rpc=free_port()))
        with Path(folder, "log").open("wb") as log:
            process = subprocess.Popen([program, "-config", str(config)], stdout=log, stderr=log, cwd=folder)
        try:
            wait_for(lambda: listens(port), "InfluxDB")
            yield port
        finally:
            process.terminate()
            process.wait(30)


def bodies_by_row(times: NDArray[np.int64], columns: dict[str, NDArray[np.float64]], lines: int) -> list[bytes]:
    """Line protocol with all channels as fields of one line, `lines` lines a body."""
    names = list(columns)
    rows = zip(*(row.tolist() for row in columns.values()), strict=True)
    text = [
        f"m {','.join(f'{name}={value!r}' for name, value in zip(names, row, strict=True))} {time_ns}"
        for time_ns, row in zip(times.tolist(), rows, strict=True)
    ]
    return ["\n".join(text[at : at + lines]).encode() for at in range(0, len(text), lines)]


def bodies_by_channel(times: NDArray[np.int64], columns: dict[str, NDArray[np.float64]], lines: int) -> list[bytes]:
    """Line protocol with one line for each value of a channel, in order of time, `lines` lines a body."""
    heads, text = [f"m,channel={name} value=" for name in columns], []
    rows = zip(*(row.tolist() for row in columns.values()), strict=True)
    for time_ns, row in zip(times.tolist(), rows, strict=True):
        text += [f"{head}{value!r} {time_ns}" for head, value in zip(heads, row, strict=True)]
    return ["\n".join(text[at : at + lines]).encode() for at in range(0, len(text), lines)]


def influx_write(port: int, database: str, sets: Sequence[Sequence[bytes]]) -> float:
    """Write prepared bodies into a new database, one connection for each set; seconds."""
    _post(port, f"/query?q={quote(f'CREATE DATABASE {database}')}", b"")
    failed: list[str] = []

    def send(bodies: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        for body in bodies:
            connection.request("POST", f"/write?db={database}&precision=ns", body)
            answer = connection.getresponse()
            said = answer.read()
            if answer.status != 204:
                failed.append(f"{answer.status} {said[:200]!r}")
                return
        connection.close()

    senders = [threading.Thread(target=send, args=(own,)) for own in sets]
    begun = time.perf_counter()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if failed:
        raise RuntimeError(f"InfluxDB refused: {failed[0]}")
    return time.perf_counter() - begun


def _post(port: int, path: str, body: bytes) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("POST", path, body)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status >= 300:
        raise RuntimeError(f"InfluxDB refused: {answer.status} {said[:200]!r}")
