"""The header and the segments of a LabVIEW Measurement file: tags and rows, nothing interpreted."""

from collections.abc import Sequence
from dataclasses import dataclass, field

_END = "***End_of_Header***"


@dataclass
class Segment:
    """One write of the program: tags with a value for each channel, names of columns, rows of cells."""

    tags: dict[str, list[str]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def separator_of(lines: Sequence[str]) -> str:
    """The character that parts cells, as the line `Separator` itself shows it."""
    for line in lines[:40]:
        if line.startswith("Separator") and len(line) > 9:
            return line[9]
    return "\t"


def read_lvm(lines: Sequence[str]) -> tuple[dict[str, str], list[Segment]]:
    """Tags of the file and its segments; special blocks are left out, segments without a header take the one before."""
    separator = separator_of(lines)
    header: dict[str, str] = {}
    segments: list[Segment] = []
    at, special = 0, False
    while at < len(lines):
        cells = [cell.strip() for cell in lines[at].split(separator)]
        at += 1
        if cells[0] == _END:
            break
        special = _in_special(cells[0], special)
        if cells[0] and len(cells) > 1 and not special and not cells[0].startswith("***"):
            header[cells[0]] = cells[1]
    segment: Segment | None = None
    fresh = True  # the next line that is not blank begins a segment
    special = False
    for line in lines[at:]:
        cells = [cell.strip() for cell in line.rstrip("\r\n").split(separator)]
        was_special, special = special, _in_special(cells[0], special)
        if special or was_special:
            continue
        if not any(cells):
            fresh = fresh or bool(segment and segment.rows)
            continue
        if fresh or segment is None:
            segment = _next(segments, cells)
            segments.append(segment)
            fresh = False
        _take(segment, cells)
    return header, [item for item in segments if item.rows or item.names]


def _in_special(tag: str, special: bool) -> bool:
    return tag == "***Start_Special***" or (special and tag != "***End_Special***")


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True


def _next(segments: Sequence[Segment], cells: Sequence[str]) -> Segment:
    """A segment; one that begins with numbers has no header of its own and goes by that of the one before."""
    bare = _is_number(next((cell for cell in cells if cell), ""))
    return Segment(segments[-1].tags, segments[-1].names) if bare and segments else Segment()


def _take(segment: Segment, cells: list[str]) -> None:
    if segment.names:
        segment.rows.append(cells)
    elif cells[0] == "X_Value":
        while cells and not cells[-1]:
            cells.pop()
        segment.names = cells
    elif _is_number(next((cell for cell in cells if cell), "")):
        segment.names = ["X_Value", *(f"column_{at}" for at in range(1, len(cells)))]
        segment.rows.append(cells)
    elif cells[0] and cells[0] != _END:
        while cells and not cells[-1]:
            cells.pop()
        segment.tags[cells[0]] = cells[1:]
