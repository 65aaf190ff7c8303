"""Numbers as people write them in tables: with an uncertainty, a typographic minus, or their unit behind them."""

import math
import re
from typing import NamedTuple

from ingest.schemas.units import parse_unit

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_SPREAD = re.compile(rf"({_NUMBER})\s*(?:±|\+/-|\+-)\s*({_NUMBER})")
_DIGITS = re.compile(r"([-+]?\d+(?:\.(\d+))?)\((\d+)\)")
_WITH_UNIT = re.compile(rf"(?P<number>{_NUMBER}(?:\s*(?:±|\+/-)\s*{_NUMBER}|\(\d+\))?)\s*(?P<unit>[^\d\s.,+-].*)")


class Stated(NamedTuple):
    """A number with what was written beside it; `unit` in pint spelling, none where the cell names none."""

    value: float
    uncertainty: float | None = None
    unit: str | None = None


def _plain(text: str) -> Stated | None:
    try:
        value = float(text)
    except ValueError:
        pass
    else:
        return Stated(value) if math.isfinite(value) and "_" not in text else None
    if found := _SPREAD.fullmatch(text):
        return Stated(float(found[1]), abs(float(found[2])))
    if found := _DIGITS.fullmatch(text):
        return Stated(float(found[1]), int(found[3]) * 10.0 ** -len(found[2] or ""))
    return None


def number_read(text: str) -> Stated | None:
    """The number in a cell, such as 5.65(2), 5.65 ± 0.02 or 5.65 Å; none where it is no single number."""
    text = text.replace("−", "-").strip()
    if (plain := _plain(text)) is not None:
        return plain
    found = _WITH_UNIT.fullmatch(text)
    if found and (unit := parse_unit(found["unit"])) and (number := _plain(found["number"])):
        return Stated(number.value, number.uncertainty, unit)
    return None
