"""Spectra in the EMSA/MAS format (ISO 22029): one spectrum of EELS, EDS or the like with its energy axis."""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.delimited_text.dates import clock_seconds, find_stamp
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of
from ingest.schemas.units import parse_unit

_BEGINS = re.compile(r"\s*#FORMAT\s*:\s*EMSA/MAS", re.IGNORECASE)
_LINE = re.compile(r"#(?P<key>[A-Z0-9_-]+)\s*(?:-(?P<unit>\S+))?\s*:\s?(?P<value>.*)", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_TECHNIQUES = {"ELS": "electron energy-loss spectroscopy", "EDS": "energy-dispersive X-ray spectroscopy"}


def _start(header: dict[str, str]) -> str | None:
    """The date, whose month is a word, with the clock."""
    stamp, clock = find_stamp(header.get("DATE", "")), clock_seconds(header.get("TIME", ""))
    if stamp is None or len(stamp.readings) != 1 or clock is None:
        return None
    day = next(iter(stamp.readings.values())).date().isoformat()
    return f"{day}T{int(clock) // 3600:02d}:{int(clock) // 60 % 60:02d}:{int(clock) % 60:02d}"


def _positive(header: dict[str, str], key: str) -> float | None:
    text = header.get(key, "").strip()
    return float(text) if _NUMBER.fullmatch(text) else None


class Emsa:
    """Reads EMSA/MAS spectra: pairs of values, or values on the even axis that the header states."""

    name = "emsa"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for a text that says it is of this format."""
        return 0.97 if _BEGINS.match(head.data[:200].decode("latin-1")) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The spectrum. Raises CannotParse when it has no data or the axis is not stated."""
        header: dict[str, str] = {}
        numbers: list[float] = []
        for line in lines_of(decode(read_limited(path)).text):
            if (match := _LINE.match(line.strip())) is not None:
                header.setdefault(match["key"].upper(), match["value"].strip())
            elif not line.startswith("#"):
                numbers += [float(number) for number in _NUMBER.findall(line)]
        if not numbers:
            raise CannotParse("a header of EMSA/MAS and no data after it")
        return _spectrum(header, np.array(numbers))


def _spectrum(header: dict[str, str], numbers: NDArray[np.float64]) -> Parsed:
    warnings = []
    if header.get("DATATYPE", "Y").strip().upper() == "XY":
        if len(numbers) % 2:
            numbers = numbers[:-1]
            warnings.append("the last point is cut short and left out")
        x, y = numbers[0::2], numbers[1::2]
    else:
        step, offset = _positive(header, "XPERCHAN"), _positive(header, "OFFSET")
        if step is None or offset is None:
            raise CannotParse("values without positions, and a header that states no XPERCHAN and OFFSET for them")
        x, y = (offset + step * np.arange(len(numbers))).astype(np.float64), numbers
    promised = _positive(header, "NPOINTS")
    if promised is not None and int(promised) != len(y):
        warnings.append(f"the header promises {int(promised)} points (NPOINTS), {len(y)} follow")
    label = header.get("XLABEL") or "energy"
    unit = parse_unit(header.get("XUNITS", ""), label)
    quantity = "energy_loss" if header.get("SIGNALTYPE", "").upper() == "ELS" else None
    quantity = quantity if quantity in _known() and unit is not None else None
    counts = parse_unit(header.get("YUNITS", ""), "intensity")
    channels = [
        Channel(label, x, unit=unit, quantity=quantity, confidence=1.0 if quantity else 0.0),
        Channel(header.get("YLABEL") or "intensity", y, unit=counts, quantity="intensity", confidence=1.0, axis=label),
    ]
    metadata = {"header": header, **({"sample": header["TITLE"]} if header.get("TITLE") else {})}
    if (start := _start(header)) is not None:
        metadata["start"] = start
    return Parsed(_TECHNIQUES.get(header.get("SIGNALTYPE", "").upper(), ""), channels, metadata, (), warnings)


def _known() -> set[str]:
    from ingest.schemas.registry import quantities

    return set(quantities())


plugin = Emsa()
