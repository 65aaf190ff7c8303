"""Bruker OPUS spectra: result, sample and reference spectra and interferograms of one file, with the instrument's settings."""

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.binary import Binary
from ingest.parsers.bruker_opus.blocks import COMPACT, SERIES, Block, Value, blocks_of, parameters_of
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.scans import Column, Scan, apart, stated
from ingest.parsers.streams import read_limited

MAGIC = b"\x0a\x0a\xfe\xfe"
# kind of data -> (name, unit, quantity)
_KINDS: dict[int, tuple[str, str | None, str | None]] = {
    1: ("spectrum", "arb", "intensity"),
    2: ("interferogram", "arb", None),
    3: ("phase", None, None),
    4: ("absorbance", None, "absorbance"),
    5: ("transmittance", None, "transmittance"),
    6: ("Kubelka-Munk", None, None),
    7: ("trace", None, None),
    10: ("Raman intensity", "arb", "intensity"),
    11: ("emission", None, None),
    12: ("reflectance", None, "reflectance"),
    14: ("power", None, None),
    15: ("log reflectance", None, None),
    16: ("ATR", None, None),
    17: ("photoacoustic", None, None),
    18: ("arithmetic transmittance", None, None),
    19: ("arithmetic absorbance", None, None),
    22: ("match", None, None),
}
_AXES: dict[str, tuple[str, str | None, str | None]] = {
    "WN": ("wavenumber", "1/cm", "wavenumber"),
    "MI": ("wavelength", "um", "wavelength"),
    "LGW": ("log wavenumber", None, None),
    "MIN": ("time", "min", "time"),
    "PNT": ("point", None, None),
}
_FIRST = (4, 5, 12, 16, 6, 10, 11, 15, 17, 18, 19, 14, 7, 1, 3, 2, 22)  # results before what they were made from


def _start(values: dict[str, Value]) -> str | None:
    """ISO time of a data block: the day comes first or the year does, never the month; the zone where it is written."""
    day = re.match(r"(?:(\d{2})[/.](\d{2})[/.](\d{4})|(\d{4})[/.-](\d{2})[/.-](\d{2}))$", str(values.get("DAT", "")))
    clock = re.match(
        r"(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?\s*(?:\((?:GMT|UTC)([+-]\d{1,2})(?::(\d{2}))?\))?",
        str(values.get("TIM", "")),
    )
    if day is None or clock is None:
        return None
    year, month, date = (day[3], day[2], day[1]) if day[3] else (day[4], day[5], day[6])
    zone = (
        timezone(timedelta(hours=int(clock[5]), minutes=int(clock[6] or 0)))
        if clock[5] and abs(int(clock[5])) < 15
        else None
    )
    try:
        made = datetime(
            int(year),
            int(month),
            int(date),
            int(clock[1]),
            int(clock[2]),
            int(clock[3]),
            int((clock[4] or "0").ljust(6, "0")),
            zone,
        )
    except ValueError:
        return None
    return made.isoformat()


def _number(values: dict[str, Value], name: str) -> float | None:
    value = values.get(name)
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def _name(block: Block) -> str:
    source = {1: "sample ", 2: "reference "}.get(block.source, "") if block.kind in (1, 2, 3, 14) else ""
    part = {1: " (real part)", 2: " (imaginary part)"}.get(block.part, "")
    derivative = {1: " (first derivative)", 2: " (second derivative)", 3: " (derivative)"}.get(block.derivative, "")
    return f"{source}{_KINDS.get(block.kind, (f'data of kind {block.kind}', None, None))[0]}{part}{derivative}"


def _spectrum(data: Binary, block: Block, values: dict[str, Value]) -> tuple[Scan | None, list[str]]:
    """The data of a block over its own axis, and what is odd."""
    name = _name(block)
    points, first, last = _number(values, "NPT"), _number(values, "FXV"), _number(values, "LXV")
    if points is None or first is None or last is None or not 0 < points < 1e8:
        return None, [f"{name}: its range is not stated; left out"]
    count = int(points)
    held = block.size // 4
    at = block.at + (4 * (held - count) if block.layout == COMPACT and held > count else 0)
    kind = "i4" if values.get("DPF") == 2 else "f4"
    y = data.numbers(kind, at, min(count, held)) * (_number(values, "CSF") or 1.0)
    if not len(y):
        return None, [f"{name}: no values are there; the file is cut short"]
    step = (last - first) / (count - 1) if count > 1 else 0.0
    x_name, x_unit, x_quantity = _AXES.get(str(values.get("DXU", "")).strip(), ("x", None, None))
    _, unit, quantity = _KINDS.get(block.kind, (name, None, None))
    derived = block.derivative or block.part in (1, 2)
    columns = {
        x_name: Column(first + step * np.arange(len(y), dtype=np.float64), x_unit, x_quantity),
        name: Column(y, unit, None if derived else quantity),
    }
    odd = (
        [f"{name}: the header promises {count} points, {len(y)} are there; the file is cut short"]
        if len(y) < count
        else []
    )
    return Scan(columns, name), odd


def _metadata(said: dict[str, Value], start: str | None) -> dict[str, Any]:
    words = {
        "operator": "CNM",
        "sample": "SNM",
        "sample_form": "SFM",
        "instrument": "INS",
        "source": "SRC",
        "detector": "DTC",
        "beamsplitter": "BMS",
        "aperture": "APT",
        "accessory": "ACC",
        "experiment": "EXP",
        "apodisation": "APF",
    }
    numbers = {
        "resolution_per_cm": "RES",
        "scans": "NSS",
        "laser_wavenumber_per_cm": "LWN",
        "duration_s": "DUR",
        "pressure_hPa": "PRS",
    }
    texts = {key: str(said[name]).strip() for key, name in words.items() if isinstance(said.get(name), str)}
    return stated({"start": start, **texts, **{key: _number(said, name) for key, name in numbers.items()}})


class BrukerOpus:
    """Reads OPUS files by their magic and directory; extensions are numbers (`.0`) and say nothing."""

    name = "bruker_opus"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for the magic."""
        return 0.97 if head.data.startswith(MAGIC) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All spectra, each over its own axis. Raises CannotParse."""
        data = Binary(read_limited(path))
        if not data.data.startswith(MAGIC):
            raise CannotParse("does not begin as an OPUS file")
        blocks = blocks_of(data)
        parameters = {block: parameters_of(data, block) for block in blocks if block.parameters}
        said: dict[str, Value] = {}
        for block, values in parameters.items():
            if block.parameters > 1 and block.source != 2:
                said = {**values, **said}
        warnings: list[str] = []
        found: list[tuple[int, Scan, dict[str, Value]]] = []
        described = [block for block in blocks if block.is_data]
        for number, block in enumerate(described):
            fitting = [p for p in parameters if p.describes(block)]
            earlier = sum(other.kind == block.kind and _name(other) == _name(block) for other in described[:number])
            values = parameters[fitting[min(earlier, len(fitting) - 1)]] if fitting else {}
            scan, odd = _spectrum(data, block, values)
            warnings += odd
            if scan is not None:
                found.append((_FIRST.index(block.kind) if block.kind in _FIRST else 99, scan, values))
        series = sum(block.layout == SERIES and block.parameters == 0 and block.kind not in (0, 13) for block in blocks)
        if series:
            warnings.append(f"{series} series of spectra in the file are not read")
        if not found:
            raise CannotParse(
                "an OPUS file without a spectrum that can be read"
                + (": it holds a series of spectra" if series else "")
            )
        found.sort(key=lambda item: item[0])
        raman = any(block.kind == 10 for block in described)
        technique = "Raman spectroscopy" if raman else "infrared spectroscopy"
        return Parsed(
            technique,
            list(apart([scan for _, scan, _ in found])),
            _metadata(said, _start(found[0][2])),
            (),
            warnings[:50],
        )


plugin = BrukerOpus()
