"""Logs of the IKZ laser deposition: `.dlog` (nine bare columns) and `.elog` (recipe events); the start is in the file's name."""

import re
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, head_text, lines_of

_NUMBER = r"-?\d\.\d{3}E[+-]\d+"
_DATA_LINE = re.compile(rf"^{_NUMBER}(?:\t{_NUMBER}){{7,8}}$")
_EVENT = re.compile(r"^(\d+):(\d{1,2}):(\d{1,2})\t(.+)$")
_RECIPE = re.compile(r"^Starting Process with Recipe ?:(.+)$")
_PULSES = re.compile(r"^(\d+) Laser-pulses? fired on target")
_KNOWN = re.compile(
    r"Starting Evacuation Recipe|Starting Process with Recipe|Laser-pulses? fired on target|Shutting down system"
)
_NAME = re.compile(r"(\d{2})(\d{2})(\d{4})_(\d{2})(\d{2})(?:-(.+?))?(?:\.[de]log)?$", re.IGNORECASE)
TECHNIQUE = "pulsed laser deposition"


@cache
def _columns() -> list[dict[str, Any]]:
    loaded: list[dict[str, Any]] = yaml.safe_load(
        (files("ingest.parsers.ikz_pld") / "columns.yaml").read_text(encoding="utf-8")
    )
    return loaded


def _started(name: str) -> tuple[dict[str, Any], list[str]]:
    """Start and sample from a name such as 26042023_1630-STO-SAO.dlog (day, month, year, clock)."""
    match = _NAME.search(Path(name).name)
    if match is None:
        return {}, [
            "the file's name holds no start (ddmmyyyy_HHMM), and the log itself states none: times are relative"
        ]
    day, month, year, hour, minute = (int(part) for part in match.groups()[:5])
    try:
        start = datetime(year, month, day, hour, minute)  # noqa: DTZ001 (the zone is not stated)
    except ValueError:
        return {}, [f"the date in the file's name is impossible: {match[0]}"]
    sample = re.sub(r"\.[de]log$", "", match[6]) if match[6] else None
    found: dict[str, Any] = {"start": start.isoformat(), "start_source": "file name", "time_zone": "not stated"}
    return ({**found, "title": sample} if sample else found), []


def _data_log(lines: list[str], name: str) -> Parsed:
    metadata, warnings = _started(name)
    rows, widths, bad = [], [], 0
    for number, line in enumerate(lines, start=1):
        fields = line.rstrip().split("\t")
        if number == len(lines) and not re.fullmatch(_NUMBER, fields[-1]):
            fields = fields[:-1]  # half a number would be a wrong number
        try:
            values = [float(field) for field in fields if field]
        except ValueError:
            values = []
        if not values or len(values) > len(_columns()):
            if line.strip():
                bad += 1
            continue
        if number == len(lines) and len(values) < 8:
            warnings.append(f"the last row is cut short: it has {len(values)} whole columns")
        widths.append(len(values))
        rows.append(values + [float("nan")] * (len(_columns()) - len(values)))
    if not rows:
        raise CannotParse("holds no rows of numbers")
    if bad:
        warnings.append(f"{bad} lines are no rows of this log and were left out")
    narrow = next((index for index, width in enumerate(widths) if width < 9), None)
    if narrow is not None:
        warnings.append(f"from row {narrow + 1} on rows have {widths[narrow]} of 9 columns; the missing ones are empty")
    table = np.array(rows, dtype=np.float64)
    times = None
    if "start" in metadata:
        start = datetime.fromisoformat(metadata["start"])
        metadata["end"] = (start + timedelta(seconds=float(table[-1, 0]))).isoformat()
        times = np.datetime64(start, "ns").astype(np.int64) + np.round(table[:, 0] * 1e9).astype(np.int64)
    channels = [
        Channel(
            column["name"], np.ascontiguousarray(table[:, index]), unit=column["unit"], quantity=column["quantity"],
            confidence=0.9 if column["quantity"] else 0.0, axis=None if index == 0 else "time", times=times,
        )
        for index, column in enumerate(_columns())
    ]  # fmt: skip
    return Parsed(TECHNIQUE, channels, metadata, (), warnings)


def _event_log(lines: list[str], name: str) -> Parsed:
    """Events as text, recipes as steps from their start to `Event completed`, with the pulses fired in them."""
    metadata, warnings = _started(name)
    events = [(int(h) * 3600 + int(m) * 60 + int(s), text.strip()) for h, m, s, text in _events(lines)]
    if not events:
        raise CannotParse("holds no events of the form h:m:s and a text")
    left_out = sum(bool(line.strip()) for line in lines) - len(events)
    if left_out:
        warnings.append(f"{left_out} lines are no events and were left out")
    if "start" in metadata:
        start = datetime.fromisoformat(metadata["start"])
        metadata["end"] = (start + timedelta(seconds=events[-1][0])).isoformat()
    seconds = np.array([at for at, _ in events], dtype=np.float64)
    metadata["pulses"] = sum(step.values.get("pulses", 0) for step in _steps(events))
    channels = [
        Channel("time", seconds, unit="s", quantity="time", confidence=1.0),
        Channel("event", texts=tuple(text for _, text in events), axis="time"),
    ]
    return Parsed(TECHNIQUE, channels, metadata, _steps(events), warnings)


def _events(lines: list[str]) -> list[tuple[str, str, str, str]]:
    return [match.group(1, 2, 3, 4) for line in lines if (match := _EVENT.match(line))]  # type: ignore[misc]  # four groups


def _steps(events: list[tuple[int, str]]) -> list[Step]:
    steps: list[Step] = []
    name: str | None = None
    begin, pulses = 0, None
    for at, text in [*events, (-1, "Shutting down system")]:
        if (fired := _PULSES.match(text)) is not None:
            pulses = int(fired[1])
            continue
        recipe = _RECIPE.match(text)
        ends = recipe is not None or text in ("Event completed", "Shutting down system") or text.startswith("Starting")
        if name is not None and ends:
            values = {} if pulses is None else {"pulses": pulses}
            steps.append(Step(name, float(begin), float(at) if at >= 0 else None, values))
            name, pulses = None, None
        if recipe is not None:
            name, begin, pulses = recipe[1].strip(), at, None
        elif text == "Starting Evacuation Recipe":
            name, begin, pulses = "Evacuation", at, None
    return steps


def _looks_like_data(lines: list[str]) -> bool:
    """Nine columns in one fixed number format, seconds that never fall, an unused last column: no other log is so."""
    whole = lines[:-1][:200] if len(lines) > 1 else lines
    rows = [[float(field) for field in line.split("\t")] for line in whole if _DATA_LINE.match(line)]
    if len(rows) < 3 or len(rows) != len(whole) or len(rows[0]) != 9:
        return False
    table = np.array([row[:8] for row in rows])
    rising = bool((np.diff(table[:, 0]) >= 0).all()) and table[0, 0] >= 0 and table[-1, 0] > table[0, 0]
    unused = all(row[8] == 0 for row in rows if len(row) == 9)
    plausible = bool((table[:, [2, 7]] > 0).all() and (table[:, [2, 7]] < 2000).all() and (table[:, 1] > -50).all())
    return rising and unused and plausible


class IkzPld:
    """Reads both logs; the data log by its layout, the event log by its phrases."""

    name = "ikz_pld"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 with both the layout and a fitting name, 0.6 by layout alone, 0.97 for the phrases of an event log."""
        lines = [line.rstrip() for line in lines_of(head_text(head))]
        events = _events(lines)
        if events and len(events) >= 0.8 * len([line for line in lines if line]) and _KNOWN.search("\n".join(lines)):
            return 0.97
        if _looks_like_data(lines):
            return 0.95 if head.name.lower().endswith(".dlog") or _NAME.search(head.name) else 0.6
        return 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """A data or an event log. Raises CannotParse."""
        lines = [line.rstrip() for line in lines_of(decode(read_limited(path)).text)]
        return _event_log(lines, name) if any(_EVENT.match(line) for line in lines[:3]) else _data_log(lines, name)


plugin = IkzPld()
