"""The bridge between a real Mosquitto and the gateway's services: kept once, across kills at any moment."""

import contextlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from tests.agent.agents import ROOT
from tests.agent.memory_context import eventually
from tests.brokers import Mosquitto

NOW = 1_767_225_600


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    (tmp_path / "broker").mkdir()
    running = Mosquitto(tmp_path / "broker").start()
    yield running
    running.stop()


class Site:
    """A data folder of its own, with commands in processes of their own.

    Its database begins as a copy of the tests' own, for to migrate an empty one takes most of the time; where that is a
    PostgreSQL it begins empty.
    """

    def __init__(self, folder: Path, port: int) -> None:
        home = folder / "home"
        home.mkdir()
        if connection.vendor == "sqlite":
            with contextlib.closing(sqlite3.connect(home / "lodestone.sqlite3")) as copy:
                connection.ensure_connection()
                connection.connection.backup(copy)
        self.environment = {key: value for key, value in os.environ.items() if key != "LODESTONE_DATABASE_URL"}
        self.environment["LODESTONE_HOME"] = str(folder / "home")
        self.file = folder / "bridge.toml"
        self.file.write_text(
            f'[broker]\nport = {port}\n[[instruments]]\ninstrument = "furnace"\n'
            '[[instruments.topics]]\ntopic = "lab/furnace"\ntime = "t"\nchannels = { T = { unit = "degC" } }\n'
            '[[instruments]]\ninstrument = "gauge"\n[[instruments.topics]]\ntopic = "lab/gauge/+"\nformat = "number"\nchannel = "{2}"\n'
        )

    def start(self) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "manage.py", "mqtt_bridge", str(self.file)]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def ask(self, code: str) -> Any:
        script = "import django, json; django.setup()\nfrom ingest.telemetry.models import *\n" + code
        environment = {**self.environment, "DJANGO_SETTINGS_MODULE": "deploy.config.settings"}
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    def stored(self) -> int:
        """Points in the catalogue, read beside the running bridge."""
        place = f"file:{self.environment['LODESTONE_HOME']}/lodestone.sqlite3?mode=ro"
        with contextlib.closing(sqlite3.connect(place, uri=True, timeout=10)) as db:
            return int(db.execute("SELECT COALESCE(SUM(points), 0) FROM ingest_framebatch").fetchone()[0])

    def kept(self) -> dict[str, Any]:
        """Values of each instrument, and the unit of each channel, as the site's own selectors give them."""
        document: dict[str, Any] = self.ask(
            "from ingest.telemetry.selectors import channel_list, series_read\n"
            "kept = {}\n"
            "for slug in ('furnace', 'gauge'):\n"
            "    names = [one.name for one in channel_list(instrument=slug)]\n"
            "    found = series_read(instrument=slug, channels=names, start_ns=0, end_ns=2**62, max_points=10000)\n"
            "    kept[slug] = [v for s in found.values() for v in s.values.tolist()]\n"
            "known = ChannelDescriptor.objects.filter(version__gt=0)\n"
            "print(json.dumps({**kept, 'units': list(known.values_list('name', 'unit'))}))"
        )
        return document


@pytest.mark.django_db(transaction=True)
def test_rows_arrive_once_though_the_bridge_is_killed(tmp_path: Path, broker: Mosquitto) -> None:
    site = Site(tmp_path, broker.port)
    bridge = site.start()
    ready = tmp_path / "home" / "mqtt_bridge" / "gauge.json"
    eventually(lambda: ready.exists(), within_s=60)
    with broker.publisher() as client:
        for at in range(200):
            client.publish("lab/furnace", json.dumps({"t": NOW + at, "T": float(at)}), qos=1)
            client.publish("lab/gauge/p", str(1000 + at), qos=1)
            time.sleep(0.01)
            if at == 100:
                bridge.send_signal(signal.SIGKILL)
                bridge.wait(10)
                bridge = site.start()
    try:
        eventually(lambda: site.stored() >= 400, within_s=120)
    finally:
        bridge.terminate()
        assert bridge.wait(20) == 0
    kept = site.kept()
    assert sorted(kept["furnace"]) == [float(at) for at in range(200)]
    assert sorted(kept["gauge"]) == [1000.0 + at for at in range(200)]
    assert ["T", "degC"] in kept["units"]


@pytest.mark.django_db
def test_a_wrong_file_is_refused_with_its_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bridge.toml"
    file.write_text('[[instruments]]\ninstrument = "x"\n[[instruments.topics]]\ntopic = "a/#/b"\n')
    with pytest.raises(SystemExit) as ended:
        call_command("mqtt_bridge", str(file), "--check")
    assert ended.value.code == 2 and "instruments.0.topics.0.topic" in capsys.readouterr().err
