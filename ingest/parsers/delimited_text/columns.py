"""From the cells of a column to a channel: numbers, times, or text, with unit and quantity."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.delimited_text.cells import Decimal, Kind, kind_of, to_numbers
from ingest.parsers.delimited_text.dates import Order, Stamp, clock_seconds, decide_order, find_stamp
from ingest.parsers.delimited_text.header import Named
from ingest.parsers.protocol import Channel
from ingest.schemas.registry import quantity_of

_RELATIVE = re.compile(
    r"elapsed|relative|cumulative|process|duration|step|total|since|run ?time|experiment", re.IGNORECASE
)
_EPOCH = re.compile(r"^$|time|epoch|unix|posix|uts|^column \d+$", re.IGNORECASE)
_NO_READING = (9.9e37, 9.91e37, 1e38, -9999.0, -999.0, -9999.9, 6.9e37)
_DAY = 86400.0


@dataclass
class Columns:
    """Channels of a table, its start where a column holds dates, and what was odd."""

    channels: list[Channel] = field(default_factory=list)
    start: datetime | None = None
    end: datetime | None = None
    warnings: list[str] = field(default_factory=list)
    clock_starts: float | None = None  # seconds since midnight of the first row, where only clock times are given


def _prevailing(cells: Sequence[str], decimal: Decimal) -> tuple[Kind, Counter[Kind], list[str]]:
    """The kind of most filled cells, the counts, and some cells of other kinds."""
    kinds = Counter(kind_of(cell, decimal) for cell in cells)
    full: dict[Kind, int] = {"n": kinds["n"], "t": kinds["t"], "x": kinds["x"]}
    if not sum(full.values()):
        return "e", kinds, []
    best: Kind = max(full, key=lambda kind: full[kind])
    if best != "x" and full[best] < 0.6 * sum(full.values()):
        best = "x"
    others = (
        [cell for cell in cells if kind_of(cell, decimal) not in (best, "e")] if full[best] < sum(full.values()) else []
    )
    return best, kinds, others[:3]


def _doubts(name: str, values: NDArray[np.float64]) -> list[str]:
    finite = values[np.isfinite(values)]
    found = []
    for code in _NO_READING:
        hits = int((finite == code).sum())
        rest = finite[finite != code]
        if hits and len(rest) and (abs(code) > 1e30 or abs(code) > 20 * np.abs(rest).max()):
            found.append(f"{name}: {hits} values are {code:g}, which usually means no reading")
    return found


def _epoch(named: Named, values: NDArray[np.float64]) -> float | None:
    """The scale to seconds of a column that counts (milli)seconds since 1970, never falls, and is called a time or nothing."""
    finite = values[np.isfinite(values)]
    if len(finite) < 2 or not _EPOCH.search(named.name) or (np.diff(finite) < 0).any():
        return None
    for scale, unit in ((1.0, "s"), (1e-3, "ms")):
        if named.unit in (None, unit) and bool((finite * scale > 1.0e9).all() and (finite * scale < 2.3e9).all()):
            return scale
    return None


def _serial(named: Named, values: NDArray[np.float64]) -> bool:
    """Days since 1900 as spreadsheets count them, in a column that is called a date."""
    finite = values[np.isfinite(values)]
    called = re.search(r"date", named.name, re.IGNORECASE) is not None
    return (
        called
        and len(finite) > 1
        and bool((finite > 25000).all() and (finite < 60000).all() and (finite % 1 > 0).any())
    )


def _from_epoch(seconds: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.round(np.nan_to_num(seconds) * 1e6).astype(np.int64) * 1000


def _ns(moment: datetime) -> int:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)  # noqa: UP017 (zone not stated: taken as UTC)
    return int((aware - datetime(1970, 1, 1, tzinfo=timezone.utc)) / timedelta(microseconds=1)) * 1000  # noqa: UP017


def _absolute(named: Named, times: NDArray[np.int64]) -> Channel:
    seconds = (times - times[0]) / 1e9 if len(times) else np.zeros(0)
    return Channel(named.name, seconds, unit="s", quantity="time", confidence=1.0, times=times)


def _fill(stamps: Sequence[Stamp | None], order: Order) -> NDArray[np.int64]:
    """Times of all rows; a row without one takes the one before."""
    made, last = [], 0
    first = next(stamp for stamp in stamps if stamp is not None)
    last = _ns(first.readings[order])
    for stamp in stamps:
        last = _ns(stamp.readings[order]) if stamp is not None and order in stamp.readings else last
        made.append(last)
    return np.array(made, dtype=np.int64)


class Builder:
    """Turns the columns of one table into channels. `clues` are dates known from around the table.

    A column of days before a column of clock times makes absolute times of the two.
    """

    def __init__(self, decimal: Decimal, technique: str | None, clues: Sequence[date]) -> None:
        self.decimal: Decimal = decimal
        self.technique = technique
        self.clues = clues
        self.days: NDArray[np.int64] | None = None
        self.made = Columns()

    def add(self, named: Named, cells: Sequence[str]) -> None:
        """Add one column."""
        kind, kinds, others = _prevailing(cells, self.decimal)
        if kind == "e":
            if not re.fullmatch(r"column \d+", named.name):
                self.made.channels.append(self._claimed(named, np.full(len(cells), np.nan)))
                self.made.warnings.append(f"{named.name}: the column is empty")
            return
        if kind == "n":
            self._numbers(named, cells, others, kinds)
        elif kind == "t":
            self._times(named, cells)
        else:
            self.made.channels.append(Channel(named.name, texts=tuple(cells)))

    def _claimed(self, named: Named, values: NDArray[np.float64]) -> Channel:
        quantity, confidence = quantity_of(named.name, named.unit, self.technique)
        if re.fullmatch(r"column \d+", named.name):
            quantity, confidence = None, 0.0
        suggested = quantity_of(named.name, None, self.technique)[0] if named.unit else None
        if suggested and quantity and suggested != quantity and confidence < 0.65:
            self.made.warnings.append(
                f"{named.name}: the name says {suggested}, the unit {named.unit} says {quantity}; neither is claimed"
            )
            quantity, confidence = None, 0.0
        return Channel(named.name, values, unit=named.unit, quantity=quantity, confidence=confidence)

    def _numbers(self, named: Named, cells: Sequence[str], others: list[str], kinds: Counter[Kind]) -> None:
        values = to_numbers(cells, self.decimal)
        if named.unknown:
            self.made.warnings.append(f"{named.name}: the unit {named.unknown!r} is not known and not claimed")
        if others:
            count = kinds["x"] + kinds["t"]
            self.made.warnings.append(f"{named.name}: {count} cells hold no number, such as {others[0][:40]!r}")
        self.made.warnings += _doubts(named.name, values)
        if self.decimal == "," and all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", cell) for cell in cells if cell):
            self.made.warnings.append(
                f"{named.name}: values such as {cells[0]!r} are read with a decimal comma; it may part thousands"
            )
        if (scale := _epoch(named, values)) is not None:
            self._moments(named, _from_epoch(values * scale), zone=timezone.utc)  # noqa: UP017
        elif _serial(named, values):
            self._moments(named, _from_epoch(np.round((values - 25569.0) * _DAY, 3)), zone=None)
        else:
            self.made.channels.append(self._claimed(named, values))

    def _moments(self, named: Named, times: NDArray[np.int64], zone: timezone | None) -> None:
        first = datetime.fromtimestamp(times[0] / 1e9, tz=timezone.utc)  # noqa: UP017
        last = datetime.fromtimestamp(times[-1] / 1e9, tz=timezone.utc)  # noqa: UP017
        if self.made.start is None:
            self.made.start, self.made.end = first.replace(tzinfo=zone), last.replace(tzinfo=zone)
        self.made.channels.append(_absolute(replace(named, name=named.name), times))

    def _times(self, named: Named, cells: Sequence[str]) -> None:
        stamps = [find_stamp(cell) if cell else None for cell in cells]
        dated = [stamp for stamp in stamps if stamp is not None]
        if len(dated) >= 0.9 * sum(bool(cell) for cell in cells):
            self._dates(named, cells, stamps, dated)
        else:
            self._clocks(named, cells)

    def _dates(self, named: Named, cells: Sequence[str], stamps: list[Stamp | None], dated: list[Stamp]) -> None:
        order = decide_order(dated, self.clues)
        if order is None:
            self.made.warnings.append(
                f"{named.name}: dates such as {dated[0].text.strip()!r} can be read with the day or the month first; times are relative"
            )
            order = next((o for o in ("dmy", "mdy", "ymd") if all(o in stamp.readings for stamp in dated)), None)
            if order is None:
                self.made.channels.append(Channel(named.name, texts=tuple(cells)))
                return
            times = _fill(stamps, order)
            if (times - times[0]).max() < _DAY * 1e9:
                self.made.channels.append(replace(_absolute(named, times), times=None))
            else:
                self.made.channels.append(Channel(named.name, texts=tuple(cells)))
            return
        times = _fill(stamps, order)
        if not any(stamp.has_clock for stamp in dated):
            self.made.channels.append(Channel(named.name, texts=tuple(cells)))
            self.days = times if self.days is None else self.days
            return
        if (np.diff(times) < 0).any():
            self.made.warnings.append(f"{named.name}: time runs backwards {int((np.diff(times) < 0).sum())} times")
        if self.made.start is None:
            self.made.start, self.made.end = dated[0].readings[order], dated[-1].readings[order]
        self.made.channels.append(_absolute(named, times))

    def _clocks(self, named: Named, cells: Sequence[str]) -> None:
        """Clock times or durations, as seconds; a clock that passes midnight goes on."""
        read = [clock_seconds(cell) for cell in cells]
        seconds = np.array([np.nan if value is None else value for value in read], dtype=np.float64)
        finite = seconds[np.isfinite(seconds)]
        if not len(finite):
            self.made.channels.append(Channel(named.name, texts=tuple(cells)))
            return
        drops = np.diff(finite)
        if (
            self.days is not None
            and not _RELATIVE.search(named.name)
            and bool((finite < _DAY).all())
            and self.made.start is None
        ):
            self._moments(named, self.days + np.round(np.nan_to_num(seconds) * 1e9).astype(np.int64), zone=None)
            return
        relative = bool(_RELATIVE.search(named.name)) or finite[0] < 1 or bool((finite >= _DAY).any())
        if relative or ((drops < 0) & (drops > -_DAY / 2)).any():
            self.made.channels.append(Channel(named.name, seconds, unit="s", quantity="time", confidence=0.8))
            return
        jumps = np.concatenate(
            [[0.0], np.cumsum(np.where(np.diff(np.nan_to_num(seconds, nan=finite[0])) < -_DAY / 2, _DAY, 0.0))]
        )
        if jumps[-1] > 0:
            self.made.warnings.append(f"{named.name}: the clock passes midnight; times go on into the next day")
        self.made.clock_starts = float(finite[0])
        unrolled = seconds + jumps - finite[0]
        self.made.channels.append(Channel(named.name, unrolled, unit="s", quantity="time", confidence=1.0))
