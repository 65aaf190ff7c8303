"""Horiba LabSpec text: one spectrum, or a series or map with a spectrum in each row."""

import re
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.clock import iso_start
from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.rows import numbers_of
from ingest.parsers.scans import stated
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

_PAIR = re.compile(r"#(.+?)=\t?(.*)$")
_AXES = {
    "1/cm": ("Raman shift", "1/cm", "raman_shift"),
    "nm": ("wavelength", "nm", "wavelength"),
    "eV": ("photon energy", "eV", "photon_energy"),
    "meV": ("photon energy", "meV", "photon_energy"),
}
_COUNTS = {"Cnt": "counts", "cnt": "counts", "Counts": "counts", "Cnt/sec": "cps", "cnt/s": "cps", "Cnt/s": "cps"}
_LAYOUTS = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S")


def _units(said: dict[str, str]) -> tuple[tuple[str, str | None, str | None], str | None, list[tuple[str, str | None]]]:
    """The spectral axis, the unit of the intensity, and name and unit of the other axes, as the header's axis list says."""
    spectral: tuple[str, str | None, str | None] = ("position", None, None)
    counted, others = None, []
    for at in range(8):
        kind, unit = said.get(f"AxisType[{at}]", "").strip(), said.get(f"AxisUnit[{at}]", "").strip()
        if kind.startswith("Intens"):
            counted = _COUNTS.get(unit)
        elif kind.startswith("Spectr"):
            spectral = _AXES.get(unit, ("position", None, None))
        elif kind:
            others.append((kind, {"µm": "um", "um": "um", "mm": "mm", "s": "s", "\ufffdm": "um", "μm": "um"}.get(unit)))
    if spectral[2] is None and any(key.startswith("Range (cm") for key in said):
        spectral = _AXES["1/cm"]
    return spectral, counted, others


def _metadata(said: dict[str, str]) -> dict[str, Any]:
    def value(start: str) -> str | None:
        exact = said.get(start, "").strip()
        return exact or next(
            (text.strip() for key, text in said.items() if key.startswith(f"{start} (") and text.strip()), None
        )

    laser = re.match(r"([\d.]+)\s*nm", value("Laser") or "")
    return stated(
        {
            "start": iso_start(value("Acquired") or value("Date"), _LAYOUTS),
            "start_text": value("Acquired") or value("Date"),
            "title": value("Title"),
            "sample": value("Sample"),
            "project": value("Project"),
            "site": value("Site"),
            "remark": value("Remark"),
            "instrument": value("Instrument"),
            "detector": value("Detector"),
            "objective": value("Objective"),
            "grating": value("Grating"),
            "filter": value("ND Filter") or value("Filter"),
            "laser": value("Laser"),
            "laser_wavelength_nm": number_of(laser[1]) if laser else None,
            "hole": value("Hole"),
            "integration_time_s": number_of(value("Acq. time (s)")),
            "accumulations": number_of(value("Accumulations")),
            "header": said,
        }
    )


def _rows_of_spectra(lines: list[str], said: dict[str, str], warnings: list[str]) -> list[Channel]:
    """A series or map: the first row holds the positions, each further row its place and its spectrum."""
    spectral, counted, others = _units(said)
    leading = len(lines[0]) - len(lines[0].lstrip("\t"))
    positions = np.array(lines[0].split(), dtype=np.float64)
    table, left = numbers_of(lines[1:], "\t", leading + len(positions))
    if left:
        warnings.append(f"{left} rows are no whole rows and left out")
    if not len(table):
        raise CannotParse("a map without spectra: nothing was measured, or the file is cut short")
    name, unit, quantity = spectral
    grid = (GridAxis("spectrum", len(table)), GridAxis("point", len(positions)))
    made = [Channel(name, positions, unit=unit, quantity=quantity, confidence=1.0 if quantity else 0.0)]
    made.append(
        Channel(
            "intensity",
            table[:, leading:].ravel(),
            unit=counted,
            quantity="intensity",
            confidence=1.0,
            axis=name,
            grid=grid,
        )
    )
    for at in range(leading):
        label, place_unit = others[at] if at < len(others) else (f"place {at + 1}", None)
        kind = "position" if place_unit in ("um", "mm") else "time" if place_unit == "s" else None
        made.append(Channel(label, table[:, at], unit=place_unit, quantity=kind, confidence=1.0 if kind else 0.0))
    return made


def _one_spectrum(lines: list[str], said: dict[str, str], warnings: list[str]) -> list[Channel]:
    (name, unit, quantity), counted, _ = _units(said)
    table, left = numbers_of(lines, None, 2)
    if left:
        warnings.append(f"{left} rows are no whole rows and left out")
    if not len(table):
        raise CannotParse("a LabSpec header without a spectrum: nothing was measured, or the file is cut short")
    axis = Channel(name, table[:, 0], unit=unit, quantity=quantity, confidence=1.0 if quantity else 0.0)
    return [axis, Channel("intensity", table[:, 1], unit=counted, quantity="intensity", confidence=1.0, axis=name)]


class Labspec:
    """Reads LabSpec 5 and 6 text by the keys of its header."""

    name = "labspec"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for `#Acq. time (s)=` or `#AxisType[` with another key of LabSpec."""
        known = re.findall(
            rb"^#(Acq\. time \(s\)|Accumulations|AxisType\[\d\]|AxisUnit\[\d\]|Grating|ND Filter|Spike filter)=",
            head.data[:8000],
            re.MULTILINE,
        )
        return 0.95 if len(set(known)) >= 2 else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The spectrum or spectra. Raises CannotParse."""
        text = decode(read_limited(path)).text
        lines = lines_of(text)
        said = {
            pair[1].strip(): pair[2].strip() for line in lines if line.startswith("#") and (pair := _PAIR.match(line))
        }
        rows = [line for line in lines if line.strip() and not line.startswith("#")]
        if not rows:
            raise CannotParse("a LabSpec header without a spectrum: nothing was measured, or the file is cut short")
        warnings: list[str] = []
        try:
            channels = (_rows_of_spectra if rows[0].startswith("\t") else _one_spectrum)(rows, said, warnings)
        except ValueError as error:
            raise CannotParse(f"the row of positions holds something that is no number: {error}") from error
        metadata = _metadata(said)
        if "start" in metadata:
            del metadata["start_text"]
        elif "start_text" in metadata:
            warnings.append(
                f"the date {metadata['start_text']!r} can be read with the day or the month first; no start is claimed"
            )
        raman = channels[0].quantity == "raman_shift"
        if not raman:
            warnings.append("the axis is no Raman shift; whether this is luminescence the file does not say")
        return Parsed("Raman spectroscopy" if raman else "", channels, metadata, (), warnings)


plugin = Labspec()
