"""Whether the numbers of a general container are a series of measured values, or settings, a reference table, a report."""

import re
from collections.abc import Iterable, Sequence

from ingest.parsers.protocol import Channel

MANY = 20  # rows from which numbers without units or known names count as a series
FEW = 5  # rows that a series of known quantities has at least; with units two are enough
MAP_CELLS = 100
_KEY = re.compile(r"^(?:id|\w*_id|pk|rowid|uid|index|no\.?|nr\.?|#)$", re.IGNORECASE)


def by_rows(channels: Iterable[Channel]) -> list[list[Channel]]:
    """Channels of equal length together: what a container tells of tables where it has none."""
    tables: dict[int, list[Channel]] = {}
    for channel in channels:
        tables.setdefault(channel.rows, []).append(channel)
    return list(tables.values())


def _plain_name(channel: Channel) -> str:
    return channel.name.split(" (", 1)[0].rsplit(".", 1)[-1]


def _numbers(table: Sequence[Channel]) -> list[Channel]:
    """Columns of numbers that are no keys of records."""
    return [channel for channel in table if channel.values is not None and not _KEY.match(_plain_name(channel))]


def _timed(table: Sequence[Channel]) -> bool:
    return any(
        channel.times is not None
        or (channel.quantity == "time" and channel.confidence >= 0.6)
        or (channel.texts is not None and channel.rows >= FEW and all(is_stamp(text) for text in channel.texts[:50]))
        for channel in table
    )


def _of_things(table: Sequence[Channel]) -> bool:
    """True when each row is a thing with a name of its own: an element, a compound, a file, a benchmark."""
    return any(
        channel.texts is not None
        and channel.rows > 2
        and len(set(channel.texts)) >= 0.9 * channel.rows
        and not all(is_stamp(text) for text in channel.texts[:50])
        for channel in table
    )


def is_stamp(text: str) -> bool:
    """True for times that nothing reads without being told how: mostly digits."""
    return len(text) >= 8 and sum(sign.isdigit() for sign in text) >= 0.6 * len(text)


def is_series(table: Sequence[Channel], things: int = 0) -> bool:
    """True when the columns, which belong together, are measured values as far as they show; `things`: named elsewhere in the file."""
    numbers = _numbers(table)
    rows = max((channel.rows for channel in numbers), default=0)
    if rows < 2:
        return False
    if any(len(channel.grid) > 1 and channel.rows >= MAP_CELLS for channel in numbers) or _timed(table):
        return True
    units = sum(channel.unit is not None for channel in numbers)
    if _of_things(table) and units < 0.5 * len(numbers):
        return False
    known = sum(
        channel.unit is not None or (channel.quantity is not None and channel.confidence >= 0.6) for channel in numbers
    )
    if known >= 0.1 * len(numbers) and (rows >= FEW or units):
        return True
    keyed = len(numbers) < sum(channel.values is not None for channel in table)
    attributes = keyed and len(numbers) == 1 and any(channel.texts is not None for channel in table)
    return rows >= MANY and rows > things and not attributes


def why_no_series(tables: Sequence[Sequence[Channel]]) -> str | None:
    """Why none of the tables is a measurement; none where one is."""
    things = [table for table in tables if _numbers(table) and _of_things(table)]
    most = max((channel.rows for table in things for channel in table), default=0)
    if any(is_series(table, most) for table in tables):
        return None
    if things:
        names = ", ".join(_plain_name(channel) for channel in max(things, key=len)[:4])
        return f"it lists named things ({names}) as a reference table or report does; no series of measured values"
    if any(_numbers(table) for table in tables):
        return "it holds only short lists of numbers without units, as settings and reports do; no series of measured values"
    return "without a table or an array of numbers"


def is_long(channels: Iterable[Channel]) -> bool:
    """True for a series long enough that a technique named in the header is what was measured, no calibration of it."""
    return any(channel.values is not None and channel.rows >= MANY for channel in channels)
