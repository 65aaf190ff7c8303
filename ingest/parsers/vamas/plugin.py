"""VAMAS (ISO 14976): all blocks of surface analysis spectra, evenly spaced or not, with every corresponding variable."""

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse, Head, Parsed
from ingest.parsers.scans import Column, Scan, apart, end_to_end, stated
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, lines_of
from ingest.parsers.vamas.layout import Block, Experiment, Lines, block_of, experiment_of

FIRST = b"VAMAS Surface Chemical Analysis Standard Data Transfer Format"
MAX_APART = 64
_TECHNIQUES = {
    "XPS": "X-ray photoelectron spectroscopy",
    "UPS": "ultraviolet photoelectron spectroscopy",
    "AES DIR": "Auger electron spectroscopy",
    "AES DIFF": "Auger electron spectroscopy",
    "ELS": "electron energy loss spectroscopy",
    "ISS": "ion scattering spectroscopy",
    "SIMS": "secondary ion mass spectrometry",
    "SNMS": "sputtered neutral mass spectrometry",
    "EDX": "energy-dispersive X-ray spectroscopy",
    "XRF": "X-ray fluorescence",
}
_UNITS = {
    "eV": "eV",
    "keV": "keV",
    "c/s": "cps",
    "cps": "cps",
    "counts": "counts",
    "s": "s",
    "K": "K",
    "C": "degC",
    "m": "m",
    "micro m": "um",
    "A": "A",
    "nm": "nm",
    "degree": "deg",
    "d": None,
}
_UNKNOWN = ("", "Not Specified", "not specified", "Unknown", "none")


def _quantity(label: str, unit: str | None) -> tuple[str | None, str | None]:
    """(quantity, unit) of a label: what is counted has no unit in the standard but that it is counted."""
    low = label.lower()
    if "kinetic" in low:
        return "kinetic_energy", unit
    if "binding" in low:
        return "binding_energy", unit
    if low in ("counts", "count", "intensity", "count rate", "counts per second", "cps"):
        return "intensity", unit or (
            "counts" if low in ("counts", "count") else "cps" if "per second" in low or low == "cps" else None
        )
    return None, unit


def _numbers(values: list[str], where: str) -> NDArray[np.float64]:
    try:
        made = np.array([value.replace(",", ".") for value in values], dtype=np.float64)
    except ValueError as error:
        raise CannotParse(f"the block {where!r} holds something that is no number: {error}") from error
    return np.where(np.abs(made) >= 1e37, np.nan, made)


def _scan(block: Block, about: Experiment, warnings: list[str]) -> Scan:
    width = len(block.ordinates)
    flat = _numbers(block.values, block.name)
    rows = len(flat) // width
    if len(flat) < block.promised:
        warnings.append(
            f"{block.name}: {block.promised} values are promised, {len(flat)} are there; the file is cut short"
        )
    table = flat[: rows * width].reshape(rows, width)
    columns: dict[str, Column] = {}
    if block.abscissa is not None:
        label, unit_text, start, step = block.abscissa
        quantity, unit = _quantity(label, _UNITS.get(unit_text, unit_text))
        columns[label or "abscissa"] = Column(start + step * np.arange(rows, dtype=np.float64), unit, quantity)
    for at, (label, unit_text) in enumerate(block.ordinates):
        quantity, unit = _quantity(label, _UNITS.get(unit_text, unit_text))
        columns[label if label and label not in columns else f"{label or 'variable'} {at + 1}"] = Column(
            table[:, at], unit, quantity
        )
    return Scan(columns, block.name or f"{block.species} {block.transition}".strip())


def _start(block: Block) -> str | None:
    """ISO time; its offset is what the block says of Greenwich."""
    if len(block.date) < 7 or not np.isfinite(block.date[:6]).all():
        return None
    year, month, day, hour, minute, second = (int(value) for value in block.date[:6])
    shift = block.date[6]
    zone = timezone(timedelta(hours=shift)) if np.isfinite(shift) and abs(shift) < 15 else None
    try:
        made = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return made.isoformat() if 1950 <= year <= 2100 else None


def _word(text: str) -> str | None:
    return None if text in _UNKNOWN else text


def _region(block: Block, about: Experiment) -> dict[str, Any]:
    """What one block says of itself."""
    variables = {label: value for (label, _), value in zip(about.variables, block.variables, strict=False)}
    found = {
        "name": block.name,
        "sample": _word(block.sample),
        "start": _start(block),
        "technique": block.technique,
        "species": _word(block.species),
        "transition": _word(block.transition),
        "source": _word(block.source),
        "excitation_energy_eV": block.source_energy,
        "analyser_mode": _word(block.analyser_mode),
        "pass_energy_eV": block.pass_energy,
        "work_function_eV": block.work_function,
        "dwell_time_s": block.dwell,
        "sweeps": block.scans,
        **variables,
    }
    return stated(found)


def _metadata(about: Experiment, blocks: list[Block]) -> dict[str, Any]:
    first = _region(blocks[0], about)
    starts = [start for block in blocks if (start := _start(block))]
    kept = {key: value for key, value in first.items() if key not in ("name", "start", "technique")}
    return stated(
        {
            "start": starts[0] if starts else None,
            "operator": _word(about.operator),
            "institution": _word(about.institution),
            "instrument": _word(about.instrument),
            "experiment": _word(about.name),
            "comments": [comment for comment in about.comments if comment][:20],
            **kept,
            "regions": [_region(block, about) for block in blocks[:200]],
        }
    )


class Vamas:
    """Reads VAMAS by its first line."""

    name = "vamas"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.99 for the first line of the standard."""
        return 0.99 if head.data.lstrip(b"\xef\xbb\xbf \r\n").startswith(FIRST) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All blocks. Raises CannotParse."""
        text = decode(read_limited(path)).text
        found = lines_of(text.lstrip())
        if found and not text.endswith(("\n", "\r")) and found[-1].strip().lower() != "end of experiment":
            found = found[:-1]  # half a number would be a wrong number
        lines = Lines(found)
        about = experiment_of(lines)
        blocks: list[Block] = []
        warnings: list[str] = []
        while len(blocks) < about.blocks:
            try:
                blocks.append(block_of(lines, about, blocks[0] if blocks else None))
            except CannotParse as error:
                if not blocks:
                    raise
                warnings.append(f"block {len(blocks) + 1} of {about.blocks} is left out: {error}")
                break
        scans = [_scan(block, about, warnings) for block in blocks]
        filled = [(block, scan) for block, scan in zip(blocks, scans, strict=True) if scan.rows]
        if not filled:
            raise CannotParse("a VAMAS file whose blocks are empty: nothing was measured yet, or the file is cut short")
        kinds = {block.technique.upper() for block, _ in filled}
        technique = (
            _TECHNIQUES.get(kinds.pop(), "") if len(kinds) == 1 else _TECHNIQUES.get(filled[0][0].technique.upper(), "")
        )
        if kinds:
            warnings.append("the blocks are of different techniques; the first one's is named")
        spectra = [scan for _, scan in filled]
        channels = list(end_to_end(spectra) if len(spectra) > MAX_APART else apart(spectra))
        return Parsed(technique, channels, _metadata(about, [block for block, _ in filled]), (), warnings[:50])


plugin = Vamas()
