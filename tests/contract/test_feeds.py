"""Feeds give every committed event to every follower exactly once, on SQLite and on PostgreSQL alike.

The writers and the follower are processes of their own, on a database of their own. PostgreSQL: set LODESTONE_TEST_DATABASE_URL.
"""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
START = """
import django; django.setup()
import sys, time, threading
from django.db import connection, transaction
from ingest.feeds.models import Cursor, Failure, FeedEvent
from ingest.feeds.services import feed_append, feeds_trim, stage_rewind, stage_run, stages_drain
from ingest.feeds.stage import stage_register
class Collect:
    name, feed = "test.collect", "test"
    def __init__(self): self.seen = []
    def process(self, keys): self.seen += keys
stage = Collect()
"""
WRITER = """
for number in range(60):
    with transaction.atomic():
        feed_append("test", f"{sys.argv[1]}-{number}")
        if connection.vendor == "postgresql" and number % 20 == 7: time.sleep(0.2)
    with transaction.atomic():
        feed_append("test", f"{sys.argv[1]}-{number}-never")
        transaction.set_rollback(True)
"""
FOLLOWER = """
deadline, quiet = time.monotonic() + 100, 0
while time.monotonic() < deadline and quiet < 40:
    quiet = 0 if stage_run(stage) else quiet + (len(stage.seen) >= int(sys.argv[1]))
    time.sleep(0.01)
print("\\n".join(stage.seen))
"""
SLOW = """
begun, go_on = threading.Event(), threading.Event()
def slow():
    with transaction.atomic():
        feed_append("test", "slow"); begun.set(); go_on.wait(20)
    connection.close()
if connection.vendor != "postgresql":
    print("sqlite writes one transaction at a time"); sys.exit()
thread = threading.Thread(target=slow); thread.start(); begun.wait(20)
with transaction.atomic(): feed_append("test", "quick")
stage_run(stage); early = list(stage.seen)
go_on.set(); thread.join()
while stage_run(stage): pass
print(early, sorted(stage.seen))
"""


class Profile:
    """A fresh database, and programs that run on it."""

    def __init__(self, home: Path, url: str) -> None:
        own = {
            "LODESTONE_HOME": str(home),
            "LODESTONE_DATABASE_URL": url,
            "DJANGO_SETTINGS_MODULE": "deploy.config.settings",
        }
        self._environment = {**os.environ, **own}
        self.run("from ingest.home import home_prepare; home_prepare()")

    def start(self, code: str, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-c", START + code, *arguments],
            cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def finish(self, process: "subprocess.Popen[str]") -> str:
        output, errors = process.communicate(timeout=150)
        assert process.returncode == 0, errors[-2000:]
        return output.strip()

    def run(self, code: str, *arguments: str) -> str:
        return self.finish(self.start(code, *arguments))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)])
def profile(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Profile]:
    if request.param == "sqlite":
        yield Profile(tmp_path, "")
        return
    address = os.environ.get("LODESTONE_TEST_DATABASE_URL")
    if not address:
        pytest.skip("no PostgreSQL was started: run the tests by `make test`")
    import psycopg

    name = f"feeds_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield Profile(tmp_path, address.rsplit("/", 1)[0] + f"/{name}")


def test_every_committed_event_is_seen_once_while_writers_compete(profile: Profile) -> None:
    writers = [profile.start(WRITER, f"w{number}") for number in range(3)]
    follower = profile.start(FOLLOWER, "180")
    for writer in writers:
        profile.finish(writer)
    seen = profile.finish(follower).splitlines()
    assert sorted(seen) == sorted(f"w{writer}-{number}" for writer in range(3) for number in range(60))


def test_two_followers_of_one_stage_share_the_events(profile: Profile) -> None:
    profile.run(WRITER, "w")
    both = [profile.start(FOLLOWER, "0") for _ in range(2)]
    seen = [line for process in both for line in profile.finish(process).splitlines()]
    assert sorted(seen) == sorted(f"w-{number}" for number in range(60))


def test_a_transaction_that_commits_late_is_not_passed_over(profile: Profile) -> None:
    said = profile.run(SLOW)
    assert said in ("sqlite writes one transaction at a time", "[] ['quick', 'slow']")


def test_a_rewound_stage_reads_all_keys_again_also_after_a_trim(profile: Profile) -> None:
    code = """
from datetime import timedelta
stage_register(stage)
for key in ["a", "b", "a", "a"]: feed_append("test", key)
stages_drain(only=["test.collect"])
print(feeds_trim(keep=timedelta(0)))
stage_rewind("test.collect"); stage.seen.clear()
stages_drain(only=["test.collect"])
print(sorted(stage.seen))
"""
    assert profile.run(code).splitlines() == ["2", "['a', 'b']"]


def test_one_bad_key_stops_no_other_and_is_tried_again(profile: Profile) -> None:
    code = """
from ingest.feeds.services import failure_list, failure_retry
import logging; logging.disable()
class Picky(Collect):
    broken = True
    def process(self, keys):
        if self.broken and "bad" in keys: raise ValueError("not this one")
        super().process(keys)
stage = Picky()
for key in ["good", "bad", "fine"]: feed_append("test", key)
stage_run(stage); stage_run(stage)
[failure] = failure_list()
print(stage.seen, failure.key, failure.reason, failure.attempts)
stage.broken = False; failure_retry(failure.pk); stage_run(stage)
print(stage.seen[-1], len(failure_list()))
"""
    assert profile.run(code).splitlines() == ["['good', 'fine'] bad ValueError: not this one 1", "bad 0"]


def test_the_lease_of_a_dead_process_is_taken_over_at_once(profile: Profile) -> None:
    dying = """
import os
class Dying(Collect):
    def process(self, keys): os._exit(0)
feed_append("test", "k"); stage_run(Dying())
"""
    profile.run(dying)
    assert profile.run("print(stage_run(stage), stage.seen)") == "1 ['k']"
