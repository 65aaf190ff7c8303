"""The HTTP door as a source of the agent: what a program pushes is answered for only after the spool holds it."""

import logging
import threading
import time
from typing import ClassVar

from pydantic import BaseModel

from ingest.agent.errors import SourceError
from ingest.agent.sources.http_push.document import csv_push, json_push
from ingest.agent.sources.http_push.errors import Full
from ingest.agent.sources.http_push.params import HttpPushParams
from ingest.agent.sources.http_push.server import Door
from ingest.agent.sources.protocol import Frames, SourceContext
from ingest.readings import Gathered, Gatherer

log = logging.getLogger(__name__)
KEEP_KEYS = 200  # of the last requests, so that one that is sent again is not stored twice


class HttpPushSource:
    """Listens; `address` is where, once it does."""

    Params: ClassVar[type[BaseModel]] = HttpPushParams

    def __init__(self, name: str, params: HttpPushParams) -> None:
        self._name, self._params = name, params
        self.address = ""

    def check(self) -> list[str]:
        """Whether the token can be read and the port is free. Raises SourceError."""
        self._params.secret()
        door = Door(self._params, "", _nobody)
        door.close()
        where = f"http://{self._params.host}:{self._params.port}/v1/rows"
        lines = [f"would take JSON and CSV rows on {where}"]
        if self._params.host not in ("127.0.0.1", "::1", "localhost"):
            lines.append("WARNING: http, not https, and not only this computer: whoever listens can read the token")
        return lines

    def run(self, context: SourceContext) -> None:
        """Listen until told to stop. Raises SourceError where the port is taken."""
        inbox = Inbox(self._params, context)
        door = Door(self._params, self._params.secret(), inbox)
        self.address = door.address
        log.info("source %s listens on %s", self._name, self.address)
        inbox.say("birth", {"address": self.address})
        thread = threading.Thread(target=door.serve, name=f"{self._name}-door")
        thread.start()
        try:
            while not context.wait(1.0):
                if not thread.is_alive():
                    raise SourceError(f"the door on {self.address} closed unexpectedly")
        finally:
            door.stop()
            thread.join(10)
            door.close()
        inbox.say("death")


class Inbox:
    """Turns one request at a time into one commit. Called from the threads of the requests."""

    def __init__(self, params: HttpPushParams, context: SourceContext) -> None:
        self._params, self._context = params, context
        saved = context.checkpoints()
        self._gatherer = Gatherer(saved.get("channels"))
        self._keys: list[str] = list(saved.get("keys", {}).get("last", []))
        self._lock = threading.Lock()

    def __call__(self, body: bytes, *, is_json: bool, key: str) -> tuple[int, bool]:
        """Store a request; its rows, and whether it was stored before. Raises Garbled, Full, Stopping."""
        with self._lock:
            if key and key in self._keys:
                return 0, True
            why = self._context.no_room()
            if why is not None:
                raise Full(why)
            read = json_push if is_json else csv_push
            rows = read(body, self._gatherer, now=time.time_ns(), zone=self._params.zone)
            keys = [*self._keys, key][-KEEP_KEYS:] if key else self._keys
            self._commit(self._gatherer.take(), keys)
            self._keys = keys
            return rows, False

    def say(self, kind: str, value: object = None) -> None:
        """An event of our own."""
        with self._lock:
            self._gatherer.event(time.time_ns(), kind, self._context.name, value)
            self._commit(self._gatherer.take(), self._keys)

    def _commit(self, found: Gathered, keys: list[str]) -> None:
        checkpoints: dict[str, dict[str, object]] = {}
        if self._gatherer.changed:
            checkpoints["channels"] = dict(self._gatherer.known())
        if keys != self._keys:
            checkpoints["keys"] = {"last": keys}
        self._context.commit(Frames(found.blocks, found.events, found.descriptors), checkpoints=checkpoints)


def _nobody(body: bytes, *, is_json: bool, key: str) -> tuple[int, bool]:
    raise Full("not running")
