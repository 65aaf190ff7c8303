"""What a running source is given: commit with back-pressure, checkpoints, a way to wait and to say how it goes."""

import logging
import shutil
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from ingest.agent.config import SpoolSettings
from ingest.agent.errors import SpoolWriteFailed, Stopping
from ingest.agent.sources.protocol import Checkpoints, Item
from ingest.agent.spool import Spool

log = logging.getLogger(__name__)
WARN_EVERY_S = 60.0


@dataclass
class RunningSource:
    """The SourceContext of one source, and what is known of it."""

    name: str
    type: str
    instrument: str
    spool: Spool
    room: SpoolSettings
    stopping: threading.Event
    state: str = "starting"
    error: str = ""
    restarts: int = 0
    rows: int = 0
    limits_at_server: dict[str, int] = field(default_factory=dict)  # shared with the wire that asks for them
    _warned: float = field(default=float("-inf"))

    @property
    def epoch(self) -> str:
        """Identity of the spool."""
        return self.spool.epoch

    @property
    def limits(self) -> dict[str, int]:
        """What the server takes at once."""
        return self.limits_at_server

    def checkpoints(self) -> dict[str, dict[str, Any]]:
        """As last committed."""
        return self.spool.checkpoints(self.name)

    def commit(self, *items: Item, checkpoints: Checkpoints | None = None) -> float:
        """Store together, waiting while there is no room; seconds waited. Raises Stopping."""
        began = time.monotonic()
        before = self.state
        while True:
            reason = self.no_room()
            if reason is None:
                try:
                    self.spool.commit(self.name, self.instrument, items, checkpoints or {}, now=time.time_ns())
                    break
                except SpoolWriteFailed as error:
                    reason = str(error)
            self._warn(reason)
            if self.wait(0.5):
                raise Stopping(f"{self.name} was paused: {reason}")
        if self.state == "paused":
            log.warning("source %s goes on after a pause of %.0f s", self.name, time.monotonic() - began)
            self.report("running" if before == "paused" else before)
        return time.monotonic() - began

    def wait(self, seconds: float) -> bool:
        """Sleep; true when the agent ends."""
        return self.stopping.wait(max(0.0, seconds))

    def report(self, state: str, error: str = "") -> None:
        """Say how it goes; a change of it is logged once."""
        if (state, error) != (self.state, self.error):
            log.log(logging.WARNING if error else logging.INFO, "source %s: %s %s", self.name, state, error)
        self.state, self.error = state, error

    def no_room(self) -> str | None:
        """Why nothing can be stored now."""
        if self.spool.bytes > self.room.max_bytes:
            return f"the spool is full ({self.spool.bytes} of {self.room.max_bytes} bytes, spool.max_bytes)"
        free = shutil.disk_usage(self.spool.path.parent).free
        if free < self.room.min_free_bytes:
            return f"the disk of the spool is almost full ({free} bytes free, spool.min_free_bytes)"
        if not self.spool.has_reserve():
            return f"the disk of the spool is full ({free} bytes free)"
        return None

    def _warn(self, reason: str) -> None:
        self.state, self.error = "paused", reason
        if time.monotonic() - self._warned > WARN_EVERY_S:
            self._warned = time.monotonic()
            log.error("SOURCE %s IS PAUSED, nothing is dropped: %s", self.name.upper(), reason)
