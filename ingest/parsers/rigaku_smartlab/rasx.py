"""RASX, the zip of SmartLab Studio: a profile and its measurement conditions for each scan."""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

from ingest.parsers.archive import Archive
from ingest.parsers.clock import iso_exact
from ingest.parsers.markup import number_at, number_of, text_at, tree_of
from ingest.parsers.protocol import CannotParse, Parsed
from ingest.parsers.rigaku_smartlab.axes import QUANTITIES, unit_of
from ingest.parsers.rigaku_smartlab.profile import profile_scan
from ingest.parsers.scans import Column, Scan, end_to_end, stated

_PROFILE = re.compile(r"Data(\d+)/Profile\d+\.txt$", re.IGNORECASE)
_CONDITIONS = re.compile(r"Data(\d+)/Mea?surementConditions\d+\.xml$", re.IGNORECASE)
_KEPT_STILL = ("Omega", "TwoTheta", "Chi", "Phi", "Alpha", "Beta", "X", "Y", "Z", "Temp")


def _still(conditions: ET.Element) -> dict[str, tuple[float, str | None]]:
    """Positions of the axes a map or series may step between its scans; not of those that move within a scan."""
    scanned = text_at(conditions, "ScanInformation/AxisName") or ""
    moving = {name for name in _KEPT_STILL if name in scanned} | ({"Omega"} if scanned == "TwoThetaTheta" else set())
    found = {}
    for node in conditions.findall("Axes/Axis"):
        value = number_of(node.get("Position"))
        if node.get("Name") in _KEPT_STILL and value is not None and node.get("Name") not in moving:
            found[str(node.get("Name"))] = (value, unit_of(node.get("Unit")))
    return found


def _stepped(scans: list[Scan], stood: list[dict[str, tuple[float, str | None]]]) -> None:
    """An axis that stood elsewhere in another scan becomes a column of each."""
    for name in _KEPT_STILL:
        places = {drives[name][0] for drives in stood if name in drives}
        if len(places) < 2:
            continue
        for scan, drives in zip(scans, stood, strict=True):
            if name in drives and name not in scan.columns:
                value, unit = drives[name]
                quantity = "temperature" if name == "Temp" else QUANTITIES.get(name)
                scan.columns[name] = Column(np.full(scan.rows, value), unit, quantity)


def _metadata(conditions: ET.Element, last: ET.Element, scans: int) -> dict[str, Any]:
    general, tube = conditions.find("GeneralInformation"), conditions.find("HWConfigurations/XrayGenerator")
    scan = conditions.find("ScanInformation")
    temperature = next((node for node in conditions.findall("Axes/Axis") if node.get("Name") == "Temp"), None)
    detector = next(
        (n for n in conditions.findall("HWConfigurations/Categories/Category") if n.get("Name") == "Detector"), None
    )
    return stated(
        {
            "start": iso_exact(text_at(scan, "StartTime")),
            "end": iso_exact(text_at(last, "ScanInformation/EndTime")),
            "sample": text_at(general, "SampleName"),
            "operator": text_at(general, "Operator"),
            "comment": text_at(general, "Comment"),
            "memo": text_at(general, "Memo"),
            "instrument": text_at(general, "SystemName"),
            "anode": text_at(tube, "TargetName"),
            "wavelength_angstrom": number_at(tube, "WavelengthKalpha1"),
            "wavelength_k_alpha_2_angstrom": number_at(tube, "WavelengthKalpha2"),
            "wavelength_used": text_at(tube, "WaveType"),
            "tube_voltage_kV": number_at(tube, "Voltage"),
            "tube_current_mA": number_at(tube, "Current"),
            "detector": detector.get("SelectedUnit") if detector is not None else None,
            "temperature": number_of(temperature.get("Position")) if temperature is not None else None,
            "temperature_unit": unit_of(temperature.get("Unit")) if temperature is not None else None,
            "scan_axis": text_at(scan, "AxisName"),
            "scan_mode": text_at(scan, "Mode"),
            "step": number_at(scan, "Step"),
            "speed": number_at(scan, "Speed"),
            "speed_unit": text_at(scan, "SpeedUnit"),
            "scans": scans,
        }
    )


def read_rasx(path: Path, technique: str) -> Parsed:
    """All profiles end to end. Raises CannotParse."""
    warnings: list[str] = []
    with Archive(path) as archive:
        profiles = {int(m[1]): name for name in archive.names if (m := _PROFILE.match(name.replace("\\", "/")))}
        described = {int(m[1]): name for name in archive.names if (m := _CONDITIONS.match(name.replace("\\", "/")))}
        if not profiles:
            raise CannotParse("a RASX container without a profile: it holds images only, or nothing was measured yet")
        scans, conditions = [], []
        for number in sorted(profiles):
            about = ET.Element("MeasurementConditions")
            if number in described:
                try:
                    about = tree_of(archive.read(described[number]), "RASX")
                except CannotParse as error:
                    warnings.append(f"the conditions of scan {number + 1} cannot be read: {error}")
            else:
                warnings.append(f"scan {number + 1} has no measurement conditions; its axis and units are not known")
            scan = about.find("ScanInformation")
            made, odd = profile_scan(
                archive.read(profiles[number]).decode("utf-8-sig", errors="replace").splitlines(),
                text_at(scan, "AxisName"),
                text_at(scan, "PositionUnit"),
                text_at(scan, "IntensityUnit"),
                number_at(scan, "DataCount"),
                number + 1,
            )
            warnings += odd
            if made.rows:
                scans.append(made)
                conditions.append(about)
        images = sum(name.lower().endswith((".img", ".raw")) for name in archive.names)
    if not scans:
        raise CannotParse("a RASX container with empty profiles: nothing was measured yet")
    if images:
        warnings.append(f"{images} detector images in the container are not read")
    _stepped(scans, [_still(about) for about in conditions])
    return Parsed(
        technique, list(end_to_end(scans)), _metadata(conditions[0], conditions[-1], len(scans)), (), warnings[:50]
    )
