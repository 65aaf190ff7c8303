"""The detectors of one instrument at work: points and events in, findings out; all memory goes into JSON and back. Pure."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from ingest.detectors.protocol import Channel, Finding
from ingest.detectors.watch import Watch
from ingest.stream.set_points import set_points
from ingest.telemetry.points import Points, Series, cut, thinned

ON_PURPOSE = {"run_start", "run_stop", "step", "shutter"}
FASTEST_HZ = 20.0  # denser channels are judged by their extremes at this rate


class Observer:
    """Watches over all channels of an instrument. `last` holds time (ns) and value of each channel's newest point."""

    def __init__(self, channels: Mapping[str, Channel], state: Mapping[str, Any]) -> None:
        self._pairs = set_points(channels)
        self._targets = set(self._pairs.values())
        watches = state.get("watches", {})
        self._watches = {name: Watch(self._known(channel), watches.get(name)) for name, channel in channels.items()}
        self.last: dict[str, tuple[int, float]] = {name: (at[0], at[1]) for name, at in state.get("last", {}).items()}

    def _known(self, channel: Channel) -> Channel:
        return Channel(channel.name, channel.unit, channel.low, channel.high, set_point=channel.name in self._pairs)

    def state(self) -> dict[str, Any]:
        """All memory, as JSON."""
        watches = {name: watch.state() for name, watch in self._watches.items()}
        return {"watches": watches, "last": {name: list(at) for name, at in self.last.items()}}

    def update(self, points: Points, events: Iterable[Mapping[str, Any]]) -> dict[str, list[Finding]]:
        """Take the next live points and events; findings by channel. Points older than the newest seen are left out.

        What was changed on purpose is told to the detectors between the points before and after it, so that the findings
        do not depend on how the points were cut into batches.
        """
        fresh = self._fresh(points)
        purposes = [int(event["time"]) for event in events if event["kind"] in ON_PURPOSE]
        moves = [time for name in self._targets & set(fresh) for time in self._moves(name, fresh[name])]
        found: dict[str, list[Finding]] = {}
        edges = sorted({*purposes, *moves})
        for start, end in pairwise([-1, *edges, 2**63 - 1]):
            for watch in self._watches.values() if start in purposes else ():
                watch.settle(start)
            part = {name: cut(series, max(start, 0), end - 1) for name, series in fresh.items()}
            self._step({name: series for name, series in part.items() if len(series)}, found)
        return found

    def _step(self, points: Points, found: dict[str, list[Finding]]) -> None:
        """Points between two changes made on purpose."""
        for name in self._targets & set(points):
            self._target_moved(name, points[name])
        for name, series in points.items():
            errors = self._errors(name, series, points)
            findings = self._watches[name].update(series.times.tolist(), series.values.tolist(), errors)
            if findings:
                found.setdefault(name, []).extend(findings)
        for name, series in points.items():
            self.last[name] = (int(series.times[-1]), float(np.nan_to_num(series.values[-1])))

    def _fresh(self, points: Points) -> dict[str, Series]:
        fresh = {}
        for name, series in points.items():
            if name in self._watches:
                newer = cut(series, self.last[name][0] + 1, None) if name in self.last else series
                if len(newer):
                    seconds = (int(newer.times[-1]) - int(newer.times[0])) / 1e9
                    fresh[name] = thinned(newer, max(int(FASTEST_HZ * seconds), 100))
        return fresh

    def _moves(self, name: str, series: Series) -> list[int]:
        """When a set point changed."""
        before = self.last[name][1] if name in self.last else series.values[0]
        return [int(time) for time in series.times[np.diff(series.values, prepend=before) != 0]]

    def _target_moved(self, name: str, series: Series) -> None:
        for time in self._moves(name, series)[-1:]:
            for reading, watch in self._watches.items():
                if self._pairs.get(reading) == name:
                    watch.settle(time)
                elif reading not in self._pairs:
                    watch.wander(time)

    def _errors(self, name: str, series: Series, fresh: Points) -> list[float] | None:
        """The readings minus their set point at each time; none without a set point."""
        target = self._pairs.get(name)
        if target is None:
            return None
        before = self.last[target][1] if target in self.last else float("nan")
        goal = fresh.get(target)
        if goal is None:
            return list(map(float, series.values - before))
        at = np.searchsorted(goal.times, series.times, "right")
        return list(map(float, series.values - np.concatenate([[before], goal.values])[at]))

    def silences(self, now_ns: int) -> dict[str, Finding]:
        """Channels that have been silent for too long at `now_ns`."""
        found = {name: watch.silence(now_ns) for name, watch in self._watches.items()}
        return {name: finding for name, finding in found.items() if finding is not None}

    def __len__(self) -> int:
        return len(self.last)
