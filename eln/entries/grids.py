"""Which image or map of a file the entry page shows, with its directions and planes; no arrays are read here."""

from collections.abc import Mapping, Sequence
from typing import Any

from eln.entries.figure import layout
from eln.ui.quantity import pretty_unit

MAX_CHOICES = 200
Grid = dict[str, Any]  # what eln/grid.html shows


def _extent(axis: Mapping[str, Any]) -> Grid:
    """A direction from its first to its last position."""
    size, start, step = int(axis["size"]), float(axis["start"]), float(axis["step"])
    return {
        "name": str(axis["name"]),
        "size": size,
        "first": start,
        "last": start + step * (size - 1),
        "unit": pretty_unit(axis.get("unit")),
    }


def plane_position(axes: Sequence[Mapping[str, Any]], plane: int) -> list[Grid]:
    """Where a plane lies along each of the directions before the last two, the last of them fastest."""
    made: list[Grid] = []
    for axis in reversed(axes[:-2]):
        plane, index = divmod(plane, int(axis["size"]))
        made.append({**_extent(axis), "at": float(axis["start"]) + float(axis["step"]) * index})
    return made[::-1]


def planes_of(axes: Sequence[Mapping[str, Any]]) -> int:
    """How many images a grid holds."""
    count = 1
    for axis in axes[:-2]:
        count *= int(axis["size"])
    return count


def _differs(channel: Mapping[str, Any]) -> bool:
    least, greatest = channel.get("min"), channel.get("max")
    return least is not None and greatest is not None and bool(least < greatest)


def grid_view(
    file: int, channels: Sequence[Mapping[str, Any]], chosen: int | None = None, plane: int = 0
) -> Grid | None:
    """What to show of a file's images and maps: one of them, and the choice of the others; none for a file without.

    Nothing chosen, or what is not there: the first that shows anything, since one value everywhere is an empty picture.
    """
    grids = [(row, channel) for row, channel in enumerate(channels) if len(channel.get("grid") or []) > 1]
    if not grids:
        return None
    if chosen is None or not 0 <= chosen < len(grids):
        chosen = next((at for at, (_, channel) in enumerate(grids) if _differs(channel)), 0)
    row, channel = grids[chosen]
    axes = channel["grid"]
    planes = planes_of(axes)
    plane = min(max(plane, 0), planes - 1)
    return {
        **layout(axes[-2], axes[-1]),
        "file": file,
        "chosen": chosen,
        "row": row,
        "name": channel["name"],
        "unit": pretty_unit(channel.get("unit")),
        "down": _extent(axes[-2]),
        "across": _extent(axes[-1]),
        "least": channel.get("min"),
        "greatest": channel.get("max"),
        "planes": planes,
        "plane": plane,
        "query": f"?channel={chosen}&plane={plane}",
        "last_plane": planes - 1,
        "position": plane_position(axes, plane),
        "choices": [(index, grid["name"]) for index, (_, grid) in enumerate(grids[:MAX_CHOICES])],
    }
