"""Nanonis scans (`.sxm`) and grids of spectra (`.3ds`); its spectroscopy texts (`.dat`) are read by the sniffer."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.datasets import label_of
from ingest.parsers.grids import check_size, grid_channel, length_axes
from ingest.parsers.nanonis.header import controlled_by, facts, grid_header, later, moment, numbers, scan_header, table
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.streams import read_limited
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit


def _scan(data: bytes) -> Parsed:
    keys, begin = scan_header(data)
    pixels, extent = numbers(keys.get("SCAN_PIXELS", [])), numbers(keys.get("SCAN_RANGE", []))
    rows = table(keys.get("DATA_INFO", []))
    if len(pixels) != 2 or len(extent) != 2 or not rows:
        raise CannotParse("the Nanonis scan does not state its pixels, its range and its channels")
    columns, lines = int(pixels[0]), int(pixels[1])
    cells = check_size((lines, columns))
    order = ">" if "MSBFIRST" in " ".join(keys.get("SCANIT_TYPE", ["MSBFIRST"])) else "<"
    axes = length_axes((lines, columns), (extent[1] / lines, extent[0] / columns))
    upward = " ".join(keys.get("SCAN_DIR", [])).strip().lower() == "up"
    technique = _technique(keys)
    channels: list[Channel] = []
    warnings: list[str] = []
    at = begin
    for row in rows:
        unit = parse_unit(row.get("Unit", ""), row.get("Name", "")) if row.get("Unit") else None
        both = row.get("Direction", "both") == "both"
        for way in ("forward", "backward") if both else (row["Direction"],):
            if at + 4 * cells > len(data):
                warnings.append(f"{row.get('Name')} {way}: the values are missing, the file is cut short")
                continue
            values = np.frombuffer(data, order + "f4", cells, at).reshape(lines, columns)
            at += 4 * cells
            values = values[::-1] if upward else values
            values = values[:, ::-1] if way == "backward" else values
            if np.isnan(values).all():
                warnings.append(f"{row.get('Name')} {way}: nothing was recorded")
            channels.append(
                _named(grid_channel(f"{row.get('Name')} {way}", values, axes, unit), row.get("Name", ""), unit)
            )
    if not channels:
        raise CannotParse("the Nanonis scan holds no complete channel: it is cut short")
    if any(np.isnan(c.values).any() and not np.isnan(c.values).all() for c in channels if c.values is not None):
        warnings.append("the scan was stopped before its last line; missing lines are empty")
    return Parsed(label_of(technique), channels, _scan_metadata(keys), (), warnings)


def _named(channel: Channel, name: str, unit: str | None) -> Channel:
    """The quantity by the channel's own name, without the direction of the scan."""
    quantity, confidence = quantity_of(name, unit) if unit else (None, 0.0)
    return Channel(channel.name, channel.values, None, unit, quantity, confidence, None, None, channel.grid)


def _technique(keys: dict[str, list[str]]) -> str:
    """By what the z controller holds."""
    controllers = table(keys.get("Z-CONTROLLER", []))
    name = controllers[0].get("Name", "") if controllers else ""
    own = " ".join(keys.get("Z-Controller>Controller name", []))
    return controlled_by(name, own) or "spm"


def _scan_metadata(keys: dict[str, list[str]]) -> dict[str, Any]:
    def first(key: str) -> str | None:
        return " ".join(keys.get(key, [])) or None

    start = moment(first("REC_DATE") or "", first("REC_TIME") or "")
    seconds = numbers(keys.get("ACQ_TIME", []))
    made: dict[str, Any] = {
        "start": start,
        "end": later(start, seconds[0] if seconds else None),
        "software": f"Nanonis {first('NanonisMain>SW Version') or ''}".strip(),
        "scan_direction": first("SCAN_DIR"),
        "scan_angle_deg": next(iter(numbers(keys.get("SCAN_ANGLE", []))), None),
        "bias_V": next(iter(numbers(keys.get("BIAS", []))), None),
        "scan_offset_m": numbers(keys.get("SCAN_OFFSET", [])) or None,
        "comment": first("COMMENT"),
        "header": facts(keys),
    }
    return {key: value for key, value in made.items() if value not in (None, "")}


def _words(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _unit_in(label: str) -> tuple[str, str | None]:
    match = re.match(r"^(.*?)\s*\(([^()]*)\)(.*)$", label)
    if match is None:
        return label, None
    return f"{match[1]}{match[3]}".strip(), parse_unit(match[2], match[1])


def _grid(data: bytes) -> Parsed:
    keys, begin = grid_header(data)
    size = [int(word) for word in re.findall(r"\d+", keys.get("Grid dim", ""))]
    names, points = _words(keys.get("Channels", "")), int(keys.get("Points", "0") or 0)
    extra = int(keys.get("# Parameters (4 byte)", "0") or 0)
    parameters = _words(keys.get("Fixed parameters", "")) + _words(keys.get("Experiment parameters", ""))
    if len(size) != 2 or not names or points <= 0 or not 0 <= extra <= 10_000:
        raise CannotParse("the Nanonis grid does not state its size, its channels and its points")
    columns, lines = size
    check_size((lines, columns, extra + points * len(names)), "the grid")
    each = extra + points * len(names)
    values = np.full(lines * columns * each, np.nan, dtype=np.float32)
    given = np.frombuffer(data[begin : begin + 4 * ((len(data) - begin) // 4)], ">f4")[: len(values)]
    values[: len(given)] = given
    warnings = (
        [f"the grid was stopped: {len(given) // each} of {lines * columns} spectra are there"]
        if len(given) < len(values)
        else []
    )
    cells = values.reshape(lines, columns, each)
    place = numbers([keys.get("Grid settings", "").replace(";", " ")])
    axes = (
        length_axes((lines, columns), (place[3] / lines, place[2] / columns))
        if len(place) >= 4
        else [GridAxis("y", lines), GridAxis("x", columns)]
    )
    sweep, sweep_unit = _unit_in(keys.get("Sweep Signal", "sweep"))
    along = cells[0, 0, :2] if extra >= 2 else np.array([0.0, points - 1.0])
    step = float(along[1] - along[0]) / max(points - 1, 1)
    depth = (
        GridAxis(sweep, points, float(along[0]), step, sweep_unit)
        if np.isfinite(along).all()
        else GridAxis(sweep, points)
    )
    channels = []
    for number, label in enumerate(names):
        name, unit = _unit_in(label)
        block = cells[:, :, extra + number * points : extra + (number + 1) * points]
        channels.append(_named(grid_channel(name, np.moveaxis(block, 2, 0), [depth, *axes], unit), name, unit))
    for number, label in enumerate(parameters[:extra]):
        name, unit = _unit_in(label)
        channels.append(grid_channel(f"{name} (parameter)", cells[:, :, number], axes, unit))
    start, end = moment(keys.get("Start time", "")), moment(keys.get("End time", ""))
    metadata = {
        "start": start,
        "end": end,
        "software": "Nanonis",
        "experiment": keys.get("Experiment"),
        "user": keys.get("User"),
        "header": facts(keys),
    }
    technique = (
        "sts"
        if "bias" in sweep.lower() and any("current" in name.lower() or "li" in name.lower() for name in names)
        else "spm"
    )
    return Parsed(label_of(technique), channels, {k: v for k, v in metadata.items() if v}, (), warnings)


class Nanonis:
    """Reads scans and grids by their headers."""

    name = "nanonis"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.98 for the first key of a scan, 0.97 for a grid's keys."""
        if head.data.startswith(b":NANONIS_VERSION:"):
            return 0.98
        return 0.97 if head.data.startswith(b"Grid dim=") and b"Sweep Signal=" in head.data[:20_000] else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The scan or grid. Raises CannotParse."""
        data = read_limited(path)
        try:
            return _scan(data) if data.startswith(b":NANONIS_VERSION:") else _grid(data)
        except (ValueError, IndexError) as error:
            raise CannotParse(f"the Nanonis file is damaged: {error}") from error


plugin = Nanonis()
