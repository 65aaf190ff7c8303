"""Princeton Applied Research VersaStudio (`.par`): sections in angle brackets, keys with values, comma-separated rows in segments."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.columns import channels_of, decimal_sign, named, technique_name, with_axis
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, head_text, lines_of

_SECTION = re.compile(r"<(/?)([A-Za-z]\w*)>\s*$")
_DEFAULT = "Segment #,Point #,E(V),I(A),Elapsed Time(s)"
_TITLES = [
    (r"impedance|EIS", "eis"), (r"cyclic voltamm", "cyclic_voltammetry"), (r"linear (?:scan|sweep) voltamm", "linear_sweep_voltammetry"),
    (r"open circuit", "open_circuit_voltage"), (r"chronoamp|potentiostatic", "chronoamperometry"),
    (r"chronopot|galvanostatic", "chronopotentiometry"), (r"tafel|LPR|polariz|potentiodynamic", "linear_polarisation"),
    (r"pulse|square wave", "pulse_voltammetry"), (r"charge|battery", "battery_cycling"), (r"ZRA|noise", "electrochemical_noise"),
]  # fmt: skip


def _sections(lines: list[str]) -> tuple[dict[str, dict[str, str]], list[list[str]], str]:
    """Keys of each section, the rows of all segments, and the line that names their columns."""
    keys: dict[str, dict[str, str]] = {}
    rows: list[list[str]] = []
    section, definition = "", _DEFAULT
    for line in lines:
        mark = _SECTION.match(line.strip())
        if mark is not None:
            section = "" if mark[1] else mark[2]
        elif "=" in line and not re.match(r"\s*-?\d", line):
            key, _, value = line.partition("=")
            keys.setdefault(section, {})[key.strip()] = value.strip()
            definition = value if key.strip() == "Definition" and section.startswith("Segment") else definition
        elif section.startswith("Segment") and line.strip():
            rows.append([cell.strip() for cell in line.split(",")])
    return keys, rows, definition


def _technique(names: list[str]) -> str | None:
    """The technique that all actions share which have one of their own."""
    found = {technique for name in names for pattern, technique in _TITLES if re.search(pattern, name, re.IGNORECASE)}
    rest = found - {"open_circuit_voltage"} if len(found) > 1 else found
    return next(iter(rest)) if len(rest) == 1 else None


def _steps(channels: list[Channel], actions: list[str]) -> list[Step]:
    """Each segment from its first to its last row."""
    found = {item.name: item.values for item in channels if item.values is not None}
    number, time, action = found.get("Segment #"), found.get("Elapsed Time"), found.get("ActionId")
    if number is None or time is None or not np.isfinite(number).all():
        return []
    steps = []
    for one in np.unique(number)[:2000]:
        rows = np.flatnonzero(number == one)
        index = int(action[rows[0]]) if action is not None and np.isfinite(action[rows[0]]) else 0
        title = actions[index] if 0 <= index < len(actions) else ""
        steps.append(
            Step(f"segment {one:g} {title}".strip(), float(time[rows[0]]), float(time[rows[-1]]), {"rows": len(rows)})
        )
    return steps


class VersaStudio:
    """Known by its first section."""

    name = "versastudio"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.96 for a first section named Application that says VersaStudio, or segments with its columns."""
        text = head_text(head).lstrip()
        return 0.96 if text.startswith("<Application>") and re.search(r"VersaStudio|VersaSTAT", text) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All segments. Raises CannotParse."""
        text = decode(read_limited(path)).text
        keys, rows, definition = _sections(lines_of(text))
        if not rows:
            raise CannotParse("no segment holds rows: the measurement never began or the file is cut")
        labels = [label.strip() for label in definition.split(",")]
        if not text.endswith(("\n", "\r")) and len(rows[-1]) < len(labels):
            rows[-1] = rows[-1][:-1]
        cut = len(rows[-1]) < len(labels)
        rows = [(row + [""] * (len(labels) - len(row)))[: len(labels)] for row in rows]
        actions = [values.get("Name", "") for key, values in keys.items() if re.match(r"Action\d", key)]
        technique = _technique(actions)
        channels, warnings = channels_of([named(label) for label in labels], rows, technique, decimal_sign(rows))
        warnings += ["the last row is cut short"] if cut else []
        spectrum = technique == "eis" and any(item.name == "Frequency" for item in channels)
        channels = with_axis(channels, "Frequency" if spectrum else "E" if technique in _AGAINST_E else "Elapsed Time")
        metadata, doubts = _metadata(keys, actions, name)
        return Parsed(technique_name(technique), channels, metadata, _steps(channels, actions), [*doubts, *warnings])


_AGAINST_E = ("cyclic_voltammetry", "linear_sweep_voltammetry", "linear_polarisation")


def _metadata(keys: dict[str, dict[str, str]], actions: list[str], name: str) -> tuple[dict[str, Any], list[str]]:
    experiment, instrument = keys.get("Experiment", {}), keys.get("Instrument", {})
    found, warnings = stated_start(experiment.get("DateAcquired", ""), name, clock=experiment.get("TimeAcquired", ""))
    found |= {"instrument": instrument["Model"]} if instrument.get("Model") else {}
    found |= {"serial_number": instrument["Serial"]} if instrument.get("Serial") else {}
    found |= {"title": ", ".join(actions)} if actions else {}
    return found | {
        "header": {section: values for section, values in keys.items() if not section.startswith("Segment")}
    }, warnings


plugin = VersaStudio()
