"""One text on its way from lines to tables: their shape, their headers, what is refused."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from ingest.parsers.delimited_text.cells import without_thousands
from ingest.parsers.delimited_text.columns import Around, Builder, Columns
from ingest.parsers.delimited_text.header import Header, Named, find_header, read_label, uncommented, unique
from ingest.parsers.delimited_text.refusals import glued, mostly_numbers, settings_list
from ingest.parsers.delimited_text.tables import LEAST_ROWS, Shape, Table, find_shape, find_tables, mend_quotes
from ingest.parsers.delimited_text.told import NOTHING, Told
from ingest.parsers.delimited_text.turned import WARNING, turned
from ingest.parsers.protocol import CannotParse
from ingest.parsers.text import Text, lines_of

MAX_LINE = 1_000_000
STRUCTURED = re.compile(
    r"\s*(?:<\?xml|<!DOCTYPE|<html|<[A-Za-z][\w:.-]*[\s>]|\{\s*[\"}\\]|\[\s*[\[{\"\]]|\[\s*-?\d[\d.,\s-]*\]\s*$|%!PS|\{\\rtf)"
)


@cache
def _foreign() -> list[tuple[re.Pattern[str], str]]:
    text = (files("ingest.parsers.delimited_text") / "foreign.yaml").read_text(encoding="utf-8")
    return [(re.compile(item["begins"], re.IGNORECASE), item["what"]) for item in yaml.safe_load(text)]


@dataclass
class Headed:
    """A table with its header."""

    table: Table
    header: Header | None


def _join(tables: list[Table], shape: Shape) -> list[Headed]:
    """Tables with their headers; a run without a header of its own, or with the same, goes on the table before it."""
    joined: list[Headed] = []
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
        joined.append(Headed(table, header))
    return joined


def _cut_short(table: Table, before: Table) -> bool:
    """A last line or two, narrower than the table before them with nothing between."""
    return len(table.rows) < LEAST_ROWS and not table.above and before.width / 2 <= table.width <= before.width


def _worthy(named: Headed, told: Told) -> bool:
    table = named.table
    if len(table.rows) < LEAST_ROWS and not (
        named.header is not None and len(table.rows) >= 1 and table.width >= 2 and named.header.units
    ):
        return False
    return not (table.width == 1 and named.header is None and not told.header_line)


def names_of(named: Headed) -> Sequence[Named]:
    """The columns of a table; those without a header are numbered."""
    width = named.table.width
    if named.header is not None:
        return named.header.columns
    return [Named(f"column_{index}") for index in range(1, width + 1)]


class Reader:
    """One file on its way from lines to Parsed."""

    def __init__(self, text: Text, name: str, told: Told = NOTHING) -> None:
        self.name = name
        self.told = told
        self.encoding = text.encoding
        foreign = next((what for pattern, what in _foreign() if pattern.match(text.text[:4000])), None)
        if foreign is not None:
            raise CannotParse(f"{foreign}: numbers of this format are no plain table, and it has no reader yet")
        if STRUCTURED.match(text.text[:2000]):
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
        found = [item for item in _join(find_tables(body, shape), shape) if _worthy(item, told)]
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
        if settings_list([column.name for column in names_of(self.main)], self.main.table.rows):
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

    def build(self, named: Headed, technique: str | None, around: Around) -> Columns:
        """The channels of one table."""
        cells = [named.table.column(index) for index in range(named.table.width)]
        if self.told.decimal is not None:
            cells = [[without_thousands(cell, self.told.decimal) for cell in column] for column in cells]
        return Builder(self.shape.decimal, technique, around).add_all(list(zip(names_of(named), cells, strict=True)))

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


def _telling(named: Headed) -> bool:
    """An extra table worth showing: with names, and numbers in every column."""
    table = named.table
    if named.header is None or table.width < 2 or len(table.rows) < 5:
        return False
    return all(
        sum(bool(re.match(r"[-+.\d]", row[at])) for row in table.rows if at < len(row)) >= 0.8 * len(table.rows)
        for at in range(table.width)
    )
