"""Gathers single readings into blocks, keeps what each channel is, and says a repeated fault once a minute. Thread-safe."""

import hashlib
import math
import threading
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ingest.contract import Block, Descriptor, Event

QUIET_NS = 60 * 10**9  # the same fault is said again after so long, with how often it came meanwhile
MAX_NAME = 120
MAX_KINDS_OF_FAULTS = 1000
MAX_SPARE_EVENTS = 1000  # beyond the limit: births, deaths and faults are told even where readings are lost


@dataclass(frozen=True)
class Gathered:
    """What came since the last time, in the order of the wire: what channels are, their rows, what happened."""

    blocks: tuple[Block, ...] = ()
    events: tuple[Event, ...] = ()
    descriptors: tuple[Descriptor, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.blocks or self.events or self.descriptors)

    @property
    def rows(self) -> int:
        """Values in all blocks."""
        return sum(len(block.times) * len(block.channels) for block in self.blocks)


@dataclass
class _Column:
    times: "array[int]" = field(default_factory=lambda: array("q"))
    values: "array[float]" = field(default_factory=lambda: array("d"))


class Gatherer:
    """Readings of many channels, each with its own times, until `take` is called.

    `known`: the descriptors of earlier, as `known()` gave them (JSON), so that an unchanged channel is not described again.
    `limit`: so many readings and events wait at most (none: as many as come); what comes beyond is lost, and counted in an
    event `gap` of `source`.
    """

    def __init__(
        self, known: Mapping[str, Mapping[str, Any]] | None = None, *, limit: int | None = None, source: str = ""
    ) -> None:
        self._limit, self._source = limit, source
        self._lost: tuple[int, int, int] | None = None  # first and last time, how many
        self._lock = threading.Lock()
        self._known = {name: Descriptor.model_validate(saved) for name, saved in (known or {}).items()}
        self._states: dict[str, str] = {}
        self._said: dict[tuple[str, str], tuple[int, int]] = {}  # fault -> when it was said, how often since
        self.changed = False
        self._clear()

    def _clear(self) -> None:
        self._columns: dict[str, _Column] = {}
        self._events: list[Event] = []
        self._descriptors: list[Descriptor] = []
        self.count = 0

    def describe(
        self,
        name: str,
        *,
        time_ns: int,
        unit: str | None = None,
        quantity: str | None = None,
        kind: Literal["analog", "state"] = "analog",
        low: float | None = None,
        high: float | None = None,
    ) -> bool:
        """Say what a channel is from `time_ns` on; true when that is new. A change becomes a new version.

        Versions count minutes since 1970, so that a new spool, which knows no old version, never reuses one.
        """
        name = channel_name(name)
        with self._lock:
            before = self._known.get(name)
            said: dict[str, Any] = {"unit": unit, "quantity": quantity, "kind": kind, "low": low, "high": high}
            if before is not None and before.model_dump(include=set(said)) == said:
                return False
            version = max(time_ns // (60 * 10**9), 1 if before is None else before.version + 1)
            now = Descriptor(name=name, version=min(version, 2**31 - 1), since=max(time_ns, 0), **said)
            self._known[name] = now
            self._descriptors.append(now)
            self.changed = True
            return True

    def reading(self, name: str, time_ns: int, value: float) -> None:
        """One value of one channel. What is not finite is an event, for NaN means "no value" on the wire."""
        name = channel_name(name)
        if not math.isfinite(value):
            self.fault("not_a_number", name, time_ns, str(value))
            return
        with self._lock:
            if self._no_room(time_ns):
                return
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = _Column()
            column.times.append(time_ns)
            column.values.append(value)
            self.count += 1

    def state(self, name: str, time_ns: int, text: str) -> None:
        """A channel that says words: an event whenever the word changes."""
        name = channel_name(name)
        with self._lock:
            if self._states.get(name) == text or self._no_room(time_ns):
                return
            self._states[name] = text
        self.event(time_ns, "state", name, text[:500])

    def event(self, time_ns: int, kind: str, name: str = "", value: object = None) -> None:
        """Something happened."""
        with self._lock:
            if self._no_room(time_ns, spare=MAX_SPARE_EVENTS):
                return
            self._events.append(Event(time=max(time_ns, 0), kind=kind[:40], name=name[:200], value=value))
            self.count += 1

    @property
    def full(self) -> bool:
        """Whether the next reading would be lost."""
        return self._limit is not None and self.count >= self._limit

    def lose(self, time_ns: int) -> None:
        """One reading that could not be taken."""
        with self._lock:
            self._count_lost(time_ns)

    def _no_room(self, time_ns: int, *, spare: int = 0) -> bool:
        """Whether the limit is reached; then what came is counted as lost."""
        if self._limit is None or self.count < self._limit + spare:
            return False
        self._count_lost(time_ns)
        return True

    def _count_lost(self, time_ns: int) -> None:
        first, last, many = self._lost or (time_ns, time_ns, 0)
        self._lost = (min(first, time_ns), max(last, time_ns), many + 1)

    def fault(self, kind: str, name: str, time_ns: int, reason: str) -> None:
        """Something was wrong with a reading: said at once, then once a minute with how often it came meanwhile."""
        key = (kind, name)
        with self._lock:
            said, often = self._said.get(key, (0, 0))
            if said and time_ns - said < QUIET_NS:
                self._said[key] = (said, often + 1)
                return
            if len(self._said) >= MAX_KINDS_OF_FAULTS:
                self._said.clear()
            self._said[key] = (time_ns, 0)
        value: dict[str, Any] = {"reason": reason[:500]}
        self.event(time_ns, kind, name, {**value, "unsaid": often} if often else value)

    def known(self) -> dict[str, dict[str, Any]]:
        """All descriptors as JSON, for a checkpoint; clears `changed`."""
        with self._lock:
            self.changed = False
            return {name: one.model_dump(mode="json") for name, one in self._known.items()}

    def take(self) -> Gathered:
        """Everything since the last time. Channels with the same times share a block."""
        with self._lock:
            columns, events, descriptors = self._columns, self._events, self._descriptors
            self._clear()
            if self._lost is not None:
                events.append(self._gap(*self._lost))
                self._lost = None
        blocks: dict[bytes, Block] = {}
        for name, column in columns.items():
            key = column.times.tobytes()
            if key in blocks:
                blocks[key].channels[name] = column.values
            else:
                blocks[key] = Block(times=column.times, channels={name: column.values})
        return Gathered(tuple(blocks.values()), tuple(events), tuple(descriptors))

    def _gap(self, first: int, last: int, lost: int) -> Event:
        value = {"seconds": (last - first) / 1e9, "lost": lost, "reason": "there was no room to store them"}
        return Event(time=max(first, 0), kind="gap", name=self._source, value=value)


def channel_name(text: str) -> str:
    """A name the wire takes: one line, not empty, at most 120 characters; long ones keep their end and stay distinct."""
    name = " ".join(text.replace("\x00", "").split()) or "value"
    if len(name) <= MAX_NAME:
        return name
    mark = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{mark}~{name[-(MAX_NAME - 9) :]}"
