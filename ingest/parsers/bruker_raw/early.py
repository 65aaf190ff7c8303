"""Versions 1 (`RAW `) and 2 (`RAW2`) of Siemens DIFFRAC-AT: short headers, then 32-bit intensities."""

from ingest.parsers.binary import Binary
from ingest.parsers.bruker_raw.ranges import File, Range, checked
from ingest.parsers.clock import iso_start
from ingest.parsers.protocol import CannotParse
from ingest.parsers.scans import stated

_FIRST_HEADER = 152
_LAYOUTS = ("%d-%b-%Y %H:%M:%S", "%d-%b-%Y %H:%M", "%d-%b-%y %H:%M:%S", "%m/%d/%y %H:%M:%S", "%m/%d/%Y %H:%M:%S")


def read_first(data: Binary) -> File:
    """Version 1: ranges follow each other while one says that another follows. Raises CannotParse."""
    ranges: list[Range] = []
    warnings: list[str] = []
    at, seconds = 4, 0.0
    while len(ranges) < 10_000:
        try:
            steps, counted, step = data.unpack("Iff", at)
            start, follows = data.one("f", at + 20), data.one("I", at + 148)
            checked(start, step, steps, len(ranges) + 1)
        except CannotParse as error:
            if not ranges:
                raise
            warnings.append(f"after range {len(ranges)}: {error}")
            break
        seconds = seconds or counted
        ranges.append(
            Range("2Theta", _decimal(start), _decimal(step), steps, data.numbers("f4", at + _FIRST_HEADER, steps))
        )
        at += _FIRST_HEADER + 4 * steps
        if not follows or at >= len(data):
            break
    alpha1, alpha2 = data.unpack("ff", 72)
    return File(ranges, stated({"sample": data.text(40, 32), **_source(alpha1, alpha2, seconds)}), warnings)


def read_second(data: Binary) -> File:
    """Version 2: as many ranges as the header counts. Raises CannotParse."""
    promised = data.one("H", 4)
    alpha1, alpha2 = data.unpack("ff", 190)
    ranges: list[Range] = []
    warnings: list[str] = []
    at, seconds = 256, 0.0
    while len(ranges) < promised and at + 20 <= len(data):
        header, steps = data.unpack("HH", at)
        counted, step, start = data.unpack("fff", at + 8)
        if header < 20:
            raise CannotParse(f"range {len(ranges) + 1} has a header of {header} bytes; the file is damaged")
        checked(start, step, steps, len(ranges) + 1)
        seconds = seconds or counted
        ranges.append(Range("2Theta", _decimal(start), _decimal(step), steps, data.numbers("f4", at + header, steps)))
        at += header + 4 * steps
    if len(ranges) < promised:
        warnings.append(f"the header promises {promised} ranges, {len(ranges)} are there")
    start_text = data.text(168, 20)
    metadata = {"start": iso_start(start_text, _LAYOUTS), "start_text": start_text, "anode": data.text(188, 2)}
    if metadata["start"]:
        del metadata["start_text"]
    return File(ranges, stated({**metadata, **_source(alpha1, alpha2, seconds)}), warnings)


def _decimal(stored: float) -> float:
    """The number a person set, of the 32 bits that are stored."""
    return round(stored, 6)


def _source(alpha1: float, alpha2: float, seconds: float) -> dict[str, float | None]:
    return {
        "wavelength_angstrom": round(alpha1, 6) if 0.01 < alpha1 < 100 else None,
        "wavelength_k_alpha_2_angstrom": round(alpha2, 6) if 0.01 < alpha2 < 100 else None,
        "counting_time_s": round(seconds, 6) if 0 < seconds < 1e6 else None,
    }
