"""From the cells of a column to a channel: numbers, times, or text, with unit and quantity."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.delimited_text.cells import (
    Decimal,
    Kind,
    is_code,
    kind_of,
    kinds_of_column,
    number_and_unit,
    parts_thousands,
    plain_numbers,
    to_numbers,
)
from ingest.parsers.delimited_text.dates import ORDERS, Order, decide_order, written_order
from ingest.parsers.delimited_text.doubts import contradictions, is_uncertainty, sentinels
from ingest.parsers.delimited_text.header import Named
from ingest.parsers.delimited_text.moments import NS, Dated, moment_of, read_clocks, read_dates
from ingest.parsers.delimited_text.scales import absolute_scale, compact_moments
from ingest.parsers.delimited_text.unit_columns import with_unit_columns
from ingest.parsers.protocol import Channel
from ingest.schemas.registry import quantity_of
from ingest.schemas.units import convert, parse_unit

_RELATIVE = re.compile(
    r"elapsed|relative|cumulative|process|duration|step|total|since|run ?time|experiment|dauer|经过|経過", re.IGNORECASE
)
_NUMBERED = re.compile(r"column_\d+")
_BOUND = re.compile(r"_(?:start|stop)")  # of the window that a query asked for, not of the rows
_ZONE = re.compile(r"\b(?:GMT|UTC) ?([+-])(\d{1,2}):?(\d{2})?\b")
_DAY = 86400.0


@dataclass(frozen=True)
class Around:
    """What the rest of the file says: dates near by, the order of day and month it shows, its code for no value."""

    days: Sequence[date] = ()
    order: Order | None = None
    no_value: tuple[float, ...] = ()


@dataclass
class Columns:
    """Channels of a table, its start where a column holds dates, and what was odd."""

    channels: list[Channel] = field(default_factory=list)
    start: datetime | None = None
    end: datetime | None = None
    warnings: list[str] = field(default_factory=list)
    deduced: bool = False  # the start was worked out with the help of another date of the file
    clock_starts: float | None = None  # seconds since midnight of the first row, where only clock times are given
    empty: list[str] = field(default_factory=list)
    unclaimed: dict[str, list[str]] = field(default_factory=dict)  # why -> names


def _prevailing(kinds: Counter[Kind]) -> Kind:
    """The kind of most filled cells."""
    full: dict[Kind, int] = {"n": kinds["n"], "t": kinds["t"], "x": kinds["x"]}
    if not sum(full.values()):
        return "e"
    best: Kind = max(full, key=lambda kind: full[kind])
    return "x" if best != "x" and full[best] < 0.6 * sum(full.values()) else best


class Builder:
    """Turns the columns of one table into channels.

    A column of days makes absolute times of a column of clock times beside it.
    """

    def __init__(self, decimal: Decimal, technique: str | None, around: Around) -> None:
        self.decimal: Decimal = decimal
        self.technique = technique
        self.around = around
        self.days: NDArray[np.int64] | None = None
        self.made = Columns()

    def add_all(self, columns: Sequence[tuple[Named, Sequence[str]]]) -> Columns:
        """All columns of the table, in their order."""
        columns = with_unit_columns(columns)
        dated = {}
        for at, (_, cells) in enumerate(columns):
            if any(kind_of(cell, self.decimal) == "t" for cell in islice((c for c in cells if c), 3)):
                dated[at] = read_dates(cells)
        for at, found in dated.items():
            if found is not None and not found.has_clock and self.days is None:
                order = self._order(columns[at][0], found)
                self.days = found.times(order) if order is not None else None
        for at, (named, cells) in enumerate(columns):
            self._add(named, cells, dated.get(at))
        return self.made

    def _order(self, named: Named, found: Dated) -> Order | None:
        return decide_order(found.turns, self.around.days, written_order(named.name) or self.around.order)

    def _add(self, named: Named, cells: Sequence[str], dated: Dated | None) -> None:
        plain = plain_numbers(cells, self.decimal)
        sure = plain is not None and bool(np.isfinite(plain).all())
        kinds: Counter[Kind] = Counter({"n": len(cells)}) if sure else kinds_of_column(cells, self.decimal)
        kind = _prevailing(kinds)
        if kind == "e":
            if named.unit is None and any(cells) and all(is_code(cell) for cell in cells if cell):
                self.made.channels.append(Channel(named.name, texts=tuple(cells)))  # a shutter that is always OPEN
            elif not _NUMBERED.fullmatch(named.name):
                self.made.channels.append(self._claimed(named, np.full(len(cells), np.nan)))
                self.made.empty.append(named.name)
        elif kind == "n":
            self._numbers(named, cells, kinds, plain if sure else None)
        elif kind == "t":
            self._times(named, cells, dated)
        elif kinds["x"] and (other := self._of_other_decimal(cells)) is not None:
            self.made.warnings.append(
                f"{named.name}: its numbers have the decimal sign {other!r}, those of other columns {self.decimal!r}"
            )
            self.made.channels.append(self._claimed(named, to_numbers(cells, other)))
        else:
            self._unit_beside(named, cells)
            self.made.channels.append(Channel(named.name, texts=tuple(cells)))

    def _unit_beside(self, named: Named, cells: Sequence[str]) -> None:
        """A column `Unit` that always says the same is the unit of the numbers before it."""
        before = self.made.channels[-1] if self.made.channels else None
        said = {re.sub(r" (?:DC|AC)$", "", cell) for cell in cells if cell}
        if before is None or before.values is None or before.unit or len(said) != 1:
            return
        unit = (
            parse_unit(said.pop(), before.name) if re.fullmatch(r"units?(?: \d+)?", named.name, re.IGNORECASE) else None
        )
        if unit is not None:
            self.made.channels[-1] = self._claimed(Named(before.name, unit), before.values)

    def _of_other_decimal(self, cells: Sequence[str]) -> Decimal | None:
        """The other decimal sign, if all filled cells are numbers with it and not all of them could be thousands."""
        other: Decimal = "," if self.decimal == "." else "."
        kinds = kinds_of_column(cells, other)
        full = [cell for cell in cells if cell]
        unlike = any(not re.fullmatch(r"[-+]?[1-9]\d{0,2}[.,]\d{3}", cell) for cell in full)
        return other if kinds["n"] >= 0.95 * (len(full) or 1) and not kinds["x"] and unlike else None

    def _claimed(self, named: Named, values: NDArray[np.float64]) -> Channel:
        quantity, confidence = quantity_of(named.name, named.unit, self.technique)
        if _NUMBERED.fullmatch(named.name) or is_uncertainty(named.name):
            quantity, confidence = None, 0.0
        suggested = quantity_of(named.name, None, self.technique)[0] if named.unit else None
        if suggested and quantity and suggested != quantity and confidence < 0.65:
            why = f"the name says {suggested}, the unit {named.unit} says {quantity}; neither is claimed"
            self.made.unclaimed.setdefault(why, []).append(named.name)
            quantity, confidence = None, 0.0
        self.made.warnings += contradictions(named.name, named.unit, quantity, values)
        return Channel(named.name, values, unit=named.unit, quantity=quantity, confidence=confidence)

    def _numbers(
        self, named: Named, cells: Sequence[str], kinds: Counter[Kind], plain: NDArray[np.float64] | None
    ) -> None:
        thousands = (
            parts_thousands(cells, self.decimal) if kinds["x"] or any("," in cell for cell in cells[:200]) else False
        )
        if plain is None and named.unit is None and any(cell and not cell[-1].isdigit() for cell in cells[:50]):
            named, cells = self._units_of_cells(named, cells)
        values = plain if plain is not None else to_numbers(cells, self.decimal, thousands)
        if named.unknown:
            why = f"the unit {named.unknown!r} is not known and not claimed"
            self.made.unclaimed.setdefault(why, []).append(named.name)
        self.made.warnings += self._odd_cells(named, cells, kinds, values)
        values, found = sentinels(named.name, values, self.around.no_value)
        self.made.warnings += found
        if self.decimal == "," and all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", cell) for cell in cells if cell):
            self.made.warnings.append(
                f"{named.name}: values such as {cells[0]!r} are read with a decimal comma; it may part thousands"
            )
        scale = absolute_scale(named.name, named.unit, values, self.around.days)
        if scale is not None and scale.doubt is None:
            self._moments(named, scale.times(values), scale.zone)
            self.made.deduced = scale.before > 0
        elif (compact := compact_moments(named.name, cells)) is not None:
            self._moments(named, compact, None)
        else:
            self.made.warnings += [f"{named.name}: {scale.doubt}"] if scale is not None and scale.doubt else []
            self.made.channels.append(self._claimed(named, values))

    def _odd_cells(
        self, named: Named, cells: Sequence[str], kinds: Counter[Kind], values: NDArray[np.float64]
    ) -> list[str]:
        found = []
        if kinds["x"] + kinds["t"]:
            odd = [
                cell
                for cell, value in zip(cells, values, strict=True)
                if value != value and kind_of(cell, self.decimal) in "xt"
            ]
            if odd:
                found.append(f"{named.name}: {len(odd)} cells hold no number, such as {odd[0][:40]!r}")
        if kinds["e"]:
            codes = Counter(cell for cell, value in zip(cells, values, strict=True) if value != value and is_code(cell))
            found += [
                f"{named.name}: {count} cells say {code[:20]!r} instead of a number"
                for code, count in codes.most_common(3)
            ]
        return found

    def _units_of_cells(self, named: Named, cells: Sequence[str]) -> tuple[Named, Sequence[str]]:
        """The unit that stands behind every number, and cells without it; other units of the kind are converted into the first."""
        split = [number_and_unit(cell, self.decimal) for cell in cells]
        units = Counter(pair[1] for pair in split if pair is not None)
        if not units or sum(units.values()) < 0.9 * sum(kind_of(cell, self.decimal) == "n" for cell in cells):
            return named, cells
        main = units.most_common(1)[0][0]
        if len(units) == 1:
            return replace(named, unit=main), [
                pair[0] if pair is not None else cell for pair, cell in zip(split, cells, strict=True)
            ]
        try:
            made = [
                cell
                if pair is None
                else pair[0]
                if pair[1] == main
                else repr(convert(float(pair[0].replace(",", ".")), pair[1], main)).replace(".", self.decimal)
                for pair, cell in zip(split, cells, strict=True)
            ]
        except ValueError:  # units of different kinds
            return named, cells
        self.made.warnings.append(
            f"{named.name}: its cells have the units {', '.join(sorted(units))}; all are given in {main}"
        )
        return replace(named, unit=main), made

    def _moments(self, named: Named, times: NDArray[np.int64], zone: timezone | None) -> None:
        if self.made.start is None:
            self.made.start, self.made.end = moment_of(int(times[0]), zone), moment_of(int(times[-1]), zone)
        self._backwards(named, times)
        self.made.channels.append(_absolute(named, times))

    def _backwards(self, named: Named, times: NDArray[np.int64]) -> None:
        back = int((np.diff(times) < 0).sum())
        if back:
            self.made.warnings.append(f"{named.name}: time runs backwards {back} times")

    def _times(self, named: Named, cells: Sequence[str], dated: Dated | None) -> None:
        if dated is not None:
            self._dates(named, cells, dated)
        else:
            self._clocks(named, cells)

    def _dates(self, named: Named, cells: Sequence[str], dated: Dated) -> None:
        order, first = self._order(named, dated), dated.turns[0]
        if order is None:
            self.made.warnings.append(
                f"{named.name}: dates such as {first.text.strip()!r} can be read with the day or the month first; times are relative"
            )
            every = next((o for o in ORDERS if all(o in stamp.readings for stamp in dated.turns)), None)
            times = dated.times(every) if every is not None and dated.has_clock else None
            if times is not None and (times - times[0]).max() < _DAY * NS and (times >= times[0]).all():
                self.made.channels.append(replace(_absolute(named, times), times=None))
            else:
                self.made.channels.append(Channel(named.name, texts=tuple(cells)))
            return
        if not dated.has_clock:
            self.made.channels.append(Channel(named.name, texts=tuple(cells)))
            return
        times = dated.times(order)
        self._backwards(named, times)
        start, end = first.readings[order], dated.turns[-1].readings[order]
        zone = _zone_of(named.name) if start.tzinfo is None else None
        if zone is not None:
            times = times - int((zone.utcoffset(None)).total_seconds()) * NS
            start, end = start.replace(tzinfo=zone), end.replace(tzinfo=zone)
        if self.made.start is None and not _BOUND.fullmatch(named.name):
            self.made.start, self.made.end = start, end
        self.made.channels.append(_absolute(named, times))

    def _clocks(self, named: Named, cells: Sequence[str]) -> None:
        """Clock times or durations, as seconds; a clock that passes midnight goes on."""
        seconds = read_clocks(cells)
        finite = seconds[np.isfinite(seconds)]
        if not len(finite):
            self.made.channels.append(Channel(named.name, texts=tuple(cells)))
            return
        drops = np.diff(finite)
        called_relative = _RELATIVE.search(named.name) is not None
        if self.days is not None and not called_relative and bool((finite <= _DAY).all()) and self.made.start is None:
            self._moments(named, self.days + np.round(np.nan_to_num(seconds) * 1e9).astype(np.int64), zone=None)
            return
        relative = called_relative or finite[0] < 1 or bool((finite >= _DAY).any())
        if relative or ((drops < 0) & (drops > -_DAY / 2)).any():
            self.made.channels.append(Channel(named.name, seconds, unit="s", quantity="time", confidence=0.8))
            return
        rolls = np.where(np.diff(_carried(seconds)) < -_DAY / 2, _DAY, 0.0)
        jumps = np.concatenate([[0.0], np.cumsum(rolls)])
        if jumps[-1] > 0:
            self.made.warnings.append(f"{named.name}: the clock passes midnight; times go on into the next day")
        if self.made.clock_starts is None:
            self.made.clock_starts = float(finite[0])
        unrolled = seconds + jumps - finite[0]
        self.made.channels.append(Channel(named.name, unrolled, unit="s", quantity="time", confidence=1.0))


def _zone_of(name: str) -> timezone | None:
    """The zone that the name of a column states, such as `Date Time, GMT+02:00`."""
    match = _ZONE.search(name)
    if match is None or int(match[2]) > 14:
        return None
    minutes = 60 * int(match[2]) + int(match[3] or 0)
    return timezone(timedelta(minutes=-minutes if match[1] == "-" else minutes))


def _carried(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values with the last finite one in place of NaN."""
    good = np.isfinite(values)
    last = np.maximum.accumulate(np.where(good, np.arange(len(values)), 0))
    last[~good & (last == 0)] = int(np.argmax(good))
    made: NDArray[np.float64] = values[last]
    return made


def _absolute(named: Named, times: NDArray[np.int64]) -> Channel:
    seconds = (times - times[0]) / 1e9 if len(times) else np.zeros(0)
    return Channel(named.name, seconds, unit="s", quantity="time", confidence=1.0, times=times)
