"""Runs found in event logs: files in which an instrument or its program wrote down what it did."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from fnmatch import fnmatch
from math import isfinite
from typing import Any

from ingest.parsers.protocol import Channel
from ingest.parsing.models import ParsedFile
from ingest.stream.found import Found, Said, found_by_events
from ingest.stream.models import RunRule
from ingest.stream.moments import moment

WHAT = r"(run|recipe|process|growth|deposition|program|job|batch|measurement|scan|配方|工艺|生长|程序|测量)"
START = re.compile(rf"{WHAT}\W*\w*\W*(start|begin|began|launch|open)|(start|begin)\w*\W*(of\W+)?{WHAT}|开始", re.I)
STOP = re.compile(
    rf"{WHAT}\W*\w*\W*(stop|end|finish|abort|complet|done|close)|(stop|end|finish|abort)\w*\W*(of\W+)?{WHAT}"
    r"|结束|停止|完成|中止",
    re.IGNORECASE,
)
NAMED = re.compile(r"""["'“「:=]\s*([^"'”」:=]{1,120}?)\s*["'”」]?\s*$""")
MOST_LINES = 100_000


def found_in_files(rule: RunRule) -> list[Found]:
    """The runs told by the event logs of an instrument; a file without lines that say so is one run as a whole."""
    pattern = rule.file_pattern or "*"
    files = ParsedFile.objects.filter(receipt__instrument=rule.instrument_id, status=ParsedFile.Status.PARSED)
    found: list[Found] = []
    for parsed in files.exclude(started=None).select_related("receipt").order_by("started", "pk"):
        if fnmatch(parsed.receipt.file_name.lower(), pattern.lower()):
            found += _told(parsed)
    return found


def _told(parsed: ParsedFile) -> list[Found]:
    said = [one for line in _lines(parsed) if (one := said_by(*line))]
    if said:
        return [Found(run.start, run.end, "", run.closing, run.facts) for run in found_by_events(_uids(said), (), 0)]
    if parsed.started is None or (parsed.ended is None or parsed.ended <= parsed.started):
        return []
    metadata: Mapping[str, Any] = parsed.document.get("metadata", {})
    facts = {name: str(metadata[name]) for name in ("title", "recipe", "sample") if isinstance(metadata.get(name), str)}
    title = facts.get("title") or facts.get("recipe") or parsed.receipt.file_name
    end = None if parsed.growing else parsed.ended
    return [Found(parsed.started, end, facts={**facts, "title": title[:200]}, steps=_steps(parsed))]


def said_by(time: datetime, text: str) -> Said | None:
    """What a line of an event log says of a run; none when it says nothing of one."""
    stop, start = STOP.search(text), START.search(text)
    if stop is None and start is None:
        return None
    kind = "run_stop" if stop is not None and (start is None or stop.start() < start.start()) else "run_start"
    named = NAMED.search(text)
    name = named[1].strip() if named else ""
    return Said(time, kind, "", {"title": name, "recipe": name} if kind == "run_start" else {})


def _uids(said: list[Said]) -> list[Said]:
    """Lines name no run: each start is one of its own."""
    return [
        Said(one.time, one.kind, f"{index}" if one.kind == "run_start" else "", one.facts)
        for index, one in enumerate(said)
    ]


def _lines(parsed: ParsedFile) -> list[tuple[datetime, str]]:
    """The lines of text columns with their times."""
    from ingest.parsing.selectors import parsed_channels

    channels = parsed_channels(parsed)
    by_name = {channel.name: channel for channel in channels}
    lines: list[tuple[datetime, str]] = []
    for channel in channels:
        for at, text in enumerate((channel.texts or ())[:MOST_LINES]):
            time = _time(parsed, channel, by_name.get(channel.axis or ""), at)
            if text and time is not None:
                lines.append((time, str(text)))
    return sorted(lines)


def _time(parsed: ParsedFile, channel: Channel, axis: Channel | None, at: int) -> datetime | None:
    """When a row was written: its own time, or so many seconds after the start of the file."""
    if channel.times is not None and at < len(channel.times):
        return moment(int(channel.times[at]))
    if axis is not None and axis.times is not None and at < len(axis.times):
        return moment(int(axis.times[at]))
    if axis is None or axis.values is None or axis.unit != "s" or at >= len(axis.values) or parsed.started is None:
        return None
    return parsed.started + timedelta(seconds=float(axis.values[at])) if isfinite(axis.values[at]) else None


def _steps(parsed: ParsedFile) -> list[dict[str, Any]]:
    """The steps of a file, whose times are seconds since its start."""
    steps = []
    for step in parsed.document.get("steps", []):
        if parsed.started is not None and isinstance(step.get("start"), (int, float)):
            start = parsed.started + timedelta(seconds=float(step["start"]))
            steps.append(
                {"name": str(step.get("name", "")), "start": start.isoformat(), "values": step.get("values") or {}}
            )
    return steps
