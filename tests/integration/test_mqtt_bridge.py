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
    """A data folder of its own, with commands in processes of their own."""

    def __init__(self, folder: Path, port: int) -> None:
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

    def points(self, instrument: str) -> list[float]:
        return list(
            self.ask(
                "from ingest.telemetry.selectors import channel_list, series_read\n"
                f"names = [one.name for one in channel_list(instrument={instrument!r})]\n"
                f"found = series_read(instrument={instrument!r}, channels=names, start_ns=0, end_ns=2**62, max_points=10000)\n"
                "print(json.dumps([v for s in found.values() for v in s.values.tolist()]))"
            )
        )


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
    assert sorted(site.points("furnace")) == [float(at) for at in range(200)]
    assert sorted(site.points("gauge")) == [1000.0 + at for at in range(200)]
    units = site.ask(
        "print(json.dumps(list(ChannelDescriptor.objects.filter(version__gt=0).values_list('name', 'unit'))))"
    )
    assert ["T", "degC"] in units


def test_a_wrong_file_is_refused_with_its_key(tmp_path: Path) -> None:
    site = Site(tmp_path, 1883)
    site.file.write_text('[[instruments]]\ninstrument = "x"\n[[instruments.topics]]\ntopic = "a/#/b"\n')
    command = [sys.executable, "manage.py", "mqtt_bridge", str(site.file), "--check"]
    done = subprocess.run(command, cwd=ROOT, env=site.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "instruments.0.topics.0.topic" in done.stderr
