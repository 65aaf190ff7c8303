"""A real Mosquitto for a test: skips where it is not installed, fails in CI."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest

from deploy.services import ServiceAbsent, free_port, mosquitto


class Mosquitto:
    """Start it, kill it, start it again on the same port with its sessions; publish to it."""

    def __init__(self, folder: Path, lines: tuple[str, ...] = ("allow_anonymous true",)) -> None:
        self.folder, self.lines, self.port = folder, lines, free_port()
        self.login: tuple[str, str] | None = None  # of publishers
        self.ca_file: Path | None = None
        self._running: Any = None

    def start(self) -> "Mosquitto":
        self._running = mosquitto(port=self.port, folder=self.folder, lines=self.lines)
        try:
            self._running.__enter__()
        except ServiceAbsent as reason:
            self._running = None
            if os.environ.get("CI") == "true":
                raise
            pytest.skip(str(reason))
        return self

    def stop(self) -> None:
        if self._running is not None:
            self._running.__exit__(None, None, None)
            self._running = None

    @contextmanager
    def publisher(self, name: str = "machine", **will: Any) -> Iterator[paho.Client]:
        """A client whose network runs in a thread of its own; `login` and `ca_file` say who it is and whom it trusts."""
        client = paho.Client(paho.CallbackAPIVersion.VERSION2, client_id=name)
        if self.login is not None:
            client.username_pw_set(*self.login)
        if self.ca_file is not None:
            client.tls_set(ca_certs=str(self.ca_file))
        if will:
            client.will_set(**will)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            yield client
        finally:
            client.disconnect()
            client.loop_stop()

    def publish(self, topic: str, payload: bytes | str, *, qos: int = 1, retain: bool = False) -> None:
        """One message, taken by the broker on return."""
        with self.publisher("one-message") as client:
            client.publish(topic, payload, qos=qos, retain=retain).wait_for_publish(10)
