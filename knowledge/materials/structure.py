"""Diffraction peaks as a record states them: from text such as `27.4 100 (1 1 1)` to sticks that can be drawn."""

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from knowledge.records.models import Record

PEAKS = "diffraction_peaks"
WIDTH = 0.02
_NUMBERS = re.compile(r"\s*([\d.]+)\s+([\d.]+)\s*(.*)")


def peaks_of(record: Record) -> list[tuple[float, float, str]]:
    """(two-theta in degree, relative intensity, indices) in order of angle."""
    stated = next((item for item in record.values if item["property"] == PEAKS), None)
    texts = (stated or {}).get("value") or []
    found = []
    for text in texts if isinstance(texts, list) else []:
        if match := _NUMBERS.fullmatch(str(text)):
            found.append((float(match[1]), float(match[2]), match[3].strip()))
    return sorted(found)


def peaks_document(record: Record) -> Mapping[str, Any] | None:
    """Sticks for <lab-plot>: up and down at each angle, a hundredth of a degree wide; none where the record states no peaks."""
    peaks = peaks_of(record)
    if not peaks:
        return None
    angles, heights = [], []
    for angle, height, _indices in peaks:
        angles += [angle - WIDTH, angle, angle + WIDTH]
        heights += [0.0, height, 0.0]
    return {
        "x": {"label": "2θ", "unit": "degree", "values": angles, "time": False},
        "series": [{"label": _("relative intensity (Cu Kα)"), "unit": "%", "values": heights}],
        "marks": [],
        "log": False,
    }
