"""SPECS SpecsLab 2 (.xml): every region of every group, its detectors added up at their energies."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.markup import number_of, root_name, tree_of
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.scans import names_apart, stated
from ingest.parsers.streams import read_limited

_TECHNIQUES = {
    "XPS": "X-ray photoelectron spectroscopy",
    "UPS": "ultraviolet photoelectron spectroscopy",
    "AES": "Auger electron spectroscopy",
    "ISS": "ion scattering spectroscopy",
}
MAX_COLUMNS = 64


def _member(node: ET.Element | None, name: str) -> ET.Element | None:
    return next((child for child in node if child.get("name") == name), None) if node is not None else None


def _text(node: ET.Element | None, name: str) -> str | None:
    found = _member(node, name)
    return found.text.strip() if found is not None and found.text and found.text.strip() else None


def _number(node: ET.Element | None, name: str) -> float | None:
    return number_of(_text(node, name))


def _whole(node: ET.Element | None, name: str) -> int:
    value = _number(node, name)
    return int(value) if value is not None and 0 <= value < 10**10 else 0


def _structs(root: ET.Element, kind: str) -> Iterator[ET.Element]:
    return (node for node in root.iter("struct") if node.get("type_name") == kind)


class _Region:
    """A region: its settings, and counts of shape (detectors, points) for each scan."""

    def __init__(self, node: ET.Element, group: str) -> None:
        self.node, self.group = node, group
        self.name = _text(node, "name") or "region"
        self.settings = _member(node, "region")
        analyser = _member(node, "analyzer_info")
        detectors = _member(analyser, "detectors")
        self.analyser = _text(analyser, "name")
        self.shifts = [
            _number(detector, "shift") or 0.0 for detector in (detectors if detectors is not None else [])
        ] or [0.0]
        self.head = _whole(node, "mcd_head")
        self.warnings: list[str] = []
        self.points = _whole(self.settings, "values_per_curve")
        self.start, self.step = _number(self.settings, "kinetic_energy"), _number(self.settings, "scan_delta")
        cycles = _member(node, "cycles")
        self.cycles = list(cycles) if cycles is not None else []
        self.counts = [counts for cycle in self.cycles for counts in self._scans(cycle)]

    def _scans(self, cycle: ET.Element) -> Iterator[NDArray[np.float64]]:
        for scan in _structs(cycle, "ScanData"):
            counts = _member(scan, "counts")
            words = " ".join(counts.itertext()).split() if counts is not None else []
            try:
                values = np.array(words, dtype=np.float64)
            except ValueError as error:
                raise CannotParse(f"{self.name}: the counts hold something that is no number: {error}") from error
            points = len(values) // len(self.shifts)
            if points:
                yield values[: points * len(self.shifts)].reshape(points, len(self.shifts)).T

    def summed(self, counts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Counts of all detectors at the region's energies, shape (points,); each detector is shifted by its share of the pass energy."""
        pass_energy = _number(self.settings, "pass_energy") or 0.0
        step = self.step or 0.0
        total = np.zeros(self.points)
        for shift, row in zip(self.shifts, counts, strict=True):
            places = np.arange(self.points) + self.head - (round(shift * pass_energy / step) if step else 0)
            total += np.where((places >= 0) & (places < len(row)), row[np.clip(places, 0, len(row) - 1)], np.nan)
        return total

    def channels(self, name: str) -> Iterator[Channel]:
        """Energies and counts, called by the region where there are several."""
        before = f"{name}: " if name else ""
        axis = f"{before}kinetic energy"
        known = (
            self.start is not None
            and self.step is not None
            and 0 < self.points <= max(row.shape[1] for row in self.counts)
        )
        if not known:
            self.warnings.append(f"{self.name}: its energies are not stated; counts are kept without an axis")
            self.points = self.counts[0].shape[1]
            self.head, self.shifts = 0, [0.0] * len(self.shifts)
        else:
            energies = (self.start or 0.0) + (self.step or 0.0) * np.arange(self.points, dtype=np.float64)
            yield Channel(axis, energies, unit="eV", quantity="kinetic_energy", confidence=1.0)
        spectra = [self.summed(counts) for counts in self.counts]
        against = axis if known else None
        if len(spectra) > MAX_COLUMNS:
            grid = (GridAxis("scan", len(spectra)), GridAxis("point", self.points))
            yield Channel(
                f"{before}intensity",
                np.concatenate(spectra),
                unit="counts",
                quantity="intensity",
                confidence=1.0,
                axis=against,
                grid=grid,
            )
        else:
            for number, spectrum in enumerate(spectra, start=1):
                label = f"{before}intensity" + (f" scan {number}" if len(spectra) > 1 else "")
                yield Channel(label, spectrum, unit="counts", quantity="intensity", confidence=1.0, axis=against)
        if len(self.shifts) > 1:
            raw = np.stack([counts for counts in self.counts if counts.shape == self.counts[0].shape])
            each = (GridAxis("scan", len(raw)), GridAxis("detector", raw.shape[1]), GridAxis("point", raw.shape[2]))
            yield Channel(
                f"{before}counts of each detector", raw.ravel(), unit="counts", grid=each if len(raw) > 1 else each[1:]
            )

    @property
    def started(self) -> str | None:
        """ISO time of the first cycle."""
        seconds = _whole(self.cycles[0], "time") if self.cycles else 0
        return datetime.fromtimestamp(seconds, UTC).isoformat() if 0 < seconds < 4e9 else None

    def about(self) -> dict[str, Any]:
        """Settings of the region."""
        names = {
            "excitation_energy_eV": "excitation_energy",
            "pass_energy_eV": "pass_energy",
            "dwell_time_s": "dwell_time",
            "work_function_eV": "effective_workfunction",
            "bias_voltage_V": "bias_voltage",
            "detector_voltage_V": "detector_voltage",
            "step_eV": "scan_delta",
        }
        numbers = {key: _number(self.settings, name) for key, name in names.items()}
        words = {"lens": "analyzer_lens", "slit": "analyzer_slit", "method": "analysis_method"}
        texts = {key: _text(self.settings, name) for key, name in words.items()}
        mode = _text(_member(self.settings, "scan_mode"), "name")
        return stated(
            {
                "name": self.name,
                "group": self.group,
                "start": self.started,
                "scan_mode": mode,
                "scans": len(self.counts),
                **numbers,
                **texts,
            }
        )


def _technique(regions: list[_Region], warnings: list[str]) -> str:
    methods = list(dict.fromkeys(_text(region.settings, "analysis_method") or "" for region in regions))
    if len(methods) > 1:
        warnings.append(f"the regions are of different methods ({', '.join(methods)}); the first one's is named")
    return _TECHNIQUES.get(methods[0], "")


class SpecsXml:
    """Reads SpecsLab's XML by its serializer's type names."""

    name = "specs_xml"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for the document of the SPECS serializer."""
        return 0.97 if b"specs.de/Serializer" in head.data and root_name(head.data) == "any" else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All regions. Raises CannotParse."""
        root = tree_of(read_limited(path), "SpecsLab", own_doctype=True)
        regions = [
            _Region(node, _text(group, "name") or "")
            for group in _structs(root, "RegionGroup")
            for node in _structs(group, "RegionData")
        ]
        filled = [region for region in regions if region.counts]
        if not filled:
            raise CannotParse("a SpecsLab file without counts: nothing was measured yet")
        warnings = [f"{region.name}: no counts" for region in regions if not region.counts]
        groups = len({region.group for region in filled}) > 1
        called = (
            names_apart([f"{region.group}, {region.name}" if groups else region.name for region in filled])
            if len(filled) > 1
            else [""]
        )
        channels = [channel for region, label in zip(filled, called, strict=True) for channel in region.channels(label)]
        technique = _technique(filled, warnings)
        for region in filled:
            warnings += region.warnings
        first = {
            key: value for key, value in filled[0].about().items() if key not in ("name", "group", "scans", "method")
        }
        metadata = stated(
            {
                **first,
                "sample": filled[0].group,
                "instrument": filled[0].analyser,
                "regions": [region.about() for region in filled[:200]],
            }
        )
        return Parsed(technique, channels, metadata, (), warnings[:50])


plugin = SpecsXml()
