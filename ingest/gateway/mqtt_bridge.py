"""Machines that publish to a broker without an agent: messages become batches, stored by the service that agents use.

For each instrument a file holds what was read, and the batches on their way, written before they are stored: stored again
after a crash they are the same batches under the same numbers, which are kept once. A message is acknowledged after that, so
the broker keeps what a crash cuts off.
"""

import base64
import contextlib
import fcntl
import json
import logging
import os
import secrets
import threading
import time
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.db import OperationalError, close_old_connections
from django.utils import timezone
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ingest.contract import Batch, encode_batch
from ingest.durable import folder_make, folder_sync
from ingest.errors import BadInput, LodestoneError, NotAllowed, Unavailable
from ingest.gateway.models import Agent
from ingest.gateway.parts import space_check
from ingest.gateway.services import agent_heard, frames_accept, instrument_ensure
from ingest.gateway.tokens import secret_hash
from ingest.home import home
from ingest.mqtt.broker import Broker
from ingest.mqtt.mapping import Sparkplug, Topic
from ingest.mqtt.reader import Message, Reader
from ingest.mqtt.session import BrokerAway, Session
from ingest.readings import Gathered

log = logging.getLogger(__name__)
SOURCE = "mqtt"
HEARTBEAT_S = 15.0
MAX_DELAY_S = 60.0


class BridgedInstrument(BaseModel):
    """What one instrument publishes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    instrument: str = Field(min_length=1, max_length=80, description="slug")
    topics: tuple[Topic, ...] = ()
    sparkplug: tuple[Sparkplug, ...] = ()

    @property
    def filters(self) -> list[tuple[str, int]]:
        """What to subscribe to."""
        return [(one.topic, int(one.qos)) for one in self.topics] + [
            (name, 1) for one in self.sparkplug for name in one.filters
        ]


class BridgeSettings(BaseModel):
    """The TOML file of the bridge."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    broker: Broker = Broker()
    instruments: tuple[BridgedInstrument, ...] = Field(min_length=1)


def bridge_settings(path: Path) -> BridgeSettings:
    """The settings in a file. Raises BadInput that names every wrong key."""
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        return BridgeSettings.model_validate(document, context={"folder": path.absolute().parent})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read: {error}") from error
    except ValidationError as error:
        faults = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise BadInput(f"{path}: {'; '.join(faults)}") from error


class Pipe:
    """One instrument: its reader, its agent row, its file."""

    def __init__(self, one: BridgedInstrument) -> None:
        self.wanted = one
        self._file = _folder() / f"{one.instrument}.json"
        saved = json.loads(self._file.read_text("utf-8")) if self._file.exists() else {}
        self._epoch: str = saved.get("epoch") or f"mqtt-{secrets.token_hex(8)}"
        self._next: int = saved.get("next", 0)
        self._state: dict[str, dict[str, Any]] = saved.get("state", {})
        self._pending: list[str] = saved.get("pending", [])
        self.reader = Reader(one.topics, one.sparkplug, self._state)
        self.agent = _agent(one.instrument)

    def store(self) -> None:
        """All that was read, durably; what a crash left first. Raises Unavailable, OperationalError: then call it again."""
        self._deliver()
        live, late = self.reader.live.take(), self.reader.replay.take()
        batches = [self._batch(one, historical=one is late) for one in (live, late) if one]
        if not batches:
            return
        self._state |= self.reader.state()
        self._pending = [base64.b64encode(data).decode() for data in batches]
        self._write()
        self._deliver()

    def _batch(self, found: Gathered, *, historical: bool) -> bytes:
        number, self._next = self._next, self._next + 1
        return encode_batch(
            Batch(
                instrument=self.wanted.instrument,
                source=SOURCE,
                epoch=self._epoch,
                sequence=number,
                sent=time.time_ns(),
                historical=historical,
                descriptors=found.descriptors,
                events=found.events,
                blocks=found.blocks,
            )
        )

    def _deliver(self) -> None:
        while self._pending:
            data = base64.b64decode(self._pending[0])
            space_check(len(data))
            try:
                frames_accept(agent=self.agent, data=data)
            except (BadInput, NotAllowed) as error:
                place = self._file.with_suffix(f".refused-{time.time_ns()}")
                place.write_bytes(data)
                log.error("a batch of %s was refused and kept as %s: %s", self.wanted.instrument, place, error.message)
            del self._pending[0]

    def _write(self) -> None:
        document = {"epoch": self._epoch, "next": self._next, "state": self._state, "pending": self._pending}
        part = self._file.with_suffix(".part")
        with part.open("w", encoding="utf-8") as handle:
            json.dump(document, handle)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(self._file)
        folder_sync(self._file.parent)


class Bridge:
    """The broker on one side, the pipes on the other."""

    def __init__(self, settings: BridgeSettings, stopping: threading.Event) -> None:
        self._settings, self._stopping = settings, stopping
        self._pipes = [Pipe(one) for one in settings.instruments]
        self._beat = 0.0
        self._connected = False

    def run(self) -> None:
        """Until told to stop; a lost broker is tried again, later each time, always with a new client."""
        delay = 0.5
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._listen()
            except (BrokerAway, OSError) as error:
                log.warning("%s", error)
                self._say("death", str(error)[:300]) if self._connected else None
                self._connected = False
                self._health("away", str(error))
                delay = 0.5 if time.monotonic() - began > 10 else delay
                self._stopping.wait(delay)
                delay = min(delay * 2, MAX_DELAY_S)

    def _listen(self) -> None:
        session = Session(self._settings.broker, self._settings.broker.client_id or "lodestone-bridge")
        try:
            session.open([one for pipe in self._pipes for one in pipe.wanted.filters])
            self._connected = True
            self._say("birth", {"resumed": session.resumed})
            while not self._stopping.is_set():
                messages = session.poll(0.2)
                began = time.monotonic()
                while (
                    messages
                    and len(messages) < 1000
                    and time.monotonic() - began < 0.5
                    and (more := session.poll(0.05))
                ):
                    messages += more
                commands = [command for message in messages for command in self._take(message)]
                self._store()
                session.done(messages)
                for topic, payload in commands:
                    session.publish(topic, payload)
                self._health("running", "")
            self._say("death", "stopped on purpose")
        finally:
            with contextlib.suppress(BrokerAway, OSError):
                session.close()

    def _take(self, message: Message) -> list[tuple[str, bytes]]:
        """The first instrument that wants a topic gets it."""
        pipe = next((pipe for pipe in self._pipes if pipe.reader.wants(message.topic)), None)
        return [] if pipe is None else pipe.reader.take(message)

    def _store(self) -> None:
        """Store everything, waiting while that cannot be done: nothing is acknowledged meanwhile."""
        while True:
            try:
                for pipe in self._pipes:
                    pipe.store()
                return
            except (Unavailable, OperationalError) as error:
                log.warning("nothing can be stored now (%s); it is tried again", error)
                close_old_connections()
                if self._stopping.wait(2):
                    raise BrokerAway("the bridge ends; what was not stored comes again") from error

    def _say(self, kind: str, value: object) -> None:
        for pipe in self._pipes:
            pipe.reader.live.event(time.time_ns(), kind, SOURCE, value)
        self._store()

    def _health(self, state: str, error: str) -> None:
        if time.monotonic() - self._beat < HEARTBEAT_S and not error:
            return
        self._beat = time.monotonic()
        health: Mapping[str, Any] = {
            "version": "bridge",
            "queue_rows": 0,
            "queue_bytes": 0,
            "sources": [{"name": SOURCE, "state": state, "error": error[:300]}],
            "time": time.time_ns(),
        }
        with contextlib.suppress(LodestoneError, OperationalError):
            for pipe in self._pipes:
                agent_heard(agent=pipe.agent, now=timezone.now(), health=dict(health))


@contextlib.contextmanager
def bridge_hold() -> Iterator[None]:
    """Only one bridge works on a data folder. Raises Unavailable."""
    folder_make(_folder())
    with (_folder() / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unavailable(f"another bridge works on {_folder()}: stop it first", retry_after=30) from error
        yield


def _folder() -> Path:
    return home() / "mqtt_bridge"


def _agent(instrument: str) -> Agent:
    """The bridge's own agent of an instrument; nobody knows its token. Raises NotAllowed when a person revoked it."""
    found = Agent.objects.select_related("instrument").filter(name="mqtt-bridge", instrument__slug=instrument).first()
    if found is None:
        found = Agent.objects.create(
            name="mqtt-bridge",
            instrument=instrument_ensure(slug=instrument),
            token_hash=secret_hash(secrets.token_hex(32)),
        )
    if found.revoked is not None:
        raise NotAllowed(f"the bridge was revoked for {instrument}: take it out of the bridge's file")
    return found
