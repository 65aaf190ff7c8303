"""Bruker and Siemens DIFFRAC binary files (.raw) of versions 1 to 4: every range, with its axis and drives."""

from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.binary import Binary
from ingest.parsers.bruker_raw import early, version3, version4
from ingest.parsers.bruker_raw.ranges import AXES, File
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.scans import Column, Scan, end_to_end
from ingest.parsers.streams import read_limited

TECHNIQUE = "X-ray diffraction"
_READERS = {b"RAW4.00": version4.read, b"RAW1.01": version3.read, b"RAW2": early.read_second, b"RAW ": early.read_first}


def _plausible(head: bytes, size: int) -> bool:
    """The oldest magic is a word; the header behind it must make sense."""
    if not head.startswith(b"RAW "):
        return True
    data = Binary(head)
    if len(head) < 160:
        return False
    steps, step = data.one("I", 4), data.one("f", 12)
    return 0 < steps < 10**7 and bool(np.isfinite(step)) and 0 < abs(step) < 100 and 156 + 4 * steps <= size + 4


def _scans(file: File, warnings: list[str]) -> list[Scan]:
    scans = []
    for number, found in enumerate(file.ranges, start=1):
        rows = len(found.intensity)
        if rows < found.steps:
            warnings.append(
                f"range {number}: the header promises {found.steps} points, {rows} are there; the file is cut short"
            )
        if not rows:
            continue
        at = np.arange(rows, dtype=np.float64)
        columns = {found.axis: Column(found.start + found.step * at, found.unit, found.quantity)}
        columns |= {name: Column(start + step * at, "deg", quantity) for name, start, step, quantity in found.coupled}
        columns["intensity"] = Column(found.intensity, "counts", "intensity")
        scans.append(Scan(columns))
    return scans


def _metadata(file: File, scans: int) -> dict[str, Any]:
    first = file.ranges[0]
    still = {name: value for name, value in first.still.items() if np.isfinite(value)}
    return {**file.metadata, "scan_axis": first.scan_type or first.axis, "drives": still, "scans": scans}


class BrukerRaw:
    """Reads the DIFFRAC raw files by their first bytes."""

    name = "bruker_raw"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.98 for the magic of a version; the oldest needs a header that makes sense."""
        known = next((magic for magic in _READERS if head.data.startswith(magic)), None)
        return 0.98 if known and b"\0" in head.data[:64] and _plausible(head.data, head.size) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All ranges end to end. Raises CannotParse."""
        data = Binary(read_limited(path))
        reader = next((read for magic, read in _READERS.items() if data.data.startswith(magic)), None)
        if reader is None:
            raise CannotParse("does not begin as a DIFFRAC raw file")
        file = reader(data)
        if not file.ranges:
            raise CannotParse("a DIFFRAC header without a range: nothing was measured yet, or the file is cut short")
        warnings = list(file.warnings)
        scans = _scans(file, warnings)
        if not scans:
            raise CannotParse(
                "a DIFFRAC file whose ranges are empty: nothing was measured yet, or the file is cut short"
            )
        for column in ("2Theta", "Theta", "Chi", "Phi", "X", "Y", "Z"):
            _stepped(file, scans, column)
        return Parsed(TECHNIQUE, list(end_to_end(scans)), _metadata(file, len(scans)), (), warnings[:50])


def _stepped(file: File, scans: list[Scan], drive: str) -> None:
    """A drive that stood elsewhere in another range, or was scanned there, becomes a column of each."""
    filled = [found for found in file.ranges if len(found.intensity)]
    places = {round(found.still[drive], 6) for found in filled if drive in found.still}
    if len(places) < 2 and not any(drive in scan.columns for scan in scans):
        return
    unit, quantity = AXES[drive]
    for scan, found in zip(scans, filled, strict=True):
        if drive in found.still and drive not in scan.columns:
            scan.columns[drive] = Column(np.full(scan.rows, found.still[drive]), unit, quantity)


plugin = BrukerRaw()
