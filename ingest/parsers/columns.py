"""Columns of a table whose labels are known, as channels: names, units, quantities, numbers or text; what was odd, in few words."""

import itertools
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.delimited_text.cells import Decimal, is_number, kind_of, to_numbers
from ingest.parsers.delimited_text.header import Named, read_label
from ingest.parsers.protocol import Channel
from ingest.schemas.registry import quantity_of, techniques
from ingest.schemas.units import parse_unit

# a label such as `M. Std. Err. (emu)` has the unit of the moment but is no moment
_NO_QUANTITY = re.compile(
    r"\b(?:std|err|error|dev|sigma|noise|uncertainty|limit|gain|status|code|range)\b", re.IGNORECASE
)

_HYPHEN = re.compile(r"/([A-Za-z]+)-([A-Za-z]+)(?=\W*$)")  # J/mol-K = J/(mol K)


def technique_name(technique: str | None) -> str:
    """The field's usual name of a technique's id; empty for none."""
    return techniques()[technique].label["en"] if technique else ""


def named(label: str, unit: str | None = None) -> Named:
    """Name and unit of a label, or of a label and the text of its unit that stands elsewhere (`J/mol-K` = J/(mol K))."""
    if unit is None:
        read = read_label(_HYPHEN.sub(r"/\1/\2", label))
        return replace(read, name=read.name.rstrip("/ ") or read.name)
    known = parse_unit(_HYPHEN.sub(r"/\1/\2", unit), label)
    return Named(label.strip(), known, None if known or unit.strip(" -#()") in ("", "code") else unit.strip())


def channel(column: Named, values: NDArray[np.float64], technique: str | None = None) -> Channel:
    """A channel of numbers, shape (rows,), in the column's unit; a quantity only where name and unit say so."""
    quantity, confidence = quantity_of(column.name, column.unit, technique)
    if _NO_QUANTITY.search(column.name):
        quantity, confidence = None, 0.0
    return Channel(column.name, values, unit=column.unit, quantity=quantity, confidence=confidence)


def unique(columns: Iterable[Named]) -> list[Named]:
    """The columns with a number after names that came before; a column without a name is called by its number."""
    seen: Counter[str] = Counter()
    made = []
    for index, column in enumerate(columns):
        name = column.name or f"column {index + 1}"
        seen[name] += 1
        made.append(replace(column, name=name if seen[name] == 1 else f"{name} {seen[name]}"))
    return made


def decimal_sign(rows: Iterable[Sequence[str]]) -> Decimal:
    """The sign that makes numbers of more cells."""
    cells = [cell for row in itertools.islice(rows, 50) for cell in row if cell]
    comma = sum(is_number(cell, ",") and not is_number(cell, ".") for cell in cells)
    point = sum(is_number(cell, ".") and not is_number(cell, ",") for cell in cells)
    return "," if comma > point else "."


def whole_rows(lines: Sequence[str], delimiter: str | None, width: int, complete: bool) -> tuple[list[list[str]], bool]:
    """Cells of all lines that are not blank, each row `width` long; whether the last was cut short.

    `complete`: the file ends with a line end. Else a last row with too few cells loses its last one: half a number is a wrong one.
    """
    rows = [[cell.strip() for cell in line.split(delimiter)] for line in lines if line.strip()]
    cut = bool(rows) and not complete and (len(rows[-1]) < width or _is_shortened([row[-1] for row in rows[-20:]]))
    if cut:
        rows[-1] = rows[-1][:-1]
        rows = rows if rows[-1] else rows[:-1]
    return [(row + [""] * (width - len(row)))[:width] if len(row) != width else row for row in rows], cut


def _is_shortened(cells: Sequence[str]) -> bool:
    """True when the last cell is shorter than those above it, which are all of one length: the file ends in a number."""
    lengths = {len(cell) for cell in cells[:-1]}
    return len(cells) > 3 and len(lengths) == 1 and len(cells[-1]) < min(lengths)


def channels_of(
    columns: Sequence[Named], rows: Sequence[Sequence[str]], technique: str | None = None, decimal: Decimal = "."
) -> tuple[list[Channel], list[str]]:
    """Channels of equal length and warnings. A column of words stays text; empty ones are named in one warning."""
    made: list[Channel] = []
    empty, unknown, warnings = [], {}, []
    for column, cells in zip(unique(columns), zip(*rows, strict=True) if rows else [()] * len(columns), strict=True):
        full = [cell for cell in cells if cell]
        if _is_text(full, decimal):
            made.append(Channel(column.name, texts=tuple(cells)))
            continue
        values = to_numbers(list(cells), decimal) if full else np.full(len(cells), np.nan)
        made.append(channel(column, values, technique))
        if column.unknown:
            unknown[column.unknown] = column.name
        if rows and not full:
            empty.append(column.name)
        bad = [cell for cell in full if kind_of(cell, decimal) in ("x", "t")]
        if bad:
            warnings.append(f"{column.name}: {len(bad)} cells hold no number, such as {bad[0][:40]!r}")
    if empty:
        shown = ", ".join(empty[:3]) + (", ..." if len(empty) > 3 else "")
        warnings.append(f"{len(empty)} of {len(columns)} columns are empty: {shown}")
    warnings += [f"{name}: the unit {text!r} is not known and not claimed" for text, name in unknown.items()]
    return made, warnings


def _is_text(full: Sequence[str], decimal: Decimal) -> bool:
    sample = full[:: max(1, len(full) // 500)]
    numbers = sum(kind_of(cell, decimal) in ("n", "e") for cell in sample)
    dots = all(not cell.strip(".") for cell in sample)  # flags that are all unset, such as `...........`
    return bool(sample) and (numbers < 0.5 * len(sample) or dots)


def with_axis(channels: Sequence[Channel], axis: str | None) -> list[Channel]:
    """The channels, each plotted against the one called `axis`, where there is one."""
    known = axis is not None and any(item.name == axis for item in channels)
    return [replace(item, axis=axis) if known and item.name != axis else item for item in channels]


def with_times(channels: Sequence[Channel], clock: str, start: datetime | None) -> list[Channel]:
    """The channels, where the one called `clock` (seconds since `start`) gets absolute times too."""
    if start is None:
        return list(channels)
    aware = start if start.tzinfo else start.replace(tzinfo=UTC)
    base = round(aware.timestamp() * 1e6) * 1000

    def timed(item: Channel) -> Channel:
        if item.name != clock or item.values is None or not np.isfinite(item.values).all():
            return item
        if len(item.values) and np.abs(item.values).max() > 3e9:  # a century: no seconds since this start
            return item
        return replace(item, times=base + np.round(item.values * 1e9).astype(np.int64))

    return [timed(item) for item in channels]
