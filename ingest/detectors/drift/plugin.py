"""drift: a controlled reading leaves its level slowly although nobody changed its set point."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.detectors.memory import Remembering
from ingest.detectors.protocol import Finding

BLOCK = 20  # points of one mean
QUIET = 3.0  # standard errors by which two blocks in a row may differ and still be called quiet
LIMIT = 6.0  # noise units that the short mean may leave the level of a controlled channel
WANDER = 6.0  # for a free channel: times its usual wandering, too
FREE_LEARN = 1200
RELEARN = 300
SHORT = 0.15


@dataclass
class Memory:
    """Noise of one reading, the level when last quiet, the short mean, how far a free channel usually wanders."""

    points: int = 0
    previous: float = 0.0
    noise: float = 0.0
    level: float | None = None
    short: float = 0.0
    wander: float = 0.0
    alarm: int = 0
    block: list[float] = field(default_factory=list)
    before: float | None = None


class Drift(Remembering[Memory]):
    """Takes the level once the channel is quiet, forgets it at every change made on purpose.

    With a set point the values are differences from it, and a level that moves is a fault of control. Without one, slow
    wandering is normal: the limit then is what the channel was seen to do before.
    """

    kind = "drift"
    Memory = Memory

    def settle(self, time: int) -> None:
        """The level may change now: wait until the channel is quiet again."""
        memory = self.memory
        memory.level, memory.before, memory.block, memory.alarm = None, None, [], 0

    def update(self, times: Sequence[int], values: Sequence[float]) -> list[Finding]:
        """Take the next points in order."""
        found = []
        for time, value in zip(times, values, strict=True):
            if math.isfinite(value):
                finding = self._point(time, value)
                if finding is not None:
                    found.append(finding)
        return found

    def _point(self, time: int, value: float) -> Finding | None:
        memory = self.memory
        if memory.points:
            step = abs(value - memory.previous) / 1.128  # mean |difference| of two normal readings = 1.128 sigma
            limit = step if memory.points < 10 else min(step, 5 * memory.noise + 1e-12)
            memory.noise += max(0.02, 1 / memory.points) * (limit - memory.noise)
        memory.points, memory.previous = memory.points + 1, value
        if memory.level is None:
            self._seek(value)
            return None
        memory.short += SHORT * (value - memory.short)
        return self._judge(time)

    def _seek(self, value: float) -> None:
        """Take the level where two blocks in a row agree."""
        memory = self.memory
        memory.block.append(value)
        if len(memory.block) < BLOCK:
            return
        mean = sum(memory.block) / BLOCK
        error = memory.noise * math.sqrt(2 / BLOCK)
        if memory.before is not None and memory.noise > 0 and abs(mean - memory.before) < QUIET * error:
            memory.level = memory.short = mean
        memory.before, memory.block = mean, []

    def _judge(self, time: int) -> Finding | None:
        memory = self.memory
        if memory.level is None:
            return None
        away = memory.short - memory.level
        limit = LIMIT * memory.noise
        if not self.channel.set_point:
            limit = max(limit, WANDER * memory.wander)
            if memory.points < FREE_LEARN or abs(away) <= limit:
                memory.wander += 0.002 * (abs(away) - memory.wander)
                memory.level += 0.003 * away
        if abs(away) <= limit or (not self.channel.set_point and memory.points < FREE_LEARN):
            memory.alarm = 0
            return None
        memory.alarm += 1
        if memory.alarm > RELEARN:
            memory.level = memory.short
        return Finding(time, self.kind, 1 - 0.5 * limit / abs(away), self._reason(away))

    def _reason(self, away: float) -> str:
        unit = f" {self.channel.unit}" if self.channel.unit else ""
        against = "its set point" if self.channel.set_point else "its level"
        return (
            f"The reading has moved by {away:+.3g}{unit} against {against}, {abs(away) / max(self.memory.noise, 1e-300):.0f} "
            "times its noise, and nothing was changed on purpose."
        )


plugin = Drift
