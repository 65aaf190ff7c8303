"""A running demo site and a real browser for the stories."""

import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from deploy.services import free_port

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Site:
    """Address, account and data folder of a running site."""

    address: str
    username: str
    password: str
    home: Path


def _read_lines(process: subprocess.Popen[str], lines: "queue.Queue[str]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line)


def up(home: Path, *arguments: str) -> tuple[subprocess.Popen[str], "queue.Queue[str]", str]:
    """Start `manage.py up` on a free port: the process, its lines, its address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port), *arguments],
        cwd=ROOT, env={**os.environ, "LODESTONE_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_read_lines, args=(process, lines), daemon=True).start()
    return process, lines, f"http://127.0.0.1:{port}"


def wait_line(
    process: subprocess.Popen[str], lines: "queue.Queue[str]", pattern: str, timeout_s: float = 60
) -> re.Match[str]:
    """The first line that matches; fails with all that was printed."""
    seen, deadline = [], time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            line = lines.get(timeout=0.5)
        except queue.Empty:
            if process.poll() is not None:
                break
            continue
        seen.append(line)
        if found := re.search(pattern, line):
            return found
    pytest.fail(f"no line matched {pattern!r}; the site printed:\n{''.join(seen)}")


@pytest.fixture(scope="package")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo, as `make demo` starts it."""
    home = tmp_path_factory.mktemp("site")
    process, lines, address = up(home, "--demo")
    try:
        found = wait_line(process, lines, r"Log in as (\S+) with password (\S+)")
        yield Site(address=address, username=found[1], password=found[2], home=home)
    finally:
        process.terminate()
        process.wait(30)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; a missing one skips on a laptop and fails in CI."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is needed in CI: install the Debian package chromium")
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield chromium
        chromium.close()
