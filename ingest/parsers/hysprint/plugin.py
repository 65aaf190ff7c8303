"""Solar cell files of the HySPRINT laboratory: current-voltage sweeps as JSON, and quantum efficiencies side by side in text."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.hysprint.efficiency import looks_like_efficiency, read_efficiency
from ingest.parsers.markup import number_of
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.scans import names_apart, stated
from ingest.parsers.streams import read_limited
from ingest.parsers.text import decode

_QUANTITIES = {"voltage": "voltage", "current": "current", "current_density": "current_density"}
_RESULTS = ("V_oc", "I_sc", "J_sc", "FF", "Eff", "R_s", "R_p", "V_Mpp", "I_Mpp", "J_Mpp", "Mpp", "PjMpp")


def _sweep_name(sweep: dict[str, Any]) -> str:
    words = [str(sweep.get(key) or "") for key in ("pin", "direction")]
    return " ".join(word for word in words if word)


def _channels(sweeps: list[dict[str, Any]]) -> list[Channel]:
    made = []
    for name, sweep in zip(names_apart([_sweep_name(sweep) for sweep in sweeps]), sweeps, strict=True):
        points = [point for point in sweep["measurements"] if isinstance(point, dict)]
        keys = list(dict.fromkeys(key for point in points for key in point))
        axis = f"{name}: voltage" if "voltage" in keys else None
        for key in keys:
            cells = [number_of(str(point.get(key))) for point in points]
            if all(cell is None for cell in cells):
                continue
            values = np.array([np.nan if cell is None else cell for cell in cells])
            quantity = _QUANTITIES.get(key)
            label = f"{name}: {key.replace('_', ' ')}"
            made.append(
                Channel(
                    label,
                    values,
                    quantity=quantity,
                    confidence=0.9 if quantity else 0.0,
                    axis=axis if label != axis else None,
                )
            )
    return made


def _read_sweeps(path: Path) -> Parsed:
    try:
        document = json.loads(decode(read_limited(path)).text)
    except (ValueError, RecursionError) as error:
        raise CannotParse(f"the JSON is damaged or cut short: {error}") from error
    data = document.get("data") if isinstance(document, dict) else None
    sweeps = (
        [s for s in data if isinstance(s, dict) and isinstance(s.get("measurements"), list) and s["measurements"]]
        if isinstance(data, list)
        else []
    )
    if not sweeps:
        raise CannotParse("current-voltage JSON without sweeps: nothing was measured")
    channels = _channels(sweeps)
    if not channels:
        raise CannotParse("current-voltage JSON whose sweeps hold no numbers")
    settings, about = document.get("parameters"), document.get("metadata")
    known = (
        {key: value for key, value in settings.items() if isinstance(value, str | int | float)}
        if isinstance(settings, dict)
        else {}
    )
    results = [
        stated({"sweep": _sweep_name(s), **{key: s["parameters"].get(key) for key in _RESULTS}})
        for s in sweeps
        if isinstance(s.get("parameters"), dict)
    ]
    sample = about.get("cellname") if isinstance(about, dict) else None
    warnings = ["the file states no units; none are claimed"]
    return Parsed(
        "current-voltage characterisation",
        channels,
        stated({"sample": sample, "settings": known, "results": results[:100]}),
        (),
        warnings,
    )


class Hysprint:
    """Reads the two by their structure."""

    name = "hysprint"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.95 for sweeps in JSON or blocks of quantum efficiency side by side."""
        start = head.data.lstrip(b"\xef\xbb\xbf \t\r\n")
        if start.startswith(b"{"):
            telling = (
                rb'"parameters"\s*:',
                rb'"(?:start_voltage|sweep_direction|settling_time_ms)"\s*:',
                rb'"(?:illumination_mode|irradiance|area_cm2)"\s*:',
            )
            return 0.95 if all(re.search(pattern, start) for pattern in telling) else 0.0
        return 0.95 if looks_like_efficiency(head.data) else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All sweeps or spectra. Raises CannotParse."""
        with path.open("rb") as stream:
            start = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
        return _read_sweeps(path) if start.startswith(b"{") else read_efficiency(path)


plugin = Hysprint()
