"""Bruker Esprit `.bcf`: images of the electron detectors and the sum spectrum of an X-ray map, with voltage and pixel size."""

import base64
import binascii
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.bruker_bcf.container import MAGIC, Container
from ingest.parsers.datasets import label_of
from ingest.parsers.grids import check_size, grid_channel, length_axes
from ingest.parsers.markup import number_at, text_at, tree_of
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.streams import read_limited

MAX_BYTES = 1024 * 2**20
_KINDS = {1: "u1", 2: "u2", 4: "u4", 8: "u8"}


def _instances(root: ET.Element, kind: str) -> list[ET.Element]:
    return [node for node in root.iter("ClassInstance") if node.get("Type") == kind]


def _first(root: ET.Element, kind: str) -> ET.Element | None:
    return next(iter(_instances(root, kind)), None)


def _axes(root: ET.Element, rows: int, columns: int) -> list[GridAxis]:
    """Directions in the length that the microscope's pixel states (micrometres in the file); by pixel without."""
    microscope = _first(root, "TRTSEMData")
    across, down = number_at(microscope, "DX"), number_at(microscope, "DY")
    if not across or not down or across < 0 or down < 0:
        return [GridAxis("row", rows), GridAxis("column", columns)]
    return length_axes((rows, columns), (down * 1e-6, across * 1e-6))


def _images(root: ET.Element, warnings: list[str]) -> list[Channel]:
    made: list[Channel] = []
    empty: list[str] = []
    for image in _instances(root, "TRTImageData"):
        width, height, size = (int(number_at(image, key) or 0) for key in ("Width", "Height", "ItemSize"))
        planes = [node for node in image if re.fullmatch(r"Plane\d+", node.tag)]
        if not planes or size not in _KINDS:
            continue
        check_size((height, width))
        for number, plane in enumerate(planes):
            name = text_at(plane, "Description") or image.get("Name") or f"image {number + 1}"
            cells = _cells(plane, height * width, _KINDS[size], name)
            if not cells.any():
                empty.append(name)
                continue
            taken = [channel.name for channel in made]
            shown = name if name not in taken else f"{name} {len(made) + 1}"
            made.append(grid_channel(shown, cells.reshape(height, width), _axes(root, height, width)))
    if empty:
        warnings.append(f"{', '.join(empty)}: all zero, left out")
    return made


def _cells(plane: ET.Element, count: int, kind: str, name: str) -> Any:  # Any: an array of the stated kind
    try:
        data = base64.b64decode(text_at(plane, "Data") or "", validate=False)
    except (binascii.Error, ValueError) as error:
        raise CannotParse(f"{name}: its pixels are damaged: {error}") from error
    cells = np.frombuffer(data, "<" + kind, len(data) // np.dtype(kind).itemsize)
    if len(cells) < count:
        raise CannotParse(f"{name}: {len(cells)} of {count} pixels; the file is cut short")
    return cells[:count]


def _spectrum(root: ET.Element) -> list[Channel]:
    """Counts over energy of the first spectrum in the header: the sum over the map."""
    for node in _instances(root, "TRTSpectrum"):
        counts: NDArray[np.float64] = np.array(
            [float(part) for part in re.findall(r"[\d.]+", text_at(node, "Channels") or "")]
        )
        offset, step = (
            number_at(node, f"ClassInstance[@Type='TRTSpectrumHeader']/{key}") for key in ("CalibAbs", "CalibLin")
        )
        if len(counts) < 2 or step is None:
            continue
        energy = (offset or 0.0) + step * np.arange(len(counts), dtype=np.float64)
        return [
            Channel("energy", energy, unit="keV"),
            Channel("sum spectrum", counts, None, "counts", "intensity", 0.9, "energy"),
        ]
    return []


def _facts(root: ET.Element) -> dict[str, Any]:
    microscope = _first(root, "TRTSEMData")
    volts = number_at(microscope, "HV")
    detector = _first(root, "TRTDetectorHeader")
    distance = number_at(microscope, "WD")
    made: dict[str, Any] = {
        "start": _start(root),
        "voltage_V": volts * 1000 if volts and volts > 0 else None,
        "magnification": number_at(microscope, "Mag"),
        "working_distance_mm": distance if distance and distance > 0 else None,
        "detector": text_at(detector, "Type"),
        "take_off_angle_deg": number_at(_first(root, "TRTESMAHeader"), "ElevationAngle"),
        "software": "Bruker Esprit",
    }
    return {key: value for key, value in made.items() if value not in (None, "")}


def _start(root: ET.Element) -> str | None:
    """Date and time of the map, days first as Esprit writes them (9.8.2016)."""
    header = root.find("ClassInstance/Header")
    try:
        stamp = f"{text_at(header, 'Date')} {text_at(header, 'Time')}"
        return datetime.strptime(stamp, "%d.%m.%Y %H:%M:%S").isoformat()  # noqa: DTZ007 (the computer's clock, no zone)
    except ValueError:
        return None


class BrukerBcf:
    """Reads EDS maps of Esprit 1 and 2 without their cube of spectra."""

    name = "bruker_bcf"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for the container's signature."""
        return 0.95 if head.data.startswith(MAGIC) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """Images and sum spectrum. Raises CannotParse."""
        container = Container(read_limited(path, MAX_BYTES))
        parts = {part.name: part for part in container.parts()}
        header = parts.get("HeaderData")
        if header is None:
            raise CannotParse(f"a Bruker container without an X-ray map ({', '.join(list(parts)[:6]) or 'empty'})")
        root = tree_of(container.read(header).rstrip(b"\0"), "Bruker map")
        warnings: list[str] = []
        channels = [*_images(root, warnings), *_spectrum(root)]
        if not channels:
            raise CannotParse("a Bruker map whose header holds neither an image nor a spectrum")
        cubes = sorted(part for part in parts if part.startswith("SpectrumData"))
        if cubes:
            warnings.append(f"{', '.join(cubes)}: the spectra of the single pixels are kept in the file but not read")
        technique = label_of("eds") if any(channel.name == "sum spectrum" for channel in channels) else ""
        return Parsed(technique, channels, _facts(root), (), warnings)


plugin = BrukerBcf()
