"""Gwyddion `.gwy`: data fields as maps, graph curves as channels, by its documented serialisation."""

import struct
from pathlib import Path
from typing import Any

import numpy as np

from ingest.parsers.datasets import label_of, technique_shown, understood
from ingest.parsers.grids import check_size, grid_channel, length_axes
from ingest.parsers.protocol import CannotParse, Channel, GridAxis, Head, Parsed
from ingest.parsers.streams import read_limited
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

_SIMPLE = {"b": ("?", 1), "c": ("c", 1), "i": ("<i", 4), "q": ("<q", 8), "d": ("<d", 8)}
_ARRAYS = {"C": "S1", "I": "<i4", "Q": "<i8", "D": "<f8"}
MAX_ITEMS = 100_000
MAX_DEPTH = 20


class _Reader:
    """Position in the file."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.items = data, 4, 0

    def _take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise CannotParse("the Gwyddion file ends before its data do: it is cut short")
        self.at += size
        return self.data[self.at - size : self.at]

    def _string(self) -> str:
        end = self.data.find(b"\0", self.at)
        if end < 0:
            raise CannotParse("the Gwyddion file ends within a name: it is cut short")
        text = self.data[self.at : end].decode("utf-8", errors="replace")
        self.at = end + 1
        return text

    def _count(self) -> int:
        return int(struct.unpack("<I", self._take(4))[0])

    def object(self, depth: int = 0) -> dict[str, Any]:
        """An object: its class under the key `class`, and its components."""
        if depth > MAX_DEPTH:
            raise CannotParse("the Gwyddion file is nested too deeply")
        made: dict[str, Any] = {"class": self._string()}
        end = self._count() + self.at
        if end > len(self.data):
            raise CannotParse("the Gwyddion file ends before its data do: it is cut short")
        while self.at < end:
            self.items += 1
            if self.items > MAX_ITEMS:
                raise CannotParse("the Gwyddion file holds more items than any measurement")
            key = self._string()
            made[key] = self._value(self._take(1).decode("latin-1"), depth)
        return made

    def _value(self, kind: str, depth: int) -> Any:
        if kind in _SIMPLE:
            form, size = _SIMPLE[kind]
            return struct.unpack(form, self._take(size))[0]
        if kind == "s":
            return self._string()
        if kind == "o":
            return self.object(depth + 1)
        if kind in _ARRAYS:
            dtype = np.dtype(_ARRAYS[kind])
            return np.frombuffer(self._take(self._count() * dtype.itemsize), dtype)
        if kind == "S":
            return [self._string() for _ in range(min(self._count(), MAX_ITEMS))]
        if kind == "O":
            return [self.object(depth + 1) for _ in range(min(self._count(), MAX_ITEMS))]
        raise CannotParse(f"the Gwyddion file holds the unknown type {kind!r}: it is damaged")


def _unit(item: Any) -> str:  # Any: an object read from the file
    return str(item.get("unitstr", "")) if isinstance(item, dict) else ""


def _field(item: dict[str, Any], name: str) -> Channel:
    columns, rows = int(item.get("xres", 0)), int(item.get("yres", 0))
    cells = check_size((rows, columns))
    values = item.get("data")
    if not isinstance(values, np.ndarray) or len(values) < cells:
        raise CannotParse(f"{name}: fewer values than its size states")
    across, down = float(item.get("xreal", 0.0)), float(item.get("yreal", 0.0))
    start = (float(item.get("yoff", 0.0)), float(item.get("xoff", 0.0)))
    lateral, text = _unit(item.get("si_unit_xy")), _unit(item.get("si_unit_z"))
    if lateral == "m" and across > 0 and down > 0:
        axes = length_axes((rows, columns), (down / rows, across / columns), start)
    else:
        unit = parse_unit(lateral) if lateral else None
        axes = [
            GridAxis("y", rows, start[0], down / rows or 1.0, unit),
            GridAxis("x", columns, start[1], across / columns or 1.0, unit),
        ]
    unit = parse_unit(text, "force" if text == "N" else name) if text else None
    made = grid_channel(name, values[:cells].reshape(rows, columns), axes, unit)
    quantity, confidence = quantity_of(name, unit) if unit else (None, 0.0)
    return Channel(name, made.values, None, unit, quantity, confidence, None, None, made.grid)


def _graph(item: dict[str, Any]) -> list[Channel]:
    """Curves of a graph, each with its own axis."""
    made: list[Channel] = []
    title = str(item.get("title") or "graph")
    x_unit, y_unit = (
        parse_unit(_unit(item.get(key))) if _unit(item.get(key)) else None for key in ("x_unit", "y_unit")
    )
    for number, curve in enumerate(item.get("curves") or [], start=1):
        x, y = curve.get("xdata"), curve.get("ydata")
        if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray) or len(x) != len(y):
            continue
        name = f"{title}: {curve.get('description') or f'curve {number}'}"
        axis = f"{name} ({item.get('bottom_label') or 'x'})"
        made += [
            Channel(axis, x.astype(np.float64), unit=x_unit),
            Channel(name, y.astype(np.float64), unit=y_unit, axis=axis),
        ]
    return made


def _parsed(tree: dict[str, Any], name: str) -> Parsed:
    channels: list[Channel] = []
    facts: dict[str, str] = {}
    warnings: list[str] = []
    taken: dict[str, int] = {}
    for key, item in tree.items():
        if not isinstance(item, dict):
            continue
        if item["class"] == "GwyDataField" and key.endswith("/data"):
            title = str(tree.get(f"{key}/title") or f"channel {key.split('/')[1]}")
            taken[title] = taken.get(title, 0) + 1
            try:
                channels.append(_field(item, title if taken[title] == 1 else f"{title} {taken[title]}"))
            except CannotParse as error:
                warnings.append(str(error))
        elif item["class"] == "GwyGraphModel":
            channels += _graph(item)
        elif item["class"] == "GwyContainer" and key.endswith("/meta"):
            facts |= {k: v for k, v in item.items() if isinstance(v, str) and k != "class" and k not in facts}
        elif item["class"] in ("GwyBrick", "GwySurface", "GwySpectra"):
            warnings.append(f"{item['class']} {key} is kept in the file but not read")
    if not channels:
        raise CannotParse("a Gwyddion file without a data field or a graph" + (f": {warnings[0]}" if warnings else ""))
    said = "\n".join(f"{key}: {value}" for key, value in facts.items())
    technique = technique_shown(said, channels)
    if technique is None and any(c.grid and c.quantity == "current" for c in channels):
        technique = "spm"
    return Parsed(label_of(technique or "spm"), channels, {**understood(facts, name), "header": facts}, (), warnings)


class Gwyddion:
    """Reads native Gwyddion files."""

    name = "gwyddion"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.98 for the signature with the container that every file begins with."""
        return 0.98 if head.data.startswith(b"GWYPGwyContainer\0") else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All maps and graphs. Raises CannotParse."""
        return _parsed(_Reader(read_limited(path)).object(), name)


plugin = Gwyddion()
