"""Siemens and Bruker DIFFRAC text (.uxd): every range, as counts at even steps or as pairs."""

import re
from pathlib import Path

import numpy as np

from ingest.parsers.clock import iso_start
from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.scans import Column, Scan, end_to_end, stated
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

_PAIR = re.compile(r"_(\w+)\s*=\s*'?(.*?)'?\s*$")
_DATA = re.compile(r"_(2THETA|THETA)?(COUNTS|CPS)(TIME)?\s*$", re.IGNORECASE)
# what a drive is called -> (name of the axis, key of its start, quantity)
_DRIVES = {
    "COUPLED": ("2Theta", "2THETA", "two_theta"),
    "2THETA": ("2Theta", "2THETA", "two_theta"),
    "THETA": ("Theta", "THETA", "omega"),
    "KHI": ("Chi", "KHI", "chi"),
    "CHI": ("Chi", "CHI", "chi"),
    "PHI": ("Phi", "PHI", "phi"),
}
_LAYOUTS = ("%d-%b-%Y %H:%M:%S", "%d-%b-%Y %H:%M", "%d-%b-%y %H:%M:%S", "%d-%b-%y %H:%M")


def _scan(header: dict[str, str], kind: re.Match[str], rows: list[str], number: int, warnings: list[str]) -> Scan:
    cells = [row.split() for row in rows if row.strip()]
    try:
        width = 1 + bool(kind[1]) + bool(kind[3])
        flat = np.array([cell for row in cells for cell in row], dtype=np.float64)
    except ValueError as error:
        raise CannotParse(f"range {number} holds something that is no number: {error}") from error
    table = flat[: len(flat) // width * width].reshape(-1, width)
    name, key, quantity = _DRIVES.get(header.get("DRIVE", "COUPLED").upper(), ("position", "START", None))
    counts = table[:, 1 if kind[1] else 0]
    promised = number_of(header.get("STEPCOUNT"))
    if promised is not None and promised != len(counts):
        warnings.append(f"range {number}: the header promises {promised:g} steps, {len(counts)} follow")
    unit = "cps" if kind[2].upper() == "CPS" else "counts"
    if kind[1]:
        axis = table[:, 0]
        name, quantity = ("2Theta", "two_theta") if kind[1].upper() == "2THETA" else ("Theta", "omega")
    else:
        start = number_of(header.get(key) or header.get("START"))
        step = number_of(header.get("STEPSIZE"))
        if start is None or step is None:
            warnings.append(f"range {number}: its start or step is missing; its counts have no axis")
            return Scan({"intensity": Column(counts, unit, "intensity")})
        axis = start + step * np.arange(len(counts), dtype=np.float64)
    columns = {
        name: Column(axis, "deg" if quantity else None, quantity),
        "intensity": Column(counts, unit, "intensity"),
    }
    still = number_of(header.get("2THETA"))
    if name == "Theta" and still is not None:
        columns["2Theta"] = Column(np.full(len(counts), still), "deg", "two_theta")
    if kind[3]:
        columns["counting time"] = Column(table[:, -1], "s", "duration")
    return Scan(columns)


class BrukerUxd:
    """Reads UXD by its keywords."""

    name = "bruker_uxd"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for `_FILEVERSION=` and a keyword of the goniometer near the start."""
        start = head.data[:16384].decode("latin-1")
        known = re.search(r"^_FILEVERSION\s*=", start, re.MULTILINE) and re.search(
            r"^_(?:DRIVE|STEPSIZE|STEPTIME|ANODE)\s*=", start, re.MULTILINE
        )
        return 0.95 if known else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All ranges end to end. Raises CannotParse."""
        text = decode(read_limited(path)).text
        common: dict[str, str] = {}
        header: dict[str, str] = {}
        found: list[tuple[dict[str, str], re.Match[str], list[str]]] = []
        rows: list[str] | None = None
        for line in lines_of(text):
            word = line.strip()
            if word.startswith(("_", ";")) and rows is not None:
                rows, header = None, dict(common)
            if (kind := _DATA.match(word)) is not None:
                rows = []
                found.append((header, kind, rows))
            elif (pair := _PAIR.match(word)) is not None:
                header[pair[1].upper()] = pair[2].strip()
                if not found:
                    common[pair[1].upper()] = pair[2].strip()
            elif rows is not None and word and not word.startswith(";"):
                rows.append(word)
        warnings: list[str] = []
        scans = [scan for n, part in enumerate(found, start=1) if (scan := _scan(*part, n, warnings)).rows]
        if not scans:
            raise CannotParse("a UXD header without counts: nothing was measured, or the file is cut short")
        first = found[0][0]
        metadata = stated(
            {
                "start": iso_start(first.get("DATEMEASURED"), _LAYOUTS),
                "sample": first.get("SAMPLE"),
                "operator": first.get("USER"),
                "site": first.get("SITE"),
                "comment": first.get("COMMENT"),
                "anode": first.get("ANODE"),
                "wavelength_angstrom": number_of(first.get("WL1")),
                "wavelength_k_alpha_2_angstrom": number_of(first.get("WL2")),
                "tube_voltage_kV": number_of(first.get("KV")),
                "tube_current_mA": number_of(first.get("MA")),
                "counting_time_s": number_of(first.get("STEPTIME")),
                "scan_axis": first.get("DRIVE"),
                "scans": len(scans),
            }
        )
        return Parsed("X-ray diffraction", list(end_to_end(scans)), metadata, (), warnings[:50])


plugin = BrukerUxd()
