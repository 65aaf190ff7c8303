"""Named arrays of a container, whatever its format, become channels: columns as they are, wider arrays as grids."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.delimited_text.dates import decide_order, find_stamp
from ingest.parsers.delimited_text.header import read_label
from ingest.parsers.delimited_text.preamble import read_preamble
from ingest.parsers.protocol import Channel, GridAxis
from ingest.schemas.registry import quantity_of, technique_of, techniques
from ingest.schemas.units import parse_unit

MAX_CELLS = 24_000_000  # of one file: as float64 192 MB, which a parser holds about three times
MAX_CHANNELS = 600
_TABLE_WIDTH = 16
_SINCE = re.compile(r"^\s*(\w+)\s+since\s+(.+?)\s*$", re.IGNORECASE)
_SECONDS = {"microsecond": 1e-6, "millisecond": 1e-3, "second": 1.0, "sec": 1.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "minute": 60.0,
            "min": 60.0, "hour": 3600.0, "hr": 3600.0, "h": 3600.0, "day": 86400.0, "d": 86400.0}  # fmt: skip
_CF_UNITS = {
    "degrees_east": "deg",
    "degrees_north": "deg",
    "degree_east": "deg",
    "degree_north": "deg",
    "degrees": "deg",
    "degree": "deg",
}
_AXES = ("time", "two_theta", "wavelength", "raman_shift", "wavenumber", "binding_energy", "photon_energy", "frequency")


@dataclass(frozen=True)
class Axis:
    """A direction of an array: its name, the positions along it where known, and their unit as written."""

    name: str
    values: NDArray[np.float64] | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Array:
    """One array of a container. `unit` as written; `group` tells which arrays belong together; `axes` one a dimension, or none."""

    name: str
    values: NDArray[Any]  # Any: whatever number type the file holds
    unit: str | None = None
    axes: tuple[Axis, ...] = ()
    group: str = ""


@dataclass
class Found:
    """Channels, the start and end where one of them holds absolute times, and what was odd."""

    channels: list[Channel] = field(default_factory=list)
    start: datetime | None = None
    end: datetime | None = None
    warnings: list[str] = field(default_factory=list)
    cells: int = 0

    def room(self, name: str, cells: int) -> bool:
        """Whether an array of so many cells still fits; says so when not."""
        if self.cells + cells > MAX_CELLS or len(self.channels) >= MAX_CHANNELS:
            self.warnings.append(
                f"{name}: {cells} values, left out because the file holds more than one reading may carry"
            )
            return False
        self.cells += cells
        return True


def evenly(values: NDArray[np.float64]) -> bool:
    """True when positions are equally far apart (to a thousandth of a step)."""
    if len(values) < 2 or not np.isfinite(values).all():
        return False
    steps = np.diff(values)
    mean = (values[-1] - values[0]) / (len(values) - 1)
    return bool(mean != 0 and np.abs(steps - mean).max() <= max(1e-3 * abs(mean), 1e-6 * float(np.abs(values).max())))


def grid_axis(axis: Axis, size: int) -> GridAxis:
    """The axis as even positions; by its index where the positions are unknown or uneven."""
    unit = parse_unit(axis.unit, axis.name) if axis.unit else None
    if axis.values is not None and len(axis.values) in (size, size + 1):
        edges = len(axis.values) == size + 1
        if evenly(axis.values):
            step = float(axis.values[-1] - axis.values[0]) / (len(axis.values) - 1)
            return GridAxis(axis.name, size, float(axis.values[0]) + (step / 2 if edges else 0.0), step, unit)
    return GridAxis(axis.name if axis.values is None else f"{axis.name} index", size)


def reciprocal(unit: str | None, name: str) -> str | None:
    """The unit, but `1/A` of a scattering vector as what it means there: 1/angstrom, not 1/ampere."""
    scattering = re.match(r"d?[qk](?:[xyz_ ]|$)", name.strip(), re.IGNORECASE) is not None
    return "1/angstrom" if unit and scattering and re.fullmatch(r"1/A|A\^?-1|inv(?:erse)? ?A", unit.strip()) else unit


def make_channel(
    name: str, values: NDArray[np.float64], unit: str | None = None, technique: str | None = None, axis: str | None = None,
    grid: tuple[GridAxis, ...] = (),
) -> tuple[Channel, list[str]]:  # fmt: skip
    """A channel whose unit is `unit` as written, or stands in its name; claims a quantity only where both agree."""
    warnings: list[str] = []
    unit = reciprocal(_CF_UNITS.get(unit.strip(), unit), name) if unit else None
    known = parse_unit(unit, name) if unit else None
    shown = name
    if (
        unit
        and known is None
        and unit.strip().lower() not in ("", "-", "none", "1", "arb.", "index", "~", "n/a", "dimensionless", "unitless")
    ):
        warnings.append(f"{name}: the unit {unit[:40]!r} is not known and not claimed")
    if not unit:
        label = read_label(name)
        shown, known = (label.name, label.unit) if label.unit else (name, None)
    quantity, confidence = quantity_of(shown.rsplit("/", 1)[-1], known, technique)
    flat = np.ascontiguousarray(values, dtype=np.float64).reshape(-1)
    return Channel(shown, flat, None, known, quantity, confidence, axis, None, grid), warnings


def since(unit: str | None) -> tuple[float, datetime] | None:
    """(seconds of one step, origin) of a unit such as `days since 2001-01-01 00:00`; none for any other unit."""
    match = _SINCE.match(unit or "")
    if match is None:
        return None
    plain = re.match(
        r"(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d*)?)?)?\s*(?:Z|UTC|\+0?0:?0?0?)?$",
        match[2],
    )
    scale = _SECONDS.get(match[1].lower()) or _SECONDS.get(match[1].lower().rstrip("s"))
    if scale is not None and plain is not None:
        try:
            return scale, datetime(*(int(part or 0) for part in plain.groups()), tzinfo=timezone.utc)  # type: ignore[arg-type,misc]  # noqa: UP017
        except ValueError:
            return None
    stamp = find_stamp(match[2])
    order = decide_order([stamp]) if stamp else None
    if scale is None or stamp is None or order is None:
        return None
    origin = stamp.readings[order]
    return scale, origin if origin.tzinfo else origin.replace(tzinfo=timezone.utc)  # noqa: UP017 (CF: no zone is UTC)


def from_origin(values: NDArray[np.float64], scale: float, origin: datetime) -> NDArray[np.int64]:
    """Nanoseconds since 1970 of steps after an origin."""
    epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017
    base = int((origin - epoch) / timedelta(microseconds=1)) * 1000
    return base + np.round(np.nan_to_num(values.astype(np.float64)) * scale * 1e6).astype(np.int64) * 1000


def moment_of(nanoseconds: int) -> datetime:
    """The moment of nanoseconds since 1970, UTC."""
    return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=int(nanoseconds) // 1000)  # noqa: UP017


def timed(name: str, times: NDArray[np.int64]) -> Channel:
    """A channel of absolute times: its values are seconds since its first."""
    elapsed = (times - times[0]) / 1e9 if len(times) else np.zeros(0)
    return Channel(name, elapsed, unit="s", quantity="time", confidence=1.0, times=times)


def _columns(array: Array) -> list[Array]:
    """A narrow table without axes as its columns, a complex array as two; any other array as it is."""
    values = array.values
    if np.iscomplexobj(values):
        parts = (("real part", values.real), ("imaginary part", values.imag))
        return [
            item
            for word, part in parts
            for item in _columns(Array(f"{array.name} ({word})", part, array.unit, array.axes, array.group))
        ]
    if values.ndim == 2 and not array.axes:
        rows, width = values.shape
        if 1 < width <= _TABLE_WIDTH and rows >= 4 * width:
            return [Array(f"{array.name} {i + 1}", values[:, i], array.unit, (), array.group) for i in range(width)]
        if 1 < rows <= _TABLE_WIDTH and width >= 4 * rows:
            return [Array(f"{array.name} {i + 1}", values[i], array.unit, (), array.group) for i in range(rows)]
    return [array]


def _squeezed(array: Array) -> Array:
    """Without directions of one step."""
    keep = [index for index, size in enumerate(array.values.shape) if size != 1]
    axes = tuple(array.axes[index] for index in keep) if len(array.axes) == array.values.ndim else ()
    return Array(array.name, np.squeeze(array.values), array.unit, axes, array.group)


def _add(found: Found, array: Array, technique: str | None) -> None:
    values = array.values
    if (origin := since(array.unit)) is not None and values.ndim == 1 and len(values):
        channel = timed(array.name, from_origin(np.asarray(values), *origin))
        if found.start is None and channel.times is not None:
            found.start, found.end = moment_of(channel.times[0]), moment_of(channel.times[-1])
        found.channels.append(channel)
        return
    grid: tuple[GridAxis, ...] = ()
    axis = array.axes[0].name if values.ndim == 1 and array.axes else None
    if values.ndim > 1:
        axes = array.axes or tuple(Axis(name) for name in _index_names(values.ndim))
        grid = tuple(grid_axis(item, size) for item, size in zip(axes, values.shape, strict=True))
    channel, warnings = make_channel(array.name, values, array.unit, technique, axis, grid)
    found.warnings += warnings
    found.channels.append(channel)


def _index_names(dimensions: int) -> list[str]:
    return [f"index {number}" for number in range(1, dimensions - 1)] + ["row", "column"]


def _with_axes(found: Found, groups: Sequence[str]) -> list[Channel]:
    """Columns of a group plotted against its time, angle or energy, where they are as long."""
    axes: dict[tuple[str, int], Channel] = {}
    for wanted in _AXES:
        for channel, group in zip(found.channels, groups, strict=True):
            if channel.quantity == wanted and channel.confidence >= 0.6 and not channel.grid and channel.rows > 1:
                axes.setdefault((group, channel.rows), channel)
    made = []
    for channel, group in zip(found.channels, groups, strict=True):
        against = axes.get((group, channel.rows))
        if against is None or channel.grid or channel.axis or channel is against:
            made.append(channel)
            continue
        times = channel.times if channel.times is not None else against.times
        made.append(
            Channel(
                channel.name, channel.values, channel.texts, channel.unit, channel.quantity, channel.confidence,
                against.name, times,
            )
        )  # fmt: skip
    return made


def channels_of(arrays: Sequence[Array], technique: str | None = None) -> Found:
    """Channels of all arrays that fit, in their order; names made different where two are the same."""
    found = Found()
    groups: list[str] = []
    named = {array.name for array in arrays}
    for array in [one for given in arrays for one in _own_axis(given, named)]:
        for item in _columns(_squeezed(array)):
            plain = item if item.values.ndim else Array(item.name, item.values.reshape(1), item.unit, (), item.group)
            if plain.values.size and found.room(plain.name, plain.values.size):
                _add(found, plain, technique)
                groups.append(plain.group)
    found.channels = _distinct(_with_axes(found, groups))
    return found


def _own_axis(array: Array, named: set[str]) -> list[Array]:
    """The array, after its axis where that is no array of its own and the other directions have one step."""
    long = [index for index, size in enumerate(array.values.shape) if size > 1]
    if len(long) != 1 or len(array.axes) != array.values.ndim:
        return [array]
    axis = array.axes[long[0]]
    if axis.values is None or axis.name in named or len(axis.values) != array.values.shape[long[0]]:
        return [array]
    named.add(axis.name)
    return [Array(axis.name, axis.values, axis.unit, (), array.group), array]


def _distinct(channels: Sequence[Channel]) -> list[Channel]:
    seen: dict[str, int] = {}
    made = []
    for channel in channels:
        seen[channel.name] = seen.get(channel.name, 0) + 1
        name = channel.name if seen[channel.name] == 1 else f"{channel.name} {seen[channel.name]}"
        made.append(
            Channel(
                name, channel.values, channel.texts, channel.unit, channel.quantity, channel.confidence, channel.axis,
                channel.times, channel.grid,
            )
        )  # fmt: skip
    return made


def understood(pairs: Mapping[str, str], name: str) -> dict[str, Any]:
    """Start, sample, operator and instrument that keys and values of a container say; nothing that two readings allow."""
    lines = [f"{key}: {value}" for key, value in pairs.items() if "\n" not in value and len(value) < 500]
    known = dict(read_preamble(lines[:400], name).metadata)
    if str(known.get("start", "2"))[:4] < "1975":  # a clock that was never set begins in 1970 or before
        known.pop("start")
    return known


def label_of(technique: str | None) -> str:
    """The field's usual English name of a technique by its id; empty for none."""
    return techniques()[technique].label["en"] if technique else ""


def technique_shown(text: str, channels: Sequence[Channel]) -> str | None:
    """The technique's id that text names or quantities show beyond doubt."""
    return technique_of(text[:20_000], [channel.quantity for channel in channels if channel.confidence >= 0.6])


def iso(moment: datetime | None) -> str | None:
    """ISO text of a moment."""
    return moment.isoformat() if moment is not None else None
