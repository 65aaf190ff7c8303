"""The clock of a simulated machine, its checkpoints, and its rows in small batches."""

import math
import time
from array import array
from typing import Any

from ingest.agent.sources.protocol import Frames, SourceContext
from ingest.agent.sources.simulated.data_files import DataFiles
from ingest.agent.sources.simulated.faults import disturb, silent, vanished
from ingest.agent.sources.simulated.machines import MODELS, Conduct, Happening
from ingest.agent.sources.simulated.params import SimulatedParams
from ingest.contract import Block, Event

LATE_S = 2.0  # later than this (the computer slept, the spool was full), rows are lost: say so


class Stream:
    """One connection to the machine: turns its rows into frames and commits them with its state."""

    def __init__(self, params: SimulatedParams, context: SourceContext) -> None:
        self._params, self._context = params, context
        saved = context.checkpoints().get("machine")
        if saved is not None and saved.get("machine", "oxide_mbe") != params.machine:
            saved = None  # another machine now: it begins anew
        origin = time.time_ns() if params.start is None else int(params.start.timestamp() * 1e9)
        self._fresh = saved is None
        self._away: int | None = None if saved is None else saved.get("away")  # since when the connection is away, ns
        self._origin: int = origin if saved is None else saved["origin"]  # time of the first row ever
        self._zero: int = origin if saved is None else saved["zero"]  # time of row `skipped`, moved when rows are lost
        self._skipped: int = 0 if saved is None else saved["skipped"]
        self._held: dict[str, float] = {} if saved is None else saved["held"]
        conduct = Conduct(
            seed=params.seed,
            run_s=params.length_s,
            pause_s=params.between_s,
            people=params.people,
            tag=f"{self._origin // 10**9:x}",
        )
        self._machine = MODELS[params.machine](params.description, conduct, None if saved is None else saved["state"])
        self._files = None if params.folder is None else DataFiles(params.folder, (saved or {}).get("files"))
        self._period_ns = 1e9 / params.rate_hz
        self._batch_rows = max(1, round(params.batch_s * params.rate_hz))
        self._clear()

    def begin(self) -> None:
        """Say that the machine is there, and what was missed; one that had vanished stays away until it is back."""
        if self._away is None:
            self._event(self._time(), "birth", {"channels": len(self._params.description.channels)})
        else:
            self._report_away()
        self._catch_up()

    def end(self) -> None:
        """Say that we stop listening on purpose."""
        if self._away is None:
            self._event(self._time(), "death", None)
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
        self._events.extend(_happened(now, one) for one in happened)
        self._watch_connection(now, vanished(self._params.faults, elapsed))
        if not silent(self._params.faults, elapsed):
            disturb(values, self._params.faults, elapsed, self._held)
            self._take(now, values)
        self._made += 1
        if self._made >= self._batch_rows:
            self.flush()

    def _take(self, now: int, values: dict[str, float]) -> None:
        """A machine whose connection is away goes on writing its own files."""
        row = self._machine.data_row(values)
        if self._files is not None and row is not None:
            self._files.add(now, row)
        if self._away is None:
            self._times.append(now)
            for name, column in self._columns.items():
                column.append(values[name])

    def _watch_connection(self, now: int, away: bool) -> None:
        """Say once that the machine is gone, and once that it is back and what is missing."""
        if away and self._away is None:
            self._away = now
            self._event(now, "death", "the connection is away")
            self._report_away()
        elif not away and self._away is not None:
            self._event(self._away, "gap", {"seconds": (now - self._away) / 1e9})
            self._event(now, "birth", {"channels": len(self._params.description.channels)})
            self._context.report("running")
            self._away = None

    def _report_away(self) -> None:
        self._context.report("away", "the simulated machine vanished, as its faults demand")

    def _event(self, now: int, kind: str, value: object) -> None:
        self._events.append(Event(time=now, kind=kind, name=self._context.name, value=value))

    def flush(self) -> None:
        """Commit rows, events and state together."""
        if not self._made and not self._events:
            return
        checkpoint: dict[str, Any] = {
            "machine": self._params.machine,
            "origin": self._origin,
            "zero": self._zero,
            "skipped": self._skipped,
            "away": self._away,
            "held": {key: value for key, value in self._held.items() if math.isfinite(value)},
            "state": self._machine.state.dump(),
            **({} if self._files is None else {"files": self._files.dump()}),
        }
        blocks = (Block(times=self._times, channels=self._columns),) if self._times else ()
        descriptors = self._params.description.descriptors if self._fresh else ()
        self._context.commit(
            Frames(blocks=blocks, events=tuple(self._events), descriptors=descriptors),
            checkpoints={"machine": checkpoint},
        )
        if self._files is not None and self._kept(checkpoint):
            self._files.write()
        self._fresh = False
        self._clear()

    def _kept(self, committed: dict[str, Any]) -> bool:
        """Files follow the spool, so that a dry run, which keeps nothing, writes nothing either."""
        kept = self._context.checkpoints().get("machine")
        return kept is not None and kept["state"]["row"] == committed["state"]["row"]

    def _clear(self) -> None:
        self._times = array("q")
        self._columns = {name: array("d") for name in self._params.description.channels}
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
            if self._away is None:  # else the gap is told when the machine is back
                self._event(self._time(), "gap", {"seconds": late / 1e9})
            self._zero, self._skipped = time.time_ns(), self._machine.state.row


def _happened(now: int, one: Happening) -> Event:
    return Event(time=now, kind=one.kind, name=one.name, value=one.value)
