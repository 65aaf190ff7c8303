"""Quantum Design MultiVu (PPMS, DynaCool, VersaLab, MPMS): `[Header]` with INFO lines, `[Data]` as comma-separated values."""

import csv
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ingest.parsers.columns import channels_of, named, technique_name, with_axis
from ingest.parsers.delimited_text.dates import Order, find_stamp
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, head_text, lines_of
from ingest.schemas.registry import technique_of

_HEADER = re.compile(r"\s*\[Header\]", re.IGNORECASE)
_TELLING = re.compile(
    r"^\s*(?:;.*Quantum Design|FILEOPENTIME|BYAPP|STARTUPAXIS|FIELDGROUP|DATATYPE|TIMEMODE)\b",
    re.MULTILINE | re.IGNORECASE,
)
_COMMAND = re.compile(
    r"(?:TMP TEMP|FLD FIELD|WAI WAITFOR|LP[A-Z] \w+|EN[A-Z] EOS|CHN \w+|REM\b|ETOR? |ACT\w* |VSM\w+ |DVC|CDR|SHT|MES|BEP)"
)
_KEY_FIRST = {"APPNAME", "NAME", "WEIGHT", "AREA", "LENGTH", "SHAPE", "COMMENT", "SEQUENCE"}
AHEAD = 5  # rows, when asked what was swept
_EPOCH = datetime(1899, 12, 30, tzinfo=UTC)  # of time stamps that count from there, in the instrument's local time


@cache
def _options() -> list[tuple[re.Pattern[str], str]]:
    rows = yaml.safe_load((files("ingest.parsers.quantum_design") / "options.yaml").read_text(encoding="utf-8"))
    return [(re.compile(pattern, re.IGNORECASE), technique) for pattern, technique in rows]


def _header(lines: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Keys of the header, and the keys of its INFO lines, which stand before or after their value."""
    keys: dict[str, str] = {}
    info: dict[str, str] = {}
    for line in lines:
        if line.lstrip().startswith(";") or "," not in line:
            continue
        key, _, rest = line.partition(",")
        cells = [cell.strip() for cell in rest.split(",")]
        if key.strip().upper() != "INFO":
            keys.setdefault(key.strip().upper(), rest.strip(" ,"))
        elif cells[0].upper() in _KEY_FIRST and len(cells) > 1:
            info[cells[0]] = ", ".join(cells[1:])
        elif len(cells) > 1:
            info[cells[-1]] = ", ".join(cells[:-1])
    return keys, info


def _opened(text: str, name: str, stamps: NDArray[np.float64] | None) -> tuple[dict[str, Any], list[str]]:
    """The start from `seconds, date, clock`. MultiVu writes the month first; a stamp counted from 1899 is asked before that."""
    _, _, rest = text.partition(",")
    date, _, clock = rest.strip(" ,").partition(",")
    found, warnings = stated_start(date, name, clock=clock, order=_order(date, stamps))
    return found, warnings


def _order(date: str, stamps: NDArray[np.float64] | None) -> Order:
    stamp = find_stamp(date)
    if stamp is None or stamps is None or not len(stamps) or not _absolute(stamps):
        return "mdy"
    first = (_EPOCH + timedelta(seconds=float(stamps[0]))).replace(tzinfo=None)
    near = [order for order, read in stamp.readings.items() if abs((read.replace(tzinfo=None) - first).days) < 20]
    return near[0] if len(near) == 1 else "mdy"


def _absolute(stamps: NDArray[np.float64]) -> bool:
    return bool(len(stamps) and np.isfinite(stamps).all() and stamps.min() > 2.8e9 and stamps.max() < 6.0e9)


def _rows(lines: list[str], width: int, complete: bool) -> tuple[list[list[str]], bool]:
    made = [next(csv.reader([line])) if '"' in line else line.split(",") for line in lines if line.strip()]
    rows = [[cell.strip() for cell in row] for row in made]
    cut = bool(rows) and not complete and len(rows[-1]) < width
    if cut:
        rows[-1] = rows[-1][:-1]
    return [(row + [""] * (width - len(row)))[:width] for row in rows if row], cut


def _metadata(keys: dict[str, str], info: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"title": keys["TITLE"]} if keys.get("TITLE") else {}
    upper = {key.upper().replace(" ", "_"): value for key, value in info.items()}
    for ours, pattern in (
        ("sample", r"(?:SAMPLE\d?_)?NAME"),
        ("sample", r"SAMPLE\d?_MATERIAL"),
        ("sample_comment", r"(?:SAMPLE\d?_)?COMMENT"),
        ("sample_mass", r"SAMPLE_MASS|WEIGHT"),
        ("sample_holder", r"SAMPLE_HOLDER"),
        ("operator", r"OPERATOR|USER"),
    ):
        value = next((value for key, value in upper.items() if re.fullmatch(pattern, key) and value.strip()), None)
        if value and ours not in found:
            found[ours] = value.strip()
    found |= {"instrument": keys["BYAPP"].partition(",")[0].strip()} if keys.get("BYAPP") else {}
    serials = {key: value for key, value in upper.items() if key.endswith("SERIAL_NUMBER") and value}
    return {**found, **({"serial_numbers": serials} if serials else {}), "header": {**keys, **info}}


def _axis(channels: list[Channel]) -> str | None:
    """What was swept from row to row: field or temperature, whichever moves steadily; else time."""
    moves = {}
    for channel in channels:
        if channel.quantity not in ("temperature", "magnetic_field", "time") or channel.quantity in moves:
            continue
        if channel.values is None or re.search(r"\bm(?:in|ax)\.|motor|chamber|average", channel.name, re.IGNORECASE):
            continue
        finite = channel.values[np.isfinite(channel.values)]
        span = float(np.ptp(finite)) if len(finite) > 1 else 0.0
        least = (
            10.0
            if channel.quantity == "magnetic_field"
            else 0.02 * float(np.abs(finite).mean())
            if len(finite)
            else 0.0
        )
        steady = _steadiness(finite) / span if span > least else 0.0
        moves[channel.quantity] = (steady, channel.name)
    swept = max((moves[key] for key in ("magnetic_field", "temperature") if key in moves), default=(0.0, ""))
    return swept[1] if swept[0] > 0 else moves["time"][1] if "time" in moves else None


def _steadiness(values: NDArray[np.float64]) -> float:
    """How far it typically moves from row to row: noise, which gets no farther in several rows than in one, is no sweep."""
    near = float(np.median(np.abs(np.diff(values))))
    if len(values) < 4 * AHEAD:
        return near
    far = float(np.median(np.abs(values[AHEAD:] - values[:-AHEAD])))
    return max(0.0, far - near) / (AHEAD - 1)


def _technique(keys: dict[str, str], info: dict[str, str], channels: list[Channel]) -> str | None:
    said = f"{keys.get('BYAPP', '')} {info.get('APPNAME', '')}"
    known = next((technique for pattern, technique in _options() if pattern.search(said)), None)
    if (
        known == "ac_susceptibility"
        and not _has(channels, r"^(?:M'|M-Std|Phase|AC|Amplitude)")
        and _has(channels, r"M-DC|DC Moment")
    ):
        return "magnetometry"  # the DC mode of the AC option
    if (
        known == "magnetometry"
        and _has(channels, r"^AC (?:Moment|X'|Susc)")
        and not _has(channels, r"^(?:Moment|DC Moment)")
    ):
        return "ac_susceptibility"
    return known or technique_of("", [channel.quantity for channel in channels])


def _filled(channel: Channel) -> bool:
    """False for the many columns of options that were not in use; they are counted in a warning."""
    return any(channel.texts or ()) if channel.values is None else bool(np.isfinite(channel.values).any())


def _has(channels: list[Channel], pattern: str) -> bool:
    return any(re.search(pattern, channel.name) and _filled(channel) for channel in channels)


class QuantumDesign:
    """Reads data files; sequences (.seq) are refused with what they are."""

    name = "quantum_design"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for `[Header]` with lines that only MultiVu writes, 0.92 for a file of sequence commands."""
        text = head_text(head)
        if _HEADER.match(text):
            return 0.97 if len(set(_TELLING.findall(text[:20_000]))) >= 2 else 0.0
        return 0.92 if _is_sequence(text) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """A data file. Raises CannotParse."""
        text = decode(read_limited(path)).text
        lines = lines_of(text)
        if not _HEADER.match(text):
            commands = sum(bool(line.strip()) and not line.startswith("REM") for line in lines)
            raise CannotParse(f"a MultiVu sequence of {commands} commands: a recipe without measured values")
        at = next((number for number, line in enumerate(lines) if line.strip().lower() == "[data]"), None)
        if at is None or at + 1 >= len(lines):
            raise CannotParse("the header is not followed by data: the measurement never began or the file is cut")
        keys, info = _header(lines[1:at])
        labels = next(csv.reader([lines[at + 1]]))
        labels = labels[:-1] if labels and not labels[-1].strip() else labels
        rows, cut = _rows(lines[at + 2 :], len(labels), text.endswith(("\n", "\r")))
        columns = [named(re.sub(r"\(\s*\)\s*$", "", label)) for label in labels]
        channels, warnings = channels_of([replace(c, unknown=None) for c in columns], rows)
        if not rows:
            warnings.append("holds columns but no rows: nothing was measured")
        if cut:
            warnings.append("the last row is cut short")
        stamps = next((c.values for c in channels if c.name.lower().startswith("time stamp")), None)
        metadata, doubts = _opened(keys.get("FILEOPENTIME", ""), name, stamps)
        channels = [_timed(channel) for channel in channels if _filled(channel) or not rows]
        technique = _technique(keys, info, channels)
        return Parsed(
            technique_name(technique),
            with_axis(channels, _axis(channels)),
            metadata | _metadata(keys, info),
            (),
            [*doubts, *warnings],
        )


def _timed(channel: Channel) -> Channel:
    """The time stamps that count from 1899 as absolute times too."""
    if not channel.name.lower().startswith("time stamp") or channel.values is None or not _absolute(channel.values):
        return channel
    offset = round(_EPOCH.timestamp())
    return replace(channel, times=(np.round(channel.values * 1e6).astype(np.int64) + offset * 1_000_000) * 1000)


def _is_sequence(text: str) -> bool:
    lines = [line.strip() for line in lines_of(text[:20_000])[:200] if line.strip()]
    hits = [line for line in lines if _COMMAND.match(line)]
    sure = {line[:9] for line in hits if re.match(r"TMP TEMP|FLD FIELD|WAI WAITFOR|EN[A-Z] EOS", line)}
    return len(lines) >= 3 and len(hits) >= 0.7 * len(lines) and len(sure) >= 2


plugin = QuantumDesign()
