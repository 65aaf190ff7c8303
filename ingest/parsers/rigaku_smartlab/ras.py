"""RAS, the text of SmartLab Guidance: a header of quoted values and rows for each scan."""

import re
from pathlib import Path
from typing import Any

from ingest.parsers.clock import iso_start
from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Parsed
from ingest.parsers.rigaku_smartlab.profile import profile_scan
from ingest.parsers.scans import Scan, end_to_end, stated
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

_PAIR = re.compile(r'\*(\S+)\s+"?(.*?)"?\s*$')
_LAYOUTS = ("%m/%d/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%m/%d/%y %H:%M:%S")


def _parts(lines: list[str]) -> list[tuple[dict[str, str], list[str], bool]]:
    """For each scan its header, its rows, and whether its end was written."""
    parts: list[tuple[dict[str, str], list[str], bool]] = []
    header: dict[str, str] = {}
    rows: list[str] | None = None
    for line in lines:
        word = line.strip()
        if word == "*RAS_HEADER_START":
            header = {}
        elif word == "*RAS_INT_START":
            rows = []
        elif word == "*RAS_INT_END" and rows is not None:
            parts.append((header, rows, True))
            rows = None
        elif rows is not None:
            rows.append(word)
        elif (pair := _PAIR.match(word)) is not None:
            header[pair[1]] = pair[2]
    if rows is not None:
        parts.append((header, rows, False))
    return parts


def _metadata(header: dict[str, str], last: dict[str, str], scans: int) -> dict[str, Any]:
    return stated(
        {
            "start": iso_start(header.get("MEAS_SCAN_START_TIME"), _LAYOUTS),
            "end": iso_start(last.get("MEAS_SCAN_END_TIME"), _LAYOUTS),
            "sample": header.get("FILE_SAMPLE"),
            "operator": header.get("FILE_OPERATOR"),
            "comment": header.get("FILE_COMMENT"),
            "memo": header.get("FILE_MEMO"),
            "instrument": header.get("FILE_SYSTEM_NAME"),
            "anode": header.get("HW_XG_TARGET_NAME"),
            "wavelength_angstrom": number_of(header.get("HW_XG_WAVE_LENGTH_ALPHA1")),
            "wavelength_k_alpha_2_angstrom": number_of(header.get("HW_XG_WAVE_LENGTH_ALPHA2")),
            "tube_voltage_kV": number_of(header.get("MEAS_COND_XG_VOLTAGE")),
            "tube_current_mA": number_of(header.get("MEAS_COND_XG_CURRENT")),
            "detector": header.get("HW_COUNTER_SELECT_NAME"),
            "scan_axis": header.get("MEAS_SCAN_AXIS_X"),
            "scan_mode": header.get("MEAS_SCAN_MODE"),
            "step": number_of(header.get("MEAS_SCAN_STEP")),
            "speed": number_of(header.get("MEAS_SCAN_SPEED")),
            "speed_unit": header.get("MEAS_SCAN_SPEED_UNIT"),
            "scans": scans,
        }
    )


def read_ras(path: Path, technique: str) -> Parsed:
    """All scans end to end. Raises CannotParse."""
    text = decode(read_limited(path)).text
    parts = _parts(lines_of(text))
    if not parts:
        raise CannotParse("a RAS header and no rows: the measurement never began, or the file is cut short")
    scans: list[Scan] = []
    warnings: list[str] = []
    for number, (header, rows, ended) in enumerate(parts, start=1):
        if not ended:
            warnings.append(f"scan {number} has no end; the file is cut short")
            if rows and not text.endswith(("\n", "\r")):
                rows = rows[:-1]
        made, odd = profile_scan(
            rows,
            header.get("MEAS_SCAN_AXIS_X_INTERNAL") or header.get("MEAS_SCAN_AXIS_X"),
            header.get("MEAS_SCAN_UNIT_X"),
            header.get("MEAS_SCAN_UNIT_Y"),
            number_of(header.get("MEAS_DATA_COUNT")),
            number,
        )
        warnings += odd
        scans.append(made)
    filled = [scan for scan in scans if scan.rows]
    if not filled:
        raise CannotParse("a RAS file with empty scans: nothing was measured yet")
    return Parsed(
        technique, list(end_to_end(filled)), _metadata(parts[0][0], parts[-1][0], len(parts)), (), warnings[:50]
    )
