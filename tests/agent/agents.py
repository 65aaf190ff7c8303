"""Agents for tests: a configuration file, the agent in a thread, the agent as a real process."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.agent.config import config_read
from ingest.agent.runner import agent_run
from tests.agent.gateway_double import TOKEN

ROOT = Path(__file__).resolve().parents[2]
SIMULATED = 'name = "machine"\ntype = "simulated"'


def folder_source(folder: Path, **keys: Any) -> str:
    """A quick folder source; values as TOML spells JSON."""
    keys = {"follow": ["*.log"], "settle_s": 0.2, "rescan_s": 0.05, **keys}
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(['name = "files"', 'type = "folder"', f"path = {json.dumps(str(folder))}", *lines])


def a_config(place: Path, url: str, *sources: str, token: str = TOKEN, server: str = "", spool: str = "") -> Path:
    """A configuration in `place`, with quick retries."""
    place.mkdir(parents=True, exist_ok=True)
    path = place / "agent.toml"
    tables = "\n".join(f"[[sources]]\n{source}" for source in sources or (SIMULATED,))
    path.write_text(
        f'instrument = "mbe"\n[server]\nurl = "{url}"\ntoken = "{token}"\nretry_max_s = 0.2\nheartbeat_s = 0.5\n{server}\n'
        f"[status]\nport = 0\n"
        f"[spool]\nmin_free_bytes = 0\n{spool}\n{tables}\n"
    )
    return path


@contextmanager
def running(config: Path) -> Iterator[None]:
    """The agent in a thread of this process."""
    stopping = threading.Event()
    thread = threading.Thread(target=agent_run, args=(config_read(config),), kwargs={"stopping": stopping})
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(20)
        assert not thread.is_alive()


def agent_start(config: Path) -> subprocess.Popen[bytes]:
    """The agent as a process of its own, its log beside the configuration."""
    with config.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "ingest.agent", "run", "--config", str(config)], cwd=ROOT, stdout=log, stderr=log
        )


def agent_kill(agent: subprocess.Popen[bytes]) -> None:
    """kill -9."""
    os.kill(agent.pid, signal.SIGKILL)
    agent.wait(10)


def agent_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Any command of the agent, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "ingest.agent", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def eventually(claim: Callable[[], object], *, within_s: float = 15) -> None:
    """Wait until `claim` holds."""
    deadline = time.monotonic() + within_s
    while not claim():
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
