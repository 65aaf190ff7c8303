"""Gatan DigitalMicrograph dm3 and dm4: spectra, images and spectrum images with their calibrations."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.datasets import label_of
from ingest.parsers.delimited_text.dates import clock_seconds, decide_order, find_stamp
from ingest.parsers.gatan_dm.tags import Tree, at, read_tags
from ingest.parsers.grids import check_size, grid_channel, known_axis
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.streams import read_limited
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

_DTYPES = {1: "i2", 2: "f4", 3: "c8", 6: "u1", 7: "i4", 9: "i1", 10: "u2", 11: "u4", 12: "f8", 13: "c16", 14: "u1"}
_FACTS = {
    "voltage_V": "Microscope Info.Voltage",
    "microscope": "Microscope Info.Microscope",
    "magnification": "Microscope Info.Indicated Magnification",
    "operation_mode": "Microscope Info.Operation Mode",
    "illumination_mode": "Microscope Info.Illumination Mode",
    "imaging_mode": "Microscope Info.Imaging Mode",
    "camera_length_mm": "Microscope Info.STEM Camera Length",
    "operator": "Session Info.Operator",
    "specimen": "Session Info.Specimen",
    "exposure_s": "DataBar.Exposure Time (s)",
    "device": "DataBar.Device Name",
    "signal": "Meta Data.Signal",
    "format": "Meta Data.Format",
    "acquisition_mode": "Meta Data.Acquisition Mode",
    "convergence_angle_mrad": "EELS.Experimental Conditions.Convergence semi-angle (mrad)",
    "collection_angle_mrad": "EELS.Experimental Conditions.Collection semi-angle (mrad)",
}


def _numbered(group: Any) -> list[Any]:
    """The values of a group whose tags are numbered, in their order."""
    return list(group.values()) if isinstance(group, dict) else []


def _cells(image: Tree) -> NDArray[Any]:
    """The values of an image, shape as its dimensions say, the slowest first."""
    code = at(image, "ImageData.DataType")
    sizes = [int(size) for size in _numbered(at(image, "ImageData.Dimensions"))]
    raw = at(image, "ImageData.Data")
    if code not in _DTYPES or not sizes:
        raise CannotParse(f"the Gatan image holds values of the type {code}, which is no plain number")
    count = check_size(sizes)
    data = raw.encode("utf-16-le") if isinstance(raw, str) else bytes(raw) if isinstance(raw, bytes) else raw.tobytes()
    dtype = np.dtype(_DTYPES[code])
    if len(data) < count * dtype.itemsize:
        raise CannotParse("the Gatan image holds fewer values than its size states: it is cut short")
    return np.frombuffer(data, dtype.newbyteorder("<"), count).reshape(sizes[::-1])


def _is_energy(unit: str | None) -> bool:
    return (unit or "").strip() in ("eV", "keV")


def _axes(image: Tree, shape: tuple[int, ...]) -> list[GridAxis]:
    """One axis a dimension, in the order of the array: positions are (index - origin) x scale."""
    given = _numbered(at(image, "ImageData.Calibrations.Dimension"))[::-1]
    names = {1: ["x"], 2: ["y", "x"], 3: ["z", "y", "x"]}.get(
        len(shape), [f"dimension {i + 1}" for i in range(len(shape))]
    )
    made = []
    for index, size in enumerate(shape):
        tags = given[index] if index < len(given) and isinstance(given[index], dict) else {}
        unit = str(tags.get("Units", "")).strip("\0 ") or None
        scale, origin = float(tags.get("Scale", 1.0)), float(tags.get("Origin", 0.0))
        name = "energy" if _is_energy(unit) else names[index]
        axis = known_axis(name, size, -origin * scale, scale, unit)
        made.append(axis if axis.unit else GridAxis(name, size))
    return made


def _technique(image: Tree, axes: list[GridAxis]) -> str | None:
    """By what the program says of the signal, else by the microscope's mode."""
    tags = at(image, "ImageTags") or {}
    signal = str(at(tags, "Meta Data.Signal") or "").upper()
    if signal in ("EELS", "EFTEM") or (any(axis.name == "energy" for axis in axes) and at(tags, "EELS")):
        return "eels"
    if signal in ("X-RAY", "EDS", "EDX"):
        return "eds"
    mode = f"{at(tags, 'Microscope Info.Operation Mode')} {at(tags, 'Microscope Info.Illumination Mode')}".upper()
    imaging = str(at(tags, "Microscope Info.Imaging Mode") or at(tags, "Microscope Info.Operation Mode") or "").upper()
    if any(axis.unit in ("1/nm", "1/angstrom", "mrad", "rad") for axis in axes) or (
        "DIFFRACTION" in imaging and "STEM" not in mode
    ):
        return "electron_diffraction"
    if "STEM" in mode or "SCANNING" in mode:
        return "stem"
    return "tem" if "TEM" in mode or "IMAGING" in mode or at(tags, "Microscope Info.Voltage") else None


def _start(image: Tree) -> str | None:
    """When the image was taken: the date bar, its order of day and month decided by the system's own clock."""
    bar = at(image, "ImageTags.DataBar") or {}
    text = str(bar.get("Acquisition Date", ""))
    ticks = bar.get("Acquisition Time (OS)")
    system = None
    if isinstance(ticks, int | float) and 1e17 < ticks < 2e17:  # 100 ns since 1601
        system = datetime(1601, 1, 1) + timedelta(microseconds=float(ticks) / 10)  # noqa: DTZ001 (a local clock without zone)
    stamp = find_stamp(text) if text else None
    order = decide_order([stamp], [system.date()] if system else ()) if stamp else None
    if stamp is None or order is None:
        return system.replace(microsecond=0).isoformat() if system else _start_of_signal(image)
    clock = clock_seconds(str(bar.get("Acquisition Time", "")))
    return (stamp.readings[order] + timedelta(seconds=clock)).isoformat() if clock is not None else None


def _start_of_signal(image: Tree) -> str | None:
    """When a spectrum or spectrum image was begun, where the date bar is missing and its date leaves no doubt."""
    for kind in ("SI", "EELS", "EDS"):
        told = at(image, f"ImageTags.{kind}.Acquisition") or {}
        stamp = find_stamp(str(told.get("Date", "")))
        clock = clock_seconds(str(told.get("Start time", "")))
        order = decide_order([stamp]) if stamp else None
        if stamp is not None and order is not None and clock is not None:
            return (stamp.readings[order] + timedelta(seconds=clock)).isoformat()
    return None


def _metadata(image: Tree) -> dict[str, Any]:
    tags = at(image, "ImageTags") or {}
    made: dict[str, Any] = {"title": at(image, "Name")}
    for key, path in _FACTS.items():
        value = at(tags, path)
        if isinstance(value, int | float) or (isinstance(value, str) and value.strip("\0 ")):
            made[key] = value.strip("\0 ") if isinstance(value, str) else value
    microscope = made.get("microscope") or at(tags, "Session Info.Microscope") or at(tags, "Microscope Info.Name")
    if isinstance(microscope, str) and microscope.strip():
        made["instrument"] = microscope.strip()
    if made.get("specimen"):
        made["sample"] = made.pop("specimen")
    made["start"] = _start(image)
    return {key: value for key, value in made.items() if value not in (None, "")}


def _channels(image: Tree, technique: str | None, number: int) -> list[Channel]:
    cells = _cells(image)
    axes = _axes(image, cells.shape)
    unit_text = str(at(image, "ImageData.Calibrations.Brightness.Units") or "").strip("\0 ")
    unit = (
        "counts"
        if unit_text.lower() in ("counts", "ct", "e-") and unit_text != "e-"
        else parse_unit(unit_text)
        if unit_text
        else None
    )
    scale = float(at(image, "ImageData.Calibrations.Brightness.Scale") or 1.0)
    origin = float(at(image, "ImageData.Calibrations.Brightness.Origin") or 0.0)
    name = "intensity" if number == 1 else f"intensity {number}"
    if np.iscomplexobj(cells):
        return [
            grid_channel(f"{name} ({word})", part, axes)
            for word, part in (("real", cells.real), ("imaginary", cells.imag))
        ]
    values = (
        (cells.astype(np.float64) - origin) * scale
        if unit and (scale, origin) != (1.0, 0.0)
        else cells.astype(np.float64)
    )
    keep = [index for index, size in enumerate(values.shape) if size > 1]
    if len(keep) > 1:
        return [grid_channel(name, np.squeeze(values), [axes[index] for index in keep], unit, technique)]
    return _spectrum(name, values.reshape(-1), axes[keep[0] if keep else -1], unit, technique)


def _spectrum(
    name: str, values: NDArray[np.float64], axis: GridAxis, unit: str | None, technique: str | None
) -> list[Channel]:
    called = "energy loss" if technique == "eels" else axis.name
    along = Channel(called, axis.start + axis.step * np.arange(len(values), dtype=np.float64), unit=axis.unit)
    quantity, confidence = ("intensity", 0.9) if unit == "counts" else quantity_of(name, unit)
    return [along, Channel(name, values, unit=unit, quantity=quantity, confidence=confidence, axis=called)]


class GatanDm:
    """Reads dm3 and dm4 by their header and tag tree."""

    name = "gatan_dm"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for the header: version 3 or 4, a length, a byte order, and a first group of tags."""
        data = head.data
        if len(data) < 32 or data[:4] not in (b"\0\0\0\3", b"\0\0\0\4"):
            return 0.0
        begin = 8 if data[3] == 3 else 12
        order = data[begin : begin + 4]
        return (
            0.97
            if order in (b"\0\0\0\0", b"\0\0\0\1") and data[begin + 4] in (0, 1) and data[begin + 5] in (0, 1)
            else 0.0
        )

    def parse(self, path: Path, name: str) -> Parsed:
        """All images but the thumbnail. Raises CannotParse."""
        tree = read_tags(read_limited(path))
        images = [
            image
            for image in _numbered(tree.get("ImageList"))
            if isinstance(image, dict) and at(image, "ImageData.Data") is not None
        ]
        thumbs = {thumb.get("ImageIndex") for thumb in _numbered(tree.get("Thumbnails")) if isinstance(thumb, dict)}
        real = [image for index, image in enumerate(images) if index not in thumbs] or images[-1:]
        if len(real) > 1 and at(real[0], "ImageData.DataType") == 23:
            real = real[1:]
        if not real:
            raise CannotParse("a Gatan file without an image or spectrum in it")
        technique = _technique(real[0], _axes(real[0], _cells(real[0]).shape))
        channels = [
            channel
            for number, image in enumerate(real[:20], start=1)
            for channel in _channels(image, technique, number)
        ]
        return Parsed(label_of(technique), channels, _metadata(real[0]))


plugin = GatanDm()
