"""Columns of dates and clocks as numbers; cells that differ in digits only are read together."""

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.delimited_text.dates import (
    ORDERS,
    Order,
    Stamp,
    clock_seconds,
    find_stamp,
    match_clock,
    match_stamp,
    zone_minutes,
)

NS = 1_000_000_000
DAY_S = 86400
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)  # noqa: UP017 (a timezone, not a tzinfo)
_DIGITS = str.maketrans("123456789", "000000000")
NEVER = np.iinfo(np.int64).min


class Dated(NamedTuple):
    """A column of dates. `days`: since 1970 by order of day and month, NEVER where the calendar forbids it; `clock_ns` since midnight UTC.

    `turns` are the stamps of the rows at which the day changes, the first and the last row among them.
    """

    days: dict[Order, NDArray[np.int64]]
    clock_ns: NDArray[np.int64]
    turns: list[Stamp]
    rows: NDArray[np.bool_]
    has_clock: bool

    def times(self, order: Order) -> NDArray[np.int64]:
        """ns since 1970 of every row; a row without a date takes the one before."""
        good = self.rows & (self.days[order] != NEVER)
        made = np.where(good, self.days[order] * (DAY_S * NS) + self.clock_ns, 0)
        last = np.maximum.accumulate(np.where(good, np.arange(len(made)), -1))
        first = int(np.argmax(good))
        filled: NDArray[np.int64] = made[np.where(last >= 0, last, first)]
        return filled


def moment_of(ns: int, zone: timezone | None) -> datetime:
    """The moment of ns since 1970; `zone` none where the file states none."""
    return (_EPOCH + timedelta(microseconds=ns // 1000)).replace(tzinfo=zone)


def ns_of(moment: datetime) -> int:
    """ns since 1970; a moment without zone is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)  # noqa: UP017
    return int((aware - _EPOCH) / timedelta(microseconds=1)) * 1000


def _alike(cells: Sequence[str]) -> dict[str, list[int]]:
    """Rows by what their cells look like with every digit made 0."""
    groups: dict[str, list[int]] = {}
    for row, cell in enumerate(cells):
        groups.setdefault(cell.translate(_DIGITS), []).append(row)
    return groups


def _integers(cells: Sequence[str], span: tuple[int, int]) -> NDArray[np.int64]:
    """The digits at one place of equally long cells, as integers."""
    width = span[1] - span[0]
    if width <= 0:
        return np.zeros(len(cells), dtype=np.int64)
    codes = np.array([cell[span[0] : span[1]] for cell in cells], dtype=f"U{width}").view(np.uint32).reshape(-1, width)
    weights = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    made: NDArray[np.int64] = (codes.astype(np.int64) - 48) @ weights
    return made


class _Column:
    """What is known of the rows so far."""

    def __init__(self, count: int) -> None:
        self.days = {order: np.full(count, NEVER, dtype=np.int64) for order in ORDERS}
        self.clock = np.zeros(count, dtype=np.int64)
        self.rows = np.zeros(count, dtype=np.bool_)
        self.keys: list[str] = [""] * count
        self.has_clock = False

    def one(self, row: int, cell: str) -> None:
        """A cell by itself, of whatever layout."""
        stamp = find_stamp(cell)
        if stamp is None:
            return
        self.rows[row], self.keys[row] = True, cell
        for order, moment in stamp.readings.items():
            day, clock = divmod(ns_of(moment), DAY_S * NS)
            self.days[order][row], self.clock[row] = day, clock
        self.has_clock = self.has_clock or stamp.has_clock

    def many(self, rows: list[int], cells: list[str]) -> bool:
        """Cells of one layout; False where the layout has to be read cell by cell."""
        match = match_stamp(cells[0])
        if match is None:
            return False
        found = match.groupdict()
        end = match.end("body")
        at = np.array(rows)
        keys = [cell[:end] for cell in cells]
        for order, days in _days_of(keys).items():
            self.days[order][at] = days
        clock = _clock_of(match_clock(match), found, cells)
        if clock is None:
            return False
        self.clock[at] = clock
        self.rows[at] = np.any([self.days[order][at] != NEVER for order in ORDERS], axis=0)
        for row, key in zip(rows, keys, strict=True):
            self.keys[row] = key
        self.has_clock = self.has_clock or bool(match_clock(match))
        return True


def _days_of(keys: Sequence[str]) -> dict[Order, list[int]]:
    """Days since 1970 of every key by order; each different date is read once."""
    known: dict[str, dict[Order, int]] = {}
    for key in dict.fromkeys(keys):
        stamp = find_stamp(key)
        known[key] = {} if stamp is None else {o: ns_of(m) // (DAY_S * NS) for o, m in stamp.readings.items()}
    return {order: [known[key].get(order, NEVER) for key in keys] for order in ORDERS}


def _clock_of(
    spans: dict[str, tuple[int, int]], found: dict[str, str | None], cells: Sequence[str]
) -> NDArray[np.int64] | None:
    """ns since midnight UTC of cells of one layout; none when one of them is no time of day."""
    if not spans:
        return np.zeros(len(cells), dtype=np.int64)
    hours, minutes, seconds = (_integers(cells, spans.get(part, (0, 0))) for part in "hms")
    if "half" in spans:
        afternoon = found["half"] is not None and found["half"].lower().startswith("p")
        if (hours > 12).any() or (hours < 1).any():
            return None
        hours = hours % 12 + (12 if afternoon else 0)
    if (hours > 23).any() or (minutes > 59).any() or (seconds > 59).any():
        return None
    made = ((hours * 60 + minutes) * 60 + seconds) * NS
    if "f" in spans:
        start, end = spans["f"]
        digits = min(end - start, 6)
        made = made + _integers(cells, (start, start + digits)) * 10 ** (9 - digits)
    if "zone" in spans:
        texts = [cell[slice(*spans["zone"])] for cell in cells]
        offsets = {text: zone_minutes(text) for text in dict.fromkeys(texts)}
        made = made - np.array([offsets[text] for text in texts], dtype=np.int64) * 60 * NS
    result: NDArray[np.int64] = made
    return result


def read_dates(cells: Sequence[str]) -> Dated | None:
    """The dates of a column; none when less than nine in ten of its filled cells are dates."""
    column = _Column(len(cells))
    for pattern, rows in _alike(cells).items():
        if not pattern:
            continue
        mine = [cells[row] for row in rows]
        if len(rows) < 4 or not column.many(rows, mine):
            for row, cell in zip(rows, mine, strict=True):
                column.one(row, cell)
    filled = sum(bool(cell) for cell in cells)
    count = int(column.rows.sum())
    if not count or count < 0.9 * filled:
        return None
    dated = np.flatnonzero(column.rows)
    turns = [row for row, before in zip(dated[1:], dated, strict=False) if column.keys[row] != column.keys[before]]
    chosen = dict.fromkeys([int(dated[0]), *(int(row) for row in turns), int(dated[-1])])
    stamps = [stamp for row in chosen if (stamp := find_stamp(cells[row])) is not None]
    return Dated(column.days, column.clock, stamps, column.rows, column.has_clock)


def read_clocks(cells: Sequence[str]) -> NDArray[np.float64]:
    """Seconds since midnight, or durations, of a column; NaN where a cell is neither."""
    seconds = np.full(len(cells), np.nan)
    for rows in _alike(cells).values():
        mine = [cells[row] for row in rows]
        seconds[rows] = _plain_clock(mine) if len(rows) > 3 else [_or_nan(clock_seconds(cell)) for cell in mine]
    return seconds


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


def _plain_clock(cells: Sequence[str]) -> NDArray[np.float64]:
    """Seconds of cells such as `13:40:25.811`, all of one layout."""
    parts = cells[0].replace(",", ".").split(":")
    digits = cells[0].replace(":", "").replace(".", "").replace(",", "")
    if len(parts) != 3 or not digits.isascii() or not digits.isdigit() or "." in parts[0] + parts[1]:
        return np.array([_or_nan(clock_seconds(cell)) for cell in cells])
    first, second = cells[0].index(":"), cells[0].index(":", cells[0].index(":") + 1)
    hours, minutes = _integers(cells, (0, first)), _integers(cells, (first + 1, second))
    seconds = np.array([float(cell[second + 1 :].replace(",", ".")) for cell in cells])
    made: NDArray[np.float64] = hours * 3600.0 + minutes * 60.0 + seconds
    return made
