"""Logs of the EPIC growth control: one channel a file, a shutter matrix, or messages; a zip holds a whole day."""

import re
import zipfile
import zlib
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.streams import MAX_BYTES, read_limited
from ingest.parsers.text import decode, lines_of

_TITLE = re.compile(r"^'EPIC (?P<name>.*?) ?(?P<kind>Log|Config) File\s*$")
_ROW = re.compile(r"^(\d\d)/(\d\d)/(\d{4}) (\d\d:\d\d:\d\d(?:\.\d+)?)$")
TECHNIQUE = "molecular beam epitaxy"
MAX_MEMBERS = 500


@cache
def _quantities() -> list[tuple[re.Pattern[str], str, float]]:
    text = (files("ingest.parsers.pdi_epic") / "channels.yaml").read_text(encoding="utf-8")
    return [(re.compile(item["pattern"]), item["quantity"], item["confidence"]) for item in yaml.safe_load(text)]


def _quantity(name: str) -> tuple[str | None, float]:
    return next(((q, c) for pattern, q, c in _quantities() if pattern.search(name)), (None, 0.0))


class _Log:
    """The lines of one log: title, column names, and rows as [date, field, ...]."""

    def __init__(self, data: bytes, name: str) -> None:
        lines = lines_of(decode(data).text)
        title = _TITLE.match(lines[0]) if lines else None
        if title is None:
            raise CannotParse("does not begin with an EPIC title line")
        if title["kind"] == "Config":
            raise CannotParse(f"EPIC {title['name']} configuration: settings, no measured rows")
        head = next((line for line in lines if re.match(r"^'Date(&Time)?,", line)), None)
        if head is None:
            raise CannotParse("EPIC log without its line of column names ('Date,...)")
        self.title = title["name"]
        self.columns = [column.strip() for column in head[1:].split(",")]
        self.rows: list[list[str]] = []
        self.warnings: list[str] = []
        bad = 0
        for line in lines:
            if not line.strip() or line.startswith("'"):
                continue
            fields = line.split(",")
            if _ROW.match(fields[0]):
                self.rows.append(fields)
            else:
                bad += 1
        if bad:
            self.warnings.append(f"{name}: {bad} lines are no rows of this log and were left out")

    def times(self) -> NDArray[np.int64]:
        """Nanoseconds of each row; dates are day/month/year, the clock's zone is not stated and taken as UTC."""
        stamps = []
        for row in self.rows:
            day, clock = row[0].split(" ")
            stamps.append(f"{day[6:10]}-{day[3:5]}-{day[0:2]}T{clock}")
        try:
            return np.array(stamps, dtype="datetime64[ns]").astype(np.int64)
        except ValueError as error:
            raise CannotParse(f"a date is impossible as day/month/year: {error}") from error


def _numbers(texts: list[str]) -> NDArray[np.float64]:
    def number(text: str) -> float:
        try:
            return float(text)
        except ValueError:
            return float("nan")

    return np.array([number(text) for text in texts], dtype=np.float64)


def _iso(nanoseconds: int) -> str:
    return str(np.datetime64(int(nanoseconds), "ns").astype("datetime64[ms]"))


def _seconds(times: NDArray[np.int64]) -> Channel:
    values = (times - times[0]) / 1e9 if len(times) else np.zeros(0)
    return Channel("time", values, unit="s", quantity="time", confidence=1.0, times=times)


def _span(times: NDArray[np.int64]) -> dict[str, str]:
    return {"start": _iso(times[0]), "end": _iso(times[-1])} if len(times) else {}


def _value_log(log: _Log, name: str) -> tuple[list[Channel], NDArray[np.int64]]:
    channel, times = log.columns[1], log.times()
    stem = re.sub(r"\.txt$", "", Path(name).name, flags=re.IGNORECASE)
    if re.search(r"\.MV|\.wOP|\.(PID|PG|MF)\.", stem) and stem != channel:
        log.warnings.append(f"the file is called {stem!r} but its header says {channel!r}; the header was believed")
    values = _numbers([row[1] if len(row) > 1 else "" for row in log.rows])
    quantity, confidence = _quantity(channel)
    if not log.rows:
        log.warnings.append(f"{channel}: the log is empty, the channel had no value")
    if np.isnan(values).any():
        log.warnings.append(f"{channel}: {int(np.isnan(values).sum())} rows hold no number")
    return [Channel(channel, values, quantity=quantity, confidence=confidence, axis="time", times=times)], times


def _shutter_log(log: _Log) -> tuple[list[Channel], NDArray[np.int64], list[Step]]:
    times, names = log.times(), log.columns[1:]
    seconds = (times - times[0]) / 1e9 if len(times) else np.zeros(0)
    channels, steps = [], []
    for index, name in enumerate(names, start=1):
        values = _numbers([row[index] if len(row) > index else "" for row in log.rows])
        channels.append(Channel(name, values, quantity="shutter_state", confidence=0.9, axis="time", times=times))
        begin = None
        for at, value in zip(seconds, values, strict=True):
            if value == 1 and begin is None:
                begin = float(at)
            elif value != 1 and begin is not None:
                steps.append(Step(f"{name} = 1", begin, float(at)))
                begin = None
        if begin is not None:
            steps.append(Step(f"{name} = 1", begin, None))
    return channels, times, sorted(steps, key=lambda step: step.start or 0.0)


def _message_log(log: _Log) -> tuple[list[Channel], NDArray[np.int64], list[Step]]:
    times = log.times()
    callers = tuple(row[1] if len(row) > 1 else "" for row in log.rows)
    messages = tuple(",".join(row[2:-1]) for row in log.rows)  # a message may hold commas, caller and colour do not
    seconds = (times - times[0]) / 1e9 if len(times) else np.zeros(0)
    steps = [
        Step(message, float(at), None, {"caller": caller})
        for message, at, caller in zip(messages, seconds, callers, strict=True)
    ]
    channels = [Channel("CallerID", texts=callers, axis="time", times=times)]
    channels.append(Channel("Message", texts=messages, axis="time", times=times))
    return channels, times, steps


def _one(data: bytes, name: str) -> Parsed:
    log = _Log(data, name)
    steps: list[Step] = []
    if log.title == "Shutter":
        channels, times, steps = _shutter_log(log)
    elif log.title == "Message":
        channels, times, steps = _message_log(log)
    elif len(log.columns) == 2:
        channels, times = _value_log(log, name)
    else:
        raise CannotParse(f"an EPIC log with columns {log.columns} is not known")
    metadata = {**_span(times), "software": "EPIC", "log": log.title, "time_zone": "not stated"}
    return Parsed(TECHNIQUE, [_seconds(times), *channels], metadata, steps, log.warnings)


def _day(path: Path) -> Parsed:
    """All logs of a zip; each channel has times of its own."""
    channels: list[Channel] = []
    steps: list[Step] = []
    warnings: list[str] = []
    starts: list[str] = []
    ends: list[str] = []
    with zipfile.ZipFile(path) as archive:
        members = [item for item in archive.infolist() if not item.is_dir()]
        if len(members) > MAX_MEMBERS or sum(item.file_size for item in members) > MAX_BYTES:
            raise CannotParse(f"the zip unpacks to more than {MAX_MEMBERS} files or {MAX_BYTES // 2**20} MiB")
        for item in members:
            try:
                with archive.open(item) as stream:
                    parsed = _one(stream.read(MAX_BYTES), item.filename)
            except CannotParse as error:
                warnings.append(f"{item.filename}: {error}")
                continue
            channels += [channel for channel in parsed.channels if channel.name != "time"]
            steps += parsed.steps
            warnings += parsed.warnings
            starts += [parsed.metadata["start"]] if "start" in parsed.metadata else []
            ends += [parsed.metadata["end"]] if "end" in parsed.metadata else []
    if not channels:
        raise CannotParse("the zip holds no EPIC log")
    span = {"start": min(starts), "end": max(ends)} if starts else {}
    metadata = {**span, "software": "EPIC", "files": len(members), "time_zone": "not stated"}
    return Parsed(TECHNIQUE, [_without_axis(channel) for channel in channels], metadata, steps, warnings)


def _without_axis(channel: Channel) -> Channel:
    return Channel(
        channel.name,
        channel.values,
        channel.texts,
        channel.unit,
        channel.quantity,
        channel.confidence,
        None,
        channel.times,
    )


def _first_member(data: bytes) -> bytes:
    """The first bytes of the first file in a zip."""
    if len(data) < 30 or not data.startswith(b"PK\x03\x04"):
        return b""
    method = int.from_bytes(data[8:10], "little")
    begin = 30 + int.from_bytes(data[26:28], "little") + int.from_bytes(data[28:30], "little")
    if method == 0:
        return data[begin : begin + 400]
    try:
        return zlib.decompressobj(-15).decompress(data[begin:], 400) if method == 8 else b""
    except zlib.error:
        return b""


class PdiEpic:
    """Reads EPIC logs by their title line, and a zip whose first file is such a log."""

    name = "pdi_epic"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.98 for the title line `'EPIC ... Log File`, whatever the file is called."""
        start = _first_member(head.data) or head.data[:400]
        return 0.98 if re.match(rb"(?:\xef\xbb\xbf)?'EPIC [^\r\n]{1,100}(?:Log|Config) File\s*[\r\n]", start) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """One log, or all logs of a zip. Raises CannotParse."""
        with path.open("rb") as stream:
            packed = stream.read(4) == b"PK\x03\x04"
        try:
            return _day(path) if packed else _one(read_limited(path), name)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
            raise CannotParse(f"the zip is damaged or locked: {error}") from error


plugin = PdiEpic()
