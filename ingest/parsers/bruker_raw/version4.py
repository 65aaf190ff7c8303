"""Version 4 (`RAW4.00`): a chain of records, then ranges, each a header, its drives, and points of a stated size."""

from collections.abc import Iterator

from ingest.parsers.binary import Binary
from ingest.parsers.bruker_raw.ranges import AXES, File, Range, checked
from ingest.parsers.clock import iso_start
from ingest.parsers.protocol import CannotParse
from ingest.parsers.scans import stated

_RECORDS, _RANGE_MARKS, _RANGE_HEADER = 61, (0, 160), 160
_TEXT, _SOURCE, _DRIVE = 10, 30, 50
_COUPLED = ("Locked Coupled",)


def _records(data: Binary, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(kind, place, size) of the records from `at` to `end`."""
    while at + 8 <= min(end, len(data)):
        kind, size = data.unpack("II", at)
        if size < 8:
            return
        yield kind, at, size
        at += size


def _drives(data: Binary, at: int, size: int) -> tuple[dict[str, float], str | None]:
    """Positions of the drives by name, and the one marked as scanned."""
    still: dict[str, float] = {}
    scanned = None
    for kind, place, length in _records(data, at, at + size):
        if kind != _DRIVE or length < 64:
            continue
        name = data.text(place + 12, 24)
        still[name] = data.one("d", place + 56)
        if data.one("I", place + 8):
            scanned = name
    return still, scanned


def _axis(scan_type: str, scanned: str | None, still: dict[str, float], start: float) -> str:
    if scanned:
        return scanned
    standing = [name for name, place in still.items() if abs(place - start) < 1e-6 and name in AXES]
    if "2Theta" in standing or scan_type in ("Locked Coupled", "Unlocked Coupled", "Detector Scan"):
        return "2Theta"
    return standing[0] if len(standing) == 1 else "position"


def _range(data: Binary, at: int, number: int) -> tuple[Range, int]:
    """The range at `at` and where it ends."""
    scan_type = data.text(at + 32, 24)
    start, step = data.unpack("dd", at + 72)
    steps, size, extra = data.one("I", at + 88), data.one("I", at + 136), data.one("I", at + 140)
    checked(start, step, steps, number)
    if size < 4:
        raise CannotParse(f"range {number} has points of {size} bytes; the header is damaged")
    still, scanned = _drives(data, at + _RANGE_HEADER, extra)
    axis = _axis(scan_type, scanned, still, start)
    first = at + _RANGE_HEADER + extra
    intensity = data.numbers("f4", first, steps, size)
    still.pop(axis, None)
    coupled = []
    if scan_type in _COUPLED and axis == "2Theta" and "Theta" in still:
        coupled.append(("Theta", still.pop("Theta"), step / 2, "omega"))
    return Range(axis, start, step, steps, intensity, scan_type, coupled, still), first + steps * size


def read(data: Binary) -> File:
    """The whole file. Raises CannotParse."""
    said: dict[str, str] = {}
    metadata: dict[str, object] = {
        "start": iso_start(f"{data.text(12, 12)} {data.text(24, 10)}", ("%m/%d/%Y %H:%M:%S", "%m/%d/%y %H:%M:%S"))
    }
    ranges: list[Range] = []
    warnings: list[str] = []
    at = _RECORDS
    while at + 4 <= len(data):
        kind = data.one("I", at)
        if kind in _RANGE_MARKS:
            try:
                found, at = _range(data, at, len(ranges) + 1)
            except CannotParse as error:
                if not ranges:
                    raise
                warnings.append(f"after range {len(ranges)}: {error}")
                break
            ranges.append(found)
            if len(found.intensity) < found.steps:
                break
            continue
        if at + 8 > len(data):
            break
        size = data.one("I", at + 4)
        if size < 8 or (at + size > len(data) and not ranges):
            raise CannotParse("the records of the header run over the end of the file; it is cut short or damaged")
        if kind == _TEXT:
            said[data.text(at + 12, 24).upper()] = data.text(at + 36, size - 36, "utf-8")
        elif kind == _SOURCE and size >= 120:
            alpha1, alpha2 = data.unpack("dd", at + 80)
            metadata |= {
                "anode": data.text(at + 116, 4),
                "wavelength_angstrom": round(alpha1, 7) if 0.01 < alpha1 < 100 else None,
                "wavelength_k_alpha_2_angstrom": round(alpha2, 7) if 0.01 < alpha2 < 100 else None,
            }
        at += size
    named = {"USER": "operator", "SAMPLEID": "sample", "COMMENT": "comment", "CREATOR": "software", "SITE": "site"}
    metadata |= {named[key]: value for key, value in said.items() if key in named}
    return File(ranges, stated(metadata), warnings)
