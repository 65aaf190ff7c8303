"""Headers of JPK files (Java properties) and the chain of scalings from a stored number to a calibrated value."""

import re
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse

_DTYPES = {
    "signedshort": ">i2",
    "unsignedshort": ">u2",
    "signedinteger": ">i4",
    "unsignedinteger": ">u4",
    "signedlong": ">i8",
}
_RAW = {
    "float": ">f4",
    "float-data": ">f4",
    "double": ">f8",
    "double-data": ">f8",
    "short": ">i2",
    "short-data": ">i2",
    "integer": ">i4",
    "integer-data": ">i4",
}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")


def read_properties(data: bytes) -> dict[str, str]:
    """Keys with values of a Java properties text."""
    made: dict[str, str] = {}
    for line in data.decode("latin-1").splitlines():
        if not line or line[0] in "#!" or "=" not in line:
            continue
        key, _, value = line.partition("=")
        made[key.strip()] = _ESCAPE.sub(
            lambda m: chr(int(m[1][1:], 16)) if m[1][0] == "u" and len(m[1]) == 5 else m[1], value.strip()
        )
    return made


def with_shared(segment: Mapping[str, str], shared: Mapping[str, str]) -> dict[str, str]:
    """A segment's keys with what they refer to in the shared header: `x.*=3` stands for all of `lcd-info.3`."""
    made: dict[str, str] = {}
    for key, value in segment.items():
        if not key.endswith(".*"):
            made[key] = value
            continue
        stem = key[:-2]
        kind = stem.rsplit(".", 1)[-1]
        root = stem.rsplit(".", 1)[0] if kind in ("lcd-info", "force-segment-header-info") else stem
        prefix = f"{kind}.{value}."
        for name, content in shared.items():
            if name.startswith(prefix):
                made.setdefault(f"{root}.{name[len(prefix) :]}" if root else name[len(prefix) :], content)
    return made


class Scaled(NamedTuple):
    """Values in the unit of the channel's default calibration, and that calibration's name."""

    values: NDArray[np.float64]
    unit: str | None
    slot: str


def _number(keys: Mapping[str, str], key: str, default: float) -> float:
    try:
        return float(keys.get(key, default))
    except ValueError:
        return default


def _linear(values: NDArray[np.float64], keys: Mapping[str, str], stem: str) -> tuple[NDArray[np.float64], str | None]:
    unit = keys.get(f"{stem}.unit.unit") or keys.get(f"{stem}.unit")
    if keys.get(f"{stem}.type") != "linear":
        return values, unit
    return values * _number(keys, f"{stem}.multiplier", 1.0) + _number(keys, f"{stem}.offset", 0.0), unit


def stored(data: bytes, keys: Mapping[str, str], channel: str) -> NDArray[np.float64]:
    """The numbers of a channel's data file. Raises CannotParse for encodings that are not known."""
    stem = f"channel.{channel}"
    encoder = keys.get(f"{stem}.data.encoder.type") or keys.get(f"{stem}.encoder.type") or ""
    kind = keys.get(f"{stem}.data.type") or keys.get(f"{stem}.type") or ""
    form = _DTYPES.get(encoder.removesuffix("-limited").removesuffix("-data")) or _RAW.get(kind)
    if form is None:
        raise CannotParse(f"the JPK channel {channel} is stored as {encoder or kind or 'nothing known'}")
    size = np.dtype(form).itemsize
    return np.frombuffer(data[: len(data) // size * size], form).astype(np.float64)


def calibrated(values: NDArray[np.float64], keys: Mapping[str, str], channel: str) -> Scaled:
    """Stored numbers through the encoder and the chain of calibrations up to the channel's default one."""
    stem = f"channel.{channel}"
    encoder = (
        f"{stem}.data.encoder.scaling" if f"{stem}.data.encoder.scaling.type" in keys else f"{stem}.encoder.scaling"
    )
    made, unit = _linear(values, keys, encoder)
    base = keys.get(f"{stem}.conversion-set.conversions.base", "")
    wanted = keys.get(f"{stem}.conversion-set.conversions.default", base)
    chain: list[str] = []
    while wanted and wanted != base and len(chain) < 10:
        chain.append(wanted)
        wanted = keys.get(f"{stem}.conversion-set.conversion.{wanted}.base-calibration-slot", base)
    for slot in reversed(chain):
        if keys.get(f"{stem}.conversion-set.conversion.{slot}.defined", "true") != "true":
            return Scaled(made, unit, "")
        made, above = _linear(made, keys, f"{stem}.conversion-set.conversion.{slot}.scaling")
        unit = above or unit
    return Scaled(made, unit, chain[0] if chain else base)
