"""The server profile: PostgreSQL, Redis, a web process and a Celery worker, each its own process."""

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TABLE = "formula,space group,band gap (eV)\nZnO,186,3.3\nGaN,186,3.4\nMgO,225,7.8\nnot a formula!,1,2\n"


def manage(environment: dict[str, str], *arguments: str) -> list[dict[str, object]]:
    """Run a command and read its JSON lines."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments, "--json"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Addresses of the real services; absent ones skip on a laptop (deploy/services.py fails in CI instead)."""
    import psycopg

    database, broker = os.environ.get("LODESTONE_TEST_DATABASE_URL"), os.environ.get("LODESTONE_TEST_BROKER_URL")
    if not database or not broker:
        pytest.skip("no PostgreSQL or Redis was started: run the tests by `make test`")
    name = f"profile_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield {
        **os.environ,
        "LODESTONE_HOME": str(tmp_path / "home"),
        "LODESTONE_DATABASE_URL": database.rsplit("/", 1)[0] + f"/{name}",
        "LODESTONE_BROKER_URL": broker,
    }


@pytest.mark.service
def test_a_worker_files_what_another_process_hands_in(environment: dict[str, str], tmp_path: Path) -> None:
    manage(environment, "rebuild", "index")
    worker = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "deploy.config", "worker", "--beat", "--pool", "threads", "--concurrency", "2",
         "--loglevel", "ERROR", "--schedule", str(tmp_path / "beat")],
        cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        hand_in = (
            "import django; django.setup()\n"
            "import hashlib, sys\n"
            "from ingest.contract import Envelope\n"
            "from ingest.gateway.services import receipt_accept\n"
            "data = b'time (s),T_substrate (degC)\\n' + b''.join(b'%d,%d\\n' % (i, 600 + i % 7) for i in range(200))\n"
            "envelope = Envelope(id='profile-0001', file_name='growth.csv', size=len(data), sha256=hashlib.sha256(data).hexdigest())\n"
            "receipt_accept(envelope=envelope, payload=data)\n"
        )
        settings = {**environment, "DJANGO_SETTINGS_MODULE": "deploy.config.settings"}
        subprocess.run([sys.executable, "-c", hand_in], cwd=ROOT, env=settings, check=True, timeout=60)
        look = (
            "import django; django.setup()\n"
            "from ingest.models import ParsedFile\n"
            "print(','.join(ParsedFile.objects.filter(receipt_id='profile-0001').values_list('status', flat=True)))\n"
        )
        deadline, seen = time.monotonic() + 60, ""
        while "parsed" not in seen and time.monotonic() < deadline:
            done = subprocess.run(
                [sys.executable, "-c", look],
                cwd=ROOT,
                env=settings,
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            )
            seen = done.stdout
        assert "parsed" in seen
    finally:
        worker.terminate()
        worker.wait(30)


@pytest.mark.service
def test_the_commands_give_the_same_on_postgresql_as_on_sqlite(environment: dict[str, str], tmp_path: Path) -> None:
    table = tmp_path / "gaps.csv"
    table.write_text(TABLE)
    embedded = {
        key: value
        for key, value in environment.items()
        if key not in ("LODESTONE_DATABASE_URL", "LODESTONE_BROKER_URL")
    }
    embedded["LODESTONE_HOME"] = str(tmp_path / "embedded")
    answers = []
    for profile in (environment, embedded):
        [imported] = manage(profile, "import_topics", str(table), "--topic", "material_facts")
        [found] = manage(profile, "search", 'elements HAS "Zn" OR elements HAS "Ga"')
        [asked] = manage(profile, "ask", "What is the band gap of ZnO?")
        answers.append(
            (imported["rows"], imported["records"], found["count"], asked["status"], asked["value"], asked["unit"])
        )
    assert answers[0] == answers[1]
    assert answers[0][:3] == (4, 3, 2)
    assert answers[0][3:] == ("answered", 3.3, "eV")
