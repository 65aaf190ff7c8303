"""Columns for <lab-plot>: from the arrays of a file, from the telemetry of a run. No drawing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eln.ui.quantity import pretty_unit
from ingest.parsers.protocol import Channel

MAX_POINTS = 2000
TELLING = {
    "substrate": 4,
    "sample": 4,
    "chamber": 4,
    "growth": 3,
    "rheed": 3,
    "temperature": 1,
    "thickness": 2,
    "flux": 2,
    "intensity": 1,
    "setpoint": -3,
    "power": -2,
    "voltage": -2,
    "current": -2,
}  # words of channel names
Payload = dict[str, Any]  # the JSON of <lab-plot>, described in lab-plot.js


def decimate(
    x: NDArray[np.float64], y: NDArray[np.float64], points: int = MAX_POINTS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most about `points` of the columns, keeping the least and the greatest value of every stretch and the ends."""
    if len(x) <= points:
        return x, y
    edges = np.linspace(0, len(x), max(points // 2, 1) + 1).astype(int)
    low = np.where(np.isfinite(y), y, np.inf)
    high = np.where(np.isfinite(y), y, -np.inf)
    keep = {0, len(x) - 1}
    for start, end in pairwise(edges):
        keep.update((start + int(np.argmin(low[start:end])), start + int(np.argmax(high[start:end]))))
    index = np.array(sorted(keep))
    return x[index], y[index]


def numbers(values: NDArray[np.float64]) -> list[float | None]:
    """JSON numbers; none where there is no finite value."""
    return [float(value) if np.isfinite(value) else None for value in values]


def column(label: str, unit: str | None, x: NDArray[np.float64], y: NDArray[np.float64], points: int) -> Payload:
    """One series with positions of its own, in their order."""
    fits = np.isfinite(x)
    x, y = x[fits], y[fits]
    if len(x) > 1 and np.any(np.diff(x) < 0):
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
    x, y = decimate(x, y, points)
    return {"label": label, "unit": pretty_unit(unit), "x": numbers(x), "values": numbers(y)}


def _axis(channel: Channel, by_name: Mapping[str, Channel]) -> tuple[str, NDArray[np.float64]]:
    """(key of the axis, positions): another column of equal length, absolute time, or the row number."""
    rows = channel.rows
    axis = by_name.get(channel.axis or "")
    if axis is not None and axis.values is not None and len(axis.values) == rows:
        return axis.name, axis.values
    if channel.times is not None and len(channel.times) == rows:
        return "time", channel.times / 1e9
    return "row", np.arange(rows, dtype=np.float64)


def axes(channels: Sequence[Channel]) -> list[str]:
    """The axes that a file's columns stand over, the busiest first; each is one plot."""
    by_name = {channel.name: channel for channel in channels}
    used = {channel.axis for channel in channels if channel.axis}
    count: dict[str, int] = {}
    for channel in channels:
        if channel.values is not None and channel.rows > 1 and channel.name not in used and not channel.grid:
            key = _axis(channel, by_name)[0]
            count[key] = count.get(key, 0) + 1
    return sorted(count, key=lambda key: -count[key])


def axis_chosen(known: Sequence[str], wanted: str) -> str:
    """The wanted axis; without one the time or row axis, and the busiest where there is neither."""
    if wanted in known:
        return wanted
    own = [key for key in known if key in ("time", "row")] if not wanted else []
    return next(iter([*own, *known]), "row")


def file_plot(channels: Sequence[Channel], axis: str, points: int = MAX_POINTS) -> Payload:
    """The columns of a file that stand over this axis."""
    by_name = {channel.name: channel for channel in channels}
    used = {channel.axis for channel in channels if channel.axis}
    series = []
    for channel in channels:
        if channel.values is None or channel.rows < 2 or channel.name in used or channel.grid:
            continue
        key, x = _axis(channel, by_name)
        if key == axis:
            series.append(column(channel.name, channel.unit, x, channel.values, points))
    over = by_name.get(axis)
    _hide_positions(series, pretty_unit(over.unit) if over else None)
    time = axis == "time" or (over is not None and _is_epoch(over))
    label = "" if axis in ("time", "row") else axis
    return {"x": {"label": label, "unit": pretty_unit(over.unit) if over else "", "time": time}, "series": series}


def _hide_positions(series: list[Payload], unit: str | None, most: int = 6) -> None:
    """Columns in the axis's own unit are other positions (omega beside 2theta): not drawn at first, where there are others."""
    measured = [one for one in series if one["unit"] != unit]
    for one in series:
        one["shown"] = any(one is kept for kept in (measured or series)[:most])


def _is_epoch(channel: Channel) -> bool:
    """Seconds since 1970: later than 1990 in every row."""
    values = channel.values
    return channel.unit == "s" and values is not None and bool(len(values)) and float(np.nanmin(values)) > 6.3e8


def shown_first(channels: Sequence[tuple[str, str | None]], most: int = 4) -> set[str]:
    """Which of many live channels (name, unit) to draw before anybody chooses: of each unit the most telling one."""
    best: dict[str, tuple[int, str]] = {}
    for name, unit in channels:
        score = sum(weight for word, weight in TELLING.items() if word in name.lower())
        if score > best.get(unit or "", (-100, ""))[0]:
            best[unit or ""] = (score, name)
    ranked = sorted(best.values(), key=lambda pair: -pair[0])
    return {name for _, name in ranked[:most]}


def step_marks(steps: Sequence[Mapping[str, Any]]) -> list[Payload]:
    """Marks of a run's steps, whose times are ISO text."""
    marks = []
    for step in steps:
        if isinstance(step.get("start"), str):
            x = datetime.fromisoformat(step["start"]).timestamp()
            marks.append({"x": x, "label": str(step.get("name", "")), "kind": "step"})
    return marks
