"""Runs a parser where it can do no harm: a process of its own with limits of time, memory, file size, and no network."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest.parsing.result import Outcome, kept, read_result
from ingest.parsing.signatures import describe


@dataclass(frozen=True)
class Limits:
    """What one parser may use. `seconds` is wall-clock time, `cpu_s` processor time."""

    seconds: float = 120.0
    cpu_s: float = 120.0
    memory_bytes: int = 3 * 2**30
    file_bytes: int = 4 * 2**30


def _environment() -> dict[str, str]:
    """Nothing of ours but what Python and its numbers need: no secrets, no settings, one thread."""
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", **threads}


def _reason_of_end(code: int, errors: str, limits: Limits) -> str:
    if code == -signal.SIGXCPU or code == -signal.SIGKILL:
        return f"the parser used more than {limits.cpu_s:g} s of processor time or the system stopped it"
    if "MemoryError" in errors:
        return f"the parser needed more than {limits.memory_bytes // 2**20} MiB of memory"
    if code < 0:
        name = signal.Signals(-code).name if -code in {s.value for s in signal.Signals} else str(-code)
        return f"the parser crashed ({name})"
    last = errors.strip().splitlines()[-1][:300] if errors.strip() else "no message"
    return f"the parser stopped with code {code}: {last}"


def _refusal(what: str, reason: str) -> str:
    """The parsers' own reasons; the sniffer's, that a known format is no table, tells a person nothing."""
    only_sniffer = reason.startswith("delimited_text: ") and not re.search(r"; \w+: ", reason)
    if only_sniffer and not what.startswith(("text", "gzip", "bzip2")):
        return "no reader yet"
    return reason.removeprefix("delimited_text: ") if only_sniffer else reason


def _run(path: Path, name: str, out: Path, limits: Limits, hints: Mapping[str, Any]) -> str | None:
    """Run the worker; none when it ended well, else the reason why not."""
    command = [
        sys.executable,
        "-I",
        "-m",
        "ingest.parsing.worker",
        str(path),
        name,
        str(out),
        json.dumps(asdict(limits)),
        json.dumps(dict(hints)),
    ]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, env=_environment(), cwd=out,
            start_new_session=True, close_fds=True,
        )  # fmt: skip
        try:
            code = process.wait(timeout=limits.seconds)
        except subprocess.TimeoutExpired:
            _stop(process)
            return f"the parser did not finish within {limits.seconds:g} s"
        finally:
            if process.poll() is None:
                _stop(process)
        errors.seek(0)
        said = errors.read(200_000).decode("utf-8", errors="replace")
    return None if code == 0 else _reason_of_end(code, said, limits)


def _stop(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def parse_isolated(path: Path, name: str, limits: Limits, hints: Mapping[str, Any] | None = None) -> Outcome:
    """What the file says, or `kept` with a true reason; never raises for anything the file or a parser does.

    `hints`: what a person said of how to read it (`ingest.mappings.domain.Hints`), for parsers that take them.
    """
    with path.open("rb") as stream:
        head = stream.read(65536)
    what = describe(path, head)
    if not head:
        return Outcome(kept("the file is empty"))
    with tempfile.TemporaryDirectory(prefix="lodestone-parse-") as folder:
        out = Path(folder).resolve()
        failure = _run(path.resolve(), name, out, limits, hints or {})
        if failure is not None:
            return Outcome(kept(f"{what}: {failure}"))
        try:
            outcome, refused = read_result(out)
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            return Outcome(kept(f"{what}: the parser's answer cannot be used ({type(error).__name__}: {error})"))
    if outcome.status == "parsed":
        return outcome
    document = kept(f"{what}: {_refusal(what, outcome.document['reason']) if refused else 'no reader yet'}")
    return Outcome({**document, "considered": outcome.document.get("considered", [])})
