"""One reader process per server process: started when it is first asked, ended when it hangs or has been idle."""

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from functools import lru_cache
from typing import Any

from knowledge.crystals.radiation import Radiation
from knowledge.errors import KnowledgeError

TIMEOUT_S = 40.0
IDLE_S = 600.0


class StructureUnreadable(KnowledgeError):
    """A stored structure cannot be shown; the message says why."""


class _Reader:
    """The process with its pipe; one request at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._idle: threading.Timer | None = None

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:  # Any: JSON
        with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            line = self._asked(json.dumps(request))
            self._idle = threading.Timer(IDLE_S, self.close)
            self._idle.daemon = True
            self._idle.start()
        if not line:
            return {"error": f"the reader stopped, or took longer than {TIMEOUT_S:g} s"}
        document: dict[str, Any] = json.loads(line)
        return document

    def _asked(self, line: str) -> str:
        process = self._started()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - both are pipes
        timer = threading.Timer(TIMEOUT_S, process.kill)
        timer.start()
        try:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline()
        except OSError:
            return ""
        finally:
            timer.cancel()
            if process.poll() is not None:
                self._end()

    def _started(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                [sys.executable, "-m", "knowledge.crystals.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
        return self._process

    def close(self) -> None:
        """End the process; the next question starts another."""
        with self._lock:
            if self._idle is not None:
                self._idle.cancel()
            self._end()

    def _end(self) -> None:
        if self._process is None:
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._process = None


_reader = _Reader()
atexit.register(_reader.close)


def reader_close() -> None:
    """End the reader's process."""
    _reader.close()


@lru_cache(maxsize=256)
def cell_of(cif: str, conventional: bool = False) -> dict[str, Any]:
    """The atoms of a structure's cell as stored, or of the standard conventional one.

    {lattice (rows, angstrom), parameters, sites: [{at (fractional), species: [[symbol, share]]}], formula, radii (angstrom),
    metals}. Raises StructureUnreadable.
    """
    found: dict[str, Any] = _answered({"cif": cif, "conventional": conventional})["cell"]
    return found


@lru_cache(maxsize=256)
def peaks_of_cif(cif: str, radiation: Radiation) -> list[dict[str, Any]]:
    """Powder reflections: [{two_theta (degree), intensity (strongest 100), d (angstrom), hkl, multiplicity}], by angle.

    Raises StructureUnreadable.
    """
    request = {"cif": cif, "wavelength": radiation.wavelength, "range": [radiation.low, radiation.high]}
    found: list[dict[str, Any]] = _answered(request)["peaks"]
    return found


def _answered(request: dict[str, Any]) -> dict[str, Any]:
    found = _reader.ask(request)
    if "error" in found:
        raise StructureUnreadable(f"The structure cannot be shown: {found['error']}")
    return found
