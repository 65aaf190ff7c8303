"""A powder pattern as columns for <lab-plot> and rows for a table; pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from knowledge.crystals.radiation import Radiation

HALF_WIDTH = 0.02  # degree, of a stick


def indices_told(hkl: Sequence[Sequence[int]]) -> str:
    """Families as people write them: (1 1 1), those that share an angle after each other."""
    return " ".join("(" + " ".join(map(str, one)) + ")" for one in hkl)


def pattern_document(peaks: Sequence[Mapping[str, Any]], radiation: Radiation) -> dict[str, Any]:
    """Sticks with their table: {x, series, peaks: [[2theta, d, intensity, hkl, multiplicity]], radiation}."""
    angles: list[float] = []
    heights: list[float] = []
    for peak in peaks:
        at = float(peak["two_theta"])
        angles += [round(at - HALF_WIDTH, 4), at, round(at + HALF_WIDTH, 4)]
        heights += [0.0, float(peak["intensity"]), 0.0]
    return {
        "x": {"label": "2θ", "unit": "°", "values": angles, "time": False},
        "series": [{"label": _("computed"), "unit": "%", "values": heights}],
        "marks": [],
        "log": False,
        "peaks": [
            [peak["two_theta"], peak["d"], peak["intensity"], indices_told(peak["hkl"]), peak["multiplicity"]]
            for peak in peaks
        ],
        "radiation": {
            "name": radiation.name,
            "wavelength": radiation.wavelength,
            "energy": round(radiation.energy, 4),
            "low": radiation.low,
            "high": radiation.high,
        },
    }
