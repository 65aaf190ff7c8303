"""JASCO text: keys and values, XYDATA, and one or more columns whose units the header names."""

import re

from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Parsed
from ingest.parsers.rows import numbers_of
from ingest.parsers.scans import Column, Scan, apart, stated
from ingest.parsers.text import lines_of

KEYS = {b"XUNITS", b"YUNITS", b"XYDATA"}
_X = {
    "NANOMETERS": ("wavelength", "nm", "wavelength"),
    "1/CM": ("wavenumber", "1/cm", "wavenumber"),
    "CM-1": ("wavenumber", "1/cm", "wavenumber"),
    "TEMPERATURE [C]": ("temperature", "degC", "temperature"),
    "SEC": ("time", "s", "time"),
    "SECONDS": ("time", "s", "time"),
}
_Y: dict[str, tuple[str, str | None, str | None]] = {
    "ABSORBANCE": ("absorbance", None, "absorbance"),
    "ABS": ("absorbance", None, "absorbance"),
    "TRANSMITTANCE": ("transmittance", "%", "transmittance"),
    "%T": ("transmittance", "%", "transmittance"),
    "%R": ("reflectance", "%", "reflectance"),
    "REFLECTANCE": ("reflectance", "%", "reflectance"),
    "CD [MDEG]": ("circular dichroism", "mdeg", None),
    "HT [V]": ("high tension", "V", "voltage"),
    "INT.": ("intensity", None, "intensity"),
    "INTENSITY": ("intensity", None, "intensity"),
}
_TECHNIQUES = {
    "INFRARED": "infrared spectroscopy",
    "ULTRAVIOLET": "UV-Vis spectroscopy",
    "RAMAN": "Raman spectroscopy",
    "FLUORESCENCE": "fluorescence spectroscopy",
    "CIRCULAR": "circular dichroism spectroscopy",
}


def _start(said: dict[str, str]) -> str | None:
    """ISO time; the year comes first in these dates, and others are not claimed."""
    day = re.fullmatch(r"(\d{4}|\d{2})/(\d{2})/(\d{2})", said.get("DATE", ""))
    clock = re.fullmatch(r"(\d{1,2}):(\d{2}):(\d{2})", said.get("TIME", ""))
    if day is None or clock is None or not 1 <= int(day[2]) <= 12 or not 1 <= int(day[3]) <= 31 or int(clock[1]) > 23:
        return None
    year = int(day[1]) if len(day[1]) == 4 else 2000 + int(day[1]) if int(day[1]) < 70 else 1900 + int(day[1])
    return f"{year:04d}-{day[2]}-{day[3]}T{int(clock[1]):02d}:{clock[2]}:{clock[3]}"


def _technique(said: dict[str, str], axis: str) -> str:
    kind = said.get("DATA TYPE", "").upper()
    known = next((technique for word, technique in _TECHNIQUES.items() if word in kind), None)
    if known is not None:
        return known
    circular = any("CD" in said.get(f"Y{n}UNITS", "") for n in ("", "2", "3"))
    return "circular dichroism spectroscopy" if circular else {"wavenumber": "infrared spectroscopy"}.get(axis, "")


def read(text: str) -> Parsed:
    """The spectrum. Raises CannotParse."""
    lines = lines_of(text)
    begin = next((n for n, line in enumerate(lines) if line.strip() == "XYDATA"), None)
    if begin is None:
        raise CannotParse("no line XYDATA; the file is cut short")
    said = {}
    for line in lines[:begin]:
        key, _, value = re.sub(r"[\t,;]", "\t", line, count=1).partition("\t")
        said[key.strip().upper()] = value.strip(" \t,;")
    stop = next((n for n, line in enumerate(lines) if n > begin + 1 and not line.strip()), len(lines))
    rows = lines[begin + 1 : stop]
    delimiter = next((sign for sign in ("\t", ";") if rows and sign in rows[0]), None)
    comma = delimiter is not None and bool(rows) and "," in rows[0] and "." not in rows[0]
    table, left = numbers_of(rows, delimiter or ("," if rows and "," in rows[0] else None), None, comma)
    if not len(table) or table.shape[1] < 2:
        raise CannotParse("XYDATA and no rows: nothing was measured, or the file is cut short")
    warnings = [f"{left} rows are no whole rows and left out"] if left else []
    promised = number_of(said.get("NPOINTS"))
    if promised is not None and promised != len(table):
        warnings.append(f"the header promises {promised:g} points, {len(table)} rows follow")
    axis = _X.get(said.get("XUNITS", "").upper(), (said.get("XUNITS", "").lower() or "x", None, None))
    columns = {axis[0]: Column(table[:, 0], axis[1], axis[2])}
    for at in range(1, table.shape[1]):
        word = said.get("YUNITS" if at == 1 else f"Y{at}UNITS", "")
        name, unit, quantity = _Y.get(word.upper(), (word.lower() or f"column {at + 1}", None, None))
        columns[name if name not in columns else f"{name} {at + 1}"] = Column(table[:, at], unit, quantity)
    metadata = stated(
        {
            "start": _start(said),
            "title": said.get("TITLE"),
            "instrument": said.get("SPECTROMETER/DATA SYSTEM"),
            "operator": said.get("OWNER"),
            "resolution": said.get("RESOLUTION"),
        }
    )
    return Parsed(_technique(said, axis[0]), list(apart([Scan(columns)])), metadata, (), warnings)
