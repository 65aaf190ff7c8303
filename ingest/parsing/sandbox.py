"""Runs a parser where it can do no harm: a process of its own with limits of time, memory, file size, and no network."""

import re
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ingest.parsing.nursery import Broken, bear
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


def _run(path: Path, name: str, folder: Path, limits: Limits, hints: Mapping[str, Any]) -> str | None:
    """Read the file in a confined process, which writes into `folder`/out; none when it ended well, else the reason why not."""
    out, errors = folder / "out", folder / "errors"
    out.mkdir()
    job = {
        "path": str(path),
        "name": name,
        "out": str(out),
        "errors": str(errors),
        "limits": asdict(limits),
        "hints": dict(hints),
    }
    try:
        code = bear(job, limits.seconds, _environment())
    except Broken:
        return "the process that reads files could not be started; try again"
    if code is None:
        return f"the parser did not finish within {limits.seconds:g} s"
    said = errors.read_bytes()[-200_000:].decode("utf-8", errors="replace") if errors.is_file() else ""
    return None if code == 0 else _reason_of_end(code, said, limits)


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
        inside = Path(folder).resolve()
        failure = _run(path.resolve(), name, inside, limits, hints or {})
        if failure is not None:
            return Outcome(kept(f"{what}: {failure}"))
        try:
            outcome, refused = read_result(inside / "out")
        except (OSError, ValueError, KeyError, TypeError, EOFError) as error:
            return Outcome(kept(f"{what}: the parser's answer cannot be used ({type(error).__name__}: {error})"))
    if outcome.status == "parsed":
        return outcome
    document = kept(f"{what}: {_refusal(what, outcome.document['reason']) if refused else 'no reader yet'}")
    return Outcome({**document, "considered": outcome.document.get("considered", [])})
