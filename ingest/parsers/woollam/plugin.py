"""Woollam ellipsometry: spectra of CompleteEASE and WVASE (.dat) and optical constants (.mat)."""

import re
from pathlib import Path
from typing import Any

from ingest.parsers.clock import iso_start
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.rows import is_number, numbers_of
from ingest.parsers.scans import Column, Scan, apart, stated
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

TECHNIQUE = "spectroscopic ellipsometry"
_AXES = {
    "nm": ("wavelength", "nm", "wavelength"),
    "angstroms": ("wavelength", "angstrom", "wavelength"),
    "microns": ("wavelength", "um", "wavelength"),
    "um": ("wavelength", "um", "wavelength"),
    "ev": ("photon energy", "eV", "photon_energy"),
    "1/cm": ("wavenumber", "1/cm", "wavenumber"),
}
# kind of row -> its two values: (name, unit, quantity)
_KINDS: dict[str, tuple[tuple[str, str | None, str | None], ...]] = {
    "E": (("psi", "deg", "psi"), ("delta", "deg", "delta")),
    "dpole": (("depolarisation", "%", None),),
    "ut": (("transmittance", None, "transmittance"),),
    "pt": (("p transmittance", None, "transmittance"),),
    "st": (("s transmittance", None, "transmittance"),),
    "ur": (("reflectance", None, "reflectance"),),
    "pr": (("p reflectance", None, "reflectance"),),
    "sr": (("s reflectance", None, "reflectance"),),
}
_CONSTANTS = {
    "E1E2": (
        ("real part of permittivity", "permittivity_real"),
        ("imaginary part of permittivity", "permittivity_imaginary"),
    ),
    "NK": (("refractive index", "refractive_index"), ("extinction coefficient", "extinction_coefficient")),
}
_METHOD = re.compile(r"^\s*VASEmethod\[(.*)\]", re.MULTILINE)


def _unit_line(lines: list[str]) -> tuple[int, str]:
    for number, line in enumerate(lines[:8]):
        if line.strip().lower() in _AXES:
            return number, line.strip().lower()
    raise CannotParse(
        "no line says whether positions are nm, Angstroms, microns, eV or 1/cm; this is no Woollam file, or a damaged one"
    )


def _region(kind: str, rows: list[str], axis: tuple[str, str, str], warnings: list[str]) -> Scan:
    table, left = numbers_of(rows)
    if left:
        warnings.append(f"{left} rows of kind {kind} are no whole rows and left out")
    known = _KINDS.get(kind if kind == "E" else kind.lower(), ((f"{kind} value", None, None),))
    names: list[tuple[str, str | None, str | None]] = [
        axis,
        ("angle of incidence", "deg", "angle_of_incidence"),
        *known,
    ]
    if table.shape[1] >= 2 + 2 * len(known) and len(known) == 2:
        names += [(f"{name} error", unit, None) for name, unit, _ in known]
    if len(known) == 1 and table.shape[1] >= 4:
        names.append((f"{known[0][0]} error", known[0][1], None))
    columns = {
        name: Column(table[:, at], unit, quantity) for at, (name, unit, quantity) in enumerate(names[: table.shape[1]])
    }
    return Scan(columns, {"E": "ellipsometry"}.get(kind, known[0][0]))


def _read_spectra(text: str) -> Parsed:
    lines = lines_of(text)
    at, unit = _unit_line(lines)
    kinds: dict[str, list[str]] = {}
    for line in lines[at + 1 :]:
        word, _, rest = line.strip().partition("\t") if "\t" in line else line.strip().partition(" ")
        if not word:
            continue
        if is_number(word):
            kinds.setdefault("E", []).append(line)
        else:
            kinds.setdefault(word, []).append(rest)
    warnings: list[str] = []
    scans = [scan for kind, rows in kinds.items() if (scan := _region(kind, rows, _AXES[unit], warnings)).rows]
    if not scans:
        raise CannotParse("a Woollam header without rows: nothing was measured, or the file is cut short")
    method = _METHOD.search(text[:4000])
    settings = dict(pair.split("=", 1) for pair in method[1].split(",") if "=" in pair) if method else {}
    about: dict[str, Any] = {key.strip(): value.strip() for key, value in settings.items()}
    program = next((f"{name} {about[name]}" for name in ("CompleteEASE", "WVASE") if name in about), None)
    dated = re.search(r"[A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2} \d{4}", method[1]) if method else None
    metadata = stated(
        {
            "title": lines[0].strip() if at > 0 and not lines[0].startswith("VASEmethod") else None,
            "start": iso_start(dated[0], ("%a %b %d %H:%M:%S %Y",)) if dated else None,
            "software": program,
            "method": about,
        }
    )
    return Parsed(TECHNIQUE, list(apart(scans)), metadata, (), warnings[:50])


def _read_constants(text: str) -> Parsed:
    lines = lines_of(text)
    said = dict(re.findall(r"^[ \t]*([\w ]+?)[ \t]*=[ \t]*(.*?)[ \t]*$", text[:20_000], re.MULTILINE))
    begin = next((n for n, line in enumerate(lines) if line.strip().lower() == "begin of array"), None)
    axis_text, _, kind = said.get("Units", "").partition(",")
    axis, constants = _AXES.get(axis_text.strip().lower()), _CONSTANTS.get(kind.strip().upper())
    if begin is None or axis is None or constants is None:
        raise CannotParse(
            f"optical constants in units {said.get('Units', '')!r}; only tables of n, k or e1, e2 are read"
        )
    end = next((n for n, line in enumerate(lines) if n > begin and line.strip().lower() == "end of array"), None)
    rows = lines[begin + 1 : end] if end is not None else lines[begin + 1 :]
    table, left = numbers_of(rows, width=3)
    if not len(table):
        raise CannotParse("a table of optical constants without rows; the file is cut short")
    warnings = [f"{left} rows of the table are no whole rows and left out"] if left else []
    if end is None:
        warnings.append("the table has no end; the file is cut short")
    columns = {axis[0]: Column(table[:, 0], axis[1], axis[2])}
    columns |= {name: Column(table[:, 1 + at], None, quantity) for at, (name, quantity) in enumerate(constants)}
    names = re.findall(r"^[ \t]*Name=(.+?)[ \t]*$", text[:20_000], re.MULTILINE)
    return Parsed(
        TECHNIQUE,
        list(apart([Scan(columns)])),
        stated({"material": names[0] if names else None, "kind": "optical constants"}),
        (),
        warnings,
    )


class Woollam:
    """Reads both kinds by their keywords."""

    name = "woollam"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.96 for `VASEmethod[` near the start, or a layer with its table."""
        start = head.data[:4000].decode("latin-1")
        if _METHOD.search(start):
            return 0.96
        return (
            0.96
            if re.search(r"^\s*Units=\S+,(?:E1E2|NK)", start, re.MULTILINE | re.IGNORECASE)
            and "Begin of array" in start
            else 0.0
        )

    def parse(self, path: Path, name: str) -> Parsed:
        """The spectra of each kind over their own axis, or the table. Raises CannotParse."""
        text = decode(read_limited(path)).text
        return _read_spectra(text) if _METHOD.search(text[:4000]) else _read_constants(text)


plugin = Woollam()
