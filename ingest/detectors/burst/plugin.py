"""burst: a sudden jump far beyond the noise; pressures are judged on a logarithmic scale."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.detectors.memory import Remembering
from ingest.detectors.protocol import Channel, Finding

PRESSURE = {"mbar", "torr", "pa", "hpa", "bar", "mtorr", "kpa", "ubar", "µbar", "atm"}
LIMIT = 10.0  # robust standard deviations
LEARN = 30
SETTLE_S = 15.0
WINDOWS = 20  # changes on purpose to watch before the usual reaction to them is known
RELEARN = 60  # points in alarm after which the new level counts as normal
NOISY = 0.3


@dataclass
class Memory:
    """Level and trend (Holt), noise (mean absolute residual), how noisy the signal is, and what goes on now.

    `reaction` is the largest usual jump, in noise units, after a change on purpose; `settled` (ns) ends the present such time.
    """

    points: int = 0
    level: float = 0.0
    trend: float = 0.0
    noise: float = 0.0
    previous: float = 0.0
    direction: int = 0
    turning: float = 0.5
    alarm: int = 0
    settled: int = 0
    windows: int = 0
    reaction: float = 0.0
    largest: float = 0.0  # of the present window


class Burst(Remembering[Memory]):
    """Forecasts the next value from level and trend; while in alarm the level stays, and after a while is learnt anew."""

    kind = "burst"
    Memory = Memory

    def __init__(self, channel: Channel) -> None:
        super().__init__(channel)
        self._logarithmic = (channel.unit or "").strip().lower() in PRESSURE

    def settle(self, time: int) -> None:
        """After a change made on purpose the level may jump for a while, as far as it usually does then."""
        memory = self.memory
        if time > memory.settled:
            memory.reaction = max(memory.reaction, memory.largest)
            memory.windows += 1
            memory.largest = 0.0
        memory.settled = max(memory.settled, time + int(SETTLE_S * 1e9))
        memory.alarm = 0

    def _limit(self, time: int) -> float:
        """How far a jump may go now, in noise units."""
        memory = self.memory
        if time > memory.settled:
            return LIMIT
        unknown = self.channel.set_point or memory.windows <= WINDOWS
        return math.inf if unknown else max(LIMIT, 2 * memory.reaction)

    def update(self, times: Sequence[int], values: Sequence[float]) -> list[Finding]:
        """Take the next points in order."""
        found = []
        for time, value in zip(times, values, strict=True):
            if not math.isfinite(value) or (self._logarithmic and value <= 0):
                continue
            finding = self._point(time, value, math.log(value) if self._logarithmic else value)
            if finding is not None:
                found.append(finding)
        return found

    def _point(self, time: int, value: float, x: float) -> Finding | None:
        memory = self.memory
        if memory.points == 0:
            memory.level = memory.previous = x
        residual = x - memory.level - memory.trend
        floor = 1e-6 * abs(memory.level) + 1e-12
        z = abs(residual) / (1.25 * memory.noise + floor)
        limit = self._limit(time)
        ready = memory.points >= LEARN and memory.turning >= NOISY
        self._turn(x)
        memory.points += 1
        if ready and z > limit and memory.alarm < RELEARN:
            memory.alarm += 1
            memory.level += memory.trend * 0.5
            memory.trend *= 0.5
            return Finding(time, self.kind, 1 - 2 ** (-z / limit), self._reason(value, z))
        if time <= memory.settled:
            memory.largest = max(memory.largest, min(z, 1e6))
        if memory.alarm >= RELEARN:
            memory.level, memory.trend, memory.points = x, 0.0, 1
        memory.alarm = 0
        self._learn(residual, fast=memory.points < LEARN or (time <= memory.settled and limit > LIMIT))
        return None

    def _turn(self, x: float) -> None:
        memory = self.memory
        if x != memory.previous:
            direction = 1 if x > memory.previous else -1
            memory.turning += 0.02 * ((direction != memory.direction) - memory.turning)
            memory.direction, memory.previous = direction, x
        else:
            memory.turning -= 0.02 * memory.turning

    def _learn(self, residual: float, *, fast: bool) -> None:
        memory = self.memory
        rate = max(0.5 if fast else 0.3, 1 / memory.points)
        memory.level += memory.trend + rate * residual
        memory.trend += (0.15 if fast else 0.08) * residual
        step = max(0.05 if fast else 0.02, 1 / memory.points)
        limit = math.inf if memory.points < 5 or fast else 5 * memory.noise
        memory.noise += step * (min(abs(residual), limit) - memory.noise)

    def _reason(self, value: float, z: float) -> str:
        usual = math.exp(self.memory.level) if self._logarithmic else self.memory.level
        unit = f" {self.channel.unit}" if self.channel.unit else ""
        return f"{value:.4g}{unit} where {usual:.4g}{unit} was expected: {min(z, 9999):.0f} times the usual noise."


plugin = Burst
