"""Which run a file belongs to, by time; pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SLACK = timedelta(minutes=2)


@dataclass(frozen=True)
class Window:
    """A stretch of time of one run; `end` none while it goes on."""

    key: int
    start: datetime
    end: datetime | None


def overlap(window: Window, start: datetime, end: datetime) -> timedelta:
    """How long both went on; a touch within the slack of unsynchronised clocks counts as a microsecond, else zero."""
    latest = end if window.end is None else min(window.end, end)
    shared = latest - max(window.start, start)
    if shared > timedelta(0):
        return shared
    return timedelta(microseconds=1) if shared >= -SLACK else timedelta(0)


def best(windows: Sequence[Window], start: datetime, end: datetime) -> tuple[int | None, bool]:
    """(key of the window with the longest overlap or none, whether two fit equally well)."""
    ranked = sorted(((overlap(window, start, end), window.key) for window in windows), reverse=True)
    if not ranked or ranked[0][0] <= timedelta(0):
        return None, False
    if len(ranked) > 1 and ranked[1][0] == ranked[0][0]:
        return None, True
    return ranked[0][1], False
