"""An MQTT broker as a source of the agent: messages are acknowledged after the spool holds them."""

import time
from contextlib import suppress
from typing import Any, ClassVar

from pydantic import BaseModel

from ingest.agent.errors import SourceAway, SourceError
from ingest.agent.sources.mqtt.params import MqttParams
from ingest.agent.sources.protocol import Frames, SourceContext
from ingest.mqtt.reader import Message, Reader
from ingest.mqtt.session import BrokerAway, LibraryAbsent, Session

CALM_S = 0.05  # nothing new for so long: store what is there
MANY = 1000  # messages are stored before more are taken
FIRST_DELAY_S = 0.5
LOOK_S = 3.0


class MqttSource:
    """Subscribes, stores, acknowledges; connects anew, with a new client, whenever the connection is lost."""

    Params: ClassVar[type[BaseModel]] = MqttParams

    def __init__(self, name: str, params: MqttParams) -> None:
        self._name, self._params = name, params

    def check(self) -> list[str]:
        """Listen for a moment, in a session of its own; what was heard. Raises SourceError."""
        session = self._session(f"lodestone-check-{time.time_ns():x}", keep=False)
        reader = Reader(self._params.topics, self._params.sparkplug)
        try:
            session.open(self._params.filters)
            until, heard = time.monotonic() + LOOK_S, 0
            while time.monotonic() < until:
                for message in session.poll(0.2):
                    heard += 1
                    reader.take(message)
        except (BrokerAway, OSError) as error:
            raise SourceAway(str(error)) from error
        finally:
            session.close()
        found = reader.live.take()
        names = sorted({name for block in found.blocks for name in block.channels})
        lines = [f"{heard} messages in {LOOK_S:.0f} s; channels: {', '.join(names[:20]) or 'none yet'}"]
        faults = [f"{event.name}: {event.value['reason']}" for event in found.events if event.kind == "garbled"]
        return lines + [f"WARNING: {fault}" for fault in faults[:10]]

    def run(self, context: SourceContext) -> None:
        """Collect until told to stop."""
        reader = Reader(self._params.topics, self._params.sparkplug, context.checkpoints())
        collector = Collector(self._params, reader, context)
        delay = FIRST_DELAY_S
        while not context.wait(0):
            began = time.monotonic()
            try:
                collector.listen(self._session(self._client_id(context)))
            except (BrokerAway, OSError) as error:
                collector.lost(str(error))
                context.report("away", str(error))
                delay = FIRST_DELAY_S if time.monotonic() - began > 10 * FIRST_DELAY_S else delay
                if context.wait(delay):
                    return
                delay = min(delay * 2, self._params.retry_max_s)

    def _client_id(self, context: SourceContext) -> str:
        return self._params.client_id or f"lodestone-{context.instrument}-{self._name}"

    def _session(self, client_id: str, *, keep: bool = True) -> Session:
        params = self._params if keep else self._params.model_copy(update={"session_s": 0, "protocol": "5"})
        try:
            return Session(params, client_id)
        except LibraryAbsent as error:
            raise SourceError(str(error)) from error


class Collector:
    """What lasts from one connection to the next."""

    def __init__(self, params: MqttParams, reader: Reader, context: SourceContext) -> None:
        self._params, self._reader, self._context = params, reader, context
        self._connected = False
        self._before = "session" in context.checkpoints()

    def listen(self, session: Session) -> None:
        """Take messages until told to stop. Raises BrokerAway."""
        try:
            session.open(self._params.filters)
            self._begin(session)
            while not self._context.wait(0):
                self._store(session, self._gather(session))
            self._reader.live.event(time.time_ns(), "death", self._context.name, "stopped on purpose")
            self._store(session, [])
        finally:
            with suppress(BrokerAway, OSError):
                session.close()

    def lost(self, why: str) -> None:
        """The connection is gone: say so once."""
        if self._connected:
            self._connected = False
            self._reader.live.event(time.time_ns(), "death", self._context.name, why[:300])
            self._commit()

    def _begin(self, session: Session) -> None:
        now = time.time_ns()
        self._connected = True
        self._reader.live.event(now, "birth", self._context.name, {"resumed": session.resumed})
        if self._before and not session.resumed:
            why = "the broker kept no session for us: what was published meanwhile is lost"
            self._reader.live.event(now, "gap", self._context.name, {"reason": why})
        self._before = True
        self._commit({"session": {"since": now}})
        self._context.report("running")

    def _gather(self, session: Session) -> list[Message]:
        """Messages of a moment: until none came for a while, or enough did."""
        found = session.poll(0.2)
        began = time.monotonic()
        while found and len(found) < MANY and time.monotonic() - began < self._params.batch_s:
            more = session.poll(CALM_S)
            if not more:
                break
            found += more
        return found

    def _store(self, session: Session, messages: list[Message]) -> None:
        commands = [command for message in messages for command in self._reader.take(message)]
        if messages or self._reader.live.count:
            self._commit()
            session.done(messages)
        for topic, payload in commands:
            session.publish(topic, payload)

    def _commit(self, more: dict[str, dict[str, Any]] | None = None) -> None:
        live, late = self._reader.live.take(), self._reader.replay.take()
        items = [Frames(live.blocks, live.events, live.descriptors)]
        if late:
            items.append(Frames(late.blocks, late.events, late.descriptors, historical=True))
        self._context.commit(*items, checkpoints={**self._reader.state(), **(more or {})})
