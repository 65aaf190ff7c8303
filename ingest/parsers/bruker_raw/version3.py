"""Version 3 (`RAW1.01`): a header of 712 bytes, then ranges with a header of their own and records of a stated size."""

from ingest.parsers.binary import Binary
from ingest.parsers.bruker_raw.ranges import File, Range, checked
from ingest.parsers.clock import iso_start
from ingest.parsers.protocol import CannotParse
from ingest.parsers.scans import stated

_FIRST_RANGE = 712
# what is scanned, by the range's code; a code not named here has an axis of an unknown drive
_SCANS = {
    0: ("2Theta", "locked coupled"),
    1: ("2Theta", "unlocked coupled"),
    2: ("2Theta", "detector scan"),
    3: ("Theta", "rocking curve"),
    4: ("Chi", "chi scan"),
    5: ("Phi", "phi scan"),
    6: ("X", "x scan"),
    7: ("Y", "y scan"),
    8: ("Z", "z scan"),
    20: ("2Theta", "unlocked coupled"),
    129: ("2Theta", "PSD fixed scan"),
    130: ("2Theta", "PSD fast scan"),
}
_DRIVES = ("Theta", "2Theta", "Chi", "Phi", "X", "Y", "Z")


def _range(data: Binary, at: int, number: int) -> tuple[Range, int, float]:
    header, steps = data.unpack("II", at)
    if header < 200 or header > 100_000:
        raise CannotParse(f"range {number} has a header of {header} bytes; the file is damaged")
    drives = dict(zip(_DRIVES, data.unpack("7d", at + 8), strict=True))
    step, seconds, code = data.one("d", at + 176), data.one("f", at + 192), data.one("I", at + 196)
    size, extra = 4, 0
    if header >= 260:
        size, extra = data.unpack("II", at + 252)
        size = size or 4
    axis, scan_type = _SCANS.get(code, ("position", f"scan of kind {code}"))
    start = drives.pop(axis, 0.0)
    checked(start, step, steps, number)
    first = at + header + extra
    intensity = data.numbers("f4", first, steps, size)
    coupled = []
    if code == 0:
        coupled.append(("Theta", drives.pop("Theta"), step / 2, "omega"))
    still = {name: place for name, place in drives.items() if abs(place) < 1e5}
    return Range(axis, start, step, steps, intensity, scan_type, coupled, still), first + steps * size, seconds


def read(data: Binary) -> File:
    """The whole file. Raises CannotParse."""
    promised = data.one("I", 12)
    alpha1, alpha2 = data.unpack("dd", 624)
    seconds = None
    ranges: list[Range] = []
    warnings: list[str] = []
    at = _FIRST_RANGE
    while len(ranges) < min(promised, 100_000) and at + 200 <= len(data):
        try:
            found, at, counted = _range(data, at, len(ranges) + 1)
        except CannotParse as error:
            if not ranges:
                raise
            warnings.append(f"after range {len(ranges)}: {error}")
            break
        seconds = counted if seconds is None else seconds
        ranges.append(found)
    if len(ranges) < promised:
        warnings.append(f"the header promises {promised} ranges, {len(ranges)} are there")
    metadata = {
        "start": iso_start(
            f"{data.text(16, 10)} {data.text(26, 10)}", ("%m/%d/%y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%m/%d/%y %H:%M")
        ),
        "operator": data.text(36, 72),
        "site": data.text(108, 218),
        "sample": data.text(326, 60),
        "comment": data.text(386, 160),
        "anode": data.text(608, 4),
        "wavelength_angstrom": alpha1 if 0.01 < alpha1 < 100 else None,
        "wavelength_k_alpha_2_angstrom": alpha2 if 0.01 < alpha2 < 100 else None,
        "counting_time_s": round(seconds, 6) if seconds is not None and 0 < seconds < 1e6 else None,
    }
    return File(ranges, stated(metadata), warnings)
