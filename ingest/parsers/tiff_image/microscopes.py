"""What microscopes write into a TIFF beside the picture: pixel size, voltage, working distance, date, by vendor."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ingest.parsers.delimited_text.dates import clock_seconds, decide_order, find_stamp

_METRE = {
    "m": 1.0,
    "cm": 1e-2,
    "mm": 1e-3,
    "um": 1e-6,
    "µm": 1e-6,
    "μm": 1e-6,
    "micron": 1e-6,
    "microns": 1e-6,
    "nm": 1e-9,
    "pm": 1e-12,
    "\\u00b5m": 1e-6,
    "inch": 0.0254,
}


@dataclass
class Told:
    """What the file says: technique's id, pixel size in metre (x, y), start, and further facts."""

    technique: str | None = None
    pixel_m: tuple[float, float] | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def metres(value: Any, unit: Any) -> float | None:  # Any: whatever a vendor's tag holds
    """A length in metre; none for no number or a unit that is no length."""
    scale = _METRE.get(str(unit).strip())
    if scale is None or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        return None
    return float(value) * scale


def _number(value: Any) -> float | None:
    try:
        made = float(value)
    except (TypeError, ValueError):
        return None
    return made if math.isfinite(made) else None


def _moment(day: str, clock: str, near: datetime | None = None) -> str | None:
    """ISO time of a date and a clock; none where day and month cannot be told apart."""
    stamp = find_stamp(day)
    order = decide_order([stamp], [near.date()] if near else ()) if stamp else None
    if stamp is None or order is None:
        return None
    seconds = clock_seconds(clock.strip()) if clock else None
    start = stamp.readings[order]
    if seconds is not None:
        start = start.replace(
            hour=int(seconds // 3600) % 24, minute=int(seconds % 3600 // 60), second=int(seconds % 60)
        )
    return start.isoformat() if seconds is not None or stamp.has_clock else None


def zeiss(tags: Mapping[str, Any]) -> Told:
    """Zeiss SmartSEM: `ap_` parameters as (label, value, unit)."""
    told = Told("sem")

    def given(key: str) -> tuple[Any, str]:
        entry = tags.get(key, ())
        return (
            (entry[1], entry[2] if len(entry) > 2 else "")
            if isinstance(entry, tuple) and len(entry) > 1
            else (None, "")
        )

    size = metres(*given("ap_image_pixel_size")) or metres(*given("ap_pixel_size"))
    told.pixel_m = (size, size) if size else None
    for key, tag in (
        ("voltage", "ap_actualkv"),
        ("working_distance", "ap_wd"),
        ("magnification", "ap_mag"),
        ("detector", "dp_detector_type"),
        ("aperture", "ap_aperturesize"),
        ("tilt", "ap_stage_at_t"),
        ("beam_current", "ap_iprobe"),
        ("dwell_time", "dp_dwell_time"),
        ("chamber_pressure", "ap_system_vac"),
    ):
        value, unit = given(tag)
        if value is not None:
            told.facts[key] = f"{value} {unit}".strip() if unit else value
    for key, tag in (
        ("instrument", "dp_sem"),
        ("instrument", "sv_instrument_id"),
        ("serial_number", "sv_serial_number"),
        ("operator", "sv_operator"),
        ("operator", "sv_user_name"),
        ("software", "sv_version"),
        ("sample", "sv_sample_id"),
    ):
        value, _ = given(tag)
        if isinstance(value, str) and value.strip():
            told.facts.setdefault(key, value.strip())
    told.facts["start"] = _moment(str(given("ap_date")[0] or ""), str(given("ap_time")[0] or ""))
    return told


def fei(tags: Mapping[str, Any], written: datetime | None) -> Told:
    """FEI and Thermo Fisher: sections of keys; lengths in metre, voltages in volt."""
    told = Told("sem")

    def given(*paths: str) -> Any:
        for path in paths:
            section, key = path.split(".")
            value = tags.get(section, {}).get(key) if isinstance(tags.get(section), Mapping) else None
            if value not in (None, ""):
                return value
        return None

    beam = str(given("Beam.Beam") or "EBeam")
    x, y = (
        metres(given("Scan.PixelWidth", "EScan.PixelWidth"), "m"),
        metres(given("Scan.PixelHeight", "EScan.PixelHeight"), "m"),
    )
    told.pixel_m = (x, y) if x and y else None
    kind = str(given("System.Type", "System.SystemType") or "")
    if beam.upper().startswith("I") and given("Detectors.Name") != "Nav-Cam":
        told.technique = None
        told.warnings.append("the image was taken with the ion beam")
    if not given("EBeam.HV", "Beam.HV"):
        told.technique = None  # a navigation camera writes the same tags
    for key, paths in {
        "voltage_V": (f"{beam}.HV", "Beam.HV"),
        "working_distance_m": (f"{beam}.WD", "Stage.WorkingDistance"),
        "beam_current_A": (f"{beam}.BeamCurrent",),
        "field_width_m": (f"{beam}.HFW",),
        "dwell_time_s": ("Scan.Dwelltime", "EScan.Dwell"),
        "chamber_pressure_Pa": ("Vacuum.ChPressure",),
        "tilt_rad": ("Stage.StageT",),
    }.items():
        if (number := _number(given(*paths))) is not None:
            told.facts[key] = number
    told.facts |= {
        "instrument": str(given("System.SystemType") or kind or "") or None,
        "operator": given("User.User"),
        "software": given("System.Software"),
        "detector": given("Detectors.Name"),
    }
    told.facts["start"] = _moment(str(given("User.Date") or ""), str(given("User.Time") or ""), written)
    if told.facts["start"] is None and given("User.Date"):
        told.facts["start_text"] = f"{given('User.Date')} {given('User.Time') or ''}".strip()
        told.warnings.append(
            f"the date {given('User.Date')!r} can be read with the day or the month first; no start is claimed"
        )
    return told


def olympus(tags: Mapping[str, Any]) -> Told:
    """Olympus/EMSIS Soft Imaging Solutions: pixel size, magnification, camera."""
    told = Told()
    x, y = metres(_number(tags.get("pixelsizex")), "m"), metres(_number(tags.get("pixelsizey")), "m")
    told.pixel_m = (x, y) if x and y else None
    for key, name in (
        ("magnification", "magnification"),
        ("camera", "cameraname"),
        ("image_type", "picturetype"),
        ("title", "name"),
    ):
        if tags.get(name) not in (None, "", 0):
            told.facts[key] = tags[name]
    if isinstance(tags.get("datetime"), datetime):
        told.facts["start"] = tags["datetime"].isoformat()
    return told


def imagej(tags: Mapping[str, Any], resolution: tuple[float, float] | None) -> Told:
    """ImageJ: pixels per unit in the resolution, the unit in its description."""
    told = Told(facts={"software": "ImageJ"})
    unit = str(tags.get("unit", ""))
    if resolution and resolution[0] > 0 and resolution[1] > 0:
        x, y = metres(1 / resolution[0], unit), metres(1 / resolution[1], unit)
        told.pixel_m = (x, y) if x and y else None
    said = str(tags.get("Info", ""))[:20000]
    if re.search(r"\bSEM\b|scanning electron", said):
        told.technique = "sem"
    return told


def described(text: str) -> Told:
    """Microscopes that write keys and values into the description: JEOL, Hitachi, TESCAN and others."""
    told = Told()
    pairs = dict(re.findall(r"(?m)^\s*[$\[]?([A-Za-z_ ]{2,40})\]?\s*[=:\t ]\s*(\S[^\r\n]*)$", text[:50_000]))
    low = {key.strip().lower().replace(" ", ""): value.strip() for key, value in pairs.items()}
    volts = low.get("acceleratingvoltage") or low.get("cm_accel_volt") or low.get("hv") or low.get("accvoltage")
    if volts and re.search(r"magnification|cm_mag|workingdistance|wd\b", " ".join(low)):
        told.technique = "sem"
        told.facts["voltage"] = volts
    size = low.get("pixelsize") or low.get("pixelsizex")
    match = re.match(r"([\d.eE+-]+)\s*(nm|um|µm|m|mm)?$", size or "")
    if match is not None and (
        value := metres(_number(match[1]), match[2] or ("nm" if told.technique and "pixelsize" in low else "m"))
    ):
        told.pixel_m = (value, value)
    for key, name in (
        ("working_distance", "workingdistance"),
        ("magnification", "magnification"),
        ("instrument", "instructname"),
        ("instrument", "device"),
    ):
        if name in low:
            told.facts[key] = low[name]
    told.facts["start"] = _moment(low.get("date", ""), low.get("time", ""))
    return told
