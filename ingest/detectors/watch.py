"""All detectors of one channel together."""

import importlib.metadata
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from ingest.detectors.protocol import Channel, Detector, Finding, Listening, Settling

log = logging.getLogger(__name__)
GROUP = "lodestone.detectors"
FIRST = ("out_of_range", "stuck", "burst", "gap")  # a channel that has one of these is not also said to drift

broken: dict[str, str] = {}


@lru_cache(maxsize=1)
def factories() -> Mapping[str, Callable[[Channel], Detector]]:
    """Every registered detector by name; a broken one is noted in `broken` and harms no other."""
    found: dict[str, Callable[[Channel], Detector]] = {}
    for entry in sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: entry.name):
        try:
            found[entry.name] = entry.load()
        except Exception as error:
            broken[entry.name] = f"{type(error).__name__}: {error}"
            log.exception("the detector %s cannot be loaded", entry.name)
    return found


class Watch:
    """Feeds the points of one channel to all detectors; `offset` is subtracted for those that compare with a set point."""

    def __init__(self, channel: Channel, state: Mapping[str, Any] | None = None) -> None:
        self.channel = channel
        self._detectors: dict[str, Detector] = {}
        for name, factory in factories().items():
            self._detectors[name] = factory(channel)
            if state and name in state:
                self._detectors[name].restore(state[name])

    def update(
        self, times: Sequence[int], values: Sequence[float], errors: Sequence[float] | None = None
    ) -> list[Finding]:
        """What is wrong with the next points. `errors`: the same points minus their set points, where there is one."""
        findings: list[Finding] = []
        for name, detector in self._detectors.items():
            if name != "drift":
                findings += detector.update(times, values)
        drift = self._detectors.get("drift")
        late = drift.update(times, values if errors is None else errors) if drift else []
        if any(finding.kind in FIRST and finding.score >= 0.5 for finding in findings):
            self.wander(times[-1])
            return findings
        return findings + late

    def settle(self, time: int) -> None:
        """Something was changed on purpose."""
        for detector in self._detectors.values():
            if isinstance(detector, Settling):
                detector.settle(time)

    def wander(self, time: int) -> None:
        """A set point of the instrument was changed: a free channel may leave its level slowly, a jump still is none."""
        for name, detector in self._detectors.items():
            if name == "drift" and isinstance(detector, Settling):
                detector.settle(time)

    def silence(self, now: int) -> Finding | None:
        """What is wrong if nothing has come until `now`."""
        for detector in self._detectors.values():
            if isinstance(detector, Listening):
                return detector.silence(now)
        return None

    def state(self) -> dict[str, Mapping[str, Any]]:
        """All that all detectors remember, as JSON."""
        return {name: detector.state() for name, detector in self._detectors.items()}
