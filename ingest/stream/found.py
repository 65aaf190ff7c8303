"""Where runs begin and end, told from all that is known of an instrument; the order in which it came plays no part. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ingest.stream.levels import Change

NEW_RUN = "a new run began"


@dataclass(frozen=True)
class Said:
    """A `run_start` or `run_stop` of the instrument; `uid` may be empty on a stop."""

    time: datetime
    kind: str
    uid: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Span:
    """A stretch of time."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Found:
    """A run as it was found. `end` none: it still goes on. `closing`: why it ended, where nobody said so."""

    start: datetime
    end: datetime | None
    uid: str = ""
    closing: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    steps: Sequence[Mapping[str, Any]] = ()  # where the same source tells them: {name, start (ISO), values}


def no_data(limit_s: float) -> str:
    """The reason of a run that ended with its data."""
    return f"no data for {limit_s / 60:.0f} minutes"


def nothing_changed(limit_s: float) -> str:
    """The reason of a run that ended with its last change."""
    return f"nothing was changed for {limit_s / 60:.0f} minutes"


def found_by_events(said: Sequence[Said], stretches: Sequence[Span], silence_s: float) -> list[Found]:
    """One run for each uid: from its first start to its stop, to the next start or to a long silence.

    A stop without a uid ends the run that was begun last before it. A stop whose start is not known yet makes a run of no
    length, which the start fills in.
    """
    order = sorted(said, key=lambda one: (one.time, one.kind, one.uid))
    starts: dict[str, Said] = {}
    for one in order:
        if one.kind == "run_start":
            starts.setdefault(one.uid, one)
    stops: dict[str, list[datetime]] = {}
    last = ""
    for one in order:
        if one.kind == "run_start" and starts[one.uid] is one:
            last = one.uid
        elif one.kind == "run_stop" and (one.uid or last):
            stops.setdefault(one.uid or last, []).append(one.time)
    found = [
        _said_run(start, list(starts.values()), stops.get(uid, []), stretches, silence_s)
        for uid, start in starts.items()
    ]
    orphans = [Found(min(times), min(times), uid) for uid, times in stops.items() if uid not in starts]
    return sorted([*found, *orphans], key=lambda run: (run.start, run.uid))


def _said_run(
    start: Said, starts: Sequence[Said], stops: Sequence[datetime], stretches: Sequence[Span], silence_s: float
) -> Found:
    if stops:
        end = next((time for time in sorted(stops) if time >= start.time), start.time)
        return Found(start.time, end, start.uid, "", start.facts)
    following = min((other.time for other in starts if other.time > start.time), default=None)
    silent = _silence(start.time, stretches, silence_s)
    if silent is not None and (following is None or silent < following):
        return Found(start.time, silent, start.uid, no_data(silence_s), start.facts)
    return Found(start.time, following, start.uid, NEW_RUN if following else "", start.facts)


def _silence(start: datetime, stretches: Sequence[Span], limit_s: float) -> datetime | None:
    """When the data after `start` first stopped for longer than the limit; none while they may go on."""
    for block in blocks(stretches, limit_s)[:-1]:
        if block.end >= start:
            return block.end
    return None


def blocks(stretches: Sequence[Span], gap_s: float) -> list[Span]:
    """The stretches, joined where the gap between two is no longer than `gap_s`."""
    joined: list[Span] = []
    for stretch in sorted(stretches, key=lambda one: one.start):
        if joined and (stretch.start - joined[-1].end).total_seconds() <= gap_s:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, stretch.end))
        else:
            joined.append(stretch)
    return joined


def found_by_gaps(stretches: Sequence[Span], gap_s: float, min_s: float) -> list[Found]:
    """One run for each stretch of data between two long gaps; the newest may still go on."""
    whole = blocks(stretches, gap_s)
    long = [block for block in whole if (block.end - block.start).total_seconds() >= min_s]
    return [
        Found(block.start, None) if block is whole[-1] else Found(block.start, block.end, closing=no_data(gap_s))
        for block in long
    ]


def found_by_activity(
    changes: Sequence[Change], stretches: Sequence[Span], *, gap_s: float, rest_s: float, quiet_s: float, min_s: float
) -> list[Found]:
    """A run begins with the first set point or shutter that moves.

    It ends with the change that brings all of them back to where they were before, when they then rest for `rest_s`; else
    when nothing moved for `quiet_s`, or with the data.
    """
    found = []
    whole = blocks(stretches, gap_s)
    for block in whole:
        inside = [change for change in changes if block.start <= change.time <= block.end]
        parts = _clusters(sorted(inside, key=lambda one: (one.time, one.name)), rest_s, quiet_s)
        for at, part in enumerate(parts):
            found.append(_acted(part, block, at + 1 < len(parts), block is whole[-1], gap_s, rest_s, quiet_s))
    return [run for run in found if run.end is None or (run.end - run.start).total_seconds() >= min_s]


def _clusters(changes: Sequence[Change], rest_s: float, quiet_s: float) -> list[list[Change]]:
    """The changes of each run."""
    parts: list[list[Change]] = []
    for change in changes:
        if parts:
            pause = (change.time - parts[-1][-1].time).total_seconds()
            if pause <= rest_s or (_away(parts[-1]) and pause <= quiet_s):
                parts[-1].append(change)
                continue
        parts.append([change])
    return parts


def _away(changes: Sequence[Change]) -> bool:
    """Whether anything stands elsewhere than before the first change."""
    before: dict[str, float] = {}
    after: dict[str, float] = {}
    for change in changes:
        before.setdefault(change.name, change.before)
        after[change.name] = change.after
    return before != after


def _acted(
    part: Sequence[Change], block: Span, followed: bool, newest: bool, gap_s: float, rest_s: float, quiet_s: float
) -> Found:
    start, last = part[0].time, part[-1].time
    away = _away(part)
    limit = timedelta(seconds=quiet_s if away else rest_s)
    if followed or block.end - last > limit:
        return Found(start, last, closing=nothing_changed(quiet_s) if away else "")
    if newest:
        return Found(start, None)
    return Found(start, block.end if away else last, closing=no_data(gap_s) if away else "")
