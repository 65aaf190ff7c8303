"""The simulated machine as a source of the agent: a clock, checkpoints, and rows in small batches."""

import math
import time
from array import array
from typing import Any, ClassVar

from pydantic import BaseModel

from ingest.agent.sources.protocol import Frames, SourceContext
from ingest.agent.sources.simulated.channels import CHANNELS, DESCRIPTORS, MACHINE
from ingest.agent.sources.simulated.faults import disturb, silent, vanished
from ingest.agent.sources.simulated.machine import Happening, Machine, State
from ingest.agent.sources.simulated.params import SimulatedParams
from ingest.contract import Block, Event

LATE_S = 2.0  # later than this (the computer slept, the spool was full), rows are lost: say so


class SimulatedSource:
    """Streams the machine; after a restart it goes on with the very next row."""

    Params: ClassVar[type[BaseModel]] = SimulatedParams

    def __init__(self, name: str, params: SimulatedParams) -> None:
        self._name, self._params = name, params

    def check(self) -> list[str]:
        """What it would stream."""
        params = self._params
        recipes = ", ".join(recipe["title"] for recipe in MACHINE["recipes"])
        return [
            f"{len(CHANNELS)} channels at {params.rate_hz:g} rows/s, {len(params.faults)} faults",
            f"a run takes {params.run_s / params.time_factor:.0f} s: {recipes}",
        ]

    def run(self, context: SourceContext) -> None:
        """Stream until told to stop, or until `rows` are made."""
        stream = Stream(self._params, context)
        stream.begin()
        while not stream.finished():
            if context.wait(stream.due()):
                stream.end()
                return
            stream.step()
        stream.flush()


class Stream:
    """One connection to the machine: turns its rows into frames and commits them with its state."""

    def __init__(self, params: SimulatedParams, context: SourceContext) -> None:
        self._params, self._context = params, context
        saved = context.checkpoints().get("machine")
        origin = time.time_ns() if params.start is None else int(params.start.timestamp() * 1e9)
        self._fresh = saved is None
        self._away: int | None = None  # since when the connection is away, ns
        self._origin: int = origin if saved is None else saved["origin"]  # time of the first row ever
        self._zero: int = origin if saved is None else saved["zero"]  # time of row `skipped`, moved when rows are lost
        self._skipped: int = 0 if saved is None else saved["skipped"]
        self._held: dict[str, float] = {} if saved is None else saved["held"]
        self._machine = Machine(
            seed=params.seed,
            run_s=params.run_s,
            pause_s=params.pause_s,
            people=params.people,
            state=State() if saved is None else State(**saved["state"]),
            tag=f"{self._origin // 10**9:x}",
        )
        self._period_ns = 1e9 / params.rate_hz
        self._batch_rows = max(1, round(params.batch_s * params.rate_hz))
        self._clear()

    def begin(self) -> None:
        """Say that the machine is there, and what was missed."""
        now = self._time()
        self._events.append(Event(time=now, kind="birth", name="simulated", value={"channels": len(CHANNELS)}))
        self._catch_up()

    def end(self) -> None:
        """Say that we stop listening on purpose."""
        self._events.append(Event(time=self._time(), kind="death", name="simulated"))
        self.flush()

    def finished(self) -> bool:
        """Whether all wanted rows were made."""
        return self._params.rows is not None and self._machine.state.row >= self._params.rows

    def due(self) -> float:
        """Seconds until the next row."""
        if not self._params.paced:
            return 0.0
        if self._params.start is not None:  # a fixed start is not the wall clock: pace by the rows themselves
            return 1 / self._params.rate_hz
        return (self._time() - time.time_ns()) / 1e9

    def step(self) -> None:
        """One row."""
        self._catch_up()
        now, elapsed = self._time(), (self._time() - self._origin) / 1e9
        values, happened = self._machine.advance(self._params.time_factor / self._params.rate_hz)
        self._events.extend(_event(now, one) for one in happened)
        self._watch_connection(now, vanished(self._params.faults, elapsed))
        if self._away is None and not silent(self._params.faults, elapsed):
            disturb(values, self._params.faults, elapsed, self._held)
            self._times.append(now)
            for name, column in self._columns.items():
                column.append(values[name])
        self._made += 1
        if self._made >= self._batch_rows:
            self.flush()

    def _watch_connection(self, now: int, away: bool) -> None:
        """Say once that the machine is gone, and once that it is back and what is missing."""
        name = self._context.name
        if away and self._away is None:
            self._away = now
            self._events.append(Event(time=now, kind="death", name=name, value="the connection is away"))
            self._context.report("away", "the simulated machine vanished, as its faults demand")
        elif not away and self._away is not None:
            self._events.append(
                Event(time=self._away, kind="gap", name=name, value={"seconds": (now - self._away) / 1e9})
            )
            self._events.append(Event(time=now, kind="birth", name=name, value={"channels": len(CHANNELS)}))
            self._context.report("running")
            self._away = None

    def flush(self) -> None:
        """Commit rows, events and state together."""
        if not self._made and not self._events:
            return
        checkpoint: dict[str, Any] = {
            "origin": self._origin,
            "zero": self._zero,
            "skipped": self._skipped,
            "held": {key: value for key, value in self._held.items() if math.isfinite(value)},
            "state": self._machine.state.dump(),
        }
        blocks = (Block(times=self._times, channels=self._columns),) if self._times else ()
        descriptors = DESCRIPTORS if self._fresh else ()
        self._context.commit(
            Frames(blocks=blocks, events=tuple(self._events), descriptors=descriptors),
            checkpoints={"machine": checkpoint},
        )
        self._fresh = False
        self._clear()

    def _clear(self) -> None:
        self._times = array("q")
        self._columns = {name: array("d") for name in CHANNELS}
        self._events: list[Event] = []
        self._made = 0

    def _time(self) -> int:
        """Time of the next row, ns."""
        return self._zero + round((self._machine.state.row - self._skipped) * self._period_ns)

    def _catch_up(self) -> None:
        """When the clock ran away (agent stopped, computer asleep), go on from now and mark the gap."""
        if self._params.start is not None:
            return
        late = time.time_ns() - self._time()
        if late > (LATE_S + self._params.batch_s) * 1e9:
            self._events.append(
                Event(time=self._time(), kind="gap", name=self._context.name, value={"seconds": late / 1e9})
            )
            self._zero, self._skipped = time.time_ns(), self._machine.state.row


def _event(now: int, one: Happening) -> Event:
    return Event(time=now, kind=one.kind, name=one.name, value=one.value)
