"""LabVIEW Measurement files (`.lvm`): every segment with one, several or no columns of X, units, and its time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.labview_lvm.segments import Segment, read_lvm
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.scans import Column, Scan, apart, end_to_end, names_apart, stated
from ingest.parsers.starts import start_time, stated_start
from ingest.parsers.streams import head_unpacked, read_limited
from ingest.parsers.text import decode, lines_of
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import parse_unit

_EPOCH = datetime(1904, 1, 1, tzinfo=UTC)
_ABSOLUTE = 1e9  # seconds since 1904 are larger than this since 1935


def _number(cell: str, decimal: str) -> float:
    try:
        return float(cell.replace(decimal, ".") if decimal != "." else cell)
    except ValueError:
        return float("nan")


def _tag(segment: Segment, tag: str, channel: int) -> str:
    values = segment.tags.get(tag, [])
    return values[channel] if channel < len(values) else ""


def _positions(segment: Segment, cells: NDArray[np.float64], channel: int, decimal: str) -> NDArray[np.float64]:
    """X as written; where its cells are empty, from X0 and Delta_X."""
    if np.isfinite(cells).any() or not len(cells):
        return cells
    step = _number(_tag(segment, "Delta_X", channel), decimal)
    first = _number(_tag(segment, "X0", channel), decimal)
    if not np.isfinite(step):
        return cells
    return ((first if np.isfinite(first) else 0.0) + step * np.arange(len(cells))).astype(np.float64)


def _x_column(segment: Segment, values: NDArray[np.float64], channel: int) -> tuple[str, Column]:
    dimension = _tag(segment, "X_Dimension", channel)
    unit = parse_unit(_tag(segment, "X_Unit_Label", channel), dimension or "x")
    timed = dimension.lower() == "time"
    unit = unit or ("s" if timed else None)
    quantity = "time" if timed else quantity_of(dimension, unit)[0] if dimension and unit else None
    return ("X_Value" if timed or not dimension else dimension.replace("_", " ")), Column(values, unit, quantity)


def _y_column(segment: Segment, name: str, values: NDArray[np.float64], channel: int) -> Column:
    written = _tag(segment, "Y_Unit_Label", channel)
    dimension = _tag(segment, "Y_Dimension", channel).replace("_", " ")
    unit = parse_unit(written, dimension or name) if written else None
    quantity, confidence = quantity_of(name, unit)
    if confidence < 0.5:
        quantity = quantity_of(dimension, unit)[0] if dimension and unit else None
    return Column(values, unit, quantity)


def _scans(segment: Segment, decimal: str, warnings: list[str]) -> tuple[list[Scan], list[str]]:
    """Scans of one segment, one for each column of X, and the comments beside the rows."""
    names = segment.names
    has_comment = bool(names) and names[-1] == "Comment"
    wide = len(names) - has_comment
    table = np.full((len(segment.rows), wide), np.nan)
    comments = []
    for at, row in enumerate(segment.rows):
        for column, cell in enumerate(row[:wide]):
            table[at, column] = _number(cell, decimal) if cell else np.nan
        comments.append(row[wide] if has_comment and len(row) > wide else "")
    labels = names_apart([name for name in names[:wide] if name != "X_Value"])
    made: list[Scan] = []
    channel = 0
    for column, name in enumerate(names[:wide]):
        if name == "X_Value":
            positions = _positions(segment, table[:, column], channel, decimal)
            called, read = _x_column(segment, positions, channel)
            made.append(Scan({called: read}))
            continue
        if not made:
            made.append(Scan())
        written = _tag(segment, "Y_Unit_Label", channel)
        found = _y_column(segment, labels[channel], table[:, column], channel)
        made[-1].columns[labels[channel]] = found
        if written and found.unit is None:
            warnings.append(f"{labels[channel]}: the unit {written!r} is not known and not claimed")
        channel += 1
    return [_without_tail(scan) for scan in made if scan.columns], comments


def _without_tail(scan: Scan) -> Scan:
    """Without the empty cells that a longer neighbour left at its end; a generated X is no reading."""
    columns = list(scan.columns.values())
    readings = columns[1:] or columns
    full = np.any([np.isfinite(column.values) for column in readings], axis=0)
    return scan.cut(int(np.flatnonzero(full)[-1]) + 1 if full.any() else 0)


def _began(tags: Segment | dict[str, str], name: str) -> tuple[dict[str, Any], list[str]]:
    if isinstance(tags, Segment):
        return stated_start(_tag(tags, "Date", 0), name, _tag(tags, "Time", 0), "ymd")
    return stated_start(tags.get("Date", ""), name, tags.get("Time", ""), "ymd")


def _times(
    x: NDArray[np.float64], began: Sequence[datetime | None], rows: Sequence[int], absolute: bool
) -> NDArray[np.int64] | None:
    """Nanoseconds since 1970 of each row: from seconds since 1904, or from each segment's own start."""
    if not len(x) or not np.isfinite(x).all():
        return None
    if absolute:
        return np.round((x + _EPOCH.timestamp()) * 1e6).astype(np.int64) * 1000
    if any(start is None for start in began):
        return None
    bases = np.array([s.replace(tzinfo=s.tzinfo or UTC).timestamp() if s else 0.0 for s in began])
    micros: NDArray[np.int64] = np.round((x + np.repeat(bases, rows)) * 1e6).astype(np.int64)
    return micros * 1000


class LabviewLvm:
    """Reads `.lvm` files of versions 1 and 2: segments of the same channels end to end, others apart."""

    name = "labview_lvm"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.97 for a text whose first line says what it is."""
        return (
            0.97 if head_unpacked(head).data.removeprefix(b"\xef\xbb\xbf").startswith(b"LabVIEW Measurement") else 0.0
        )

    def parse(self, path: Path, name: str) -> Parsed:
        """All segments. Raises CannotParse where none has rows."""
        text = decode(read_limited(path)).text
        header, segments = read_lvm(lines_of(text))
        full = [segment for segment in segments if segment.rows]
        if not full:
            raise CannotParse("a LabVIEW Measurement file without rows: nothing was written after its header")
        if not text.endswith(("\n", "\r")) and len(full[-1].rows[-1]) < len(
            [n for n in full[-1].names if n != "Comment"]
        ):
            full[-1].rows[-1][-1] = ""  # half a number would be a wrong number
        decimal = header.get("Decimal_Separator") or _decimal(full)
        warnings: list[str] = []
        read = [_scans(segment, decimal, warnings) for segment in full]
        starts = [_began(segment, name) for segment in full]
        start, more = starts[0] if starts[0][0] else _began(header, name)
        channels = self._channels([scans for scans, _ in read], [start_time(found) for found, _ in starts], header)
        x = channels[0].values if channels else None
        if header.get("Time_Pref") == "Absolute" and x is not None and len(x) and x[0] > _ABSOLUTE:
            start = {"start": (_EPOCH + timedelta(seconds=float(x[0]))).isoformat()}
        notes = [comment for _, comments in read for comment in comments if comment]
        known = {"operator": header.get("Operator"), "description": header.get("Description"), **start}
        metadata = {**stated({**known, "comments": notes[:100]}), "header": header}
        return Parsed("", channels, metadata, (), list(dict.fromkeys([*warnings, *more]))[:40])

    def _channels(
        self, read: Sequence[list[Scan]], began: Sequence[datetime | None], header: dict[str, str]
    ) -> list[Channel]:
        single = all(len(scans) == 1 for scans in read)
        same = len({tuple(scans[0].columns) for scans in read if scans}) == 1
        if not single or not same:
            for number, scans in enumerate(read, 1):
                for scan in scans:
                    before = f"segment {number}" if len(read) > 1 else ""
                    own = next(reversed(scan.columns)) if len(scans) > 1 else ""
                    scan.name = ", ".join(part for part in (before, own) if part)
            return list(apart([scan for scans in read for scan in scans]))
        scans = [found[0] for found in read]
        x = next(iter(scans[0].columns))
        timed = scans[0].columns[x].quantity == "time"
        absolute = header.get("Time_Pref") == "Absolute"
        made = []
        for item in end_to_end(scans):
            times = None
            if item.name == x and timed and item.values is not None:
                large = bool(len(item.values)) and absolute and item.values[0] > _ABSOLUTE
                times = _times(item.values, began, [scan.rows for scan in scans], large)
            called = "segment" if item.name == "scan" and "scan" not in scans[0].columns else item.name
            made.append(Channel(called, item.values, None, item.unit, item.quantity, item.confidence, item.axis, times))
        return made


def _decimal(segments: Sequence[Segment]) -> str:
    """Files of version 1 do not say: a comma where a cell of the rows has one and none a point."""
    cells = "".join(cell for segment in segments[:3] for row in segment.rows[:20] for cell in row)
    return "," if "," in cells and "." not in cells else "."


plugin = LabviewLvm()
