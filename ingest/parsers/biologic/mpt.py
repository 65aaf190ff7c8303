"""EC-Lab's text export: header of keys and a table of parameters, one tab-separated table of numbers."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from ingest.parsers.biologic.techniques import by_columns, by_title, on_axes, sequence_steps
from ingest.parsers.columns import channels_of, decimal_sign, named, technique_name, whole_rows, with_times
from ingest.parsers.delimited_text.dates import find_stamp
from ingest.parsers.protocol import CannotParse, Channel, Parsed
from ingest.parsers.starts import start_time, stated_start
from ingest.parsers.text import lines_of

MAGIC = re.compile(r"(?:EC|BT)-Lab ASCII FILE")
_COUNT = re.compile(r"Nb header lines\s*:\s*(\d+)")
_LABELS = re.compile(r"(?:^|\t)(?:time/\S+|freq/Hz|\S*E(?:we|ce|cell)\S*/V|<?I>?/mA)(?:\t|$)")
_LOOP = re.compile(r"Loop \d+ from point number (\d+) to (\d+)")
_UNSET = re.compile(r"0[.,]00[01]\D*$|\(unspecified\)|0[.,]0+\D*$")  # what EC-Lab writes into fields nobody filled
_FIELD = 20  # width of a parameter's column


def read_mpt(text: str, name: str) -> Parsed:
    """What a text export says. Raises CannotParse for one without a table."""
    lines = lines_of(text)
    at = _labels_at(lines)
    if at is None:
        raise CannotParse("no columns follow the header: the measurement never began or the file is cut")
    header = Header(lines[:at])
    labels = lines[at].rstrip().split("\t")
    rows, cut = whole_rows(lines[at + 1 :], "\t", len(labels), text.endswith(("\n", "\r")))
    decimal = decimal_sign(rows)
    columns = [_named(label) for label in labels]
    technique = by_title(header.title) or by_columns([column.name for column in columns])
    channels, warnings = channels_of(columns, rows, technique, decimal)
    warnings = [*header.warnings, *warnings, *(["the last row is cut short"] if cut else [])]
    if not rows:
        warnings.append("holds columns but no rows: nothing was measured")
    metadata, doubts = header.metadata(name)
    start = start_time(metadata)
    channels = [_elapsed(channel) for channel in channels]
    channels = with_times(on_axes(channels, technique), "time", start)
    steps, more = sequence_steps(channels, header.parameters)
    return Parsed(technique_name(technique), channels, metadata, steps, [*doubts, *warnings, *more])


def _labels_at(lines: list[str]) -> int | None:
    """The line of labels: where the header says it is, else the first that holds known labels."""
    count = next((int(found[1]) for line in lines[:5] if (found := _COUNT.match(line))), 0)
    if 0 < count <= len(lines) and "\t" in lines[count - 1].strip("\n") and _is_labels(lines[count - 1]):
        return count - 1
    return next((number for number, line in enumerate(lines[:5000]) if number > 1 and _LABELS.search(line)), None)


def _is_labels(line: str) -> bool:
    return not re.match(r"\s*[-+]?\d", line) and bool(_LABELS.search(line) or line.count("\t") > 1)


def _named(label: str) -> Any:
    column = named(label)
    return replace(column, name="control", unit=None) if label.strip() == "control/V/mA" else column


def _elapsed(channel: Channel) -> Channel:
    """A time column of dates (time format `absolute`) as seconds since its first row."""
    if channel.name != "time" or channel.texts is None:
        return channel
    stamps = [find_stamp(text) for text in channel.texts]
    if not all(stamp is not None and {"mdy", "ymd"} & set(stamp.readings) for stamp in stamps):
        return channel
    moments = [stamp.readings.get("mdy", next(iter(stamp.readings.values()))) for stamp in stamps if stamp is not None]
    seconds = np.array([(moment - moments[0]).total_seconds() for moment in moments])
    return Channel("time", seconds, unit="s", quantity="time", confidence=1.0)


class Header:
    """The lines above the table: `title` of the technique, `pairs`, `parameters` of each sequence, loops."""

    def __init__(self, lines: list[str]) -> None:
        self.pairs: dict[str, str] = {}
        self.parameters: dict[str, list[str]] = {}
        self.loops: list[tuple[int, int]] = []
        self.warnings: list[str] = []
        body = [line for line in lines[2:] if not _COUNT.match(line)]
        self.title = next((line.strip() for line in body if line.strip() and " : " not in line), "")
        if re.match(r"(?:Number of loops|Run on channel)", self.title):
            self.title = ""
        for line in body:
            self._read(line)

    def _read(self, line: str) -> None:
        if (loop := _LOOP.match(line)) is not None:
            self.loops.append((int(loop[1]), int(loop[2])))
        elif (pair := re.match(r"\s*([^:]{2,60}?) : ?(.*)$", line)) is not None:
            key, value = pair[1].strip(), pair[2].strip()
            self.pairs[key] = f"{self.pairs[key]}\n{value}" if key == "Comments" and key in self.pairs else value
        elif (device := re.match(r"(.+ for windows|Internet server|Command interpretor) (v\S+)", line)) is not None:
            self.pairs[device[1]] = device[2]
        elif len(line) >= 2 * _FIELD - 1 and not line.startswith(("\t", " ", "CE vs. WE", self.title or "\t")):
            cells = [line[at : at + _FIELD].strip() for at in range(0, len(line.rstrip("\r\n")), _FIELD)]
            name = cells[0]
            self.parameters[name if name not in self.parameters else f"{name} 2"] = cells[1:]

    def metadata(self, name: str) -> tuple[dict[str, Any], list[str]]:
        """Metadata in our words, all of the header under `header`, and doubts about the start. EC-Lab writes the month first."""
        text = self.pairs.get("Acquisition started on") or self.pairs.get("Technique started on", "")
        slashed = re.sub(
            r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b", r"\1/\2/\3", text
        )  # the separator is the system's, the order EC-Lab's
        found, warnings = stated_start(slashed, name, order="mdy")
        for ours, theirs in _OURS.items():
            value = self.pairs.get(theirs, "")
            if value and not _UNSET.match(value):
                found[ours] = value
        sizes = {len(values) for values in self.parameters.values()}
        trimmed = {key: values[0] if max(sizes, default=0) == 1 else values for key, values in self.parameters.items()}
        found |= {"title": self.title} if self.title else {}
        found |= {"parameters": trimmed} if trimmed else {}
        found |= {"loops": [list(pair) for pair in self.loops]} if self.loops else {}
        return {**found, "header": self.pairs}, warnings


_OURS = {
    "operator": "User",
    "instrument": "Device",
    "channel": "Run on channel",
    "sample": "Electrode material",
    "electrolyte": "Electrolyte",
    "comments": "Comments",
    "reference_electrode": "Reference electrode",
    "active_mass": "Mass of active material",
    "electrode_area": "Electrode surface area",
    "battery_capacity": "Battery capacity",
    "characteristic_mass": "Characteristic mass",
    "original_file": "File",
}


def settings_reason(text: str) -> str:
    """Why a settings file (.mps) is kept: it is a recipe."""
    lines = lines_of(text)
    titles = [below.strip() for above, below in pairwise(lines) if re.match(r"Technique : \d+", above)]
    shown = ", ".join(dict.fromkeys(titles)) or "no technique"
    return f"the recipe of a measurement ({shown}), without measured values"
