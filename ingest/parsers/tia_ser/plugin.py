"""FEI/Thermo TIA: `.ser` series of images or spectra with their calibrations, and what an `.emi` file says of them."""

import re
import struct
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.datasets import label_of
from ingest.parsers.grids import check_size, grid_channel, length_axes
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.streams import read_limited

_DTYPES = {1: "u1", 2: "<u2", 3: "<u4", 4: "i1", 5: "<i2", 6: "<i4", 7: "<f4", 8: "<f8", 9: "<c8", 10: "<c16"}
_SPECTRA, _IMAGES = 0x4120, 0x4122
MAX_ELEMENTS = 100_000


class _Element(NamedTuple):
    """One image or spectrum: values, and (value at index 0, step) of each direction, the fastest first."""

    values: NDArray[Any]
    axes: list[tuple[float, float]]


class _Series:
    """The header and the elements of a series."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        _, _, version, self.kind, self.tag_kind, total, self.valid = self._at("<HHHIIII", 0)
        wide = version >= 0x0220
        self.offset_size = 8 if wide else 4
        (start,) = self._at("<Q" if wide else "<I", 22)
        if self.kind not in (_SPECTRA, _IMAGES) or not 0 < total <= MAX_ELEMENTS or self.valid > total:
            raise CannotParse("the TIA series states an impossible kind or number of elements: it is damaged")
        form = f"<{2 * total}{'Q' if wide else 'I'}"
        offsets = self._at(form, start)
        self.places, self.tags = offsets[:total], offsets[total:]

    def _at(self, form: str, at: int) -> tuple[Any, ...]:
        try:
            return struct.unpack_from(form, self.data, at)
        except struct.error as error:
            raise CannotParse("the TIA series ends before its values do: it is cut short") from error

    def _calibration(self, at: int) -> tuple[float, float]:
        offset, delta, element = self._at("<ddi", at)
        return offset - element * delta, delta

    def element(self, index: int) -> _Element:
        """The values of one element."""
        at = self.places[index]
        directions = 1 if self.kind == _SPECTRA else 2
        axes = [self._calibration(at + 20 * direction) for direction in range(directions)]
        at += 20 * directions
        (code,) = self._at("<H", at)
        sizes = self._at(f"<{directions}I", at + 2)
        count = check_size(sizes)
        if code not in _DTYPES:
            raise CannotParse(f"the TIA series holds values of the unknown type {code}: it is damaged")
        dtype = np.dtype(_DTYPES[code])
        begin = at + 2 + 4 * directions
        if begin + count * dtype.itemsize > len(self.data):
            raise CannotParse("the TIA series ends before its values do: it is cut short")
        return _Element(np.frombuffer(self.data, dtype, count, begin).reshape(sizes[::-1]), axes)

    def start(self) -> str | None:
        """The time in the tag of the first element."""
        if not self.valid:
            return None
        try:
            _, seconds = struct.unpack_from("<HxxI", self.data, self.tags[0])
        except struct.error:
            return None
        if not 6e8 < seconds < 4e9:
            return None
        local = datetime.fromtimestamp(seconds, tz=timezone.utc)  # noqa: UP017 (the computer's own clock, counted as if it were UTC)
        return local.replace(tzinfo=None).isoformat()


def _images(series: _Series, elements: list[_Element]) -> tuple[list[Channel], str | None]:
    """Images or a stack of them. Steps far below an atom are lengths in metre; larger ones are reciprocal lengths."""
    (x0, dx), (y0, dy) = elements[0].axes
    rows, columns = elements[0].values.shape
    if 0 < abs(dx) < 1e-3:
        axes = length_axes((rows, columns), (dy, dx), (y0, x0))
        technique = "tem"
    elif abs(dx) >= 1e3:
        axes = [GridAxis("ky", rows, y0 / 1e9, dy / 1e9, "1/nm"), GridAxis("kx", columns, x0 / 1e9, dx / 1e9, "1/nm")]
        technique = "electron_diffraction"
    else:
        axes, technique = [GridAxis("row", rows), GridAxis("column", columns)], "tem"
    values = np.stack([element.values for element in elements])
    if len(elements) == 1:
        return [grid_channel("intensity", np.abs(values[0]), axes)], technique
    return [grid_channel("intensity", np.abs(values), [GridAxis("frame", len(elements)), *axes])], technique


def _spectra(elements: list[_Element]) -> list[Channel]:
    """Spectra over the one energy axis, in the unit the file holds (eV)."""
    start, step = elements[0].axes[0]
    size = len(elements[0].values)
    energy = Channel("energy", start + step * np.arange(size, dtype=np.float64), unit="eV")
    if len(elements) == 1:
        return [
            energy,
            Channel(
                "intensity",
                elements[0].values.astype(np.float64),
                unit="counts",
                quantity="intensity",
                confidence=0.8,
                axis="energy",
            ),
        ]
    cells = np.stack([element.values for element in elements])
    axes = [GridAxis("point", len(elements)), GridAxis("energy", size, start, step, "eV")]
    return [energy, grid_channel("intensity", cells, axes, "counts")]


def _series_parsed(data: bytes) -> Parsed:
    series = _Series(data)
    if not series.valid:
        raise CannotParse("a TIA series without a recorded element: the acquisition never began")
    first = series.element(0)
    check_size([series.valid, *first.values.shape], "the series")
    elements = [series.element(index) for index in range(series.valid)]
    same = [element for element in elements if element.values.shape == first.values.shape]
    warnings = (
        [f"{len(elements) - len(same)} elements of another size were left out"] if len(same) < len(elements) else []
    )
    technique: str | None = None
    if series.kind == _IMAGES:
        channels, technique = _images(series, same)
    else:
        channels = _spectra(same)
        warnings.append("the series does not say which kind of spectrum it holds; the .emi file beside it does")
    metadata = {"elements": series.valid, "software": "TIA", "start": series.start()}
    return Parsed(label_of(technique), channels, {k: v for k, v in metadata.items() if v}, (), warnings)


def _info(data: bytes) -> ET.Element:
    match = re.search(rb"<ObjectInfo>.*?</ObjectInfo>", data, re.DOTALL)
    if match is None or b"<!ENTITY" in match[0]:
        raise CannotParse("a TIA .emi file without its description of the acquisition")
    try:
        return ET.fromstring(match[0].decode("utf-8", errors="replace"))  # noqa: S314 (no entities: checked above)
    except ET.ParseError as error:
        raise CannotParse(f"the description in the TIA .emi file is damaged: {error}") from error


def _emi_parsed(data: bytes) -> Parsed:
    """Conditions of the acquisition as one-row channels and metadata; the values are in the .ser file beside it."""
    info = _info(data)
    facts: dict[str, str] = {}
    for entry in info.iter("Data"):
        label, value, unit = (entry.findtext(tag) or "" for tag in ("Label", "Value", "Unit"))
        if label and value.strip():
            facts[label] = f"{value.strip()} {unit}".strip()
    for entry in info.findall("AcquireInfo/*"):
        if entry.text:
            facts[entry.tag] = entry.text
    mode = facts.get("Mode", "")
    metadata: dict[str, Any] = {
        "header": facts,
        "software": "TIA",
        "instrument": facts.get("Microscope"),
        "operator": facts.get("User"),
    }
    try:
        metadata["start"] = datetime.strptime(info.findtext("AcquireDate") or "", "%a %b %d %H:%M:%S %Y").isoformat()  # noqa: DTZ007
    except ValueError:
        metadata["start"] = None
    technique = "stem" if "STEM" in mode else "tem" if "TEM" in mode else None
    warning = "an .emi file describes an acquisition; its images or spectra are in the .ser files beside it"
    return Parsed(label_of(technique), [], {k: v for k, v in metadata.items() if v}, (), [warning])


class TiaSer:
    """Reads `.ser` by its header, and the description in `.emi`."""

    name = "tia_ser"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for the header of a series, 0.9 for an `.emi` that holds a description."""
        if head.data[:4] == b"II\x97\x01" and head.data[4:6] in (b"\x10\x02", b"\x20\x02"):
            return 0.97
        return 0.9 if head.data[:4] == b"JK\0\2" or b"<ObjectInfo><Uuid>" in head.data else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The series, or the description. Raises CannotParse."""
        data = read_limited(path)
        return _series_parsed(data) if data[:4] == b"II\x97\x01" else _emi_parsed(data)


plugin = TiaSer()
