"""What stands against what: the start of the rows, the axis of each channel, absolute times."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.delimited_text.columns import Columns
from ingest.parsers.delimited_text.dates import compact_dates
from ingest.parsers.delimited_text.preamble import Preamble, start_of_name
from ingest.parsers.protocol import Channel

_COUNTED = re.compile(r"(?:no|nr|index|point|number|point no|data point)\.?|#", re.IGNORECASE)  # rows, nothing measured


def find_start(columns: Columns, preamble: Preamble, name: str) -> tuple[dict[str, Any], list[str]]:
    """Start and end: from dates in the rows, from the preamble, or from the file's name, in this order."""
    if columns.start is not None and not (columns.deduced and "start" in preamble.metadata):
        found = {"start": columns.start.isoformat(), "start_source": "rows"}
        return ({**found, "end": columns.end.isoformat()} if columns.end else found), []
    metadata = preamble.metadata
    if columns.clock_starts is not None:
        day = str(metadata.get("start") or metadata.get("date") or "")[:10] or _day_of(name)
        if day:
            start = datetime.fromisoformat(day) + timedelta(seconds=columns.clock_starts)
            return {"start": start.isoformat(), "start_source": "date and clock of the first row"}, []
        return {}, ["rows have clock times but no date is stated; times are relative"]
    if "start" in metadata:
        return {"start": metadata["start"], "start_source": "header"}, []
    named = start_of_name(name)
    if named is not None:
        return {"start": named.isoformat(), "start_source": "file name"}, ["the start is taken from the file's name"]
    return {}, []


def _day_of(name: str) -> str:
    named = start_of_name(name)
    if named is not None:
        return named.date().isoformat()
    days = set(compact_dates(name))
    return days.pop().isoformat() if len(days) == 1 else ""


def _axis(channels: Sequence[Channel]) -> str | None:
    """What to plot against: time, an angle, an energy, or a first column that only rises or only falls."""
    clocks = [
        c
        for c in channels
        if c.quantity == "time" and c.values is not None and c.confidence >= 0.8 and _rises(c.values)
    ]
    if clocks:
        return max(clocks, key=lambda clock: (clock.times is not None, clock.confidence)).name
    for wanted in (
        "two_theta",
        "wavelength",
        "raman_shift",
        "wavenumber",
        "binding_energy",
        "photon_energy",
        "frequency",
    ):
        for channel in channels:
            if channel.quantity == wanted and channel.values is not None and channel.confidence >= 0.8:
                return channel.name
    counted = len(channels) > 2 and _COUNTED.fullmatch(channels[0].name) is not None
    first = channels[int(counted)] if channels else None
    if first is not None and first.values is not None and (_rises(first.values) or _rises(-first.values)):
        return first.name
    return None


def _pairs(channels: Sequence[Channel]) -> dict[str, str]:
    """What each channel is plotted against where columns of x and y alternate, each y with an x of its own before it."""
    xs, ys = channels[::2], channels[1::2]
    quantity = xs[0].quantity if xs else None
    alike = quantity is not None and all(x.quantity == quantity and x.times is None for x in xs)
    if len(xs) < 2 or len(xs) != len(ys) or not alike or any(y.quantity == quantity for y in ys):
        return {}
    return {y.name: x.name for x, y in zip(xs, ys, strict=True)}


def _rises(values: NDArray[np.float64]) -> bool:
    steps = np.diff(values[np.isfinite(values)])
    return len(steps) > 1 and bool((steps >= 0).all() and (steps > 0).any())


def finish(columns: Columns, start: dict[str, Any]) -> list[Channel]:
    """Channels with their axis, and absolute times where rows have them."""
    axis, pairs = _axis(columns.channels), _pairs(columns.channels)
    times = next((channel.times for channel in columns.channels if channel.times is not None), None)
    if times is None and columns.clock_starts is not None and "start" in start:
        elapsed = next(
            c.values for c in columns.channels if c.quantity == "time" and c.confidence == 1.0 and c.values is not None
        )
        first = np.datetime64(datetime.fromisoformat(start["start"]).replace(tzinfo=None), "ns").astype(np.int64)
        times = first + np.round(np.nan_to_num(elapsed) * 1e9).astype(np.int64)
    made = []
    for channel in columns.channels:
        against = axis if channel.name != axis else None
        if pairs:
            against = pairs.get(channel.name)
        made.append(replace(channel, axis=against, times=channel.times if channel.times is not None else times))
    return made
