"""Record sheets: a header row, maybe rows of types and units marked by #, and a few filled rows; or keys with values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from ingest.parsers.delimited_text.cells import kind_of
from ingest.parsers.delimited_text.columns import Around, Builder, Columns
from ingest.parsers.delimited_text.header import Named, read_label
from ingest.parsers.protocol import Step
from ingest.schemas.units import parse_unit

MAX_RECORDS = 200
_STEP = re.compile(
    r"^(?:step(?: ?name)?|process(?: ?(?:step|sequence))?|segment|stage|phase|action|步骤|工序)$", re.IGNORECASE
)
_PLACEHOLDER = re.compile(r"^(?:physical )?units?$|yyyy|hh:mm", re.IGNORECASE)
_INDEX = re.compile(r"^(?:step|segment)?\s*(?:index|no\.?|number|nr\.?|#)$", re.IGNORECASE)


@dataclass
class Record:
    """A table of records: columns with units, rows as written, and the comment rows above by their first cell."""

    columns: list[Named]
    rows: list[list[str]]
    notes: dict[str, list[str]] = field(default_factory=dict)


def _units(comments: Sequence[Sequence[str]], width: int) -> list[str]:
    """The comment row whose cells are units, one over each column."""
    best: tuple[int, Sequence[str]] = (0, ())
    for row in comments:
        cells = [row[0].lstrip("# ").strip() if row else "", *row[1:]]
        full = [cell for cell in cells if cell not in ("", "-")]
        known = sum(parse_unit(cell) is not None for cell in full)
        if known > best[0] and known >= 0.5 * sum(_PLACEHOLDER.search(cell) is None for cell in full):
            best = known, cells
    cells = list(best[1])[:width]
    return cells + [""] * (width - len(cells))


def _named(names: Sequence[str], units: Sequence[str]) -> list[Named]:
    seen: dict[str, int] = {}
    made = []
    for index, (name, unit) in enumerate(zip(names, units, strict=True), start=1):
        label = read_label(name) if name else Named(f"column {index}")
        known = parse_unit(unit.replace(" ", ""), label.name) if unit else None
        seen[label.name] = seen.get(label.name, 0) + 1
        shown = label.name if seen[label.name] == 1 else f"{label.name} {seen[label.name]}"
        made.append(
            Named(
                shown,
                known or label.unit,
                None if known or label.unit or unit == "-" or not unit or _PLACEHOLDER.search(unit) else unit,
            )
        )
    return made


def _is_header(row: Sequence[str]) -> bool:
    full = [cell for cell in row if cell]
    return len(full) >= 2 and sum(kind_of(cell, ".") == "x" for cell in full) >= 0.8 * len(full)


def find_record(rows: Sequence[Sequence[str]]) -> Record | None:
    """The record table of a sheet whose comment rows begin with #, or whose first wide row is a header; none for others."""
    comments = [list(row) for row in rows if row and row[0].startswith("#")]
    rest = [list(row) for row in rows if any(row) and not row[0].startswith("#")]
    at = next((index for index, row in enumerate(rest[:10]) if _is_header(row)), None)
    if at is None or at + 1 >= len(rest) or (at > 3 and not comments):
        return None
    header, body = rest[at], rest[at + 1 :]
    if not comments and sum(len([c for c in row if c]) > max(len(header), 2) for row in body) > 0.2 * len(body):
        return None
    if sum(sum(bool(cell) for cell in row) >= 2 for row in body) < 0.5 * len(body):
        return None
    width = len(header)
    units = _units(comments, width)
    notes = {row[0].lstrip("# ").strip() or "note": [cell for cell in row[1:] if cell] for row in comments}
    filled = [[*row, *[""] * (width - len(row))][:width] for row in body]
    return Record(_named(header, units), filled, {key: cells for key, cells in notes.items() if cells})


def columns_of(record: Record) -> Columns:
    """Numbers, times and texts of a record table."""
    cells = [(column, [row[index] for row in record.rows]) for index, column in enumerate(record.columns)]
    made = Builder(".", None, Around()).add_all(cells)
    made.warnings += [f"{', '.join(names)}: {why}" for why, names in made.unclaimed.items()]
    made.channels = [c for c in made.channels if c.values is None or np.isfinite(c.values).any()]
    return made


def as_metadata(record: Record) -> list[dict[str, Any]]:
    """Each row as names with values; values with their unit."""
    return [
        {
            column.name: f"{cell} {column.unit}" if column.unit and kind_of(cell, ".") == "n" else cell
            for column, cell in zip(record.columns, row, strict=True)
            if cell
        }
        for row in record.rows[:MAX_RECORDS]
    ]


def steps_of(record: Record, columns: Columns) -> list[Step]:
    """One step a row, where a column says that rows are steps; its times where a column of durations or times tells them."""
    called = [index for index, column in enumerate(record.columns) if _STEP.match(column.name.strip())]
    if not called:
        return []
    names = next((index for index in called if any(kind_of(row[index], ".") == "x" for row in record.rows)), called[0])
    number = next(
        (
            index
            for index, column in enumerate(record.columns)
            if _INDEX.match(column.name.strip()) or (index in called and index != names)
        ),
        None,
    )
    times = next((c for c in columns.channels if c.times is not None and c.values is not None), None)
    made = []
    for at, (row, values) in enumerate(zip(record.rows, as_metadata(record), strict=False)):
        name = row[names] or (f"step {row[number]}" if number is not None and row[number] else f"step {at + 1}")
        start = float(times.values[at]) if times is not None and times.values is not None else None
        made.append(Step(name, start, None, values))
    return made


def key_values(rows: Sequence[Sequence[str]]) -> dict[str, str]:
    """Keys with their values: in two cells side by side, with a unit in the third, or `key: value` in one."""
    pairs: dict[str, str] = {}
    for row in rows[:1000]:
        full = [cell for cell in row if cell]
        if len(full) >= 2 and re.search(r"[^\W\d_]", full[0]) and len(full[0]) < 80:
            for key, value in _pairs(full):
                pairs.setdefault(key.rstrip(":= "), value)
        elif len(full) == 1 and (match := re.match(r"^([^:=]{2,60})[:=]\s*(\S.*)$", full[0])):
            pairs.setdefault(match[1].strip(), match[2])
    return pairs


def _pairs(full: Sequence[str]) -> list[tuple[str, str]]:
    if len(full) == 3 and parse_unit(full[2]) is not None:
        return [(full[0], f"{full[1]} {full[2]}")]
    keys = [cell for cell in full if cell.endswith(":")]
    if len(keys) > 1:
        return [(a, b) for a, b in pairwise(full) if a.endswith(":") and not b.endswith(":")]
    return [(full[0], " ".join(full[1:4]))]
