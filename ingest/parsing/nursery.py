"""Processes that have the parsers loaded and bear a child for each file; kept while they are of use, never shared by two files at once."""

import atexit
import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
import time
from typing import Any

MOST_IDLE = 2
START_S = 60.0


class Broken(Exception):
    """The process that bears the children ended; the file was not read."""


class Nursery:
    """One process; `run` is for one thread at a time."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-m", "ingest.parsing.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=environment, cwd="/", start_new_session=True, close_fds=True,
        )  # fmt: skip
        self._rest = b""

    def run(self, job: dict[str, Any], seconds: float) -> int | None:
        """The exit code of the child that reads the file; none when it took longer than `seconds` and was killed. Raises Broken."""
        assert self._process.stdin is not None  # noqa: S101 (opened as a pipe)
        try:
            self._process.stdin.write(json.dumps(job).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise Broken from error
        born = self._said(START_S)
        if born is None:
            raise Broken
        ended = self._said(seconds)
        if ended is None:
            _kill(born["child"])
            if self._said(START_S) is None:
                raise Broken
            return None
        return ended["code"]

    def _said(self, seconds: float) -> dict[str, int] | None:
        """The next line of the process; none when it does not come in time. Raises Broken at its end."""
        assert self._process.stdout is not None  # noqa: S101 (opened as a pipe)
        until = time.monotonic() + seconds
        with selectors.DefaultSelector() as waiting:
            waiting.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not waiting.select(max(0.0, until - time.monotonic())):
                    return None
                piece = os.read(self._process.stdout.fileno(), 65536)
                if not piece:
                    raise Broken
                self._rest += piece
        line, self._rest = self._rest.split(b"\n", 1)
        said: dict[str, int] = json.loads(line)
        return said

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process.wait()


def _kill(child: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)  # before it has a session of its own
        os.killpg(child, signal.SIGKILL)


_idle: list[Nursery] = []
_lock = threading.Lock()
_owner = os.getpid()


def bear(job: dict[str, Any], seconds: float, environment: dict[str, str]) -> int | None:
    """Read one file in a child of an idle process, or of a new one; as `Nursery.run`, which is tried twice."""
    for last in (False, True):
        nursery = _taken() or Nursery(environment)
        try:
            code = nursery.run(job, seconds)
        except Broken:
            nursery.close()
            if last:
                raise
            continue
        except BaseException:
            nursery.close()
            raise
        _given(nursery)
        return code
    raise Broken


def _taken() -> Nursery | None:
    global _owner
    with _lock:
        if _owner != os.getpid():  # after a fork the pipes belong to the parent
            _idle.clear()
            _owner = os.getpid()
        return _idle.pop() if _idle else None


def _given(nursery: Nursery) -> None:
    with _lock:
        if len(_idle) < MOST_IDLE:
            _idle.append(nursery)
            return
    nursery.close()


@atexit.register
def close_idle() -> None:
    """End the processes that wait for work; the next file gets a new one."""
    if _owner == os.getpid():
        while _idle:
            _idle.pop().close()
