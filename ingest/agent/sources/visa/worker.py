"""One instrument in one thread: ask what is due, read the answer, and after any failure open everything anew."""

import re
import threading
import time
from typing import Any

from ingest.agent.errors import SourceError
from ingest.agent.sources.visa.manager import Manager
from ingest.agent.sources.visa.params import Instrument, Query
from ingest.readings.errors import Garbled
from ingest.readings.gather import Gatherer

OVERFLOW = 9.9e37  # what SCPI says for infinity and for "not a number"
FIRST_DELAY_S = 0.5


def answer_read(answer: str, query: Query) -> float:
    """The value in an answer. Raises Garbled."""
    found = re.search(query.pattern, answer)
    try:
        number = float(found[1]) if found else None
    except (TypeError, ValueError):
        number = None
    if number is None:
        raise Garbled(f"{answer[:80]!r} holds no number")
    if abs(number) >= OVERFLOW:
        raise Garbled(f"{answer[:80]!r} is how SCPI says overflow")
    value = number * query.scale + query.offset
    if (query.minimum is not None and value < query.minimum) or (query.maximum is not None and value > query.maximum):
        raise Garbled(f"{value:g} lies outside {query.minimum} to {query.maximum}")
    return value


class Worker(threading.Thread):
    """`state` and `error` say how the instrument is."""

    def __init__(
        self, one: Instrument, manager: Manager, gatherer: Gatherer, stopping: threading.Event, retry_max_s: float
    ) -> None:
        super().__init__(
            name=f"visa-{one.name}", daemon=True
        )  # a driver that never returns must not keep the agent alive
        self._one, self._manager, self._gatherer = one, manager, gatherer
        self._stopping, self._retry_max_s = stopping, retry_max_s
        self._since: int | None = None  # when it was lost
        self.state, self.error = "starting", ""

    def run(self) -> None:
        """Until told to stop; failures are counted and waited for, longer each time."""
        failures = 0
        while not self._stopping.is_set():
            session, generation = None, self._manager.generation
            try:
                session = self._manager.open(self._one)
                generation = self._manager.generation
                for command in self._one.init:
                    session.write(command)
                self._ask_on(session)
            except Exception as error:  # drivers raise whatever they like
                shared = session is not None and generation != self._manager.generation
                failures = 0 if self.state == "running" else failures
                self._manager.close(self._one, session, wedged=not shared, again=failures > 0)
                if shared:
                    continue  # another instrument had to close the manager: no fault of this one
                failures += 1
                self._lost(error)
                self._stopping.wait(min(FIRST_DELAY_S * 2 ** min(failures - 1, 12), self._retry_max_s))
            else:
                self._manager.close(self._one, session, wedged=False, again=False)

    def _ask_on(self, session: Any) -> None:  # Any: a pyvisa resource
        due = [(time.monotonic(), query) for query in self._one.queries]
        while not self._stopping.is_set():
            due.sort(key=lambda pair: pair[0])
            at, query = due[0]
            if self._stopping.wait(max(0.0, at - time.monotonic())):
                return
            asked = time.time_ns()
            answer = str(session.query(query.query))
            self._here((asked + time.time_ns()) // 2, query, answer)
            # keep the beat; after a hold-up go on from now instead of asking in a burst
            due[0] = (max(at + query.period_s, time.monotonic() - query.period_s), query)

    def _here(self, at: int, query: Query, answer: str) -> None:
        """An answer came: the instrument is there, whatever it says."""
        if self.state != "running":
            if self._since is not None:
                self._gatherer.event(self._since, "gap", self._one.name, {"seconds": (at - self._since) / 1e9})
                self._since = None
            self._gatherer.event(at, "birth", self._one.name, {"resource": self._one.resource})
            self.state, self.error = "running", ""
        try:
            self._gatherer.reading(query.channel, at, answer_read(answer, query))
        except Garbled as error:
            self._gatherer.fault("garbled", query.channel, at, str(error))

    def _lost(self, error: Exception) -> None:
        text = str(error) if isinstance(error, SourceError) else f"{type(error).__name__}: {error}"
        if self._since is None:
            self._since = time.time_ns()
            self._gatherer.event(self._since, "death", self._one.name, text[:300])
        self.state, self.error = "away", text[:300]
