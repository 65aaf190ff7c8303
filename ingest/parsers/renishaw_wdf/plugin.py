"""Renishaw WiRE (.wdf): single spectra, series and maps from the blocks of the file."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.binary import Binary
from ingest.parsers.clock import iso_filetime
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.scans import stated
from ingest.parsers.streams import read_limited

# what the file calls the kinds of its axes: (name, quantity)
_KINDS = {
    1: ("Raman shift", "raman_shift"),
    3: ("X", "position"),
    4: ("Y", "position"),
    5: ("Z", "position"),
    9: ("temperature", "temperature"),
    10: ("pressure", "pressure"),
    18: ("elapsed time", "time"),
}
_UNITS = {
    0: "arb",
    1: "1/cm",
    2: "1/cm",
    3: "nm",
    4: "eV",
    5: "um",
    6: "counts",
    7: "electrons",
    8: "mm",
    9: "m",
    10: "K",
    11: "Pa",
    12: "s",
    13: "ms",
    14: "h",
    15: "d",
    19: "deg",
    20: "rad",
    21: "degC",
    22: "degF",
}
_SPECTRAL = {
    1: ("Raman shift", "raman_shift"),
    2: ("wavenumber", "wavenumber"),
    3: ("wavelength", "wavelength"),
    4: ("photon energy", "photon_energy"),
}
_RANDOM, _COLUMNS_FIRST, _SNAKE = 1, 2, 4
_HEADER, _BLOCK = 512, 16
MAX_VALUES = 100_000_000


@dataclass(frozen=True)
class _Origin:
    """A value that belongs to each spectrum: where it was taken, or when."""

    name: str
    quantity: str | None
    unit: str | None
    values: NDArray[np.float64]


class _Wdf:
    """The blocks of a file by their names, and the numbers of its header."""

    def __init__(self, data: Binary) -> None:
        self.data = data
        self.warnings: list[str] = []
        self.points = data.one("I", 60)
        self.capacity, self.collected = data.unpack("QQ", 64)
        self.accumulations, self.y_count, self.x_count, self.origin_count = data.unpack("4I", 80)
        self.kind, self.started, self.ended, self.unit, self.laser = data.unpack("IQQIf", 132)
        self.blocks: dict[str, tuple[int, int]] = {}
        at = _HEADER
        while at + _BLOCK <= len(data):
            name, _, size = data.unpack("4sIQ", at)
            if size < _BLOCK:
                self.warnings.append("a block without a size ends what can be read of the file")
                break
            self.blocks.setdefault(name.decode("latin-1"), (at + _BLOCK, size - _BLOCK))
            at += size

    def spectra(self) -> NDArray[np.float64]:
        """Intensities, shape (spectra, points); only whole spectra."""
        if "DATA" not in self.blocks:
            raise CannotParse("a WiRE file without spectra: nothing was measured yet, or the file is cut short")
        at, size = self.blocks["DATA"]
        if not 0 < self.points <= MAX_VALUES:
            raise CannotParse(f"the header promises {self.points} points for each spectrum; it is damaged")
        wanted = min(self.collected or self.capacity, size // (4 * self.points))
        held = min(wanted, self.data.whole(4 * self.points, at, wanted))
        if held * self.points > MAX_VALUES:
            raise CannotParse(f"holds {held} spectra of {self.points} points; too large for this reader")
        if not held:
            raise CannotParse(
                "a WiRE file without a whole spectrum: nothing was measured yet, or the file is cut short"
            )
        if held < self.capacity:
            self.warnings.append(f"the header promises {self.capacity} spectra, {held} are there")
        return self.data.numbers("f4", at, held * self.points).reshape(held, self.points)

    def positions(self) -> tuple[str, str | None, str | None, NDArray[np.float64]]:
        """Name, quantity, unit and values of the spectral axis, shape (points,)."""
        if "XLST" not in self.blocks:
            self.warnings.append("the list of positions is missing; spectra have no axis")
            return "point", None, None, np.arange(float(self.points))
        at, _ = self.blocks["XLST"]
        kind, unit = self.data.unpack("II", at)
        values = self.data.numbers("f4", at + 8, min(self.x_count, self.points))
        if len(values) != self.points:
            self.warnings.append(f"{len(values)} positions for {self.points} points; spectra have no axis")
            return "point", None, None, np.arange(float(self.points))
        name, quantity = _SPECTRAL.get(unit, _KINDS.get(kind, ("position", None)))
        return name, quantity, _UNITS.get(unit), values

    def origins(self, spectra: int) -> list[_Origin]:
        """Values that belong to the spectra; flags and checksums left out."""
        found: list[_Origin] = []
        if "ORGN" not in self.blocks:
            return found
        at, size = self.blocks["ORGN"]
        each = 24 + 8 * self.capacity
        for number in range(min(self.origin_count, 64)):
            place = at + 4 + number * each
            if place + each > min(at + size, len(self.data)):
                break
            kind, unit = self.data.one("I", place) & 0x7FFFFFFF, self.data.one("I", place + 4)
            if kind in _KINDS:
                name, quantity = _KINDS[kind]
                values = self.data.numbers("f8", place + 24, spectra)
                found.append(_Origin(self.data.text(place + 8, 16) or name, quantity, _UNITS.get(unit), values))
            elif kind == 11 and spectra > 1:
                ticks = self.data.numbers("u8", place + 24, spectra)
                found.append(_Origin("time", "time", "s", (ticks - ticks[0]) / 1e7))
        return found

    def map_axes(self) -> tuple[int, GridAxis, GridAxis] | None:
        """Flags and the slow (y) and fast (x) axes of a rectangular map."""
        if self.kind != 3 or "WMAP" not in self.blocks:
            return None
        at, _ = self.blocks["WMAP"]
        flags = self.data.one("I", at)
        place, step, size = (self.data.unpack(layout, at + 8 + 12 * k) for k, layout in enumerate(("3f", "3f", "3I")))
        if flags & _RANDOM or any(not 0 < n < 10**7 for n in size[:2]) or size[2] > 1:
            return None
        y, x = (GridAxis(name, size[k], place[k], step[k], "um") for name, k in (("Y", 1), ("X", 0)))
        return flags, y, x


def _in_place(spectra: NDArray[Any], flags: int, rows: int, columns: int) -> NDArray[Any]:
    """Spectra in the order they were taken, put where they belong, shape (rows, columns, ...)."""
    if flags & _COLUMNS_FIRST:
        laid = spectra.reshape(columns, rows, *spectra.shape[1:])
    else:
        laid = spectra.reshape(rows, columns, *spectra.shape[1:])
    if flags & _SNAKE:
        laid = laid.copy()
        laid[1::2] = laid[1::2, ::-1]
    return laid.swapaxes(0, 1) if flags & _COLUMNS_FIRST else laid


def _channels(file: _Wdf) -> list[Channel]:
    spectra = file.spectra()
    name, quantity, unit, positions = file.positions()
    counted = _UNITS.get(file.unit)
    axis = Channel(name, positions, unit=unit, quantity=quantity, confidence=1.0 if quantity else 0.0)
    signal = Channel("intensity", spectra.ravel(), unit=counted, quantity="intensity", confidence=1.0, axis=name)
    if len(spectra) == 1:
        return [axis, signal]
    origins = file.origins(len(spectra))
    made = [
        Channel(o.name, o.values, unit=o.unit, quantity=o.quantity, confidence=1.0 if o.quantity else 0.0)
        for o in origins
    ]
    mapped = file.map_axes()
    grid: tuple[GridAxis, ...] = (GridAxis("spectrum", len(spectra)), GridAxis("point", file.points))
    if mapped is not None and mapped[1].size * mapped[2].size == len(spectra):
        flags, y, x = mapped
        laid = _in_place(spectra, flags, y.size, x.size)
        if _fits(origins, flags, y, x):
            signal = replace(signal, values=np.ascontiguousarray(laid).ravel())
            grid = (y, x, GridAxis("point", file.points))
        else:
            file.warnings.append(
                "the places of the spectra do not lie on the map's grid; they are kept in the order they were taken"
            )
    elif file.kind == 3:
        file.warnings.append(
            "the map is not complete or not rectangular; its spectra are kept in the order they were taken"
        )
    return [axis, replace(signal, grid=grid), *made]


def _fits(origins: list[_Origin], flags: int, y: GridAxis, x: GridAxis) -> bool:
    """Whether the stated place of each spectrum is where the grid puts it."""
    along = {o.name: o.values for o in origins}
    for name, grid, by in (("X", x, 1), ("Y", y, 0)):
        if name not in along or not grid.step:
            continue
        laid = _in_place(along[name], flags, y.size, x.size)
        expected = grid.start + grid.step * np.arange(grid.size)
        expected = expected[None, :] if by else expected[:, None]
        if np.abs(laid - expected).max() > 0.6 * abs(grid.step):
            return False
    return True


def _technique(quantity: str | None) -> str:
    return "Raman spectroscopy" if quantity == "raman_shift" else ""


class RenishawWdf:
    """Reads WiRE files by their first block."""

    name = "renishaw_wdf"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.99 for a first block `WDF1` of the header's size."""
        return 0.99 if head.data.startswith(b"WDF1") and head.data[8:16] == _HEADER.to_bytes(8, "little") else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All spectra. Raises CannotParse."""
        file = _Wdf(Binary(read_limited(path, 1024 * 2**20)))
        channels = _channels(file)
        comment = file.data.text(*file.blocks["TEXT"], "utf-8") if "TEXT" in file.blocks else ""
        version = ".".join(str(part) for part in file.data.unpack("4H", 120))
        metadata = stated(
            {
                "start": iso_filetime(file.started),
                "end": iso_filetime(file.ended),
                "title": file.data.text(240, 160, "utf-8"),
                "operator": file.data.text(208, 32, "utf-8"),
                "comment": comment,
                "software": f"{file.data.text(96, 24)} {version}".strip(),
                "laser_wavelength_nm": round(1e7 / file.laser, 3) if 1000 < file.laser < 100_000 else None,
                "accumulations": file.accumulations,
                "measurement": {1: "single", 2: "series", 3: "map"}.get(file.kind),
            }
        )
        if channels[0].quantity != "raman_shift":
            file.warnings.append("the axis is no Raman shift; whether this is luminescence the file does not say")
        return Parsed(_technique(channels[0].quantity), channels, metadata, (), file.warnings[:50])


plugin = RenishawWdf()
