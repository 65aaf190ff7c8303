"""Resource managers: PyVISA has one for each backend, so instruments share it, and closing it closes all of them."""

import threading
from contextlib import suppress
from typing import Any

from ingest.agent.errors import SourceError
from ingest.agent.sources.visa.params import Instrument

_managers: dict[str, "Manager"] = {}
_lock = threading.Lock()


def manager_of(backend: str) -> "Manager":
    """The one manager of a backend."""
    with _lock:
        return _managers.setdefault(backend, Manager(backend))


class Manager:
    """Opens sessions; `generation` rises when all of them were closed, so that the others know why theirs is dead."""

    def __init__(self, backend: str) -> None:
        self._backend, self._lock = backend, threading.RLock()
        self._manager: Any = None  # pyvisa ships partial types
        self._open: set[str] = set()
        self.generation = 0

    def open(self, one: Instrument) -> Any:  # Any: a pyvisa resource
        """A session with an instrument. Raises SourceError without PyVISA, else what the backend raises."""
        try:
            import pyvisa
            from pyvisa.constants import Parity
        except ImportError as error:
            raise SourceError("pyvisa is not installed: python -m pip install 'lodestone-agent[visa]'") from error
        with self._lock:
            if self._manager is None:
                self._manager = pyvisa.ResourceManager(self._backend)
            session = self._manager.open_resource(one.resource, open_timeout=int(one.timeout_s * 1000))
            self._open.add(one.name)
        session.timeout = one.timeout_s * 1000
        session.write_termination = one.write_termination
        if one.read_termination is not None:
            session.read_termination = one.read_termination
        if one.baud_rate is not None:
            session.baud_rate = one.baud_rate
        if one.data_bits is not None:
            session.data_bits = one.data_bits
        if one.parity is not None:
            session.parity = Parity[one.parity]
        return session

    def close(
        self, one: Instrument, session: Any, *, wedged: bool, again: bool
    ) -> None:  # Any: a pyvisa resource or none
        """Close a session, and after a wedge the manager too: at once if nobody else uses it, else when it happens again."""
        with self._lock:
            if session is not None:
                with suppress(Exception):  # a wedged session may fail to close: the manager goes next
                    session.close()
            self._open.discard(one.name)
            if self._manager is not None and (not self._open or (wedged and again)):
                with suppress(Exception):
                    self._manager.close()
                self._manager = None
                self._open.clear()
                self.generation += 1
