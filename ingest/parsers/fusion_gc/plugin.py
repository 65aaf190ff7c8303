"""INFICON Fusion gas chromatograph (`.fusion-data`): JSON with a trace for each detector and the peaks found in it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.columns import technique_name
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import read_limited

_PEAK = ("area", "height", "concentration", "normalizedConcentration", "start", "end", "snr")
_MAX_BYTES = 64 * 2**20


def _numbers(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A list of numbers; NaN for what is none."""
    listed = values if isinstance(values, list) else []
    return np.array(
        [float(v) if isinstance(v, int | float) and not isinstance(v, bool) else np.nan for v in listed],
        dtype=np.float64,
    )


def _trace(name: str, detector: Mapping[str, Any], warnings: list[str]) -> list[Channel]:
    values, rate = _numbers(detector.get("values")), detector.get("nValuesPerSecond")
    expected = detector.get("nValuesExpected")
    if isinstance(expected, int) and expected != len(values):
        warnings.append(f"{name}: {expected} values are promised, {len(values)} are there")
    signal = Channel(name, values, quantity="intensity", confidence=0.7)
    if not isinstance(rate, int | float) or not rate > 0:
        warnings.append(f"{name}: the data rate is missing; the trace has no time")
        return [signal]
    clock = Channel(f"{name} time", np.arange(len(values)) / rate, unit="s", quantity="time", confidence=1.0)
    return [clock, Channel(name, values, quantity="intensity", confidence=0.7, axis=clock.name)]


def _peaks(detectors: Mapping[str, Any]) -> list[Channel]:
    """The table of all peaks: detector, substance where it is known, time of the top, and what was integrated."""
    rows = [
        (name, peak)
        for name, detector in detectors.items()
        for peak in (detector.get("analysis") or {}).get("peaks") or []
        if isinstance(peak, dict)
    ]
    if not rows:
        return []
    made = [
        Channel("peak detector", texts=tuple(name for name, _ in rows)),
        Channel("peak substance", texts=tuple(str(peak.get("label") or "") for _, peak in rows)),
        Channel(
            "peak retention time",
            _numbers([peak.get("top") for _, peak in rows]),
            unit="s",
            quantity="time",
            confidence=0.9,
        ),
    ]
    for key in _PEAK:
        values = _numbers([peak.get(key) for _, peak in rows])
        if np.isfinite(values).any():
            unit, quantity = ("s", "time") if key in ("start", "end") else (None, None)
            made.append(
                Channel(
                    f"peak {key}",
                    values,
                    unit=unit,
                    quantity=quantity,
                    confidence=0.9 if quantity else 0.0,
                    axis="peak retention time",
                )
            )
    return made


def _metadata(run: Mapping[str, Any]) -> dict[str, Any]:
    notes = run.get("annotations") or {}
    system = (run.get("systemConfiguration") or {}).get("systemInfo") or {}
    stamp = run.get("runTimeStamp")
    found: dict[str, Any] = {}
    if isinstance(stamp, str) and re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", stamp):
        found["start"] = stamp.replace("Z", "+00:00")
    candidates = {
        "sample": notes.get("name"), "method": run.get("methodName"), "serial_number": system.get("systemSerialNumber"),
        "valve_position": notes.get("valcoPosition"), "sequence": (run.get("sequence") or {}).get("location"),
        "software": (run.get("softwareVersion") or {}).get("version"), "tags": notes.get("tags"),
        "modules": (run.get("method") or {}).get("modules"),
        "carrier_gas": {name: d.get("carrierGas") for name, d in run["detectors"].items() if d.get("carrierGas")},
    }  # fmt: skip
    return found | {key: value for key, value in candidates.items() if value}


class FusionGc:
    """One run of all detectors."""

    name = "fusion_gc"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for a JSON object that names detectors with a data rate."""
        data = head.data.lstrip(b"\xef\xbb\xbf \t\r\n")
        return 0.95 if data.startswith(b"{") and b'"detectors"' in data and b'"nValuesPerSecond"' in data else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """Traces and peaks. Raises CannotParse."""
        try:
            run = json.loads(read_limited(path, _MAX_BYTES))
        except (ValueError, RecursionError) as error:
            raise CannotParse(f"the JSON is damaged or cut: {error}") from error
        detectors = run.get("detectors") if isinstance(run, dict) else None
        if not isinstance(detectors, dict) or not all(isinstance(detector, dict) for detector in detectors.values()):
            raise CannotParse("names no detectors")
        warnings: list[str] = []
        channels = [item for key, detector in detectors.items() for item in _trace(key, detector, warnings)]
        if not any(item.rows for item in channels):
            raise CannotParse("no detector holds values: the run was stopped before it began")
        channels += _peaks(detectors)
        metadata = _metadata(run)
        if "start" not in metadata:
            warnings.append("the time of the run is missing")
        return Parsed(technique_name("gas_chromatography"), channels, metadata, (), warnings)


plugin = FusionGc()
