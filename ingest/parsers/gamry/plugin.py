"""Gamry Framework (.DTA): keys with types, then one or more tables, each with a row of names and a row of units."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ingest.parsers.columns import channels_of, decimal_sign, named, technique_name, with_axis
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, head_text, lines_of

_FIRST = re.compile(r"\s*EXPLAIN\s*[\r\n]+\s*TAG\s+\S")
_TABLE = re.compile(r"(\w+)\tTABLE(?:\t\s*(\d+))?\s*$")
_COUNTS = {"QUANT", "IQUANT", "POTEN", "SELECTOR"}
_AXES = {
    "eis": ("Freq",),
    "cyclic_voltammetry": ("Vf",),
    "linear_sweep_voltammetry": ("Vf",),
    "pulse_voltammetry": ("Vf", "Vfwd"),
}


@dataclass
class Table:
    """One table: its name, the row count it promises, labels, units, and cells of equal width."""

    name: str
    promised: int | None
    labels: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    @property
    def shape(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What tables must share to be curves of one measurement."""
        return tuple(self.labels), tuple(self.units)

    def add(self, line: str) -> None:
        """Take the next line: names, units, then rows. Blanks may stand in a unit, and between the cells of a row."""
        cells = [cell.strip() for cell in line.strip("\t \r").split("\t")]
        if not self.labels:
            self.labels = cells
        elif not self.units:
            self.units = (cells + [""] * len(self.labels))[: len(self.labels)]
        else:
            cells = cells if len(cells) >= len(self.labels) else line.split()
            self.rows.append((cells + [""] * len(self.labels))[: len(self.labels)])


@cache
def _techniques() -> list[tuple[re.Pattern[str], str]]:
    rows = yaml.safe_load((files("ingest.parsers.gamry") / "techniques.yaml").read_text(encoding="utf-8"))
    return [(re.compile(pattern, re.IGNORECASE), technique) for pattern, technique in rows]


def _read(lines: Sequence[str]) -> tuple[dict[str, list[str]], list[Table]]:
    """Keys with their fields after the type, notes joined under NOTES, and all tables."""
    pairs: dict[str, list[str]] = {}
    tables: list[Table] = []
    notes, inside = 0, False
    for line in lines:
        if not line.strip():
            notes, inside = max(0, notes - 1), inside and notes > 0
            continue
        if notes > 0 and line[0] in "\t ":
            pairs.setdefault("notes", []).append(line.strip())
            notes -= 1
        elif inside and line[0] in "\t ":
            tables[-1].add(line)
        elif (table := _TABLE.match(line)) is not None:
            tables.append(Table(table[1], int(table[2]) if table[2] else None))
            inside, notes = True, 0
        else:
            cells = [cell.strip() for cell in line.split("\t")]
            pairs[cells[0]] = cells[1:] if cells[0] in ("TAG", "EXPLAIN") else cells[2:]
            inside, notes = False, int(cells[2]) if cells[1:2] == ["NOTES"] and cells[2:3] and cells[2].isdigit() else 0
    return pairs, tables


def _groups(tables: Sequence[Table]) -> list[list[Table]]:
    """Tables of the same columns together; the measurement before the potential that was watched before it."""
    groups: dict[Any, list[Table]] = {}
    for table in tables:
        groups.setdefault((table.shape, table.name.startswith("OCV")), []).append(table)
    return sorted(
        groups.values(), key=lambda group: (group[0].name.startswith("OCV"), -sum(len(t.rows) for t in group))
    )


def _curves(group: list[Table], technique: str | None, prefix: str) -> tuple[list[Channel], list[str]]:
    """Channels of all curves of a group end to end, numbered by `curve` where there are several."""
    rows = [row for table in group for row in table.rows]
    columns = [named(label, unit) for label, unit in zip(group[0].labels, group[0].units, strict=False)]
    columns = [replace(column, unknown=None) if column.unknown in ("bits", "#") else column for column in columns]
    made, warnings = channels_of(columns, rows, technique, decimal_sign(rows))
    made = [_without_probe(channel, warnings) for channel in made]
    clock = "T" if any(channel.name == "T" for channel in made) else "Time"
    wanted = next(
        (name for name in _AXES.get(technique or "", ()) if any(channel.name == name for channel in made)), clock
    )
    made = with_axis(made, wanted)
    if len(group) > 1:
        numbers = np.repeat(np.arange(1.0, len(group) + 1), [len(table.rows) for table in group])
        made = [Channel("curve", numbers), *made]
    if prefix:
        made = [replace(c, name=f"{prefix} {c.name}", axis=f"{prefix} {c.axis}" if c.axis else None) for c in made]
    return made, warnings


def _without_probe(channel: Channel, warnings: list[str]) -> Channel:
    """A temperature below absolute zero is Gamry's sign that no probe was connected."""
    if channel.quantity != "temperature" or channel.values is None or not len(channel.values):
        return channel
    if channel.unit == "degC" and np.nanmin(np.append(channel.values, 0)) < -273.15:
        low = float(np.nanmin(channel.values))
        warnings.append(f"{channel.name}: {low:g} degC is below absolute zero: no probe was connected")
        return replace(channel, quantity=None, confidence=0.0)
    return channel


def _promises(tables: Sequence[Table]) -> list[str]:
    return [
        f"{table.name}: {table.promised} rows are promised, {len(table.rows)} are there"
        for table in tables
        if table.promised is not None and table.promised != len(table.rows)
    ]


def _metadata(pairs: dict[str, list[str]], name: str) -> tuple[dict[str, Any], list[str]]:
    first = {key: cells[0] for key, cells in pairs.items() if cells and key != "notes"}
    found, warnings = stated_start(first.get("DATE", ""), name, clock=first.get("TIME", ""))
    for ours, theirs in (
        ("title", "TITLE"),
        ("instrument", "PSTAT"),
        ("serial_number", "PSTATSERIALNO"),
        ("tag", "TAG"),
    ):
        if first.get(theirs):
            found[ours] = first[theirs]
    if pairs.get("notes"):
        found["notes"] = "\n".join(line for line in pairs["notes"] if line)
    if (area := pairs.get("AREA")) and "(cm^2)" in area[-1]:
        found["electrode_area"] = f"{area[0]} cm^2"
    if first.get("EXPERIMENTABORTED", "").upper().startswith("T"):
        warnings.append("the experiment was aborted before its end")
    header = {key: "\t".join(cells) for key, cells in pairs.items() if key not in ("notes", "EXPLAIN")}
    return {**found, "header": header}, warnings


def _steps(group: Sequence[Table], channels: Sequence[Channel]) -> list[Step]:
    """Each curve with the time of its first and last row."""
    time = next((c.values for c in channels if c.name in ("T", "Time") and c.values is not None), None)
    steps, at = [], 0
    for table in group:
        rows = slice(at, at + len(table.rows))
        at = rows.stop
        if len(group) > 1 and time is not None and table.rows:
            steps.append(Step(table.name, float(time[rows][0]), float(time[rows][-1]), {"rows": len(table.rows)}))
    return steps


class Gamry:
    """One parser for all experiments; the tag says which it was."""

    name = "gamry"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 when the file begins with EXPLAIN and TAG."""
        return 0.97 if _FIRST.match(head_text(head)) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All tables. Raises CannotParse where there is none."""
        pairs, tables = _read(lines_of(decode(read_limited(path)).text))
        tag, title = (pairs.get(key, [""])[0] if pairs.get(key) else "" for key in ("TAG", "TITLE"))
        technique = next((technique for pattern, technique in _techniques() if pattern.fullmatch(tag)), None)
        full = [table for table in tables if table.rows]
        if not full:
            what = f"{title or tag} of Gamry Framework"
            raise CannotParse(
                f"{what}: a header without rows; the measurement never began, was aborted or the file is cut"
            )
        metadata, warnings = _metadata(pairs, name)
        warnings += _promises(tables)
        channels: list[Channel] = []
        groups = _groups(full)
        for number, group in enumerate(groups):
            made, odd = _curves(group, technique if number == 0 else None, group[0].name if number else "")
            channels += made
            warnings += odd
        if groups[0][0].name.startswith("OCV") and technique not in (None, "open_circuit_voltage"):
            warnings.append("only the open circuit potential before the measurement was recorded")
        return Parsed(technique_name(technique), channels, metadata, _steps(groups[0], channels), warnings)


plugin = Gamry()
