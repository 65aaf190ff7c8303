"""Worker processes for structures: started on demand, killed when they hang, started again when they die."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

TIMEOUT_S = 60.0
_START_S = 60.0  # a first answer includes the import of pymatgen


class _Worker:
    """One process; `ask` gives its answer, or an error when it died or took too long."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def _started(self) -> subprocess.Popen[str]:
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "knowledge.imports.structures.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        return self.process

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
        fresh = self.process is None or self.process.poll() is not None
        process = self._started()
        late = threading.Event()

        def kill() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(TIMEOUT_S + (_START_S if fresh else 0), kill)
        timer.start()
        try:
            assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except (BrokenPipeError, OSError):
            line = ""
        finally:
            timer.cancel()
        if not line:
            self.close()
            reason = f"takes longer than {TIMEOUT_S:g} s to read" if late.is_set() else "stops the reader"
            return {"error": reason}
        document: dict[str, Any] = json.loads(line)
        return document

    def close(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout):
                if pipe:
                    pipe.close()
            self.process = None


def structures_read(
    requests: Iterable[dict[str, Any]], *, processes: int | None = None, progress: Callable[[int], None] | None = None
) -> Iterator[dict[str, Any]]:
    """The answers of `worker.answer` in the order of the requests, computed by a few processes side by side."""
    requests = list(requests)
    count = max(1, min(processes or (os.cpu_count() or 2), 4, len(requests)))
    local, workers = threading.local(), list[_Worker]()
    lock = threading.Lock()

    def work(request: dict[str, Any]) -> dict[str, Any]:
        if not hasattr(local, "worker"):
            local.worker = _Worker()
            with lock:
                workers.append(local.worker)
        answer: dict[str, Any] = local.worker.ask(request)
        return answer

    pool = ThreadPoolExecutor(count)
    try:
        for number, answer in enumerate(pool.map(work, requests), 1):
            if progress:
                progress(number)
            yield answer
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        for worker in workers:
            worker.close()
