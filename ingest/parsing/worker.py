"""Runs inside the sandbox: reads one file and writes what it says as JSON and plain arrays. No Django, no pickle.

`python -I -m ingest.parsing.worker` has the parsers loaded and forks for each job it is sent (see `serve`), so that a small file costs
milliseconds; the child confines itself before it opens the file and ends with it.
"""

import contextlib
import ctypes
import gc
import json
import math
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

_REMOVALS = ("os.remove", "os.rmdir", "shutil.rmtree")
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
_FORBIDDEN = ("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "subprocess.Popen", "os.exec", "os.fork",
              "os.posix_spawn", "os.system", "pty.spawn", "ctypes.dlopen")  # fmt: skip
_CHANGES = (
    "os.remove",
    "os.rename",
    "os.rmdir",
    "shutil.rmtree",
    "os.chmod",
    "os.chown",
    "os.link",
    "os.symlink",
    "os.truncate",
)


def confine(limits: dict[str, float]) -> None:
    """Give up memory, time, file size and network beyond the limits; cannot be undone in this process."""
    with contextlib.suppress(OSError, AttributeError):  # not every kernel lets an unprivileged process do this
        ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)
    memory, seconds, size = int(limits["memory_bytes"]), math.ceil(limits["cpu_s"]), int(limits["file_bytes"])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))


def guard(out: Path) -> None:
    """Refuse network, new processes and writing anywhere but in `out`, from Python code."""
    allowed = str(out.resolve()) + os.sep

    def own(given: tuple[Any, ...]) -> bool:  # Any: audit events carry anything
        """True when a removal names something in the parser's own folder (libraries unpack archives there)."""
        name, folder = given[0], given[1] if len(given) > 1 else -1
        if not isinstance(name, str | bytes):
            return False
        base = os.readlink(f"/proc/self/fd/{folder}") if isinstance(folder, int) and folder >= 0 else os.getcwd()  # noqa: PTH109, PTH115
        return os.path.abspath(os.path.join(base, os.fsdecode(name))).startswith(allowed)  # noqa: PTH100, PTH118

    def hook(event: str, given: tuple[Any, ...]) -> None:  # Any: audit events carry anything
        if event in _REMOVALS and own(given):
            return
        if event in _FORBIDDEN or event in _CHANGES:
            raise PermissionError(f"a parser may not do this: {event}")
        if (
            event == "open"
            and isinstance(given[2], int)
            and given[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        ):
            target = os.path.abspath(os.fsdecode(given[0])) if isinstance(given[0], str | bytes) else allowed  # noqa: PTH100
            if not (target + os.sep).startswith(allowed):  # the folder itself is opened for files without a name
                raise PermissionError(f"a parser may not write {target}")

    sys.addaudithook(hook)


class Attempt(NamedTuple):
    """What came of a file: `considered` are the parsers that recognised it, with their confidence and why they did not read it."""

    parser: Any
    parsed: Any
    confidence: float
    reasons: list[str]
    considered: list[dict[str, Any]]


def attempt(path: Path, name: str, hints: dict[str, Any] | None = None) -> Attempt:
    """Try the parsers that recognise the file; stop at one that is certain of it."""
    from ingest.parsers.protocol import Head
    from ingest.parsers.registry import CERTAIN, HEAD_BYTES, candidates

    with path.open("rb") as stream:
        data = stream.read(HEAD_BYTES)
    reasons: list[str] = []
    found = candidates(Head(name, data, path.stat().st_size))
    considered = [{"parser": parser.name, "confidence": round(sure, 3), "reason": None} for sure, parser in found]
    for (confidence, parser), line in zip(found, considered, strict=True):
        parsed, reason = _tried(parser, path, name, hints or {})
        if reason is None:
            return Attempt(parser, parsed, confidence, reasons, considered)
        line["reason"] = reason
        reasons.append(reason)
        if confidence >= CERTAIN:
            break
    return Attempt(None, None, 0.0, reasons, considered)


def _tried(parser: Any, path: Path, name: str, hints: dict[str, Any]) -> tuple[Any, str | None]:
    """(parsed, none) or (none, why not)."""
    from ingest.parsers.protocol import CannotParse, Hinted

    try:
        if hints and isinstance(parser, Hinted):
            return parser.parse_hinted(path, name, hints), None
        return parser.parse(path, name), None
    except CannotParse as error:
        return None, f"{parser.name}: {error}"
    except MemoryError:
        return None, f"{parser.name}: needed more memory than a parser may use"
    except RecursionError:
        return None, f"{parser.name}: the file is nested too deeply"
    except Exception as error:  # a parser may fail in any way; the file is kept with this reason
        return None, f"{parser.name} failed: {type(error).__name__}: {error}"[:500]


def prepare() -> None:
    """Import what every file needs, while files and modules may still be opened freely."""
    sys.path[:] = [entry for entry in sys.path if entry]
    import zoneinfo  # noqa: F401

    import numpy as np  # noqa: F401

    from ingest.parsers.registry import loaded
    from ingest.parsing import result  # noqa: F401
    from ingest.schemas.registry import quantities, techniques

    loaded(), quantities(), techniques()


def read_one(job: dict[str, Any]) -> None:
    """Read the file of a job and write result.json and arrays.npy into its folder `out`; confines this process for good."""
    from ingest.parsing.result import write_result

    path, out = Path(job["path"]), Path(job["out"])
    confine(job["limits"])
    guard(out)
    made = attempt(path, job["name"], job["hints"])
    write_result(out, made.parser, made.parsed, made.confidence, made.reasons, made.considered)


def serve() -> None:
    """One JSON line for each job on standard input; answers with the child's number at once and with its exit code later."""
    prepare()
    gc.freeze()  # children share what is loaded
    while line := sys.stdin.buffer.readline():
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            _be_child(job)
        _answer({"child": child})
        _, status = os.waitpid(child, 0)
        _answer({"code": os.waitstatus_to_exitcode(status)})


def _answer(said: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def _be_child(job: dict[str, Any]) -> NoReturn:
    code = 1
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDWR)
        errors = os.open(job["errors"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for source, target in ((nothing, 0), (nothing, 1), (errors, 2)):
            os.dup2(source, target)
        os.closerange(3, 64)
        os.chdir(job["out"])
        read_one(job)
        code = 0
    except BaseException:  # whatever ends a parser is told to the parent, which words it
        traceback.print_exc()
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()
