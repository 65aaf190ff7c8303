"""out_of_range: outside the limits of the channel's descriptor, or a number that instruments send for over-range."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.detectors.memory import Remembering
from ingest.detectors.protocol import Finding

CODE = 9.8e8  # gauges and meters send 9.9e9, 9.9e37, 1e38 for over-range, open line or "off"
LEARN = 10


@dataclass
class Memory:
    """The largest magnitude so far of a value that is no code."""

    points: int = 0
    largest: float = 0.0


class OutOfRange(Remembering[Memory]):
    """Limits come from the instrument; the codes are recognised by their size beside all that came before."""

    kind = "out_of_range"
    Memory = Memory

    def update(self, times: Sequence[int], values: Sequence[float]) -> list[Finding]:
        """Take the next points in order."""
        found = []
        for time, value in zip(times, values, strict=True):
            reason = self._reason(value)
            if reason:
                found.append(Finding(time, self.kind, 1.0, reason))
            else:
                self.memory.points += 1
                self.memory.largest = max(self.memory.largest, abs(value))
        return found

    def _reason(self, value: float) -> str:
        channel, memory = self.channel, self.memory
        unit = f" {channel.unit}" if channel.unit else ""
        if not math.isfinite(value):
            return "The instrument sent infinity instead of a value."
        if abs(value) >= CODE and memory.points >= LEARN and abs(value) > 1000 * memory.largest:
            return f"{value:.4g}{unit} is a code for over-range or off: nothing before exceeded {memory.largest:.4g}."
        if channel.high is not None and value > channel.high:
            return f"{value:.4g}{unit} is above the channel's upper limit of {channel.high:.4g}{unit}."
        if channel.low is not None and value < channel.low:
            return f"{value:.4g}{unit} is below the channel's lower limit of {channel.low:.4g}{unit}."
        return ""


plugin = OutOfRange
