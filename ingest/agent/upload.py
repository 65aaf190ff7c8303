"""The sender: empties the spool in the right order, waits as long as it takes, never gives up and never drops."""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Literal

from ingest.agent.batches import restamp
from ingest.agent.delivery import FileDelivery
from ingest.agent.errors import Incompatible, Refused, SourceAway, SpoolWriteFailed, Unauthorised, Unreachable
from ingest.agent.spool import Spool
from ingest.agent.wire import Wire

log = logging.getLogger(__name__)
State = Literal["starting", "online", "unreachable", "unauthorised", "incompatible"]
FIRST_DELAY_S = 0.5
UNAUTHORISED_DELAY_S = 30.0
INCOMPATIBLE_DELAY_S = 60.0
MAX_TRIES_TOGETHER = 3  # a batch the server fails on (500) so often waits alone, others go on
PATIENCE_S = 30.0


class Uploader:
    """Runs in one thread; `state` and `reason` say how it stands."""

    def __init__(self, spool: Spool, wire: Wire, *, retry_max_s: float, stopping: threading.Event) -> None:
        self.state: State = "starting"
        self.reason = ""
        self.last_delivery: int | None = None
        self.rows_sent = self.bytes_sent = self.files_sent = 0  # since the start
        self._spool, self._wire, self._stopping = spool, wire, stopping
        self._files = FileDelivery(wire, spool)
        self._retry_max_s = retry_max_s
        self._failures = 0
        self._tries: dict[int | str, int] = {}
        self._resting: dict[int | str, float] = {}  # batch or key -> monotonic time of the next try

    def run(self) -> None:
        """Send until told to stop. Raises SpoolCorrupt."""
        while not self._stopping.is_set():
            self._spool.filled.clear()
            if not self.step():
                if self.state != "online":
                    self._attempt("ping", lambda: None)  # nothing to send: find out whether it could be
                self._shrink()
                self._spool.filled.wait(0.5)

    def _shrink(self) -> None:
        try:
            self._spool.shrink()
        except SpoolWriteFailed as error:
            log.error("%s", error)
            self._spool.make_room()
            self._stopping.wait(1)

    def drain(self, *, limit_s: float) -> None:
        """Send what is left for at most so long; an unreachable server ends it at once."""
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline and self._failures == 0 and self.step():
            pass

    def step(self) -> bool:
        """One round: a batch of frames, then one step of tails and files; false when there was nothing to do."""
        now = time.monotonic()
        self._resting = {key: at for key, at in self._resting.items() if at > now}
        try:
            before = self._failures
            sent = self._frames_step()
            return sent if self._failures > before else self._files_step() or sent
        except SpoolWriteFailed as error:
            log.error("%s", error)
            if not self._spool.make_room():
                self._stopping.wait(5)
            self._files.forget()
            return True

    def _frames_step(self) -> bool:
        claimed = self._spool.claim(now=time.time_ns(), skip=[key for key in self._resting if isinstance(key, int)])
        if claimed is None:
            return False
        data = claimed.row.payload
        if not claimed.fresh:
            data = restamp(data, sent=time.time_ns(), historical=claimed.historical)

        def send() -> None:
            try:
                self._wire.frames(data)
            except Refused as refusal:
                if refusal.code == "sequence_reused":
                    self._spool.renumber(claimed.row)
                    log.error("the spool was set back to an older state: its rows get new numbers (%s)", refusal)
                    return
                self._spool.reject([claimed.row], str(refusal), now=time.time_ns())
                log.error("a batch of %s was refused and set aside: %s", claimed.row.source, refusal)
                return
            self._spool.done([claimed.row])
            self.rows_sent += claimed.row.rows
            self.bytes_sent += len(data)

        self._attempt(claimed.row.id, send)
        return True

    def _files_step(self) -> bool:
        rows = self._spool.files_next(skip=frozenset(key for key in self._resting if isinstance(key, str)))
        if not rows:
            return False

        def send() -> None:
            self.bytes_sent += self._files.step(rows)
            self.files_sent = self._files.delivered

        self._attempt(rows[0].key, send)
        return True

    def _attempt(self, key: int | str, send: Callable[[], object]) -> None:
        """Send once; on failure note why and wait, on success note that too. After a silence, agree on a version first."""
        try:
            if self.state != "online":
                self._wire.ping()
            send()
        except SourceAway as error:
            log.warning("%s", error)
            self._resting[key] = time.monotonic() + PATIENCE_S
        except Unauthorised as error:
            self._failed("unauthorised", str(error), UNAUTHORISED_DELAY_S)
        except Incompatible as error:
            self._failed("incompatible", str(error), INCOMPATIBLE_DELAY_S)
        except Unreachable as error:
            self._tries[key] = self._tries.get(key, 0) + 1
            if error.status == 500 and self._tries[key] >= MAX_TRIES_TOGETHER:
                self._resting[key] = time.monotonic() + min(PATIENCE_S * self._tries[key], 3600)
            self._failed("unreachable", str(error), error.retry_after_s)
        else:
            self._tries.pop(key, None)
            self._succeeded()

    def _succeeded(self) -> None:
        if self.state != "online":
            log.info("connected: the server takes our data")
        self.state, self.reason, self._failures = "online", "", 0
        self.last_delivery = time.time_ns()

    def _failed(self, state: State, reason: str, retry_after_s: float | None) -> None:
        if (state, reason) != (self.state, self.reason):
            log.log(logging.WARNING if state == "unreachable" else logging.ERROR, "%s (everything is kept)", reason)
        self.state, self.reason = state, reason
        self._files.forget()
        self._spool.introduce_again()
        delay = min(FIRST_DELAY_S * 2 ** min(self._failures, 16), self._retry_max_s) * random.uniform(0.7, 1.0)  # noqa: S311
        self._failures += 1
        if retry_after_s is not None:
            delay = (
                min(max(delay, retry_after_s), 3600)
                if state == "unreachable"
                else min(retry_after_s, self._retry_max_s)
            )
        self._stopping.wait(delay)
