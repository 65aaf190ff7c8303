"""Scienta SES text: every region as a spectrum or as an image of energy against angle or position."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.clock import iso_start
from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.rows import numbers_of
from ingest.parsers.scans import names_apart, stated
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

TECHNIQUE = "photoelectron spectroscopy"
_SECTION = re.compile(r"\[(Info|Region|Data|Run Mode Information|User Interface Information)(?: (\d+))?(?::\d+)?\]\s*$")


def _sections(lines: list[str]) -> dict[tuple[str, str], list[str]]:
    """Lines of each section by its name and number; a section that comes again goes on."""
    found: dict[tuple[str, str], list[str]] = {}
    current: list[str] = []
    for line in lines:
        if (head := _SECTION.match(line.strip())) is not None:
            current = found.setdefault((head[1], head[2] or ""), [])
        else:
            current.append(line)
    return found


def _pairs(lines: list[str]) -> dict[str, str]:
    return {key.strip(): value.strip() for key, sign, value in (line.partition("=") for line in lines) if sign}


def _energy(label: str, scale: str) -> tuple[str, str | None]:
    said = f"{label} {scale}".lower()
    if "binding" in said:
        return "binding energy", "binding_energy"
    return ("kinetic energy", "kinetic_energy") if "kinetic" in said else ("energy", None)


def _channels(
    name: str, region: dict[str, str], info: dict[str, str], rows: list[str], warnings: list[str]
) -> list[Channel]:
    table, left = numbers_of(rows)
    before, shown = (f"{name}: ", name) if name else ("", "the region")
    if left:
        warnings.append(f"{shown}: {left} rows are no whole rows and left out")
    if not len(table) or table.shape[1] < 2:
        return []
    promised = number_of(region.get("Dimension 1 size"))
    if promised is not None and promised > len(table):
        warnings.append(f"{shown}: {promised:g} energies are promised, {len(table)} rows follow")
    label, quantity = _energy(region.get("Dimension 1 name", ""), info.get("Energy Scale", ""))
    axis = f"{before}{label}"
    energies = Channel(axis, table[:, 0], unit="eV", quantity=quantity, confidence=1.0 if quantity else 0.0)
    if table.shape[1] == 2:
        return [energies, Channel(f"{before}intensity", table[:, 1], quantity="intensity", confidence=1.0, axis=axis)]
    grid = (GridAxis(label, len(table)), GridAxis("point", table.shape[1] - 1))
    made = [
        energies,
        Channel(f"{before}intensity", table[:, 1:].ravel(), quantity="intensity", confidence=1.0, axis=axis, grid=grid),
    ]
    second, _, unit = region.get("Dimension 2 name", "").partition("[")
    places, _ = numbers_of([region.get("Dimension 2 scale", "")])
    if places.size == table.shape[1] - 1:
        known = {"deg": "deg", "mm": "mm", "°": "deg"}.get(unit.strip(" ]"))
        made.append(Channel(f"{before}{second.strip() or 'dimension 2'}", np.ravel(places), unit=known))
    return made


def _about(info: dict[str, str]) -> dict[str, Any]:
    numbers = {
        "excitation_energy_eV": "Excitation Energy",
        "pass_energy_eV": "Pass Energy",
        "sweeps": "Number of Sweeps",
        "step_eV": "Energy Step",
    }
    words = {
        "lens": "Lens Mode",
        "acquisition_mode": "Acquisition Mode",
        "energy_scale": "Energy Scale",
        "comment": "Comments",
    }
    start = iso_start(f"{info.get('Date', '')} {info.get('Time', '')}", ("%Y-%m-%d %H:%M:%S",))
    return stated(
        {
            "start": start,
            **{k: number_of(info.get(v)) for k, v in numbers.items()},
            **{k: info.get(v) for k, v in words.items()},
        }
    )


class ScientaText:
    """Reads SES text by its sections."""

    name = "scienta_text"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for `[Info]`, the number of regions, and a first region."""
        start = head.data[:4000].lstrip(b"\xef\xbb\xbf \t\r\n")
        return (
            0.97 if start.startswith(b"[Info]") and b"Number of Regions=" in start and b"[Region 1]" in start else 0.0
        )

    def parse(self, path: Path, name: str) -> Parsed:
        """All regions. Raises CannotParse."""
        sections = _sections(lines_of(decode(read_limited(path)).text))
        numbers = [number for kind, number in sections if kind == "Data"]
        regions = {number: _pairs(sections.get(("Region", number), [])) for number in numbers}
        infos = {number: _pairs(sections.get(("Info", number), [])) for number in numbers}
        called = (
            names_apart([regions[number].get("Region Name", f"region {number}") for number in numbers])
            if len(numbers) > 1
            else [""]
        )
        warnings: list[str] = []
        channels: list[Channel] = []
        for number, label in zip(numbers, called, strict=False):
            channels += _channels(label, regions[number], infos[number], sections["Data", number], warnings)
        if not channels:
            raise CannotParse("a SES file without rows: nothing was measured, or the file is cut short")
        promised = number_of(_pairs(sections.get(("Info", ""), [])).get("Number of Regions"))
        if promised is not None and promised > len(numbers):
            warnings.append(f"the header promises {promised:g} regions, {len(numbers)} are there")
        first = infos[numbers[0]]
        about = [{"name": regions[number].get("Region Name", ""), **_about(infos[number])} for number in numbers[:200]]
        metadata = stated(
            {
                **_about(first), "sample": first.get("Sample"), "operator": first.get("User"), "instrument": first.get("Instrument"),
                "site": first.get("Location"), "regions": about,
            }
        )  # fmt: skip
        return Parsed(TECHNIQUE, channels, metadata, (), warnings[:50])


plugin = ScientaText()
