"""Powder patterns in text whose counts stand many to a line: Philips `.udf`, Rigaku `.asc`, GSAS raw data."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.diffraction_text import gsas
from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.scans import Column, Scan, end_to_end, stated
from ingest.parsers.starts import stated_start
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of

_UDF = re.compile(r"\s*SampleIdent\s*,[^\n]*/\s*\n", re.IGNORECASE)
_ASC = re.compile(r"\s*\*TYPE\s*=\s*Raw", re.IGNORECASE)
XRD = "X-ray diffraction"


def _counts(lines: Iterable[str]) -> NDArray[np.float64]:
    """All numbers of the lines; raises CannotParse where something else stands between."""
    words = [word for line in lines for word in re.split(r"[\s,/]+", line) if word]
    try:
        return np.array([float(word) for word in words], dtype=np.float64)
    except ValueError as error:
        raise CannotParse(f"something that is no number stands among the counts: {error}") from error


def _even(start: float, step: float, count: int) -> Column:
    return Column(start + step * np.arange(count, dtype=np.float64), "deg", "two_theta")


def _udf(lines: Sequence[str], name: str) -> Parsed:
    begin = next((n for n, line in enumerate(lines) if line.strip().lower() == "rawscan"), None)
    said = {}
    for line in lines[:begin]:
        key, _, value = line.partition(",")
        said[key.strip()] = value.strip().removesuffix("/").strip(" ,")
    angles = [number_of(part) for part in said.get("DataAngleRange", "").split(",")]
    step = number_of(said.get("ScanStepSize"))
    counts = _counts(lines[begin + 1 :]) if begin is not None else np.zeros(0)
    if not len(counts) or len(angles) != 2 or angles[0] is None or angles[1] is None or not step:
        raise CannotParse("a header without a scan: no counts, no range or no step is stated")
    warnings = _short(round((angles[1] - angles[0]) / step) + 1, len(counts))
    start, more = stated_start(said.get("FileDateTime", ""), name)
    metadata = {
        **start,
        "sample": said.get("SampleIdent"),
        "instrument": said.get("DiffrType"),
        "anode": said.get("Anode"),
        "wavelength_angstrom": number_of(said.get("LabdaAlpha1")),
        "counting_time_s": number_of(said.get("ScanStepTime")),
        "header": said,
    }
    scan = Scan({"two theta": _even(angles[0], step, len(counts)), "intensity": Column(counts, "counts", "intensity")})
    return Parsed(XRD, list(end_to_end([scan])), stated(metadata), (), [*warnings, *more])


def _short(promised: int, found: int) -> list[str]:
    return [f"the header promises {promised} points, {found} follow"] if promised > found else []


def _asc(lines: Sequence[str], name: str) -> Parsed:
    common: dict[str, str] = {}
    groups: list[tuple[dict[str, str], list[str]]] = []
    for line in lines:
        key, found, value = line.partition("=")
        if line.startswith("*") and found:
            if key.strip() == "*BEGIN" or (key.strip() == "*GROUP" and (not groups or groups[-1][1])):
                groups.append(({}, []))
            (groups[-1][0] if groups else common)[key.strip(" *\t")] = value.strip()
        elif groups and line.strip() and not line.startswith("*"):
            groups[-1][1].append(line)
    scans, warnings = [], []
    for said, rows in groups:
        start, step = number_of(said.get("START")), number_of(said.get("STEP"))
        counts = _counts(rows)
        if start is None or not step or not len(counts):
            continue
        warnings += _short(int(number_of(said.get("COUNT")) or 0), len(counts))
        settings = {**common, **said}
        unit = {"counts": "counts", "cps": "cps"}.get(settings.get("YUNIT", "").lower())
        scans.append(
            Scan(
                {
                    _axis(settings): _angles(settings, start, step, len(counts)),
                    "intensity": Column(counts, unit, "intensity"),
                }
            )
        )
    if not scans:
        raise CannotParse("a header without a scan: no counts, no start or no step is stated")
    begun, more = stated_start(common.get("DATE", ""), name)
    metadata: dict[str, Any] = {
        **begun,
        "sample": common.get("SAMPLE"),
        "operator": common.get("OPERATOR"),
        "instrument": common.get("GONIO") or common.get("MACHINE"),
        "anode": common.get("TARGET"),
        "wavelength_angstrom": number_of(common.get("WAVE_LENGTH1")),
        "header": {**common, **groups[0][0]},
    }
    return Parsed(XRD, list(end_to_end(scans)), stated(metadata), (), [*warnings, *more])


def _axis(said: dict[str, str]) -> str:
    named = said.get("SCAN_AXIS", said.get("SCANAXIS", "")).strip()
    return (
        "two theta"
        if not named
        or re.fullmatch(r"2\s*theta(?:\s*/\s*theta)?|theta\s*/\s*2\s*theta|2θ(?:/θ)?", named, re.IGNORECASE)
        else named
    )


def _angles(said: dict[str, str], start: float, step: float, count: int) -> Column:
    unit = "deg" if said.get("XUNIT", "deg").lower().startswith("deg") else None
    known = _axis(said) == "two theta" and unit
    return Column(start + step * np.arange(count, dtype=np.float64), unit, "two_theta" if known else None)


class DiffractionText:
    """Reads the three by the words that begin them."""

    name = "diffraction_text"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for the first words of a `.udf` or `.asc`, or a GSAS bank within the first lines."""
        start = head.data[:4000].decode("latin-1")
        return 0.95 if _UDF.match(start) or _ASC.match(start) or gsas.BANK.search(start) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """The pattern. Raises CannotParse."""
        text = decode(read_limited(path)).text
        lines = lines_of(text)
        if _UDF.match(text[:4000]):
            return _udf(lines, name)
        if _ASC.match(text[:4000]):
            return _asc(lines, name)
        return gsas.read(lines)


plugin = DiffractionText()
