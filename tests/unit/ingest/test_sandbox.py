"""The sandbox's promises, each tried with a parser that breaks them."""

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.parsing import nursery as nursery_module
from ingest.parsing.sandbox import Limits, parse_isolated
from ingest.parsing.worker import attempt

QUICK = Limits(seconds=20, cpu_s=20, memory_bytes=1 * 2**30)


def run_guarded(body: str, out: Path, limits: str = '{"memory_bytes": 8e8, "cpu_s": 20, "file_bytes": 1e6}') -> str:
    """Run code under the worker's own confinement; what it printed."""
    code = (
        "import json, sys\nfrom pathlib import Path\nfrom ingest.parsing.worker import confine, guard\n"
        f"confine(json.loads('{limits}'))\nguard(Path({str(out)!r}))\n{body}"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=out)
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "body",
    [
        "import socket; socket.create_connection(('127.0.0.1', 9), timeout=2)",
        "import subprocess; subprocess.run(['true'])",
        "import os; os.system('true')",
        "open('/tmp/parser-wrote-this', 'w')",
        "import os; os.remove('/etc/hostname')",
        "import os; os.remove('hostname', dir_fd=os.open('/etc', os.O_RDONLY))",
        "import os; os.remove('../../../../../../../../etc/hostname')",
    ],
)
def test_a_parser_may_not_reach_out(tmp_path: Path, body: str) -> None:
    assert "PermissionError: a parser may not" in run_guarded(body, tmp_path)
    assert not Path("/tmp/parser-wrote-this").exists()


def test_a_parser_may_write_its_own_folder(tmp_path: Path) -> None:
    assert run_guarded(f"open({str(tmp_path / 'x')!r}, 'w').write('y'); print('fine')", tmp_path) == "fine\n"


def test_a_library_may_unpack_into_the_parsers_own_folder_and_clean_up(tmp_path: Path) -> None:
    body = (
        "import tempfile, pathlib\nwith tempfile.TemporaryDirectory() as d:\n    pathlib.Path(d, 'x').write_text('y')\n"
        "with tempfile.TemporaryFile() as f:\n    f.write(b'z')\nprint('fine')"
    )
    assert run_guarded(body, tmp_path) == "fine\n"
    assert list(tmp_path.iterdir()) == []


def test_a_parser_gets_no_more_memory_than_allowed(tmp_path: Path) -> None:
    assert "MemoryError" in run_guarded("x = bytearray(2 * 10**9)", tmp_path)


def test_a_parser_that_takes_too_long_is_stopped_and_the_file_kept(tmp_path: Path) -> None:
    file = tmp_path / "slow.csv"
    file.write_text("a,b\n" + "1,2\n" * 300_000)
    document = parse_isolated(file, file.name, Limits(seconds=0.05)).document
    assert document["status"] == "kept"
    assert "did not finish within 0.05 s" in document["reason"]


def test_a_file_too_large_for_its_memory_is_kept_with_that_reason(tmp_path: Path) -> None:
    file = tmp_path / "large.csv"
    file.write_text("a (V),b (A)\n" + "1.5,2.5\n" * 2_000_000)
    document = parse_isolated(file, file.name, Limits(seconds=60, cpu_s=60, memory_bytes=400 * 2**20)).document
    assert document["status"] == "kept"
    assert "memory" in document["reason"]


def test_a_process_that_bears_readers_outlives_a_slow_file_and_its_own_death_is_mended(tmp_path: Path) -> None:
    slow, quick = tmp_path / "slow.csv", tmp_path / "quick.csv"
    slow.write_text("a,b\n" + "1,2\n" * 300_000)
    quick.write_text("time (s),T (K)\n" + "".join(f"{i},{i}\n" for i in range(10)))
    nursery_module.close_idle()
    assert parse_isolated(quick, quick.name, QUICK).status == "parsed"
    (nursery,) = nursery_module._idle
    first = nursery._process.pid
    assert "did not finish" in parse_isolated(slow, slow.name, Limits(seconds=0.05)).document["reason"]
    assert parse_isolated(quick, quick.name, QUICK).status == "parsed"
    assert [one._process.pid for one in nursery_module._idle] == [first]
    os.kill(first, signal.SIGKILL)
    assert parse_isolated(quick, quick.name, QUICK).status == "parsed"
    assert [one._process.pid for one in nursery_module._idle] != [first]


def test_files_read_at_once_by_many_threads_do_not_meet(tmp_path: Path) -> None:
    for at in range(12):
        (tmp_path / f"{at}.csv").write_text("time (s),T (K)\n" + "".join(f"{i},{at}\n" for i in range(10)))
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda at: parse_isolated(tmp_path / f"{at}.csv", f"{at}.csv", QUICK), range(12)))
    assert [one.document["channels"][1]["max"] for one in read] == [float(at) for at in range(12)]
    assert len(nursery_module._idle) <= nursery_module.MOST_IDLE


def test_nothing_of_our_environment_reaches_a_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LODESTONE_SECRET_KEY", "must-stay-here")
    from ingest.parsing.sandbox import _environment

    assert "must-stay-here" not in json.dumps(_environment())
    assert set(_environment()) <= {
        "PATH",
        "LANG",
        "PYTHONDONTWRITEBYTECODE",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MKL_NUM_THREADS",
    }


def bombs(folder: Path) -> dict[str, Path]:
    """Files made to do harm."""
    entity = "".join(f'<!ENTITY e{i} "{f"&e{i - 1};" * 10}">' for i in range(1, 12))
    made = {
        "billion.xrdml": f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "lol">{entity}]><xrdMeasurements>&e11;</xrdMeasurements>'.encode(),
        "outside.xrdml": b'<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><xrdMeasurements><sample><id>&f;</id></sample></xrdMeasurements>',
        "deep.xrdml": b"<xrdMeasurements>" + b"<a>" * 200_000,
        "zeros.csv": b"a,b\n1,2\n3,4\n" + b"\0" * 100_000,
        "line.txt": b"1 " * 3_000_000,
        "many.csv": b",".join(b"1" for _ in range(200_000))
        + b"\n"
        + b",".join(b"1" for _ in range(200_000))
        + b"\n"
        + b"2\n" * 5,
        "bomb.xrdml.gz": gzip.compress(b"<xrdMeasurements>" + b" " * 400_000_000, 9),
        "empty.csv": b"",
        "dots.txt": b"." * 100_000 + b"\n" + b"-" * 100_000,
        "colons.txt": b":" * 200_000,
        "brackets.csv": b"(" * 5000 + b"," + b"[" * 5000 + b"\n" + b"words, words\n" * 10,
    }
    for name, content in made.items():
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "day.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"'EPIC A Log File\r\n\r\n'Date,A\r\n" + b"x" * 300_000_000)
    return {path.name: path for path in folder.iterdir()}


def test_files_made_to_do_harm_are_kept_within_limits(tmp_path: Path) -> None:
    for name, path in bombs(tmp_path).items():
        document = parse_isolated(path, name, QUICK).document
        assert document["status"] == "kept", (name, document)
        assert document["reason"] and "Traceback" not in document["reason"], name
        assert "root:" not in json.dumps(document)


SAMPLES = sorted(
    file
    for file in (Path(__file__).resolve().parents[3] / "ingest" / "parsers").glob("*/samples/*/*")
    if file.name != "expected.json"
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=4000), name=st.sampled_from(["a.csv", "b.xrdml", "c.dlog", "d.txt"]))
def test_random_bytes_never_raise(tmp_path: Path, content: bytes, name: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    parser, parsed, _, reasons, _ = attempt(file, name)
    assert (parser is None) == (parsed is None)
    assert not any(" failed: " in reason for reason in reasons), reasons


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sample=st.sampled_from(SAMPLES), seed=st.integers(0, 2**32))
def test_damaged_files_never_raise(tmp_path: Path, sample: Path, seed: int) -> None:
    """Cut, bytes changed, parts doubled: a parser refuses or reads, but does not fail in a way it did not foresee."""
    dice = random.Random(seed)  # noqa: S311 (a test)
    content = bytearray(sample.read_bytes())
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(content)) if content else 0
        match dice.randint(0, 3):
            case 0:
                del content[at:]
            case 1 if content:
                content[at] = dice.randrange(256)
            case 2:
                content[at:at] = content[: dice.randint(0, 200)]
            case _:
                content[at:at] = dice.randbytes(dice.randint(0, 20))
    file = tmp_path / sample.name
    file.write_bytes(content)
    reasons = attempt(file, sample.name).reasons
    assert not any(" failed: " in reason for reason in reasons), reasons


@pytest.mark.shared
def test_truncated_real_files_never_raise(shared: Path, tmp_path: Path) -> None:
    files = [f for f in sorted((shared / "instruments").rglob("*")) if f.is_file() and f.stat().st_size < 300_000][::3]
    for number, file in enumerate(files):
        cut = file.read_bytes()[: max(1, file.stat().st_size * (1 + number % 7) // 9)]
        piece = tmp_path / file.name
        piece.write_bytes(cut)
        reasons = attempt(piece, file.name).reasons
        assert not any(" failed: " in reason for reason in reasons), (file.name, reasons)
