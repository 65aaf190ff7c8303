"""The agent's own wheel: built, installed alone with pydantic, run; nothing of the server comes along."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.agent.agents import ROOT

ABSENT = ("django", "numpy", "celery", "pyarrow", "duckdb", "pint", "ingest.gateway", "ingest.feeds", "eln")
LOOK = f"""
import sys, ingest.agent.cli, ingest.agent.runner
from ingest.agent.sources.registry import source_names, source_type
assert {{"folder", "simulated", "http_push"}} <= set(source_names()), source_names()
print([source_type(name).__name__ for name in source_names()])
print([name for name in {ABSENT!r} if name in sys.modules])
"""


def start(*command: str | Path, cwd: Path) -> str:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_wheel_alone_imports_and_runs_in_a_bare_environment(tmp_path: Path) -> None:
    start(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, "ingest/agent", cwd=ROOT)
    (wheel,) = tmp_path.glob("lodestone_agent-*.whl")
    assert wheel.stat().st_size < 200_000
    bare = tmp_path / "bare"
    uv = Path(sys.executable).with_name("uv")
    start(uv, "venv", "--quiet", "--python", sys.executable, bare, cwd=tmp_path)
    python = bare / "bin" / "python"
    start(uv, "pip", "install", "--quiet", "--python", python, wheel, cwd=tmp_path)
    kinds, heavy = start(python, "-c", LOOK, cwd=tmp_path).splitlines()
    assert "FolderSource" in kinds and "HttpPushSource" in kinds and heavy == "[]"
    assert "enrol" in start(bare / "bin" / "lodestone-agent", "--help", cwd=tmp_path)
    config = tmp_path / "agent.toml"
    config.write_text(
        'instrument = "mbe"\n[server]\nurl = "http://127.0.0.1:1"\ntoken = "12345678"\n'
        '[[sources]]\nname = "m"\ntype = "simulated"\n'
    )
    assert "not running" in start(python, "-m", "ingest.agent", "status", "--config", config, cwd=tmp_path)
    names = start(python, "-m", "zipfile", "--list", wheel, cwd=tmp_path)
    assert "__pycache__" not in names and "spool.sql" in names and "cryostat.toml" in names
