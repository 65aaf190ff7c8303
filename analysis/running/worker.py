"""The process of one job: `python -m analysis.running.worker FOLDER`. Files in, files out; no database, no network, no Django.

FOLDER holds job.json and the rows; progress goes to events.jsonl, results to out/. It ends with the process that started it.
"""

import json
import os
import resource
import sys
import threading
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any

from analysis.jobs.layout import EVENTS, JOB, OUT

ORPHANED, REFUSED, NO_MEMORY, FAILED = 70, 65, 71, 1
EVERY_S = 0.2


class Events:
    """Lines of JSON for whoever follows: {time, progress, message} or {time, log}."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._last = 0.0
        self._message = ""

    def write(self, **event: object) -> None:
        """One line, at once."""
        self._file.write(json.dumps({"time": time.time(), **event}, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Nothing more will be told."""
        self._file.close()

    def progress(self, share: float, message: str) -> None:
        """Not more often than a person can read."""
        now = time.monotonic()
        if now - self._last < EVERY_S and share < 1:
            return
        self._last = now
        self.write(progress=round(min(max(share, 0.0), 1.0), 4), message=message)


def limits_set(limits: dict[str, int], device: str) -> None:
    """Bound memory, processor time and niceness of this process, before anything large is imported.

    Memory on a GPU job is bounded by the watcher alone: CUDA maps far more address space than it uses.
    """
    with suppress(OSError):
        os.nice(limits["nice"])
    memory = limits["memory_mb"] * 2**20
    if device == "cpu":
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu_s"], limits["cpu_s"] + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def end_with(parent: int) -> None:
    """Stop when the process that started this one is gone: its results would reach nobody."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(ORPHANED)

    threading.Thread(target=watch, daemon=True, name="parent").start()


def work(folder: Path, job: dict[str, Any], events: Events) -> None:  # Any: JSON written by the runner
    """Do what job.json says."""
    if job["kind"] == "train":
        from analysis.datasets.store import dataset_read
        from analysis.predictors.training import Order, train

        dataset = dataset_read(folder)
        order = Order(**job["order"])
        if order.folds_file is not None:
            from dataclasses import replace

            dataset = replace(dataset, fold_keys={k: tuple(v) for k, v in job.get("fold_keys", {}).items()})
        train(dataset, order, folder / OUT, events.progress)
        return
    from analysis.predictions.batch import predict

    predict(folder, folder / OUT, job, events.progress)


def main(folder: Path) -> int:
    """Run the job in a folder; the exit status says how it ended."""
    job = json.loads((folder / JOB).read_text(encoding="utf-8"))
    end_with(job["parent"])
    limits_set(job["limits"], job["device"])
    events = Events(folder / EVENTS)
    from ingest.errors import LodestoneError

    try:
        work(folder, job, events)
    except LodestoneError as error:
        events.write(failed=error.message)
        return REFUSED
    except MemoryError:
        events.write(failed="memory")
        return NO_MEMORY
    except Exception as error:  # a plugin may fail in any way; the log keeps where
        events.write(log=traceback.format_exc())
        events.write(failed=f"{type(error).__name__}: {error}")
        return FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
