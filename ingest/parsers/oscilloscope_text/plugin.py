"""Waveforms that oscilloscopes save as CSV: Tektronix, Keysight, Teledyne LeCroy, Rigol, Siglent."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.rows import is_number
from ingest.parsers.scans import Column, Scan, end_to_end, stated
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

_LAYOUTS = {
    "tektronix_beside": re.compile(r'"?Record Length"?,"?[-+.\deE]+"?,[^,\n]*,\s*"?[-+.\deE]+'),
    "tektronix": re.compile(r"Model,[^\n]*\n(?:[^\n]*\n){2,40}?TIME,"),
    "keysight": re.compile(r"x-axis,[^\n]*\n\s*second,", re.IGNORECASE),
    "lecroy": re.compile(r"LECROY[^\n]*\n\s*Segments,\d+,SegmentSize,\d+", re.IGNORECASE),
    "rigol": re.compile(r"X,[^\n]*Start,Increment|Time\(s\),[^\n]*t0\s*=", re.IGNORECASE),
    "siglent": re.compile(r"(?:[^\n]*\n){0,20}?Record Length,Analog[^\n]*\n(?:[^\n]*\n){2,40}?Second,", re.IGNORECASE),
}
_LONE = re.compile(r"^(CH\w*?)\(?([A-Z]{1,2})\)?$")  # `CH1V`, `CH1(V)`


class _Wave(NamedTuple):
    """Names and units of the columns, numbers of shape (rows, columns), keys of the header, rows of each segment."""

    names: list[str]
    units: list[str | None]
    table: NDArray[np.float64]
    said: dict[str, str]
    segments: list[int]


def _layout(text: str) -> str | None:
    start = text[:8000].replace("\r", "").lstrip()
    return next((name for name, pattern in _LAYOUTS.items() if pattern.match(start)), None)


def _split(lines: Sequence[str]) -> list[list[str]]:
    return [[cell.strip().strip('"').strip() for cell in line.split(",")] for line in lines if line.strip(" ,\t")]


def _beside(rows: list[list[str]]) -> _Wave:
    """Older Tektronix: the header stands in the first columns of the first rows, the waveform in columns four and five."""
    said = {row[0]: row[1] for row in rows if len(row) > 1 and row[0]}
    table = [[float(row[3]), float(row[4])] for row in rows if len(row) > 4 and is_number(row[3]) and is_number(row[4])]
    units = [parse_unit(said.get(f"{axis} Units", "")) for axis in ("Horizontal", "Vertical")]
    return _Wave(["time", said.get("Source") or "waveform"], units, np.array(table), said, [len(table)])


def _is_data(row: Sequence[str], width: int) -> bool:
    return len(row) >= width and all(is_number(cell) for cell in row[:width])


def _below(rows: list[list[str]], layout: str) -> _Wave:
    """Keys and values, the names, then rows of numbers."""
    first = next(
        (n for n, row in enumerate(rows) if n and _is_data(row, min(len(row), 2)) and _named(rows[n - 1])), None
    )
    if first is None:
        raise CannotParse("a header without a waveform: nothing was recorded, or the file is cut short")
    width = next(at for at in range(len(rows[first]), 0, -1) if is_number(rows[first][at - 1]))
    said = {row[0]: ", ".join(cell for cell in row[1:] if cell) for row in rows[: first - 1] if row[0]}
    names = [*rows[first - 1], *[""] * width][:width]
    units: list[str | None] = [None] * width
    if layout == "tektronix":
        vertical = next((row[1:] for row in rows[:first] if row[0] == "Vertical Units"), [])
        units = [parse_unit(said.get("Horizontal Units", "")), *map(parse_unit, [*vertical, *[""] * width])][:width]
    elif layout == "keysight":
        units = [parse_unit(cell) for cell in names]
        names = ["time", *(f"channel {cell}" for cell in rows[first - 2][1:])][:width]
    elif layout == "siglent":
        units = [parse_unit("s"), *(parse_unit(cell) for cell in names[1:])]
        sources = re.findall(r"\b(C(?:H)?\d|M\w*)\b", said.get("Source", said.get("Vertical Units", "")))
        names = ["time", *(sources if len(sources) == width - 1 else [f"channel {n}" for n in range(1, width)])]
    elif layout == "lecroy":
        units[0] = parse_unit("s")
    names = [name or f"column {at + 1}" for at, name in enumerate(names)]
    names[0] = "time" if names[0].lower() in ("time", "second") else names[0]
    table = [[float(cell) for cell in row[:width]] for row in rows[first:] if _is_data(row, width)]
    segments = [len(table)]
    size = number_of(said.get("Segments", "").rpartition(",")[2])
    if layout == "lecroy" and size and len(table) % int(size) == 0:
        segments = [int(size)] * (len(table) // int(size))
    return _Wave(names, units, np.array(table), said, segments)


def _named(row: Sequence[str]) -> bool:
    return bool(row) and not is_number(row[0])


def _rigol(rows: list[list[str]]) -> _Wave:
    """Rigol counts samples or leaves the time out, and states where it starts and by how much it increases."""
    head = rows[0]
    joined = ",".join(head)
    inline = re.search(r"t0\s*=\s*([-+.\deE]+).*?tInc\s*=\s*([-+.\deE]+)", joined)
    names, units = [], []
    for cell in head[1:]:
        if cell.lower() == "start" or "=" in cell or not cell:
            break
        lone = _LONE.match(cell) if inline else None
        names.append(lone[1] if lone else cell)
        units.append(parse_unit(lone[2]) if lone else None)
    if inline:
        start, step, body = float(inline[1]), float(inline[2]), rows[1:]
    else:
        second, body = rows[1], rows[2:]
        units = [parse_unit(cell) for cell in second[1 : len(names) + 1]]
        found = [cell for cell in second[len(names) + 1 :] if is_number(cell)]
        if len(found) < 2:
            raise CannotParse("the header does not say when the waveform starts and by how much time increases")
        start, step = float(found[0]), float(found[1])
    width = len(names)
    values = [[float(cell) for cell in row[1 : width + 1]] for row in body if _is_data(row[1:], width)]
    times = start + step * np.arange(len(values))
    table = np.column_stack([times, np.array(values).reshape(len(values), width)])
    return _Wave(["time", *names], [parse_unit("s"), *units], table, {}, [len(values)])


def _column(name: str, unit: str | None, values: NDArray[np.float64]) -> Column:
    quantity = "time" if name == "time" and unit else quantity_of(name, unit)[0] if unit else None
    return Column(values, unit, quantity)


class OscilloscopeText:
    """Reads every layout by the words that begin it."""

    name = "oscilloscope_text"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 where the first lines are those of one of the makers."""
        try:
            return 0.95 if _layout(decode(head.data[:8000]).text) else 0.0
        except CannotParse:
            return 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The waveforms over time from the trigger on. Raises CannotParse."""
        text = decode(read_limited(path)).text
        layout = _layout(text)
        if layout is None:
            raise CannotParse("not a waveform of an oscilloscope that is known")
        rows = _split(lines_of(text))
        wave = (
            _beside(rows)
            if layout == "tektronix_beside"
            else _rigol(rows)
            if layout == "rigol"
            else _below(rows, layout)
        )
        if not len(wave.table):
            raise CannotParse("a header without a waveform: nothing was recorded, or the file is cut short")
        scans, begin = [], 0
        names = list(dict.fromkeys(wave.names))
        if len(names) < len(wave.names):
            names = [f"{label} {at + 1}" if at else label for at, label in enumerate(wave.names)]
        for count in wave.segments:
            part = wave.table[begin : begin + count]
            scans.append(
                Scan(
                    {
                        label: _column(label, unit, part[:, at])
                        for at, (label, unit) in enumerate(zip(names, wave.units, strict=True))
                    }
                )
            )
            begin += count
        metadata, warnings = _metadata(layout, rows, wave.said, name)
        promised = number_of(wave.said.get("Record Length", "").split(",")[0].rpartition(":")[2])
        if promised is not None and promised > len(wave.table):
            warnings.append(f"the header promises {promised:g} points, {len(wave.table)} rows follow")
        return Parsed("", list(end_to_end(scans, names[0])), metadata, (), warnings)


def _metadata(layout: str, rows: list[list[str]], said: dict[str, str], name: str) -> tuple[dict[str, Any], list[str]]:
    start: dict[str, Any] = {}
    warnings: list[str] = []
    if layout == "lecroy":
        trigger = next((row[1] for row in rows[:8] if row[0] == "#1" and len(row) > 1), "")
        start, warnings = stated_start(trigger, name)
    model = said.get("Model") or said.get("Model Number") or (rows[0][0] if layout == "lecroy" else None)
    return stated({**start, "instrument": model, "serial_number": said.get("Serial Number"), "header": said}), warnings


plugin = OscilloscopeText()
