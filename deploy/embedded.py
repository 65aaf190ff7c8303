"""The embedded profile: web server, worker threads and schedule in one process, the agent and heavy jobs beside it."""

import contextlib
import errno
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import uvicorn
from celery.worker import WorkController
from django.conf import settings
from django.db import connections

from deploy.config.celery import app
from eln.ui.streams import stopping
from ingest.errors import IngestError
from ingest.feeds.services import waker_set
from ingest.feeds.tasks import feed_run


class PortTaken(IngestError):
    """Another program listens on the port."""

    code = "port_taken"


def port_check(host: str, port: int) -> None:
    """Raise PortTaken, with what to do, if something already listens there."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OverflowError as error:
            raise PortTaken(f"port {port} does not exist: choose one from 1024 to 65535") from error
        except OSError as error:
            what = "is taken" if error.errno == errno.EADDRINUSE else "cannot be listened on"
            raise PortTaken(
                f"port {port} on {host} {what} ({error.strerror}): stop the other program, or choose another port, "
                f"for example `make demo PORT={port + 1}`"
            ) from error


WAKE_S = 0.25  # what grows within this time is worked on at once


class Worker:
    """Celery in process: a memory broker, a few threads, and a tick that makes a lost wake-up cost a second."""

    def __init__(self, *, threads: int = 3, tick_s: float = 1.0) -> None:
        self._controller = WorkController(
            app=app,
            hostname="embedded@lodestone",
            queues=["default", "cpu"],
            pool_cls="threads",
            concurrency=threads,
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
            quiet=True,
        )
        self._tick_s = tick_s
        self._stopping = threading.Event()
        self._due: set[str] = set()
        self._threads = [
            threading.Thread(target=self._controller.start, name="celery", daemon=True),
            threading.Thread(target=self._tick, name="tick", daemon=True),
        ]

    def start(self) -> None:
        """Start the threads and take wake-ups."""
        waker_set(self.wake)
        for thread in self._threads:
            thread.start()

    def wake(self, feed: str) -> None:
        """Say that a feed has grown; many wake-ups of one feed within a short time become one task."""
        self._due.add(feed)

    def _tick(self) -> None:
        last = 0.0
        while not self._stopping.wait(WAKE_S):
            due, self._due = self._due, set()
            for feed in due:
                feed_run.delay(feed)
            if time.monotonic() - last > self._tick_s:
                last = time.monotonic()
                feed_run.delay(None)
        connections.close_all()

    def stop(self, timeout_s: float = 10) -> None:
        """Finish what is running, take nothing new."""
        waker_set(None)
        self._stopping.set()
        self._threads[1].join(2)
        self._controller.stop()
        self._threads[0].join(timeout_s)


class Companions:
    """Processes beside the site (the demo's agent, its data loader): ended with it."""

    def __init__(self) -> None:
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, command: list[str], log_file: Path) -> subprocess.Popen[bytes]:
        """Start a process whose output goes to a file."""
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("ab") as output:
            process = subprocess.Popen(
                command,
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=settings.BASE_DIR,
                start_new_session=True,
            )
        self._running.append(process)
        return process

    def stop(self, timeout_s: float = 10) -> None:
        """Ask each to stop, and insist after a while."""
        for process in self._running:
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + timeout_s
        for process in self._running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class _Server(uvicorn.Server):
    """uvicorn that says when it accepts requests, and that ends by returning, so that all else can be taken down too."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, then tell; in a thread of its own, since Django's database calls may not run in the loop."""
        await super().startup(sockets)
        if self.started:
            threading.Thread(target=self._on_ready, name="ready", daemon=True).start()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop serving, and end the streams that would otherwise run on."""
        stopping.set()
        super().handle_exit(sig, frame)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM while serving and put the old handlers back, without raising them again."""
        old = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in old.items():
                signal.signal(number, handler)


def serve(*, host: str, port: int, on_ready: Callable[[], None]) -> None:
    """Serve the site until Ctrl-C or SIGTERM; streams are given three seconds to end."""
    config = uvicorn.Config(
        "deploy.config.asgi:application",
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=3,
    )
    _Server(config, on_ready).run()
