"""What people and recipes set - set points, shutters, valves - and when it moved: changes, and steps made of them. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from ingest.stream.set_points import is_set_point, set_points
from ingest.telemetry.points import Points, Series

RAMP_S = 15.0  # changes of one set point that follow each other so closely are one ramp
MOST_STEPS = 500
SWITCH = re.compile(r"shutter|valve|blende|klappe|gate|快门|挡板|阀", re.IGNORECASE)


@dataclass(frozen=True)
class Change:
    """A set point or a switch moved."""

    time: datetime
    name: str
    before: float
    after: float


@dataclass(frozen=True)
class Move:
    """Changes of one channel that belong together: a jump (start = end) or a ramp."""

    name: str
    start: datetime
    end: datetime
    before: float
    after: float


def level_names(kinds: Mapping[str, str]) -> list[str]:
    """The channels that are set, not measured. `kinds`: "analog" or "state" by name."""
    paired = set(set_points(kinds).values())
    return sorted(
        name
        for name, kind in kinds.items()
        if kind == "state" or name in paired or is_set_point(name) or is_switch(name)
    )


def is_switch(name: str) -> bool:
    """Whether a channel's name says that it is open or closed."""
    return bool(SWITCH.search(name))


def _moment(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns / 1e9, UTC)


def changes(points: Points) -> list[Change]:
    """Every change of value, in order of time; what came twice at one time counts once."""
    found = []
    for name, series in points.items():
        values = np.round(series.values, 9)
        for at in np.flatnonzero(np.diff(values) != 0) + 1:
            found.append(Change(_moment(int(series.times[at])), name, float(values[at - 1]), float(values[at])))
    return sorted(found, key=lambda change: (change.time, change.name))


def moves(changed: Iterable[Change]) -> list[Move]:
    """Changes joined into jumps and ramps, in order of time."""
    open_: dict[str, Move] = {}
    done = []
    for change in changed:
        known = open_.get(change.name)
        if known and not is_switch(change.name) and (change.time - known.end).total_seconds() <= RAMP_S:
            open_[change.name] = Move(change.name, known.start, change.time, known.before, change.after)
            continue
        if known:
            done.append(known)
        open_[change.name] = Move(change.name, change.time, change.time, change.before, change.after)
    return sorted([*done, *open_.values()], key=lambda move: (move.start, move.name))


def steps_found(
    points: Points, units: Mapping[str, str | None], start: datetime, end: datetime | None
) -> list[dict[str, Any]]:
    """Steps as stretches in which nothing is changed (or one ramp goes on), each named by what was changed.

    A step: {name, start, end, values, changed: [{channel, before, after, unit, switch, ramp}]}, times as ISO text.
    """
    inside = [change for change in changes(points) if start <= change.time and (end is None or change.time <= end)]
    edges: dict[datetime, list[tuple[Move, str]]] = {}
    for move in moves(inside):
        ramp = (move.end - move.start).total_seconds() > RAMP_S
        edges.setdefault(move.start, []).append((move, "ramp" if ramp else "jump"))
        if ramp:
            edges.setdefault(move.end, []).append((move, "hold"))
    times = sorted(edges)[:MOST_STEPS]
    if not times:
        return []
    steps = [] if times[0] <= start else [_step([], start, points, units)]
    steps += [_step(edges[time], time, points, units) for time in times]
    ends = [step["start"] for step in steps[1:]] + [end.isoformat() if end else None]
    return [{**step, "end": until} for step, until in zip(steps, ends, strict=True)]


def _step(
    moved: Sequence[tuple[Move, str]], time: datetime, points: Points, units: Mapping[str, str | None]
) -> dict[str, Any]:
    changed = [
        {
            "channel": move.name,
            "before": move.before,
            "after": move.after,
            "unit": units.get(move.name),
            "switch": is_switch(move.name),
            "how": how,
        }
        for move, how in moved
    ]
    return {
        "name": ", ".join(_named(one) for one in changed) or "start",
        "start": time.isoformat(),
        "end": None,
        "values": {name: _at(series, time) for name, series in points.items() if len(series)},
        "changed": changed,
    }


def _at(series: Series, time: datetime) -> float:
    at = int(np.searchsorted(series.times, round(time.timestamp() * 1e9) + 1000, "right")) - 1
    return float(series.values[max(at, 0)])


def _named(changed: Mapping[str, Any]) -> str:
    """What was changed, in signs that every language reads; the page words it from `changed`."""
    name = re.sub(r"[ _.]*(set ?_?point|sp)$", "", changed["channel"], flags=re.IGNORECASE) or changed["channel"]
    if changed["switch"]:
        return f"{name} {'●' if changed['after'] else '○'}"
    unit = f" {changed['unit']}" if changed["unit"] else ""
    if changed["how"] == "hold":
        return f"{name} = {changed['after']:g}{unit}"
    before = f" {changed['before']:g}" if changed["how"] == "ramp" else ""
    return f"{name}{before} → {changed['after']:g}{unit}"
