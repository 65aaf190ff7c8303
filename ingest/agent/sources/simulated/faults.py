"""Faults laid over the readings of the simulated machine. Pure."""

import math
from collections.abc import Iterable

from ingest.agent.sources.simulated.params import Fault


def silent(faults: Iterable[Fault], elapsed: float) -> bool:
    """Whether the whole machine says nothing now."""
    return any(f.kind == "gap" and f.channel is None and f.phase(elapsed) is not None for f in faults)


def vanished(faults: Iterable[Fault], elapsed: float) -> bool:
    """Whether the connection to the machine is away now."""
    return any(f.kind == "vanish" and f.phase(elapsed) is not None for f in faults)


def disturb(values: dict[str, float], faults: Iterable[Fault], elapsed: float, held: dict[str, float]) -> None:
    """Change `values` as the faults active at `elapsed` demand; `held` remembers where stuck channels stand."""
    for number, fault in enumerate(faults):
        phase, channel, key = fault.phase(elapsed), fault.channel, str(number)
        if channel is None:
            continue
        if phase is None:
            held.pop(key, None)
        elif fault.kind == "stuck":
            values[channel] = held.setdefault(key, values[channel])
        elif fault.kind == "drift":
            values[channel] += fault.size * phase
        elif fault.kind == "gap":
            values[channel] = math.nan
        else:  # a burst rises within a twentieth of its time and is pumped away
            envelope = min(phase / 0.05, 1.0) * math.exp(-4 * max(0.0, phase - 0.05))
            values[channel] *= fault.size**envelope
