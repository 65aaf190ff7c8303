"""How long a person waits: from `manage.py up` to the first page, on a new data folder and on one that exists."""

import os
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from deploy.services import free_port

ROOT = Path(__file__).resolve().parents[2]


def first_page(home: str) -> float:
    """Seconds from starting the process to an answered log-in page."""
    port = free_port()
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "manage.py", "up", "--port", str(port)],
        cwd=ROOT, env={**os.environ, "LODESTONE_HOME": home}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while time.monotonic() - began < 60:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/login/", timeout=5) as page:
                    page.read()
                return time.monotonic() - began
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.05)
        raise RuntimeError("the site did not answer within a minute")
    finally:
        process.terminate()
        process.wait(30)


def figures() -> Iterator[tuple[str, float, str]]:
    """First start (creates and migrates), then the second."""
    with tempfile.TemporaryDirectory() as home:
        yield "up: start to first page, new data folder", first_page(home), "s"
        yield "up: start to first page, existing data folder", first_page(home), "s"
