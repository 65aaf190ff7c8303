"""SPEC files of X-ray laboratories and beamlines: every scan with its counters, its motors, and its analyser's spectra."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.clock import iso_start
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed, Step
from ingest.parsers.scans import Column, Scan, apart, end_to_end, names_apart, stated
from ingest.parsers.spec_scans.records import SpecScan, scans_of, to_float
from ingest.parsers.streams import head_unpacked, read_limited
from ingest.parsers.text import decode, lines_of

MAX_CHANNELS = 1500  # more channels than this are laid end to end
_LAYOUTS = ("%a %b %d %H:%M:%S %Y", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%dT%H:%M:%S.%f%z")  # fmt: skip
_SECONDS = re.compile(r"epoch|seconds|time", re.IGNORECASE)


def _values(scan: SpecScan) -> tuple[NDArray[np.float64], int]:
    """The rows, shape (points, columns), and how many of them had not one number for each column."""
    width = scan.width or max((len(row) for row in scan.rows), default=0)
    made = np.full((len(scan.rows), width), np.nan)
    odd = 0
    for at, row in enumerate(scan.rows):
        odd += len(row) != width
        for column, cell in enumerate(row[:width]):
            number = to_float(cell)
            made[at, column] = np.nan if number is None else number
    return made, odd


def _rises(values: NDArray[np.float64]) -> bool:
    """True for a clock; a column called Time may as well hold how long each point was counted."""
    return len(values) > 1 and bool((np.diff(values) > 0).all())


def _unit(name: str) -> str | None:
    return "s" if _SECONDS.fullmatch(name) else None


def _scan(scan: SpecScan) -> tuple[Scan, int]:
    """Columns of one scan, the first one that changes in front: the axis."""
    values, odd = _values(scan)
    names = names_apart(scan.names())
    columns = {
        name: Column(
            values[:, at], _unit(name), "time" if name in ("Epoch", "Time") and _rises(values[:, at]) else None
        )
        for at, name in enumerate(names)
    }
    moving = next((name for name, column in columns.items() if len(np.unique(column.values)) > 1), None)
    if moving is not None:
        columns = {moving: columns[moving], **columns}
    return Scan(columns, f"scan {scan.number}"), odd


def _spectra(scan: SpecScan, before: str, warnings: list[str]) -> list[Channel]:
    """The arrays of a multichannel analyser: one spectrum, or a stack of one a point."""
    made = []
    for tag, texts in scan.arrays.items():
        lengths = {len(numbers) for numbers in texts}
        most = max(lengths)
        cells = np.full((len(texts), most), np.nan)
        for at, numbers in enumerate(texts):
            cells[at, : len(numbers)] = [np.nan if (n := to_float(text)) is None else n for text in numbers]
        if len(lengths) > 1:
            warnings.append(f"{before}{tag}: spectra of different lengths; the shorter ones end empty")
        offset, slope, bend = (*scan.calibration, 0.0, 0.0, 0.0)[:3]
        first = scan.channels[1] if len(scan.channels) > 1 else 0.0
        called, start, step = "channel", first, 1.0
        if slope and not bend:
            called, start, step = "calibrated channel", offset + slope * first, slope
        elif bend:
            warnings.append(f"{before}{tag}: the calibration is quadratic; positions are channels")
        name = "MCA" if tag in ("A", "MCA") else f"MCA {tag}"
        if len(texts) == 1:
            axis = f"{before}{name} {called}"
            made += [
                Channel(axis, (start + step * np.arange(most)).astype(np.float64)),
                Channel(before + name, cells[0], axis=axis),
            ]
        else:
            grid = (GridAxis("point", len(texts)), GridAxis(called, most, start, step))
            made.append(Channel(before + name, cells.reshape(-1), grid=grid))
    return made


def _began(scan: SpecScan) -> datetime | None:
    text = iso_start(re.sub(r"\s+", " ", scan.date), _LAYOUTS)
    return datetime.fromisoformat(text) if text else None


def _steps(scans: Sequence[SpecScan], start: datetime | None) -> list[Step]:
    """Each scan with its command and the motors that stood still."""
    steps = []
    for scan in scans[:500]:
        began = _began(scan)
        same = began is not None and start is not None and (began.tzinfo is None) == (start.tzinfo is None)
        seconds = (began - start).total_seconds() if same and began is not None and start is not None else None
        motors = scan.motors() if len(scans) <= 100 else {}
        values = {"command": scan.command, **({"motors": motors} if motors else {})}
        steps.append(Step(f"scan {scan.number}", seconds, None, values))
    return steps


def _with_epochs(channels: Sequence[Channel], scans: Sequence[SpecScan]) -> list[Channel]:
    """Columns called Epoch hold seconds since `#E`, or since 1970 where they are that large: absolute times."""
    bases = {scan.head.epoch for scan in scans}
    base = next(iter(bases)) if len(bases) == 1 else None
    made = []
    for item in channels:
        if item.name.rpartition(": ")[2] == "Epoch" and item.values is not None and np.isfinite(item.values).all():
            since = 0.0 if len(item.values) and item.values[0] > 5e8 else base
            if since is not None:
                item = replace(item, times=np.round((item.values + since) * 1e6).astype(np.int64) * 1000)
        made.append(item)
    return made


class SpecScans:
    """Reads SPEC files: one scan by its columns, several as `scan N: column`, very many end to end."""

    name = "spec_scans"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for scans with labels, or for a file's head with epoch or motors; 0 without."""
        text = head_unpacked(head).data.decode("latin-1")
        scan = re.search(r"^#S\s+\d+", text, re.MULTILINE) is not None
        labels = re.search(r"^#L\s+\S", text, re.MULTILINE) is not None
        begins = re.match(r"\s*#F\s+\S", text) is not None and re.search(r"^#(?:E\s+\d|O0\s)", text, re.MULTILINE)
        return 0.95 if (scan and labels) or begins else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All scans with rows or spectra. Raises CannotParse where there is none."""
        text = decode(read_limited(path)).text
        scans = scans_of(lines_of(text))
        full = [scan for scan in scans if scan.rows or scan.arrays]
        if not full:
            raise CannotParse(
                f"a SPEC file whose {len(scans)} scans hold no point" if scans else "no scan in this file"
            )
        warnings = []
        last = full[-1]
        if not text.endswith(("\n", "\r")) and last.rows and len(last.rows[-1]) < len(last.names()):
            last.rows[-1] = last.rows[-1][:-1]  # half a number would be a wrong number
        if len(full) < len(scans):
            warnings.append(f"{len(scans) - len(full)} of {len(scans)} scans hold no point")
        channels = self._channels(full, warnings)
        aborted = [s.number for s in full if any(re.search(r"abort", comment, re.I) for comment in s.comments)]
        if aborted:
            warnings.append(f"aborted: scan {', '.join(aborted[:10])}")
        start = _began(full[0])
        head = full[0].head
        begun = start.isoformat() if start else iso_start(re.sub(r"\s+", " ", head.date), _LAYOUTS)
        user = next((m[1] for line in head.comments if (m := re.search(r"\bUser = (\S+)", line, re.I))), None)
        header = {"file": head.file, "comments": head.comments[:20], "motors": full[0].motors()}
        metadata = stated({"start": begun, "operator": user, "header": stated(header)})
        return Parsed("", _with_epochs(channels, full), metadata, _steps(full, start), warnings[:40])

    def _channels(self, full: Sequence[SpecScan], warnings: list[str]) -> list[Channel]:
        read = [_scan(scan) for scan in full]
        odd = sum(rows for _, rows in read)
        if odd:
            warnings.append(f"{odd} rows do not have one number for each column; missing cells are empty")
        plain = [scan for scan, _ in read]
        if sum(len(scan.columns) for scan in plain) > MAX_CHANNELS:
            warnings.append(f"{len(full)} scans are laid end to end; `scan` says which")
            channels = [item for item in end_to_end(plain) if item.name != "scan"]
            numbers = np.array([to_float(scan.number) or np.nan for scan in full])
            return [*channels, Channel("scan", np.repeat(numbers, [scan.rows for scan in plain]))]
        channels = list(apart([scan for scan in plain if scan.rows]))
        for called, scan in zip(names_apart([scan.name for scan in plain]), full, strict=True):
            channels += _spectra(scan, f"{called}: " if len(full) > 1 else "", warnings)
        return channels


plugin = SpecScans()
