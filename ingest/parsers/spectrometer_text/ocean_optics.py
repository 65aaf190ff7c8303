"""Ocean Optics SpectraSuite, OceanView and OOIBase32: keys and values, then two columns."""

import re

from ingest.parsers.clock import iso_start
from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Parsed
from ingest.parsers.rows import numbers_of
from ingest.parsers.scans import Column, Scan, apart, stated
from ingest.parsers.text import lines_of

BEGIN = re.compile(r"^>>>>>\s*Begin (?:Processed )?Spectral Data", re.MULTILINE)
_AXES = {
    "wavelengths": ("wavelength", "nm", "wavelength"),
    "nanometers": ("wavelength", "nm", "wavelength"),
    "raman shifts": ("Raman shift", "1/cm", "raman_shift"),
}
_SIGNALS = {
    "absorbance": ("absorbance", None, "absorbance"),
    "transmission": ("transmittance", "%", "transmittance"),
    "transmittance": ("transmittance", "%", "transmittance"),
    "reflection": ("reflectance", "%", "reflectance"),
    "reflectance": ("reflectance", "%", "reflectance"),
}
_DATE = re.compile(r"([A-Z][a-z]{2} [A-Z][a-z]{2} +\d{1,2} \d{2}:\d{2}:\d{2})(?: ([A-Z]{2,5}))? (\d{4})")


def _signal(said: dict[str, str], first: str) -> tuple[str, str | None, str | None]:
    """What the values are: the word the program puts into the name of its file or node."""
    words = f"{first} {said.get('Graph Title', '')} {said.get('YAxis mode', '')}".lower()
    return next((signal for word, signal in _SIGNALS.items() if word in words), ("intensity", None, "intensity"))


def _start(said: dict[str, str]) -> str | None:
    """ISO time; the zone's letters are no offset but for UTC and GMT."""
    found = _DATE.search(said.get("Date", ""))
    if found is None:
        return None
    start = iso_start(f"{found[1]} {found[3]}", ("%a %b %d %H:%M:%S %Y",))
    return f"{start}+00:00" if start and found[2] in ("UTC", "GMT") else start


def read(text: str) -> Parsed:
    """The spectrum. Raises CannotParse."""
    lines = lines_of(text)
    begin = next((n for n, line in enumerate(lines) if BEGIN.match(line.strip())), None)
    if begin is None:
        raise CannotParse("no line begins the spectral data; the file is cut short")
    end = next((n for n, line in enumerate(lines) if n > begin and line.startswith(">>>>>")), len(lines))
    said = {
        key.strip(): value.strip() for key, colon, value in (line.partition(":") for line in lines[:begin]) if colon
    }
    rows = lines[begin + 1 : end]
    comma = sum("," in row and "." not in row for row in rows[:20]) > 10 or (
        0 < len(rows) <= 20 and all("," in row for row in rows)
    )
    table, left = numbers_of(rows, None, 2, comma)
    if not len(table):
        raise CannotParse("a header without a spectrum: nothing was measured, or the file is cut short")
    warnings = [f"{left} rows are no whole rows and left out"] if left else []
    promised = number_of(said.get("Number of Pixels in Spectrum"))
    if promised is not None and promised != len(table):
        warnings.append(f"the header promises {promised:g} pixels, {len(table)} rows follow")
    axis = _AXES.get(said.get("XAxis mode", "Wavelengths").lower(), ("x", None, None))
    signal = _signal(said, lines[0])
    columns = {axis[0]: Column(table[:, 0], axis[1], axis[2]), signal[0]: Column(table[:, 1], signal[1], signal[2])}
    seconds = number_of(said.get("Integration Time (sec)", "").split(" ")[0])
    micro = number_of(said.get("Integration Time (usec)", "").split(" ")[0])
    metadata = stated(
        {
            "start": _start(said),
            "operator": said.get("User"),
            "instrument": said.get("Spectrometer") or said.get("Spectrometers"),
            "integration_time_s": seconds if seconds is not None else micro / 1e6 if micro is not None else None,
            "averages": number_of(said.get("Scans to average", said.get("Spectra Averaged", "")).split(" ")[0]),
            "header": said,
        }
    )
    technique = (
        "Raman spectroscopy"
        if axis[2] == "raman_shift"
        else "UV-Vis spectroscopy"
        if signal[0] in ("absorbance", "transmittance", "reflectance")
        else ""
    )
    if not technique:
        warnings.append("the header does not say what was measured (absorption, luminescence, or a source)")
    return Parsed(technique, list(apart([Scan(columns)])), metadata, (), warnings)
