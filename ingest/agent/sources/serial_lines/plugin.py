"""A serial port as a source of the agent: whole lines are read by patterns, what fits none is an event."""

import re
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar

from pydantic import BaseModel

from ingest.agent.errors import AgentError, SourceAway, SourceError
from ingest.agent.sources.protocol import Frames, SourceContext
from ingest.agent.sources.serial_lines.params import SerialParams
from ingest.readings.errors import Garbled
from ingest.readings.gather import Gatherer
from ingest.readings.payloads import numeric
from ingest.readings.times import time_ns

FIRST_DELAY_S = 0.5
LISTEN_S = 3.0


class SerialSource:
    """Listens on a port."""

    Params: ClassVar[type[BaseModel]] = SerialParams

    def __init__(self, name: str, params: SerialParams) -> None:
        self._name, self._params = name, params

    def check(self) -> list[str]:
        """Listen for a moment. Raises SourceAway where the port cannot be opened."""
        gatherer, lines = Gatherer(), Lines(self._params)
        port, heard, until = self._open(), 0, time.monotonic() + LISTEN_S
        try:
            while time.monotonic() < until:
                for line in lines.more(port.read(port.in_waiting or 1)):
                    heard += 1
                    line_read(line, self._params, gatherer, time.time_ns())
        finally:
            port.close()
        found = gatherer.take()
        names = sorted({name for block in found.blocks for name in block.channels})
        wrong = [f"WARNING: {event.value['reason']}" for event in found.events if event.kind == "garbled"]
        return [f"{heard} lines in {LISTEN_S:.0f} s; channels: {', '.join(names) or 'none yet'}", *wrong]

    def run(self, context: SourceContext) -> None:
        """Collect until told to stop; a port that fails is opened anew."""
        gatherer = Gatherer(context.checkpoints().get("channels"), limit=self._params.max_waiting, source=context.name)
        delay, since = FIRST_DELAY_S, None
        while not context.wait(0):
            began = time.monotonic()
            try:
                self._listen(context, gatherer, since)
                return
            except AgentError as error:
                if not isinstance(error, SourceAway):
                    raise
                why = str(error)
            except (
                OSError,
                ValueError,
                TypeError,
            ) as error:  # pyserial's own are OSError; a port pulled out raises TypeError
                why = f"{self._params.port}: {error}"
            if since is None or time.monotonic() - began > self._params.silence_s:
                since = time.time_ns()
                gatherer.event(since, "death", context.name, why[:300])
            _store(gatherer, context)
            context.report("away", why)
            delay = FIRST_DELAY_S if time.monotonic() - began > 20 * FIRST_DELAY_S else delay
            if context.wait(delay):
                return
            delay = min(delay * 2, self._params.retry_max_s)

    def _listen(self, context: SourceContext, gatherer: Gatherer, since: int | None) -> None:
        port, lines = self._open(), Lines(self._params)
        storing: Future[None] | None = None
        store = ThreadPoolExecutor(
            1, "serial-store"
        )  # the port is read on while the spool is full, else it would overflow
        try:
            for command in self._params.init:
                port.write((command + self._params.terminator).encode(self._params.encoding))
            heard, stored, born = time.monotonic(), time.monotonic(), False
            while not context.wait(0):
                for line in lines.more(port.read(port.in_waiting or 1)):
                    now, heard = time.time_ns(), time.monotonic()
                    if not born:
                        born = True
                        if since is not None:
                            gatherer.event(since, "gap", context.name, {"seconds": (now - since) / 1e9})
                        gatherer.event(now, "birth", context.name, {"port": self._params.port})
                        context.report("running")
                    line_read(line, self._params, gatherer, now)
                if time.monotonic() - stored > self._params.batch_s and (storing is None or storing.done()):
                    if storing is not None:
                        storing.result()
                    storing = store.submit(_store, gatherer, context)
                    stored = time.monotonic()
                if time.monotonic() - heard > self._params.silence_s:
                    raise SourceAway(
                        f"{self._params.port} is silent for {self._params.silence_s:g} s; it is opened anew"
                    )
            gatherer.event(time.time_ns(), "death", context.name, "stopped on purpose")
            if storing is not None:
                storing.result()
            _store(gatherer, context)
        finally:
            port.close()
            store.shutdown()

    def _open(self) -> Any:  # Any: pyserial ships no types
        try:
            import serial
        except ImportError as error:
            raise SourceError("pyserial is not installed: python -m pip install 'lodestone-agent[visa]'") from error
        one = self._params
        keys = {"baudrate": one.baud_rate, "bytesize": one.data_bits, "parity": one.parity, "stopbits": one.stop_bits}
        try:
            return serial.serial_for_url(one.port, timeout=0.1, write_timeout=2, **keys)
        except (OSError, ValueError) as error:
            raise SourceAway(f"{one.port} cannot be opened ({error}); is it plugged in, and may we use it?") from error


class Lines:
    """Bytes into whole lines; the unfinished rest waits."""

    def __init__(self, params: SerialParams) -> None:
        self._end, self._limit = params.terminator.encode(), params.max_line
        self._rest = b""

    def more(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes; one that is too long is given as it is, to be garbled."""
        *lines, self._rest = (self._rest + data).split(self._end)
        if len(self._rest) > self._limit:
            lines.append(self._rest)
            self._rest = b""
        return [line for line in lines if line.strip()]


def line_read(line: bytes, params: SerialParams, gatherer: Gatherer, now: int) -> None:
    """One line into readings, or a garbled event."""
    try:
        if len(line) > params.max_line:
            raise Garbled(f"a line of more than {params.max_line} bytes")
        _fit(line.decode(params.encoding).strip(), params, gatherer, now)
    except (Garbled, UnicodeDecodeError) as error:
        gatherer.fault("garbled", params.port, now, f"{error} ({line[:80]!r})")


def _fit(text: str, params: SerialParams, gatherer: Gatherer, now: int) -> None:
    for one in params.patterns:
        found = re.search(one.pattern, text)
        if found is None:
            continue
        if one.ignore:
            return
        groups = {name: value for name, value in found.groupdict().items() if value is not None}
        at = time_ns(groups.pop("time"), zone=params.zone) if "time" in groups else now
        for name, value in groups.items():
            if name in one.units:
                gatherer.describe(name, time_ns=at, unit=one.units[name][:60])
            number = numeric(value)
            if number is None:
                gatherer.state(name, at, value)
            else:
                gatherer.reading(name, at, number)
        return
    raise Garbled("no pattern fits")


def _store(gatherer: Gatherer, context: SourceContext) -> None:
    if not gatherer.count and not gatherer.changed:
        return
    checkpoints: dict[str, dict[str, Any]] = {"channels": gatherer.known()} if gatherer.changed else {}
    found = gatherer.take()
    context.commit(Frames(found.blocks, found.events, found.descriptors), checkpoints=checkpoints)
