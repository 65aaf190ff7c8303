"""PalmSens PSTrace sessions (`.pssession`): JSON in UTF-16, with the arrays of every measurement."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.columns import channel, named, technique_name, unique, with_axis
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode, head_text

_MAX_BYTES = 128 * 2**20
_EPOCH = datetime(1, 1, 1)  # noqa: DTZ001 (ticks of .NET, local time)
_TECHNIQUES = {
    "cyclic_voltammetry": "CV FCV ACV", "linear_sweep_voltammetry": "LSV LSP", "pulse_voltammetry": "DPV SWV NPV",
    "chronoamperometry": "AD CA CC", "chronopotentiometry": "CP POT", "open_circuit_voltage": "OCP", "eis": "EIS GEIS FIS",
}  # fmt: skip
_METHODS = {method: technique for technique, methods in _TECHNIQUES.items() for method in methods.split()}


def _folded(value: Any) -> Any:
    """The document with keys in lower case; versions of PSTrace differ in that."""
    if isinstance(value, dict):
        return {str(key).lower(): _folded(item) for key, item in value.items()}
    return [_folded(item) for item in value] if isinstance(value, list) else value


def _values(array: dict[str, Any]) -> NDArray[np.float64]:
    listed = array.get("datavalues")
    numbers = [item.get("v") if isinstance(item, dict) else item for item in listed] if isinstance(listed, list) else []
    return np.array(
        [float(v) if isinstance(v, int | float) and not isinstance(v, bool) else np.nan for v in numbers],
        dtype=np.float64,
    )


def _unit(array: dict[str, Any]) -> str:
    unit = array.get("unit")
    return str(unit.get("s") or "") if isinstance(unit, dict) else ""


def _arrays(measurement: dict[str, Any]) -> list[dict[str, Any]]:
    dataset = measurement.get("dataset")
    found = dataset.get("values") if isinstance(dataset, dict) else None
    return [array for array in found if isinstance(array, dict)] if isinstance(found, list) else []


def _method(measurement: dict[str, Any]) -> tuple[str, str | None]:
    """(abbreviation, technique) by the method's identifier."""
    text = str(measurement.get("method") or "")
    match = re.search(r"METHOD_ID=(\w+)", text, re.IGNORECASE)
    name = match[1].upper() if match else ""
    return name, _METHODS.get(name)


def _measured(measurement: dict[str, Any], prefix: str, technique: str | None) -> list[Channel]:
    made = []
    columns = unique(
        named(str(array.get("description") or "array"), _unit(array) or "-") for array in _arrays(measurement)
    )
    for array, column in zip(_arrays(measurement), columns, strict=True):
        values = _values(array)
        if len(values):
            one = channel(column, values, technique)
            made.append(Channel(f"{prefix}{one.name}", one.values, None, one.unit, one.quantity, one.confidence))
    return with_axis(made, _axis(made, technique))


def _axis(channels: list[Channel], technique: str | None) -> str | None:
    """Frequency of a spectrum, potential of a sweep, time of the rest."""
    sweep = "voltage" if technique and technique.endswith("voltammetry") else "time"
    wanted = "frequency" if technique == "eis" else sweep
    return next((item.name for item in channels if item.quantity == wanted), None)


def _start(measurement: dict[str, Any]) -> datetime | None:
    """Ticks of 100 ns since the year 1; the two highest bits say whether they are local."""
    ticks = measurement.get("timestamp")
    if not isinstance(ticks, int):
        return None
    try:
        made = _EPOCH + timedelta(microseconds=(ticks & 0x3FFFFFFFFFFFFFFF) // 10)
    except OverflowError:
        return None
    return made if 1990 < made.year < 2100 else None


class PalmSens:
    """All measurements of a session; names carry the measurement's number where there are several."""

    name = "palmsens"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for JSON that names measurements and PalmSens's own types."""
        text = head_text(head).lstrip("\ufeff \t\r\n")
        return (
            0.95
            if text.startswith("{") and "PalmSens." in text and re.search(r'"measurements"', text, re.IGNORECASE)
            else 0.0
        )

    def parse(self, path: Path, name: str) -> Parsed:
        """Every array of every measurement. Raises CannotParse."""
        text = decode(read_limited(path, _MAX_BYTES)).text.lstrip("\ufeff \t\r\n")
        try:
            session, _ = json.JSONDecoder().raw_decode(text)
            session = _folded(session)
        except (ValueError, RecursionError) as error:
            raise CannotParse(f"the JSON is damaged or cut: {error}") from error
        listed = session.get("measurements") if isinstance(session, dict) else None
        measurements = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
        several = len(measurements) > 1
        channels: list[Channel] = []
        for number, item in enumerate(measurements, start=1):
            channels += _measured(item, f"{number} " if several else "", _method(item)[1])
        if not channels:
            raise CannotParse("the session holds no measured values")
        methods = [_method(item) for item in measurements]
        shared = {technique for _, technique in methods}
        starts = [made for item in measurements if (made := _start(item)) is not None]
        metadata: dict[str, Any] = {"start": min(starts).isoformat()} if starts else {}
        titles = [str(item.get("title") or "") for item in measurements]
        metadata |= {"title": ", ".join(dict.fromkeys(filter(None, titles))), "methods": [name for name, _ in methods]}
        warnings = (
            [] if len(shared) == 1 else ["the measurements are of different techniques; none is claimed for the file"]
        )
        steps = (
            [
                Step(title or f"measurement {number}", values={"method": method})
                for number, (title, (method, _)) in enumerate(zip(titles, methods, strict=True), 1)
            ]
            if several
            else []
        )
        return Parsed(
            technique_name(next(iter(shared)) if len(shared) == 1 else None), channels, metadata, steps, warnings
        )


plugin = PalmSens()
