"""gap: no value for much longer than this channel is used to."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.detectors.memory import Remembering
from ingest.detectors.protocol import Finding

FACTOR = 8.0
LONGEST = 3.0
LEAST_S = 5.0
LEARN = 10


@dataclass
class Memory:
    """Time of the last point (ns), typical and longest usual interval (s)."""

    last: int = 0
    points: int = 0
    typical: float = 0.0
    longest: float = 0.0


class Gap(Remembering[Memory]):
    """Compares each interval with the typical one and with the longest that was still normal."""

    kind = "gap"
    Memory = Memory

    def update(self, times: Sequence[int], values: Sequence[float]) -> list[Finding]:
        """Take the next points in order; a gap is found at the point that ends it."""
        found, memory = [], self.memory
        for time in times:
            seconds = (time - memory.last) / 1e9
            if memory.points > 0:
                finding = self._judge(time, seconds)
                if finding is not None:
                    found.append(finding)
                    seconds = memory.typical
                rate = max(0.02, 1 / memory.points)
                memory.typical += rate * (seconds - memory.typical)
                memory.longest = max(seconds, memory.longest - 0.001 * (memory.longest - memory.typical))
            memory.last, memory.points = time, memory.points + 1
        return found

    def silence(self, now: int) -> Finding | None:
        """A gap that still goes on."""
        return self._judge(now, (now - self.memory.last) / 1e9) if self.memory.last else None

    def _judge(self, time: int, seconds: float) -> Finding | None:
        memory = self.memory
        limit = max(LEAST_S, FACTOR * memory.typical, LONGEST * memory.longest)
        if memory.points < LEARN or seconds <= limit:
            return None
        reason = f"No value for {seconds:.3g} s; this channel usually has one every {memory.typical:.3g} s."
        return Finding(time, self.kind, 1 - 0.5 * limit / seconds, reason)


plugin = Gap
