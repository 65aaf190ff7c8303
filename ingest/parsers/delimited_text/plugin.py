"""The sniffer: tables of numbers in text never seen before; refuses what is no table, claims only what the file shows."""

import gc
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from ingest.parsers.delimited_text.cells import without_thousands
from ingest.parsers.delimited_text.columns import Around, Builder, Columns
from ingest.parsers.delimited_text.dates import compact_dates, find_stamp
from ingest.parsers.delimited_text.doubts import disagreements
from ingest.parsers.delimited_text.header import Header, Named, find_header, read_label, uncommented, unique
from ingest.parsers.delimited_text.preamble import Preamble, clues, no_value, read_preamble, shown_order, start_of_name
from ingest.parsers.delimited_text.refusals import glued, mostly_numbers, settings_list
from ingest.parsers.delimited_text.tables import LEAST_ROWS, Shape, Table, find_shape, find_tables, mend_quotes
from ingest.parsers.delimited_text.told import NOTHING, Told
from ingest.parsers.delimited_text.turned import WARNING, turned
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import head_unpacked, read_limited
from ingest.parsers.text import Text, decode, lines_of
from ingest.schemas.registry import quantity_of, technique_of, techniques

MAX_BYTES = 128 * 2**20
MAX_LINE = 1_000_000
LEAST = 0.3
_STRUCTURED = re.compile(
    r"\s*(?:<\?xml|<!DOCTYPE|<html|<[A-Za-z][\w:.-]*[\s>]|\{\s*[\"}\\]|\[\s*[\[{\"\]]|\[\s*-?\d[\d.,\s-]*\]\s*$|%!PS|\{\\rtf)"
)
_COUNTED = re.compile(r"(?:no|nr|index|point|number|point no|data point)\.?|#", re.IGNORECASE)  # rows, nothing measured
_PROMISE = re.compile(
    r"^(?:no\.?|number|nr\.?|#|count) ?(?:of )?(?:points|data ?points|rows|data|records|values|samples|lines)$|^(?:points|npoints|values/curve)$",  # noqa: E501
    re.IGNORECASE,
)


@cache
def _foreign() -> list[tuple[re.Pattern[str], str]]:
    text = (files("ingest.parsers.delimited_text") / "foreign.yaml").read_text(encoding="utf-8")
    return [(re.compile(item["begins"], re.IGNORECASE), item["what"]) for item in yaml.safe_load(text)]


@dataclass
class _Named:
    """A table with its header."""

    table: Table
    header: Header | None


def _join(tables: list[Table], shape: Shape) -> list[_Named]:
    """Tables with their headers; a run without a header of its own, or with the same, goes on the table before it."""
    joined: list[_Named] = []
    for table in tables:
        header = find_header(table.above, shape, table.width)
        before = joined[-1] if joined else None
        same = before is not None and before.table.width == table.width and len(before.table.rows) >= LEAST_ROWS
        if (
            before is not None
            and same
            and (header is None or header.columns == (before.header.columns if before.header else None))
        ):
            before.table.rows += table.rows
            before.table.lines += table.lines
            before.table.ragged += table.ragged
            before.table.between += table.above
            before.table.blocks += table.blocks
            continue
        if before is not None and _cut_short(table, before.table):
            before.table.rows += [row[: before.table.width] for row in table.rows]
            before.table.lines += table.lines
            before.table.ragged += len(table.rows)
            before.table.between += table.above
            continue
        joined.append(_Named(table, header))
    return joined


def _cut_short(table: Table, before: Table) -> bool:
    """A last line or two, narrower than the table before them with nothing between."""
    return len(table.rows) < LEAST_ROWS and not table.above and before.width / 2 <= table.width <= before.width


def _worthy(named: _Named) -> bool:
    table = named.table
    if len(table.rows) < LEAST_ROWS and not (
        named.header is not None and len(table.rows) >= 1 and table.width >= 2 and named.header.units
    ):
        return False
    return not (table.width == 1 and named.header is None)


def _names(named: _Named) -> Sequence[Named]:
    width = named.table.width
    if named.header is not None:
        return named.header.columns
    return [Named(f"column_{index}") for index in range(1, width + 1)]


class _Reader:
    """One file on its way from lines to Parsed."""

    def __init__(self, text: Text, name: str, told: Told = NOTHING) -> None:
        self.name = name
        self.told = told
        self.encoding = text.encoding
        foreign = next((what for pattern, what in _foreign() if pattern.match(text.text[:4000])), None)
        if foreign is not None:
            raise CannotParse(f"{foreign}: numbers of this format are no plain table, and it has no reader yet")
        if _STRUCTURED.match(text.text[:2000]):
            raise CannotParse("structured text (XML, JSON or markup) of a layout that no reader knows")
        self.lines = lines_of(text.text)
        if '"' in text.text:
            self.lines = mend_quotes(self.lines)
        if any(len(line) > MAX_LINE for line in self.lines):
            raise CannotParse("a line of more than a million characters; this is no table")
        upright = turned(self.lines) if told == NOTHING else None
        self.turned = upright is not None
        self.lines = upright or self.lines
        body = self._body()
        shape = find_shape(body, told)
        if shape is None:
            raise CannotParse("no table of numbers in this text")
        self.shape = shape
        found = [item for item in _join(find_tables(body, shape), shape) if _worthy(item)]
        if not found:
            raise CannotParse(
                "no table of numbers in this text, or one without any header to say what its only column is"
            )
        self.main = max(found, key=lambda item: item.table.size)
        self._header_told()
        last = self.main.table.rows[-1]
        if not text.text.endswith(("\n", "\r")) and len(last) < self.main.table.width and len(self.main.table.rows) > 1:
            last[-1] = ""  # half a number would be a wrong number
        self.others = [item for item in found if item is not self.main and _telling(item)]
        self._refuse_prose()

    def _body(self) -> list[str]:
        """The lines, those before and of the told header blank."""
        skipped = self.told.header_line or 0
        if skipped >= len(self.lines) > 0 and skipped:
            raise CannotParse(f"the line of the column names is said to be {skipped}, but there are {len(self.lines)}")
        return ["" if number < skipped else line for number, line in enumerate(self.lines)]

    def _header_told(self) -> None:
        """The names that stand in the line a person named, or none at all."""
        if self.told.header_line == 0:
            self.main.header = None
        elif self.told.header_line:
            line = self.lines[self.told.header_line - 1]
            names = [read_label(cell) for cell in self.shape.cells(uncommented(line, self.shape.delimiter))]
            width = self.main.table.width
            if len(names) < width:
                missing = range(len(names) + 1, width + 1)
                names += [Named(f"column_{index}") for index in missing]
            self.main.header = Header(unique(names[:width]), (line,), max(0, len(names) - width))

    def _refuse_prose(self) -> None:
        """A few numbers in much text are no table."""
        rows = sum(len(item.table.rows) for item in [self.main, *self.others])
        filled = sum(bool(line.strip()) for line in self.lines)
        named = self.main.header is not None and self.main.header.units > 0 and self.main.table.width >= 3 and rows >= 5
        if rows < 0.15 * filled and rows < 50 and not named:
            if mostly_numbers(self.lines):
                raise CannotParse(f"numbers in lines of changing layout: only {rows} of {filled} lines make one table")
            raise CannotParse(f"mostly text: only {rows} of {filled} lines look like rows of a table")
        bare = self.main.header is None and self.shape.delimiter == " "
        if bare and (example := glued(self.main.table.rows)) is not None:
            raise CannotParse(
                f"columns of fixed width without blanks between ({example[:40]!r}): where they part is not stated"
            )
        if settings_list([column.name for column in _names(self.main)], self.main.table.rows):
            raise CannotParse("a list of settings and their values; this is no measurement")
        kinds = [self.shape.kinds(row) for row in self.main.table.rows[:200]]
        labelled = all(kind.startswith("x") for kind in kinds)
        if self.main.header is None and labelled and rows < 20:
            raise CannotParse("a few lines of a word and numbers without a header; this is no table")
        if self.main.header is None and sum(kind.count("x") for kind in kinds) > sum(kind.count("n") for kind in kinds):
            raise CannotParse("lines of text with a few numbers and no header; this is no table")

    def around(self) -> list[str]:
        """Lines that are neither rows nor column names."""
        rows = set(self.main.table.lines)
        for item in self.others:
            rows |= set(item.table.lines)
        used = set(self.main.header.used) if self.main.header else set()
        return [
            line for number, line in enumerate(self.lines) if number not in rows and line.strip() and line not in used
        ][:2000]

    def build(self, named: _Named, technique: str | None, around: Around) -> Columns:
        """The channels of one table."""
        cells = [named.table.column(index) for index in range(named.table.width)]
        if self.told.decimal is not None:
            cells = [[without_thousands(cell, self.told.decimal) for cell in column] for column in cells]
        return Builder(self.shape.decimal, technique, around).add_all(list(zip(_names(named), cells, strict=True)))

    def warnings(self) -> list[str]:
        """What is odd about the main table's rows."""
        table, header = self.main.table, self.main.header
        found = [WARNING] if self.turned else []
        if header is None:
            found.append("no line of column names was found; columns are numbered and nothing is claimed about them")
        elif header.wider:
            found.append(f"the header names {header.wider} more columns than rows have values in")
        if (
            len(table.rows) > 1
            and len(table.rows[-1]) < table.width
            and all(len(row) >= table.width for row in table.rows[-20:-1])
        ):
            found.append(f"the last row is cut short: {len(table.rows[-1])} of {table.width} columns")
        elif table.ragged:
            found.append(f"{table.ragged} rows do not have {table.width} columns; missing cells are empty")
        if table.between:
            found.append(
                f"{len(table.between)} lines between the rows are no data, such as {table.between[0].strip()[:60]!r}"
            )
        return found


def _telling(named: _Named) -> bool:
    """An extra table worth showing: with names, and numbers in every column."""
    table = named.table
    if named.header is None or table.width < 2 or len(table.rows) < 5:
        return False
    return all(
        sum(bool(re.match(r"[-+.\d]", row[at])) for row in table.rows if at < len(row)) >= 0.8 * len(table.rows)
        for at in range(table.width)
    )


def _promises(pairs: dict[str, str], rows: int) -> list[str]:
    found = []
    for key, value in pairs.items():
        if _PROMISE.match(key.strip()) and re.fullmatch(r"\d{1,9}", value.strip()) and int(value) > rows:
            found.append(f"the header promises {value.strip()} points ({key}), {rows} rows follow")
    return found


def _hint(preamble_text: str, names: Sequence[Named]) -> str | None:
    """The technique, from words and from the quantities that names and units show."""
    shown = [quantity_of(column.name, column.unit)[0] for column in names]
    return technique_of(preamble_text, shown)


def _start(columns: Columns, preamble: Preamble, name: str) -> tuple[dict[str, Any], list[str]]:
    """Start and end: from dates in the rows, from the preamble, or from the file's name, in this order."""
    if columns.start is not None and not (columns.deduced and "start" in preamble.metadata):
        found = {"start": columns.start.isoformat(), "start_source": "rows"}
        return ({**found, "end": columns.end.isoformat()} if columns.end else found), []
    metadata = preamble.metadata
    if columns.clock_starts is not None:
        day = str(metadata.get("start") or metadata.get("date") or "")[:10] or _day_of(name)
        if day:
            start = datetime.fromisoformat(day) + timedelta(seconds=columns.clock_starts)
            return {"start": start.isoformat(), "start_source": "date and clock of the first row"}, []
        return {}, ["rows have clock times but no date is stated; times are relative"]
    if "start" in metadata:
        return {"start": metadata["start"], "start_source": "header"}, []
    named = start_of_name(name)
    if named is not None:
        return {"start": named.isoformat(), "start_source": "file name"}, ["the start is taken from the file's name"]
    return {}, []


def _day_of(name: str) -> str:
    named = start_of_name(name)
    if named is not None:
        return named.date().isoformat()
    days = set(compact_dates(name))
    return days.pop().isoformat() if len(days) == 1 else ""


def _axis(channels: Sequence[Channel]) -> str | None:
    """What to plot against: time, an angle, an energy, or a first column that only rises or only falls."""
    clocks = [
        c
        for c in channels
        if c.quantity == "time" and c.values is not None and c.confidence >= 0.8 and _rises(c.values)
    ]
    if clocks:
        return max(clocks, key=lambda clock: (clock.times is not None, clock.confidence)).name
    for wanted in (
        "two_theta",
        "wavelength",
        "raman_shift",
        "wavenumber",
        "binding_energy",
        "photon_energy",
        "frequency",
    ):
        for channel in channels:
            if channel.quantity == wanted and channel.values is not None and channel.confidence >= 0.8:
                return channel.name
    counted = len(channels) > 2 and _COUNTED.fullmatch(channels[0].name) is not None
    first = channels[int(counted)] if channels else None
    if first is not None and first.values is not None and (_rises(first.values) or _rises(-first.values)):
        return first.name
    return None


def _pairs(channels: Sequence[Channel]) -> dict[str, str]:
    """What each channel is plotted against where columns of x and y alternate, each y with an x of its own before it."""
    xs, ys = channels[::2], channels[1::2]
    quantity = xs[0].quantity if xs else None
    alike = quantity is not None and all(x.quantity == quantity and x.times is None for x in xs)
    if len(xs) < 2 or len(xs) != len(ys) or not alike or any(y.quantity == quantity for y in ys):
        return {}
    return {y.name: x.name for x, y in zip(xs, ys, strict=True)}


def _rises(values: NDArray[np.float64]) -> bool:
    steps = np.diff(values[np.isfinite(values)])
    return len(steps) > 1 and bool((steps >= 0).all() and (steps > 0).any())


def _confidence(reader: _Reader, warnings: Sequence[str]) -> float:
    header, rows = reader.main.header, len(reader.main.table.rows)
    score = 0.4 + (0.25 if header else 0.0) + (0.1 if rows >= 10 else 0.0)
    if header is not None:
        score += 0.15 * header.units / max(1, len(header.columns))
    return round(max(0.3, min(0.9, score - 0.03 * min(len(warnings), 5))), 2)


def _assemble(reader: _Reader) -> Parsed:
    around = reader.around()
    rows = reader.main.table.rows
    samples = [stamp for row in rows[:50] + rows[-50:] for cell in row[:3] if (stamp := find_stamp(cell)) is not None]
    preamble = read_preamble(around[:400], reader.name, samples, reader.told.order)
    names = _names(reader.main)
    technique = _hint("\n".join(around[:150]) + "\n" + " ".join(column.name for column in names), names)
    evidence = Around(clues(around, reader.name), reader.told.order or shown_order(around), no_value(preamble.pairs))
    columns = reader.build(reader.main, technique, evidence)
    if not any(channel.values is not None and np.isfinite(channel.values).any() for channel in columns.channels):
        raise CannotParse("no column of numbers in this text")
    start, start_warnings = _start(columns, preamble, reader.name)
    warnings = [
        *reader.warnings(),
        *columns.warnings,
        *_grouped(columns),
        *disagreements(columns.channels),
        *start_warnings,
        *_promises(preamble.pairs, len(rows)),
    ]
    if "start" not in start:
        warnings += preamble.warnings
    channels = _finish(columns, start)
    for number, other in enumerate(reader.others, start=2):
        built = reader.build(other, technique, evidence)
        channels += [replace(channel, name=f"{channel.name} (table {number})", axis=None) for channel in built.channels]
    if len(reader.main.table.blocks) > 1:
        blocks = reader.main.table.blocks
        numbers = np.concatenate(
            [np.full(count, index, dtype=np.float64) for index, count in enumerate(blocks, start=1)]
        )
        channels += [Channel("block", numbers)] if len(numbers) == len(rows) else []
    known: dict[str, Any] = {
        key: preamble.metadata[key]
        for key in ("sample", "operator", "instrument", "date", "start_text")
        if key in preamble.metadata
    }
    layout = {"encoding": reader.encoding, "delimiter": reader.shape.delimiter, "decimal": reader.shape.decimal}
    metadata: dict[str, Any] = {
        **start,
        **known,
        **layout,
        "header": preamble.pairs,
        "confidence": _confidence(reader, warnings),
    }
    label = techniques()[technique].label["en"] if technique else ""
    return Parsed(label, channels, metadata, (), list(dict.fromkeys(warnings))[:40])


def _grouped(columns: Columns) -> list[str]:
    """One warning for all columns that have the same fault."""
    found = [f"{_list(names)}: {why}" for why, names in columns.unclaimed.items()]
    if len(columns.empty) == 1:
        found.append(f"{columns.empty[0]}: the column is empty")
    elif columns.empty:
        found.append(f"{len(columns.empty)} columns are empty: {_list(columns.empty)}")
    return found


def _list(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _finish(columns: Columns, start: dict[str, Any]) -> list[Channel]:
    """Channels with their axis, and absolute times where rows have them."""
    axis, pairs = _axis(columns.channels), _pairs(columns.channels)
    times = next((channel.times for channel in columns.channels if channel.times is not None), None)
    if times is None and columns.clock_starts is not None and "start" in start:
        elapsed = next(
            c.values for c in columns.channels if c.quantity == "time" and c.confidence == 1.0 and c.values is not None
        )
        first = np.datetime64(datetime.fromisoformat(start["start"]).replace(tzinfo=None), "ns").astype(np.int64)
        times = first + np.round(np.nan_to_num(elapsed) * 1e9).astype(np.int64)
    made = []
    for channel in columns.channels:
        against = axis if channel.name != axis else None
        if pairs:
            against = pairs.get(channel.name)
        made.append(replace(channel, axis=against, times=channel.times if channel.times is not None else times))
    return made


def read_text(text: Text, name: str) -> Parsed:
    """The tables of a text that came out of another container, such as a sheet or a record. Raises CannotParse."""
    return _assemble(_Reader(text, name))


class DelimitedText:
    """Reads any table of numbers in text. Says little and only what the file shows."""

    name = "delimited_text"
    version = "3"

    def sniff(self, head: Head) -> float:
        """0.5 for text with a table near its start, 0.3 for other text (the table may come later), 0 for binary and markup."""
        unpacked = head_unpacked(head)
        if not unpacked.data:
            return LEAST if head.data else 0.0  # packed in larger blocks than the head: only parsing can tell
        try:
            text = decode(unpacked.data)
        except CannotParse:
            return 0.0
        if _STRUCTURED.match(text.text[:2000]) or not text.text.strip():
            return 0.0
        return 0.5 if find_shape(lines_of(text.text)[:-1][:600]) is not None else LEAST

    def parse(self, path: Path, name: str) -> Parsed:
        """The tables of the file. Raises CannotParse for binary content, markup, prose, and bare columns without a header."""
        return self.parse_hinted(path, name, {})

    def parse_hinted(self, path: Path, name: str, hints: Mapping[str, Any]) -> Parsed:
        """As `parse`, with what a person said of decimal sign, delimiter, order of dates, header line and encoding."""
        told = Told.of(hints)
        collecting = gc.isenabled()
        gc.disable()  # millions of small lists and no cycles: searching them again and again takes longer than reading
        try:
            return _assemble(_Reader(decode(read_limited(path, MAX_BYTES), told.encoding), name, told))
        finally:
            if collecting:
                gc.enable()


plugin = DelimitedText()
