"""LabVIEW TDMS: groups of channels with units, waveform start and step."""

import io
import logging
import warnings as python_warnings
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.datasets import MAX_CELLS, label_of, make_channel, technique_shown, timed, understood
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import read_limited


def _plain(value: Any) -> str | None:  # Any: properties hold anything
    if isinstance(value, np.datetime64):
        return str(value.astype("datetime64[ms]"))
    text = str(value).strip()
    return text[:500] if text else None


def _start(properties: dict[str, Any]) -> np.datetime64 | None:
    value = properties.get("wf_start_time")
    if not isinstance(value, np.datetime64) or np.isnat(value) or value < np.datetime64("1975-01-01"):
        return None
    start: np.datetime64 = value.astype("datetime64[ns]")
    return start


def _absolute(name: str, values: Any) -> Channel:
    return timed(name, values.astype("datetime64[ns]").astype(np.int64))


class _Reader:
    def __init__(self, name: str) -> None:
        self.name = name
        self.channels: list[Channel] = []
        self.warnings: list[str] = []
        self.starts: list[np.datetime64] = []
        self.cells = 0
        self.facts: dict[str, str] = {}

    def take(self, channel: Any, *, several: bool) -> None:
        """Add a channel; a waveform gets the seconds since its start as its axis."""
        name = f"{channel.name} ({channel.group_name})" if several else channel.name
        count = len(channel)
        if not count:
            self.warnings.append(f"{name}: the channel is empty")
            return
        if self.cells + count > MAX_CELLS:
            self.warnings.append(
                f"{name}: {count} values, left out because the file holds more than one reading may carry"
            )
            return
        self.cells += count
        values = np.asarray(channel[:])
        properties = dict(channel.properties)
        if values.dtype.kind == "M":
            made = _absolute(name, values)
            self.starts.append(values[0])
            self.channels.append(made)
        elif values.dtype.kind in "iufb":
            self._numbers(name, values.astype(np.float64), properties)
        elif values.dtype.kind == "c":
            self._numbers(f"{name} (real part)", values.real, properties)
            self._numbers(f"{name} (imaginary part)", values.imag, properties)
        else:
            self.channels.append(Channel(name, texts=tuple(str(value) for value in values[:20_000])))

    def _numbers(self, name: str, values: Any, properties: dict[str, Any]) -> None:
        unit = next(
            (
                str(properties[key])
                for key in ("unit_string", "NI_UnitDescription", "Unit", "unit", "Units")
                if properties.get(key)
            ),
            None,
        )
        step, start = properties.get("wf_increment"), _start(properties)
        axis = None
        if isinstance(step, int | float) and step > 0 and len(values) > 1:
            offset = properties.get("wf_start_offset", 0.0)
            seconds = float(offset if isinstance(offset, int | float) else 0.0) + float(step) * np.arange(len(values))
            axis = self._axis(seconds, start)
        if start is not None:
            self.starts.append(start)
        channel, said = make_channel(name, values, unit, None, axis)
        self.channels.append(channel)
        self.warnings += said

    def _axis(self, seconds: Any, start: np.datetime64 | None) -> str:
        """The time channel with just these seconds, made where there is none yet."""
        for channel in self.channels:
            if (
                channel.name.startswith("time")
                and channel.values is not None
                and np.array_equal(channel.values, seconds)
            ):
                return channel.name
        number = sum(channel.name.startswith("time") for channel in self.channels)
        name = "time" if not number else f"time {number + 1}"
        times = start.astype(np.int64) + np.round(seconds * 1e9).astype(np.int64) if start is not None else None
        self.channels.append(Channel(name, seconds, unit="s", quantity="time", confidence=1.0, times=times))
        return name


def _beside_times(channels: list[Channel]) -> list[Channel]:
    """Channels as long as the one channel of time stamps are plotted against it."""
    stamped = [channel for channel in channels if channel.times is not None and not channel.name.startswith("time ")]
    if len(stamped) != 1 or any(channel.axis for channel in channels):
        return channels
    axis = stamped[0]
    return [
        c
        if c is axis or c.rows != axis.rows
        else Channel(c.name, c.values, c.texts, c.unit, c.quantity, c.confidence, axis.name, axis.times)
        for c in channels
    ]


def _parsed(file: Any, name: str) -> Parsed:
    reader = _Reader(name)
    groups = [group for group in file.groups() if group.channels()]
    for key, value in file.properties.items():
        if text := _plain(value):
            reader.facts[key] = text
    for group in groups:
        for key, value in group.properties.items():
            if text := _plain(value):
                reader.facts[f"{group.name}.{key}"] = text
        for channel in group.channels():
            reader.take(channel, several=len(groups) > 1)
    if not reader.channels:
        raise CannotParse("a TDMS file without a value in any channel: the measurement never began")
    metadata: dict[str, Any] = dict(
        understood({key.rsplit(".", 1)[-1]: value for key, value in reader.facts.items()}, name)
    )
    for key, place in (("DateTime", "start"), ("author", "operator"), ("name", "title")):
        if key in reader.facts and place not in metadata and place != "start":
            metadata[place] = reader.facts[key]
    if reader.starts:
        first = min(start.astype("datetime64[ns]") for start in reader.starts)
        moment: datetime = first.astype("datetime64[us]").astype(datetime)
        metadata |= {"start": moment.isoformat() + "+00:00", "start_source": "waveform"}  # TDMS time stamps are UTC
    technique = technique_shown("\n".join(reader.facts.values()), reader.channels)
    return Parsed(
        label_of(technique),
        _beside_times(reader.channels),
        {**metadata, "header": dict(list(reader.facts.items())[:300])},
        (),
        reader.warnings[:40],
    )


class Tdms:
    """Reads TDMS, also with DAQmx scaling."""

    name = "tdms"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for the tag of a first segment."""
        return 0.95 if head.data.startswith(b"TDSm") else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All channels. Raises CannotParse."""
        from nptdms import TdmsFile

        logging.getLogger("nptdms").setLevel(logging.CRITICAL)  # what is wrong with a file is said once, by the reason

        try:
            with python_warnings.catch_warnings():
                python_warnings.simplefilter("ignore")
                with io.BytesIO(read_limited(path)) as stream, TdmsFile.open(stream) as file:
                    return _parsed(file, name)
        except (CannotParse, MemoryError):
            raise
        except Exception as error:  # the library fails in many ways on damaged files
            raise CannotParse(
                f"the TDMS file is damaged or of a rare kind: {type(error).__name__}: {error}"[:300]
            ) from error


plugin = Tdms()
