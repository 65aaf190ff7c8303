"""A real server of the gateway in a process of its own, for benchmarks and for tests that kill it."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class GatewayServer:
    """uvicorn on a data folder; `kill` is SIGKILL, and `start` again goes on with the same folder."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home, self.port, self._environment = home, free_port(), environment
        self.address = f"http://127.0.0.1:{self.port}/ingest/api/v1/"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        command = [sys.executable, "-m", "uvicorn", "deploy.config.asgi:application", "--port", str(self.port)]
        self._process = subprocess.Popen(
            [*command, "--log-level", "warning", "--lifespan", "off"],
            cwd=ROOT,
            env={**os.environ, "LODESTONE_HOME": str(self.home), "LODESTONE_DATABASE_URL": "", **self._environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(self.address + "ping", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise TimeoutError("the server did not answer within a minute")

    @property
    def pid(self) -> int:
        """The number of the running process."""
        if self._process is None:
            raise RuntimeError("the server does not run")
        return self._process.pid

    def kill(self) -> None:
        """End it at once, wherever it stands."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in good order."""
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(30)
            self._process = None
