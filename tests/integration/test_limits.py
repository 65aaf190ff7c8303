"""Requests of one key are counted together by all processes that share a Redis."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ASK = """
import django; django.setup()
from eln.accounts.scope import Scope
from knowledge.access.callers import Caller
from knowledge.access.limits import TooOften, allow
from django.conf import settings
assert "redis" in settings.CACHES["default"]["BACKEND"], settings.CACHES
passed = 0
for _ in range(200):
    try:
        allow(Caller("key:1", Scope()), now=600.0)
    except TooOften:
        continue
    passed += 1
print(passed)
"""


@pytest.mark.service
def test_four_processes_pass_no_more_than_the_limit(tmp_path: Path) -> None:
    broker = os.environ.get("LODESTONE_TEST_BROKER_URL", "")
    if not broker.startswith("redis"):
        pytest.skip("no Redis was started: run the tests by `make test`")
    environment = {
        **os.environ, "DJANGO_SETTINGS_MODULE": "deploy.config.settings", "LODESTONE_HOME": str(tmp_path),
        "LODESTONE_BROKER_URL": broker, "LODESTONE_KNOWLEDGE_VISITOR_PER_MINUTE": "137",
    }  # fmt: skip
    asking = [
        subprocess.Popen([sys.executable, "-c", ASK], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert sum(int(process.communicate(timeout=120)[0]) for process in asking) == 137
