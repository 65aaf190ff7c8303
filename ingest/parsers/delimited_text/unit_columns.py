"""A column that only repeats the unit of the one before it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from ingest.parsers.delimited_text.header import Named
from ingest.schemas.units import parse_unit

_CALLED = re.compile(r"(?:^|[\s_.-])(?:units?|einheit|uom)\s*(?:\(?\d+\)?)?$|单位", re.IGNORECASE)


def with_unit_columns(columns: Sequence[tuple[Named, Sequence[str]]]) -> Sequence[tuple[Named, Sequence[str]]]:
    """The columns, each with the unit that the next one states in all its cells, if that is called a unit. It stays as text."""
    made = list(columns)
    for at in range(1, len(made)):
        named, cells = made[at]
        before = made[at - 1][0]
        if before.unit is not None or before.unknown or not _CALLED.search(named.name):
            continue
        stated = {cell for cell in cells if cell}
        if len(stated) == 1 and (unit := parse_unit(stated.pop(), before.name)) is not None:
            made[at - 1] = (replace(before, unit=unit), made[at - 1][1])
    return made
