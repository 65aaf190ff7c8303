"""Galactic and Thermo GRAMS (.spc), new and old layout: one or many spectra, even or listed positions."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.binary import Binary
from ingest.parsers.galactic_spc.codes import EXPERIMENTS, X_KINDS, Y_KINDS
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.scans import Column, Scan, apart, end_to_end, stated
from ingest.parsers.streams import read_limited
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

_SHORT, _MANY, _OWN_LABELS, _OWN_X, _LISTED_X = 0x01, 0x04, 0x20, 0x40, 0x80
_NEW, _NEW_BIG, _OLD = 0x4B, 0x4C, 0x4D
_IMAGES = (b"BM", b"MM\0*", b"MM\0+")  # bitmaps and TIFF images have the byte of the old version at the same place
_FLOAT = -128
MAX_SPECTRA = 20_000
MAX_APART = 64  # spectra that are shown as columns or regions of their own


@dataclass
class _Header:
    """What both layouts say."""

    flags: int
    exponent: int
    points: int
    first: float
    last: float
    spectra: int
    x_kind: int
    y_kind: int
    start: str | None
    experiment: int
    comment: str
    labels: list[str]
    source: str
    resolution: str
    data_at: int
    log_at: int
    z: list[float] = field(default_factory=list)


def _date(year: int, month: int, day: int, hour: int, minute: int) -> str | None:
    if not (1950 <= year <= 2100 and 1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60):
        return None
    return f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:00"


def _new(data: Binary) -> _Header:
    flags, _, experiment, exponent, points, first, last, spectra, x, y = data.unpack("BBBbIddIBB", 0)
    packed = data.one("I", 32)
    start = _date(packed >> 20, packed >> 16 & 15, packed >> 11 & 31, packed >> 6 & 31, packed & 63)
    labels = [part.decode("latin-1").strip() for part in data.data[218:248].split(b"\0")] if flags & _OWN_LABELS else []
    return _Header(
        flags,
        exponent,
        points,
        first,
        last,
        max(spectra, 1),
        x,
        y,
        start,
        experiment,
        data.text(88, 130),
        labels,
        data.text(45, 9),
        data.text(36, 9),
        512,
        data.one("I", 248),
    )


def _old(data: Binary) -> _Header:
    flags, _, exponent, points, first, last, x, y, year, month, day, hour, minute = data.unpack("BBhfffBBHBBBB", 0)
    if not 0 < points < 1e8:
        raise CannotParse("the header promises no points, or more than any spectrum has; it is damaged")
    start = _date(year & 0x0FFF, month, day, hour, minute)
    return _Header(
        flags,
        exponent,
        int(points),
        first,
        last,
        0,
        x,
        y,
        start,
        0,
        data.text(64, 130),
        [],
        "",
        data.text(20, 8),
        224,
        0,
    )


def _values(data: Binary, at: int, points: int, exponent: int, short: bool, swapped: bool) -> NDArray[np.float64]:
    """Intensities, shape (points,) or less where the file ends before."""
    if exponent == _FLOAT:
        return data.numbers("f4", at, points)
    if short:
        return data.numbers("i2", at, points) * 2.0 ** (exponent - 16)
    if swapped:  # old files hold the high half of each number first
        high, low = data.numbers("i2", at, points, 4), data.numbers("u2", at + 2, points, 4)
        size = min(len(high), len(low))
        return (high[:size] * 65536.0 + low[:size]) * 2.0 ** (exponent - 32)
    return data.numbers("i4", at, points) * 2.0 ** (exponent - 32)


def _labelled(label: str) -> tuple[str, str | None, str | None] | None:
    """Name, unit and quantity of a label such as `Wavenumber (cm-1)`; none where it holds no name."""
    match = re.fullmatch(r"\s*(.*?)\s*(?:[(\[](.*?)[)\]])?\s*", label)
    if match is None or not match[1]:
        return None
    unit = parse_unit(match[2], match[1]) if match[2] else None
    quantity, confidence = quantity_of(match[1], unit)
    return match[1], unit, quantity if confidence >= 0.8 else None


def _one(
    header: _Header, data: Binary, at: int, shared: NDArray[np.float64] | None, number: int
) -> tuple[Scan, int, list[str]]:
    """A spectrum whose sub-header lies at `at`, where the next one begins, and what is odd."""
    _, exponent, _, z = data.unpack("BbHf", at)
    header.z.append(z)
    points = data.one("I", at + 16) or header.points if header.flags & _OWN_X else header.points
    place = at + 32
    if header.flags & _OWN_X:
        x = data.numbers("f4", place, points)
        place += 4 * points
    else:
        x = shared if shared is not None else np.linspace(header.first, header.last, data.whole(1, 0, points))
    chosen = exponent if header.flags & _MANY else header.exponent
    if header.exponent == _FLOAT:
        chosen = _FLOAT
    short = bool(header.flags & _SHORT) and chosen != _FLOAT
    y = _values(data, place, points, chosen, short, header.data_at == 224)
    size = min(len(x), len(y))
    warnings = (
        []
        if len(y) == points
        else [f"spectrum {number}: the header promises {points} points, {size} are there; the file is cut short"]
    )
    x_name, x_unit, x_quantity = X_KINDS.get(header.x_kind, ("x", None, None))
    y_name, y_unit, y_quantity = Y_KINDS.get(header.y_kind, ("intensity", None, None))
    if len(header.labels) >= 2:
        x_name, x_unit, x_quantity = _labelled(header.labels[0]) or (x_name, x_unit, x_quantity)
        y_name, y_unit, y_quantity = _labelled(header.labels[1]) or (y_name, y_unit, y_quantity)
    columns = {
        x_name: Column(x[:size], x_unit, x_quantity),
        y_name if y_name != x_name else "signal": Column(y[:size], y_unit, y_quantity),
    }
    return Scan(columns, f"spectrum {number}"), place + points * (2 if short else 4), warnings


def _spectra(header: _Header, data: Binary) -> tuple[list[Scan], list[str]]:
    at, shared = header.data_at, None
    if header.flags & _LISTED_X and not header.flags & _OWN_X:
        shared = data.numbers("f4", at, header.points)
        at += 4 * header.points
    scans: list[Scan] = []
    warnings: list[str] = []
    wanted = header.spectra or MAX_SPECTRA
    end = header.log_at if 0 < header.log_at < len(data) else len(data)
    while len(scans) < min(wanted, MAX_SPECTRA) and at + 32 < end:
        scan, at, odd = _one(header, data, at, shared, len(scans) + 1)
        warnings += odd
        if not scan.rows:
            break
        scans.append(scan)
        if header.spectra == 0 and not header.flags & _MANY:
            break
    if len(scans) < header.spectra:
        warnings.append(f"the header promises {header.spectra} spectra, {len(scans)} are there")
    return scans, warnings


def _joined(scans: list[Scan]) -> list[Scan]:
    """Spectra over the same positions share one axis and become columns of one table."""
    first = next(iter(scans[0].columns))
    axis = scans[0].columns[first].values
    if len(scans) < 2 or any(not np.array_equal(scan.columns[first].values, axis) for scan in scans):
        return scans
    columns = {first: scans[0].columns[first]}
    if len(scans) > MAX_APART:
        return scans
    for number, scan in enumerate(scans, start=1):
        columns |= {f"{name} {number}": column for name, column in scan.columns.items() if name != first}
    return [Scan(columns)]


def _log(data: Binary, at: int) -> dict[str, str]:
    """`key = value` lines of the log that many instruments add."""
    if not 0 < at < len(data) - 16:
        return {}
    size, _, text_at = data.unpack("III", at)
    lines = data.data[at + text_at : at + min(size, 200_000)].decode("latin-1").replace("\0", "\n").splitlines()
    pairs = [
        re.split(r"\s*[=:]\s*", line, maxsplit=1) for line in lines if re.match(r"\s*[\w .()/-]{1,60}\s*[=:]", line)
    ]
    return {pair[0].strip(): pair[1].strip() for pair in pairs[:200] if len(pair) == 2}


def _technique(header: _Header) -> str:
    if header.experiment in EXPERIMENTS:
        return EXPERIMENTS[header.experiment]
    return {13: "Raman spectroscopy"}.get(
        header.x_kind, "infrared spectroscopy" if header.x_kind == 1 and header.y_kind in (2, 128) else ""
    )


class GalacticSpc:
    """Reads SPC files by a header that makes sense as a whole; the extension is worn by other formats too."""

    name = "galactic_spc"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.92 when version, codes, range and size agree with each other."""
        if len(head.data) < 256 or head.data[1] not in (_NEW, _NEW_BIG, _OLD) or head.data.startswith(_IMAGES):
            return 0.0
        try:
            header = _header(Binary(head.data, ">" if head.data[1] == _NEW_BIG else "<"))
        except CannotParse:
            return 0.0
        known = header.x_kind in (*X_KINDS, 255) and header.y_kind in Y_KINDS
        ranged = (
            bool(np.isfinite(header.first) and np.isfinite(header.last))
            and max(abs(header.first), abs(header.last)) < 1e9
        )
        sized = header.points < 1e8 and (
            header.flags & _OWN_X or 0 < header.points * (2 if header.flags & _SHORT else 4) < 2 * head.size
        )
        return 0.92 if known and ranged and sized and header.spectra < 10**6 else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All spectra. Raises CannotParse."""
        data = read_limited(path)
        if len(data) < 256 or data[1] not in (_NEW, _NEW_BIG, _OLD):
            raise CannotParse("does not begin as an SPC file of a known version")
        binary = Binary(data, ">" if data[1] == _NEW_BIG else "<")
        header = _header(binary)
        scans, warnings = _spectra(header, binary)
        if not scans:
            raise CannotParse("an SPC header without a spectrum: the file is cut short")
        if header.start is None:
            warnings.append("the file holds no date of the measurement")
        log = _log(binary, header.log_at)
        metadata: dict[str, Any] = stated(
            {
                "start": header.start,
                "comment": header.comment,
                "source": header.source,
                "resolution": header.resolution,
                "spectra": len(scans),
                "z": header.z[:1000] if len(set(header.z)) > 1 else None,
                "log": log,
            }
        )
        joined = _joined(scans)
        channels = list(end_to_end(joined) if len(joined) > MAX_APART else apart(joined))
        return Parsed(_technique(header), channels, metadata, (), warnings[:50])


def _header(data: Binary) -> _Header:
    return _old(data) if data.data[1] == _OLD else _new(data)


plugin = GalacticSpc()
