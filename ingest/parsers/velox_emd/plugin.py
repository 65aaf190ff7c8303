"""Thermo Fisher Velox `.emd`: images and spectra with the JSON that describes them, inside HDF5."""

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.datasets import label_of
from ingest.parsers.grids import check_size, grid_channel, length_axes
from ingest.parsers.hdf5.plugin import MAGIC
from ingest.parsers.hdf5.tree import child, numbers, resolve
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed

MAX_OBJECTS = 40


def _described(group: Any) -> dict[str, Any]:  # Any: h5py ships no types, JSON
    """The first column of the metadata: bytes of JSON, padded with zeros."""
    item = child(group, "Metadata")
    if item is None or not hasattr(item, "shape") or item.ndim != 2 or item.shape[0] > 2_000_000:
        return {}
    try:
        text = bytes(item[:, 0]).split(b"\0", 1)[0].decode("utf-8", errors="replace")
        made = json.loads(text)
    except (ValueError, OSError, RuntimeError, TypeError):
        return {}
    return made if isinstance(made, dict) else {}


def _at(tree: Any, path: str) -> Any:
    for part in path.split("."):
        tree = tree.get(part) if isinstance(tree, dict) else None
    return tree


def _number(tree: Any, path: str) -> float | None:
    try:
        return float(_at(tree, path))
    except (TypeError, ValueError):
        return None


def _children(root: Any, path: str) -> list[Any]:
    group = resolve(root, path)
    if group is None or not hasattr(group, "keys"):
        return []
    found = (child(group, key) for key in list(group)[:MAX_OBJECTS])
    return [item for item in found if item is not None and hasattr(item, "keys")]


def _image(group: Any, name: str) -> Channel | None:
    """Image or stack; Velox stores frames in the last direction."""
    item = child(group, "Data")
    if item is None or not hasattr(item, "shape") or item.ndim != 3:
        return None
    check_size(item.shape)
    values = numbers(item)
    if values is None or values.dtype.kind not in "iufc":
        return None
    cells = np.moveaxis(np.abs(values) if values.dtype.kind == "c" else values, -1, 0)
    told = _described(group)
    step_x, step_y = _number(told, "BinaryResult.PixelSize.width"), _number(told, "BinaryResult.PixelSize.height")
    unit = _at(told, "BinaryResult.PixelUnitX")
    frames, rows, columns = cells.shape
    if unit == "m" and step_x and step_y:
        axes = length_axes((rows, columns), (step_y, step_x))
    elif unit == "1/m" and step_x and step_y:
        axes = [GridAxis("ky", rows, 0.0, step_y / 1e9, "1/nm"), GridAxis("kx", columns, 0.0, step_x / 1e9, "1/nm")]
    else:
        axes = [GridAxis("row", rows), GridAxis("column", columns)]
    if frames == 1:
        return grid_channel(name, cells[0], axes)
    return grid_channel(name, cells, [GridAxis("frame", frames), *axes])


def _spectrum(group: Any, name: str) -> list[Channel]:
    """Counts over the energy of the detector that the metadata names."""
    item = child(group, "Data")
    if item is None or not hasattr(item, "shape") or item.ndim != 2:
        return []
    check_size(item.shape)
    values = numbers(item)
    if values is None:
        return []
    told = _described(group)
    wanted = str(_at(told, "BinaryResult.Detector") or "")
    detectors = _at(told, "Detectors") or {}
    named = next((d for d in detectors.values() if isinstance(d, dict) and d.get("DetectorName") == wanted), {})
    step, offset = _number(named, "Dispersion"), _number(named, "OffsetEnergy")
    if step is None or offset is None:
        return [Channel(name, values[:, 0].astype(np.float64), unit="counts", quantity="intensity", confidence=0.8)]
    energy = (offset + step * np.arange(len(values), dtype=np.float64)) / 1000.0
    axis = f"energy ({name})"
    return [
        Channel(axis, energy, unit="keV"),
        Channel(name, values[:, 0].astype(np.float64), None, "counts", "intensity", 0.9, axis),
    ]


def _facts(told: dict[str, Any]) -> dict[str, Any]:
    seconds = _number(told, "Acquisition.AcquisitionStartDatetime.DateTime")
    started = datetime.fromtimestamp(seconds, tz=timezone.utc).isoformat() if seconds and 6e8 < seconds < 4e9 else None  # noqa: UP017
    volts, model = _number(told, "Optics.AccelerationVoltage"), _at(told, "Instrument.InstrumentModel")
    made = {
        "start": started,
        "instrument": " ".join(str(p) for p in (_at(told, "Instrument.InstrumentClass"), model) if p) or None,
        "voltage_V": volts,
        "detector": _at(told, "BinaryResult.Detector"),
        "operating_mode": _at(told, "Optics.OperatingMode"),
        "magnification": _number(told, "Optics.NominalMagnification"),
        "camera_length_m": _number(told, "Optics.CameraLength"),
        "sample": _at(told, "Sample.SampleId") or _at(told, "Sample.SampleDescription"),
        "software": "Velox",
    }
    return {key: value for key, value in made.items() if value not in (None, "")}


def _technique(told: dict[str, Any], spectra: bool) -> str | None:
    if spectra:
        return "eds"
    if _at(told, "BinaryResult.PixelUnitX") == "1/m":
        return "electron_diffraction"
    mode = {"1": "tem", "2": "stem"}.get(str(_at(told, "Optics.OperatingMode")))
    camera = str(_at(told, "BinaryResult.AcquisitionUnit") or "")
    return "stem" if _at(told, "Scan.DwellTime") and not camera.startswith("BM-") and mode != "tem" else mode or "tem"


def _parsed(root: Any) -> Parsed:
    images, spectra = _children(root, "/Data/Image"), _children(root, "/Data/Spectrum")
    told = next((facts for group in [*images, *spectra] if (facts := _described(group))), {})
    if not told and resolve(root, "/Application/Velox") is None:
        raise CannotParse("an HDF5 file that Velox did not write")
    channels: list[Channel] = []
    for number, group in enumerate(images, start=1):
        detector = str(_at(_described(group), "BinaryResult.Detector") or "image")
        name = detector if detector not in [c.name for c in channels] else f"{detector} {number}"
        made = _image(group, name)
        channels += [made] if made is not None else []
    for number, group in enumerate(spectra, start=1):
        channels += _spectrum(group, f"spectrum {number}" if len(spectra) > 1 else "spectrum")
    streams = _children(root, "/Data/SpectrumStream")
    warnings = (
        [f"{len(streams)} streams of X-ray events (spectrum images) are kept in the file but not read"]
        if streams
        else []
    )
    if not channels:
        raise CannotParse(
            "a Velox file without an image or spectrum that can be read"
            + (": only streams of X-ray events" if streams else "")
        )
    return Parsed(label_of(_technique(told, not images)), channels, _facts(told), (), warnings)


class VeloxEmd:
    """Reads what Velox wrote; other HDF5 files are left to the reader by structure."""

    name = "velox_emd"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.8 for HDF5 whose head names Velox or its groups; such a file is still refused if Velox did not write it."""
        known = b"Velox" in head.data or (b"Presentation" in head.data and b"Operations" in head.data)
        return 0.8 if head.data.startswith(MAGIC) and known else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """Images and spectra. Raises CannotParse."""
        import h5py

        try:
            with h5py.File(path, "r", locking=False) as file:
                return _parsed(file["/"])
        except (OSError, RuntimeError, KeyError) as error:
            raise CannotParse(f"the HDF5 file is damaged: {error}") from error


plugin = VeloxEmd()
