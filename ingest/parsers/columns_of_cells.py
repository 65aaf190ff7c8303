"""Records whose values are already apart (rows of a database, objects of JSON or XML) become channels by the sniffer's rules."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ingest.parsers.datasets import Found, reciprocal
from ingest.parsers.delimited_text.columns import Around, Builder
from ingest.parsers.delimited_text.header import Named, read_label
from ingest.schemas.units import parse_unit


def cell_of(value: Any) -> str:  # Any: what a record may hold
    """A value as the text a cell of a table would hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return repr(value) if isinstance(value, float) else " ".join(str(value).split())


def read_columns(columns: Mapping[str, Sequence[Any]], units: Mapping[str, str] | None = None) -> Found:
    """Channels of named columns: numbers as they are, texts as numbers, times or words; start and end where times are absolute."""
    found = Found()
    cells: list[tuple[Named, list[str]]] = []
    for name, values in columns.items():
        if not found.room(name, len(values)):
            continue
        label = read_label(name)
        unit = reciprocal((units or {}).get(name), label.name)
        known = parse_unit(unit, label.name) if unit else None
        named = (
            Named(label.name or name, known, unit)
            if unit and not known
            else Named(label.name or name, known or reciprocal(label.unit, label.name), label.unknown)
        )
        cells.append((named, [cell_of(value) for value in values]))
    made = Builder(".", None, Around()).add_all(cells)
    found.channels = [c for c in made.channels if c.values is None or np.isfinite(c.values).any()]
    found.start, found.end = made.start, made.end
    found.warnings += [*made.warnings, *(f"{', '.join(names)}: {why}" for why, names in made.unclaimed.items())]
    _against_time(found)
    return found


def _against_time(found: Found) -> None:
    """Columns against the one that holds times, where there is one."""
    from dataclasses import replace

    axis = next((c for c in found.channels if c.quantity == "time" and c.confidence >= 0.6), None)
    if axis is None:
        return
    found.channels = [
        c
        if c is axis or c.rows != axis.rows
        else replace(c, axis=axis.name, times=c.times if c.times is not None else axis.times)
        for c in found.channels
    ]
