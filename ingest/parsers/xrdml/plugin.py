"""PANalytical XRDML: all scans of a measurement with their axes, by an own reader that expands no entities."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.markup import number_at, root_name, text_at, tree_of
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import head_unpacked, read_limited

_AXES = {
    "2Theta": "two_theta",
    "Omega": "omega",
    "Chi": "chi",
    "Phi": "phi",
    "Psi": "psi",
    "X": "position",
    "Y": "position",
    "Z": "position",
}
_UNITS = {"deg": "deg", "mm": "mm", "counts": "counts", "cps": "cps", "seconds": "s", "rad": "rad"}
TECHNIQUE = "X-ray diffraction"


def _numbers(text: str | None) -> NDArray[np.float64]:
    try:
        return np.array((text or "").split(), dtype=np.float64)
    except ValueError as error:
        raise CannotParse(f"a list of numbers holds something else: {error}") from error


def _positions(node: ET.Element, rows: int) -> NDArray[np.float64]:
    """Positions of one axis at every point: listed, common to all, or evenly between start and end."""
    listed = node.find("listPositions")
    if listed is not None:
        return _numbers(listed.text)
    common = number_at(node, "commonPosition")
    if common is not None:
        return np.full(rows, common)
    start, end = number_at(node, "startPosition"), number_at(node, "endPosition")
    if start is None or end is None:
        return np.full(rows, np.nan)
    return np.linspace(start, end, rows) if rows else np.zeros(0)


class _Scan:
    """One scan: named columns of equal length, with units."""

    def __init__(self, scan: ET.Element, number: int) -> None:
        self.columns: dict[str, NDArray[np.float64]] = {}
        self.units: dict[str, str] = {}
        self.warnings: list[str] = []
        points = scan.find("dataPoints")
        measured = [child for child in (points if points is not None else []) if child.tag in ("intensities", "counts")]
        lengths = {child.tag: _numbers(child.text) for child in measured}
        self.rows = max((len(values) for values in lengths.values()), default=0)
        if points is None or not measured:
            self.warnings.append(f"scan {number} holds no intensities")
            return
        for node in points.findall("positions"):
            axis = node.get("axis", "")
            values = _positions(node, self.rows)
            if len(values) != self.rows:
                self.warnings.append(
                    f"scan {number}: {len(values)} positions of {axis} for {self.rows} intensities; left out"
                )
                continue
            self.columns[axis], self.units[axis] = values, _UNITS.get(node.get("unit", ""), node.get("unit", ""))
        self._extra(points, number)
        for child in measured:
            self.columns[child.tag] = lengths[child.tag]
            self.units[child.tag] = _UNITS.get(child.get("unit", ""), child.get("unit", ""))

    def _extra(self, points: ET.Element, number: int) -> None:
        for tag, unit in (("beamAttenuationFactors", ""), ("countingTimes", "s")):
            node = points.find(tag)
            values = _numbers(node.text) if node is not None else np.zeros(0)
            if len(values) and len(values) == self.rows:
                self.columns[tag], self.units[tag] = values, unit
            elif len(values):
                self.warnings.append(f"scan {number}: {len(values)} {tag} for {self.rows} intensities; left out")


def _drop_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "", [])}


def _metadata(root: ET.Element, measurement: ET.Element, scans: list[ET.Element]) -> dict[str, Any]:
    times = [
        text for scan in scans for tag in ("startTimeStamp", "endTimeStamp") if (text := text_at(scan, f"header/{tag}"))
    ]
    wave = measurement.find("usedWavelength")
    tube = measurement.find("incidentBeamPath/xRayTube")
    comments = [entry.text.strip() for entry in root.findall("comment/entry") if entry.text and entry.text.strip()]
    system = next((m[1] for text in comments if (m := re.search(r"Diffractometer system=([^,;]+)", text))), None)
    first = scans[0]
    return _drop_empty(
        {
            "start": times[0] if times else None,
            "end": times[-1] if times else None,
            "sample": text_at(root, "sample/id") or text_at(root, "sample/name"),
            "sample_name": text_at(root, "sample/name"),
            "operator": text_at(first, "header/author/name"),
            "instrument": system or text_at(first, "header/source/instrumentControlSoftware"),
            "instrument_id": text_at(first, "header/source/instrumentID"),
            "software": text_at(first, "header/source/applicationSoftware"),
            "anode": text_at(tube, "anodeMaterial") if tube is not None else None,
            "tube_voltage_kV": number_at(tube, "tension") if tube is not None else None,
            "tube_current_mA": number_at(tube, "current") if tube is not None else None,
            "wavelength_angstrom": number_at(wave, "kAlpha1") if wave is not None else None,
            "wavelength_k_alpha_2_angstrom": number_at(wave, "kAlpha2") if wave is not None else None,
            "wavelength_intended": wave.get("intended") if wave is not None else None,
            "counting_time_s": number_at(first, "dataPoints/commonCountingTime"),
            "scan_axis": first.get("scanAxis"),
            "scan_mode": first.get("mode"),
            "measurement_type": measurement.get("measurementType"),
            "status": root.get("status"),
            "scans": len(scans),
            "comments": comments[:20],
        }
    )


def _joined(scans: list[_Scan]) -> Iterator[Channel]:
    """The columns of all scans end to end; an axis that a scan lacks is empty there."""
    names = list(dict.fromkeys(name for scan in scans for name in scan.columns))
    axis = "2Theta" if "2Theta" in names else None
    for name in names:
        values = np.concatenate([scan.columns.get(name, np.full(scan.rows, np.nan)) for scan in scans])
        unit = next(scan.units[name] for scan in scans if name in scan.columns) or None
        quantity = _AXES.get(name) or ("intensity" if name in ("intensities", "counts") else None)
        shown = {"intensities": "intensity"}.get(name, name)
        yield Channel(
            shown, values, unit=unit, quantity=quantity, confidence=1.0 if quantity else 0.0,
            axis=axis if axis and name != axis else None,
        )  # fmt: skip
    if len(scans) > 1:
        numbers = np.concatenate(
            [np.full(scan.rows, index, dtype=np.float64) for index, scan in enumerate(scans, start=1)]
        )
        yield Channel("scan", numbers)


class Xrdml:
    """Reads XRDML of every schema version by its root element, also packed with gzip or bzip2."""

    name = "xrdml"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.99 when the root element is xrdMeasurements, whatever the file is called."""
        start = head_unpacked(head).data[:8000]
        if not start and head.data:
            return 0.4  # packed in larger blocks than the head: only parsing can tell
        return 0.99 if root_name(start) == "xrdMeasurements" else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All measurements and scans. Raises CannotParse."""
        root = tree_of(read_limited(path), "XRDML")
        if root.tag != "xrdMeasurements":
            raise CannotParse(f"the root element is {root.tag}, not xrdMeasurements")
        measurements = root.findall("xrdMeasurement")
        nodes = [scan for measurement in measurements for scan in measurement.findall("scan")]
        if not nodes:
            raise CannotParse("an XRDML file without a scan: nothing was measured yet")
        scans = [_Scan(node, number) for number, node in enumerate(nodes, start=1)]
        warnings = [warning for scan in scans for warning in scan.warnings]
        warnings += [
            f"scan {n} is marked {node.get('status')}"
            for n, node in enumerate(nodes, start=1)
            if node.get("status") not in (None, "Completed")
        ]
        filled = [scan for scan in scans if scan.rows]
        if not filled:
            raise CannotParse("an XRDML file without intensities: nothing was measured yet")
        return Parsed(TECHNIQUE, list(_joined(filled)), _metadata(root, measurements[0], nodes), (), warnings[:50])


plugin = Xrdml()
