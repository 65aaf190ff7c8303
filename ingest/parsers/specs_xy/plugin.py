"""SPECS Prodigy and SpecsLab text (.xy): every region, cycle and scan of the export."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ingest.parsers.clock import iso_start
from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.rows import numbers_of
from ingest.parsers.scans import Column, Scan, apart, end_to_end, stated
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

_PAIR = re.compile(r"#\s*([^:#]+?):\s+(.*?)\s*$")
_TECHNIQUES = {
    "XPS": "X-ray photoelectron spectroscopy",
    "UPS": "ultraviolet photoelectron spectroscopy",
    "AES": "Auger electron spectroscopy",
    "ISS": "ion scattering spectroscopy",
}
_MAX_APART = 64


@dataclass
class _Block:
    """Rows between two headers, with what was said before them."""

    said: dict[str, str]
    counted: str
    labels: list[str]
    rows: list[str] = field(default_factory=list)


def _blocks(lines: list[str]) -> tuple[dict[str, str], list[_Block]]:
    """Settings of the export, and the blocks of rows."""
    settings: dict[str, str] = {}
    region: dict[str, str] = {}
    counted = ""
    blocks: list[_Block] = []
    labels: list[str] = []
    group = ""
    for line in lines:
        if not line.startswith("#"):
            if line.strip():
                if not blocks or blocks[-1].labels is not labels:
                    blocks.append(_Block(dict(region) if region else dict(settings), counted, labels))
                blocks[-1].rows.append(line)
            continue
        if (cycle := re.match(r"#\s*(Cycle:\s*\d+,.*)$", line)) is not None:
            counted = cycle[1].strip()
            continue
        if (pair := _PAIR.match(line)) is None:
            continue
        key, value = pair[1].strip(), pair[2]
        if key == "Group":
            group = value
        elif key == "Region":
            region, counted = {"Group": group, "Region": value}, ""
        elif key == "ColumnLabels":
            labels = value.split()
        elif region:
            region.setdefault(key, value)
        else:
            settings[key] = value
    return settings, blocks


def _energy(settings: dict[str, str]) -> tuple[str, str | None]:
    said = settings.get("Energy Axis", "").lower()
    return (
        ("binding energy", "binding_energy")
        if "binding" in said
        else ("kinetic energy", "kinetic_energy")
        if "kinetic" in said
        else ("energy", None)
    )


def _scan(block: _Block, settings: dict[str, str], name: str, warnings: list[str]) -> Scan:
    table, left = numbers_of(block.rows)
    if left:
        warnings.append(f"{name}: {left} rows are no whole rows and left out")
    columns: dict[str, Column] = {}
    for at in range(table.shape[1]):
        label = block.labels[at] if at < len(block.labels) else f"column {at + 1}"
        unit, quantity = {"counts/s": ("cps", "intensity"), "counts": ("counts", "intensity")}.get(label, (None, None))
        if label == "energy":
            label, quantity = _energy(settings)
            unit = "eV"
        columns[label if label not in columns else f"{label} {at + 1}"] = Column(table[:, at], unit, quantity)
    return Scan(columns, name)


def _about(said: dict[str, str]) -> dict[str, Any]:
    numbers = {
        "excitation_energy_eV": "Excitation Energy",
        "pass_energy_eV": "Pass Energy",
        "dwell_time_s": "Dwell Time",
        "work_function_eV": "Eff. Workfunction",
        "bias_voltage_V": "Bias Voltage",
        "detector_voltage_V": "Detector Voltage",
    }
    words = {
        "analyser": "Analyzer",
        "lens": "Analyzer Lens",
        "slit": "Analyzer Slit",
        "scan_mode": "Scan Mode",
        "source": "Source",
        "comment": "Comment",
    }
    return stated(
        {
            **{key: number_of(said.get(name)) for key, name in numbers.items()},
            **{key: said.get(name, "").strip() for key, name in words.items()},
        }
    )


def _start(said: dict[str, str]) -> str | None:
    """ISO time. The month comes first in these dates in every language; the zone only where it is UTC."""
    text = said.get("Acquisition Date", "")
    for layout in ("%m/%d/%y %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S"):
        if (found := iso_start(text.removesuffix(" UTC"), (layout,))) is not None:
            return f"{found}+00:00" if text.endswith(" UTC") else found
    return None


class SpecsXy:
    """Reads the XY export by its own header."""

    name = "specs_xy"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for the export's settings among the first comments."""
        return (
            0.97
            if re.search(
                rb"^#\s*XY-Serializer Export Settings|^#\s*Created by:\s+SpecsLab", head.data[:2000], re.MULTILINE
            )
            else 0.0
        )

    def parse(self, path: Path, name: str) -> Parsed:
        """All regions, each over its own axis. Raises CannotParse."""
        text = decode(read_limited(path)).text
        settings, blocks = _blocks(lines_of(text))
        warnings: list[str] = []
        scans = []
        for block in blocks:
            region = block.said.get("Region", "spectrum")
            several = sum(
                other.said.get("Region") == block.said.get("Region")
                and other.said.get("Spectrum ID") == block.said.get("Spectrum ID")
                for other in blocks
            )
            scans.append(
                _scan(
                    block,
                    settings,
                    f"{region} ({block.counted})" if several > 1 and block.counted else region,
                    warnings,
                )
            )
        filled = [(block, scan) for block, scan in zip(blocks, scans, strict=True) if scan.rows]
        if not filled:
            raise CannotParse("a SPECS header without rows: nothing was measured, or the file is cut short")
        for block, scan in filled:
            promised = number_of(block.said.get("Values/Curve"))
            if promised is not None and promised > scan.rows:
                warnings.append(f"{scan.name}: the header promises {promised:g} values, {scan.rows} rows follow")
        first = filled[0][0].said
        methods = list(dict.fromkeys(block.said.get("Analysis Method", "") for block, _ in filled))
        if len(methods) > 1:
            warnings.append(f"the regions are of different methods ({', '.join(methods)}); the first one's is named")
        regions = [
            stated({"name": scan.name, "start": _start(block.said), **_about(block.said)})
            for block, scan in filled[:200]
        ]
        metadata = stated(
            {
                "start": _start(first),
                "sample": first.get("Group"),
                "software": settings.get("Created by"),
                **_about(first),
                "regions": regions,
            }
        )
        spectra = [scan for _, scan in filled]
        channels = list(end_to_end(spectra) if len(spectra) > _MAX_APART else apart(spectra))
        return Parsed(_TECHNIQUES.get(methods[0], ""), channels, metadata, (), warnings[:50])


plugin = SpecsXy()
