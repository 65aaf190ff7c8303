"""Renishaw WiRE text: one spectrum, or a map or series as one long table; the file states no units."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.rows import numbers_of
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

_FIRST = re.compile(rb"^(?:\xef\xbb\xbf)?#(?:(?:X|Y|Z|Time|Temperature)\s+#)*Wave\s+#Intensity\s*\r?\n")
_QUANTITIES = {"X": "position", "Y": "position", "Z": "position", "Time": "time", "Temperature": "temperature"}


class RenishawText:
    """Reads WiRE's text by its first line."""

    name = "renishaw_text"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for the names of columns as WiRE writes them."""
        return 0.95 if _FIRST.match(head.data) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The spectrum, or all spectra over one list of positions. Raises CannotParse."""
        lines = lines_of(decode(read_limited(path)).text)
        names = [word.strip() for word in lines[0].split("#") if word.strip()]
        if names[-2:] != ["Wave", "Intensity"]:
            raise CannotParse("the first line does not end with Wave and Intensity; it is damaged")
        table, left = numbers_of(lines[1:], None, len(names))
        if not len(table):
            raise CannotParse("names of columns and no rows: nothing was measured, or the file is cut short")
        wave, intensity = table[:, -2], table[:, -1]
        raman = _is_raman(wave)
        warnings = (
            []
            if raman
            else ["the file states no units; whether the axis is a Raman shift or a wavelength it does not say"]
        )
        technique = "Raman spectroscopy" if raman else ""
        axis = Channel("Wave", wave, quantity="raman_shift" if raman else None, confidence=0.8 if raman else 0.0)
        if left:
            warnings.append(f"{left} rows are no whole rows and left out")
        points = len(table)
        if len(names) > 2:
            changed = np.flatnonzero((np.diff(table[:, :-2], axis=0) != 0).any(axis=1))
            points = int(changed[0]) + 1 if len(changed) else len(table)
        whole = len(table) // points
        even = whole > 1 and bool((wave[: whole * points].reshape(whole, points) == wave[:points]).all())
        if len(names) == 2 or not even:
            channels = [axis, Channel("intensity", intensity, quantity="intensity", confidence=0.8, axis="Wave")]
            channels += [_place(label, table[:, at]) for at, label in enumerate(names[:-2])]
            return Parsed(technique, channels, {}, (), warnings)
        if whole * points < len(table):
            warnings.append(
                f"the last spectrum is cut short and left out: {len(table) - whole * points} of {points} points"
            )
        grid = (GridAxis("spectrum", whole), GridAxis("point", points))
        spectra = Channel(
            "intensity", intensity[: whole * points], quantity="intensity", confidence=0.8, axis="Wave", grid=grid
        )
        places = [_place(label, table[: whole * points : points, at]) for at, label in enumerate(names[:-2])]
        return Parsed(technique, [replace(axis, values=wave[:points]), spectra, *places], {}, (), warnings)


def _is_raman(wave: NDArray[np.float64]) -> bool:
    """Whether positions can be nothing but Raman shifts: no spectrum of light reaches from below 150 nm (or eV) to above 500."""
    return bool(wave.min() < 150 and wave.max() > 500)


def _place(label: str, values: NDArray[np.float64]) -> Channel:
    quantity = _QUANTITIES.get(label)
    return Channel(label, np.asarray(values, dtype=np.float64), quantity=quantity, confidence=0.8 if quantity else 0.0)


plugin = RenishawText()
