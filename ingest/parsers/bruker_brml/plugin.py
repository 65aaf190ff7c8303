"""Bruker BRML: the zip of DIFFRAC.MEASUREMENT with one XML file for each scan, read by its own description of the columns."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.archive import Archive, names_in_head
from ingest.parsers.clock import iso_exact
from ingest.parsers.markup import number_at, number_of, text_at, tree_of
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.scans import Column, Scan, end_to_end, stated

TECHNIQUE = "X-ray diffraction"
_RAW = re.compile(r"(?:.*/)?RawData(\d+)\.xml$", re.IGNORECASE)
_QUANTITIES = {
    "2theta": "two_theta",
    "omega": "omega",
    "phi": "phi",
    "chi": "chi",
    "psi": "psi",
    "x": "position",
    "y": "position",
    "z": "position",
}
_UNITS = {
    "°": "deg",
    "Degree": "deg",
    "mm": "mm",
    "Counts": "counts",
    "CountsPerSecond": "cps",
    "s": "s",
    "°C": "degC",
    "K": "K",
    "": None,
}
BLANK = -9999.0
MAX_POINTS = 50_000_000


def _axis_column(values: NDArray[np.float64], name: str, unit: str | None) -> Column:
    known = _QUANTITIES.get(name.lower().split("-h")[0])
    return Column(values, _UNITS.get(unit or "", unit), known)


def _axis_name(visible: str | None, identity: str | None) -> str:
    return (visible or {"TwoTheta": "2Theta"}.get(identity or "", identity) or "axis").strip()


class _Scan:
    """One `RawData` document on its way to columns."""

    def __init__(self, root: ET.Element, number: int) -> None:
        self.root, self.number, self.warnings = root, number, list[str]()
        routes = root.findall("DataRoutes/DataRoute")
        self.route = next(
            (r for r in routes if r.get("RouteFlag") in ("Measured", "Final")), routes[0] if routes else None
        )
        self.datum = self._datum()
        self.scan = Scan()
        if self.datum is not None and self.route is not None:
            self._fill(self.route, self.datum)

    def _datum(self) -> NDArray[np.float64] | None:
        rows = [node.text or "" for node in (self.route.findall("Datum") if self.route is not None else [])]
        cells = [row.split(",") for row in rows if row.strip()]
        if not cells:
            return None
        width = max(len(row) for row in cells)
        whole = [row for row in cells if len(row) == width]
        if len(whole) < len(cells):
            self.warnings.append(f"scan {self.number}: {len(cells) - len(whole)} points are cut short and left out")
        if len(whole) * width > MAX_POINTS:
            raise CannotParse(f"scan {self.number} holds {len(whole)} x {width} values; too large for this reader")
        try:
            return np.array(whole, dtype=np.float64)
        except ValueError as error:
            raise CannotParse(f"a point of scan {self.number} holds something that is no number: {error}") from error

    def _fill(self, route: ET.Element, datum: NDArray[np.float64]) -> None:
        information = route.find("ScanInformation")
        if information is None:
            information = ET.Element("ScanInformation")
        views = route.findall("DataViews/RawDataView")
        recorded = [view for view in views if view.find("Recording") is not None]
        width = datum.shape[1]
        long = next((view for view in recorded if int(view.get("Length", "1")) > 1), None)
        if long is not None and (line := self._line_detector(information, datum, long)) is not None:
            self.scan = line
            return
        columns = self._axes(information, views, datum)
        for view in recorded:
            start, length = int(view.get("Start", "0")), int(view.get("Length", "1"))
            if start + length > width:
                self.warnings.append(
                    f"scan {self.number}: a detector's columns lie beyond the end of its points; left out"
                )
                continue
            if length > 1:
                self.warnings.append(f"scan {self.number}: {length} values for each point of a detector are added up")
            columns[self._detector_name(view, columns)] = self._counts(
                view, datum[:, start : start + length].sum(axis=1)
            )
        if not recorded and width >= 3:  # old versions describe no columns: the last one holds the counts
            columns["intensity"] = Column(datum[:, -1], "counts", "intensity")
        self.scan = Scan(columns)

    def _detector_name(self, view: ET.Element, taken: dict[str, Column]) -> str:
        recording = view.find("Recording")
        visible = recording.get("VisibleName", "detector") if recording is not None else "detector"
        return "intensity" if "intensity" not in taken else f"intensity ({visible})"

    def _counts(self, view: ET.Element, values: NDArray[np.float64]) -> Column:
        unit_node = view.find("Recording/Unit")
        base = unit_node.get("Base", "") if unit_node is not None else ""
        values = np.where(values == BLANK, np.nan, values)
        return Column(
            values, _UNITS.get(base, base or None), "intensity" if base in ("Counts", "CountsPerSecond") else None
        )

    def _axes(self, information: ET.Element, views: list[ET.Element], datum: NDArray[np.float64]) -> dict[str, Column]:
        columns: dict[str, Column] = {}
        for view in views:
            start, fields = int(view.get("Start", "0")), view.findall("Varying/FieldDefinitions")
            for at, node in enumerate(fields, start=start):
                limits = node.find("Restriction")
                unit = limits.get("Unit") if limits is not None else None
                if at < datum.shape[1] and unit != "hkl":
                    name = _axis_name(text_at(node, "VisibleName"), node.get("AxisId"))
                    columns[name] = _axis_column(datum[:, at], name, unit)
        if not columns:
            for at, node in enumerate(information.findall("ScanAxes/ScanAxisInfo"), start=2):
                if at < datum.shape[1] - 1:
                    name = _axis_name(node.get("VisibleName"), node.get("AxisId"))
                    columns[name] = _axis_column(datum[:, at], name, node.get("Unit"))
        for view in views:
            at, name = int(view.get("Start", "0")), view.get("LogicName", "")
            if name and view.get("Length") == "1" and at < datum.shape[1] and np.ptp(datum[:, at]) > 0:
                quantity = "duration" if name == "MeasuredTime" else None
                columns[name] = Column(datum[:, at], _UNITS.get(view.get("Unit", ""), view.get("Unit")), quantity)
        return columns

    def _line_detector(self, information: ET.Element, datum: NDArray[np.float64], view: ET.Element) -> Scan | None:
        """Points of a line detector that stood still: each value of a row has a place of its own on the scanned axis."""
        start, length = int(view.get("Start", "0")), int(view.get("Length", "1"))
        node = information.find("ScanAxes/ScanAxisInfo")
        step, first, reference = number_at(node, "Increment"), number_at(node, "Start"), number_at(node, "Reference")
        stop = number_at(node, "Stop")
        if node is None or step is None or not step or first is None or stop is None or start >= datum.shape[1]:
            return None
        if abs((stop - first) / step - length) > 2:
            return None
        block = datum[:, start : start + length]
        if block.shape[1] < length:
            self.warnings.append(
                f"scan {self.number}: {block.shape[1]} of {length} values of the line detector are there"
            )
        name = _axis_name(node.get("VisibleName"), node.get("AxisId"))
        positions = (reference or 0.0) + first + step * np.arange(block.shape[1], dtype=np.float64)
        values = np.tile(positions, len(block))
        return Scan(
            {name: _axis_column(values, name, node.get("Unit")), "intensity": self._counts(view, block.ravel())}
        )

    def drives(self) -> dict[str, tuple[float, str]]:
        """Positions of the drives that stood still, by their visible names."""
        found = {}
        for node in self.root.findall("FixedInformation/Drives/InfoData"):
            place = node.find("Position")
            value = number_of(place.get("Value")) if place is not None else None
            if place is not None and value is not None:
                found[_axis_name(node.get("VisibleName"), node.get("AxisId"))] = (value, place.get("Unit", ""))
        return found


def _moved_between(scans: list[_Scan]) -> None:
    """A drive that stood elsewhere in another scan (the rocking angle of a map) becomes a column of each."""
    stood = [scan.drives() for scan in scans]
    names = {name for drives in stood for name in drives}
    for name in sorted(names):
        places = {round(drives[name][0], 6) for drives in stood if name in drives}
        if len(places) < 2:
            continue
        for scan, drives in zip(scans, stood, strict=True):
            if name in drives and name not in scan.scan.columns:
                value, unit = drives[name]
                scan.scan.columns[name] = _axis_column(np.full(scan.scan.rows, value), name, unit)


def _value(root: ET.Element, tag: str) -> float | None:
    node = next(root.iter(tag), None)
    return number_of(node.get("Value")) if node is not None else None


def _word(root: ET.Element, tag: str) -> str | None:
    node = next(root.iter(tag), None)
    return node.text.strip() if node is not None and node.text else None


def _information(container: ET.Element | None, root: ET.Element) -> dict[str, str]:
    node = container.find("MeasurementInfo") if container is not None else None
    found = {item.get("Name", ""): item.get("Value", "") for item in root.iter("InfoItem")}
    return {**found, **(dict(node.attrib) if node is not None else {})}


def _metadata(scans: list[_Scan], container: ET.Element | None) -> dict[str, Any]:
    first, last = scans[0].root, scans[-1].root
    said = _information(container, first)
    mount = next((node for node in first.iter("InfoData") if node.find("Tube") is not None), first)
    scanned = first.find("DataRoutes/DataRoute/ScanInformation")
    return stated(
        {
            "start": iso_exact(text_at(first, "TimeStampStarted")),
            "end": iso_exact(text_at(last, "TimeStampFinished")),
            "sample": said.get("SampleName"),
            "operator": said.get("UserName") or said.get("User"),
            "comment": said.get("Comment"),
            "instrument": _word(container, "InstrumentName") if container is not None else None,
            "instrument_serial": _word(container, "SerialNo") if container is not None else None,
            "software": _word(container, "CreatingVersion") if container is not None else None,
            "anode": _word(mount, "TubeMaterial"),
            "wavelength_angstrom": _value(mount, "WaveLengthAlpha1"),
            "wavelength_k_alpha_2_angstrom": _value(mount, "WaveLengthAlpha2"),
            "tube_voltage_kV": _value(mount, "Voltage"),
            "tube_current_mA": _value(mount, "Current"),
            "counting_time_s": number_at(scanned, "TimePerStep"),
            "scan_axis": scanned.get("VisibleName", "").strip() if scanned is not None else None,
            "scan_mode": text_at(scanned, "ScanModeVisibleName") or text_at(scanned, "ScanMode"),
            "status": text_at(first, "MeasurementStatus"),
            "scans": len(scans),
        }
    )


def _read_scans(archive: Archive) -> tuple[list[_Scan], list[str]]:
    found = sorted((int(match[1]), name) for name in archive.names if (match := _RAW.match(name.replace("\\", "/"))))
    if not found:
        raise CannotParse("a BRML container without raw data: nothing was measured yet")
    scans, warnings = [], []
    for number, (_, name) in enumerate(found, start=1):
        try:
            scans.append(_Scan(tree_of(archive.read(name), "BRML"), number))
        except CannotParse as error:
            if number == 1:
                raise
            warnings.append(f"scan {number} is left out: {error}")
    return scans, warnings


def _external(archive: Archive) -> list[str]:
    """Detector images and profiles beside the XML, which hold what the points only point to."""
    beside = [name for name in archive.names if re.search(r"\.(?:raw|bin|gfrm|prof\w*|img|sfrm)$", name, re.IGNORECASE)]
    return (
        [f"{len(beside)} files of detector images or profiles in the container are not read, such as {beside[0]}"]
        if beside
        else []
    )


class BrukerBrml:
    """Reads BRML of all versions that describe their columns, every scan of it; line detectors point by point."""

    name = "bruker_brml"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for a zip with `Experiment0/...Container.xml` or `RawData0.xml` within its first bytes."""
        if not head.data.startswith(b"PK\x03\x04"):
            return 0.0
        names = names_in_head(head.data)
        telling = re.compile(r"Experiment\d+/\w+\.xml$|experimentCollection\.xml$", re.IGNORECASE)
        return 0.97 if any(telling.match(name) for name in names) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All scans end to end. Raises CannotParse."""
        with Archive(path) as archive:
            scans, warnings = _read_scans(archive)
            inner = next((n for n in archive.names if n.endswith("DataContainer.xml")), None)
            container = tree_of(archive.read(inner), "BRML") if inner else None
            external = _external(archive)
        warnings += [warning for scan in scans for warning in scan.warnings]
        filled = [scan for scan in scans if scan.scan.rows]
        if not filled:
            outside = f" ({external[0]})" if external else ""
            raise CannotParse(f"a BRML container without points: nothing was measured yet{outside}")
        warnings += [f"scan {scan.number} holds no points" for scan in scans if not scan.scan.rows]
        _moved_between(filled)
        status = text_at(scans[-1].root, "MeasurementStatus")
        if status and status != "Measured":
            warnings.append(f"the last scan is marked {status}")
        promised = number_at(filled[-1].root, "DataRoutes/DataRoute/ScanInformation/MeasurementPoints")
        rows = len(filled[-1].datum) if filled[-1].datum is not None else 0
        if promised is not None and promised > rows:
            warnings.append(f"the header promises {promised:g} points, {rows} are there: the scan was stopped early")
        first = next(iter(filled[0].scan.columns))
        channels = list(
            end_to_end([scan.scan for scan in filled], "2Theta" if "2Theta" in filled[0].scan.columns else first)
        )
        return Parsed(
            TECHNIQUE, channels, _metadata(scans, container), (), list(dict.fromkeys(warnings + external))[:50]
        )


plugin = BrukerBrml()
