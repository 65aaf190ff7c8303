"""stuck: a reading with noise repeats the very same number."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.detectors.memory import Remembering
from ingest.detectors.protocol import Finding

LEAST_RUN = 8
LONGEST = 3
NOISY = 0.4
LIVELY = 0.2  # share of points that must differ from the one before
LEARN = 30


@dataclass
class Memory:
    """The last value, how often it came, the longest usual run, and how often the direction of change turns."""

    points: int = 0
    value: float = 0.0
    direction: int = 0
    run: int = 1
    longest: float = 1.0
    turning: float = 0.0
    changes: int = 0


class Stuck(Remembering[Memory]):
    """Counts equal values. Only a channel that jitters can be stuck: set points and ramps are not meant."""

    kind = "stuck"
    Memory = Memory

    def update(self, times: Sequence[int], values: Sequence[float]) -> list[Finding]:
        """Take the next points in order; each point of a run that is too long is a finding."""
        found = []
        for time, value in zip(times, values, strict=True):
            if self.memory.points == 0:
                self.memory.value = value
            elif value == self.memory.value:
                self.memory.run += 1
            else:
                self._changed(value)
            self.memory.points += 1
            finding = self._judge(time)
            if finding is not None:
                found.append(finding)
        return found

    def _changed(self, value: float) -> None:
        memory = self.memory
        direction = 1 if value > memory.value else -1
        memory.changes += 1
        rate = max(0.01, 1 / memory.changes)
        memory.turning += rate * ((direction != memory.direction) - memory.turning)
        if memory.run <= self._limit() or memory.changes <= LEARN:
            memory.longest = max(float(memory.run), memory.longest - 0.002 * (memory.longest - memory.run))
        memory.value, memory.direction, memory.run = value, direction, 1

    def _limit(self) -> float:
        return max(LEAST_RUN, LONGEST * self.memory.longest)

    def _judge(self, time: int) -> Finding | None:
        memory, limit = self.memory, self._limit()
        if memory.run <= limit or memory.changes < max(LEARN, LIVELY * memory.points) or memory.turning < NOISY:
            return None
        reason = (
            f"The reading has been exactly {memory.value:.6g} for {memory.run} points; "
            f"it usually changes within {memory.longest:.0f}."
        )
        return Finding(time, self.kind, 1 - 0.5 * limit / memory.run, reason)


plugin = Stuck
