"""Delimited and aligned text: comma, semicolon, tab, bar, or columns of blanks; comments and preambles set aside."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from knowledge.imports.readers.cells import LOST, is_number, plain
from knowledge.imports.readers.columns_of_blanks import aligned_rows
from knowledge.imports.readers.decimals import points_for_commas
from knowledge.imports.readers.grids import Grid
from knowledge.imports.readers.layout import tables_of
from knowledge.imports.readers.text import is_spectrum
from knowledge.imports.tables import Refused, Table

SIGNS = ("\t", ";", "|", ",")
_COMMENT = re.compile(r"\s*(?:#|%|//|!)\s?")
_ERRORS = {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!", "#GETTING_DATA"}
_RUNAWAY = 12
csv.field_size_limit(1 << 24)


def _split(lines: Sequence[str], sign: str, quotes: bool = True) -> list[tuple[int, list[str]]]:
    """(line, cells) of each row; a quoted cell may hold line ends. Raises csv.Error."""
    reader = csv.reader(
        io.StringIO("\n".join(lines)),
        delimiter=sign,
        skipinitialspace=True,
        quoting=csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE,
    )
    rows, before = [], 0
    for row in reader:
        rows.append((before + 1, row))
        before = reader.line_num
    return rows


def delimiter(lines: Sequence[str]) -> str | None:
    """The sign that gives the most rows the same number (at least two) of cells, the first wide row among them."""
    best, score = None, 0.0
    for sign in SIGNS:
        try:
            widths = [len(row) for _, row in _split(lines[:200], sign) if any(row)]
        except csv.Error:
            continue
        if not widths:
            continue
        wide = [width for width in widths if width > 1]
        if not wide:
            continue
        width, times = Counter(wide).most_common(1)[0]
        agrees = sum(wide[at] == width for at in range(min(2, len(wide)))) / 4
        quality = times / len(widths) * (1 + width / 1000) + agrees
        if quality > score + 0.02:
            best, score = sign, quality
    return best if score > 0.4 else None


def _uncommented(lines: list[str]) -> tuple[list[str], list[str], int]:
    """The lines without comments (blank in their place), the comments, and how many came before the first other line.

    A file in which most lines look like comments has none.
    """
    marked = [at for at, line in enumerate(lines) if _COMMENT.match(line) and not re.match(r"\s*#\d", line)]
    filled = sum(bool(line.strip()) for line in lines)
    if not marked or len(marked) > 0.6 * filled:
        return lines, [], 0
    first = next(at for at, line in enumerate(lines) if line.strip() and at not in set(marked[: at + 1]))
    kept = list(lines)
    comments = []
    for at in marked:
        comments.append(_COMMENT.sub("", lines[at], count=1).strip())
        kept[at] = ""
    return kept, comments, sum(at < first for at in marked)


def _header_in_comment(lines: list[str], kept: list[str], sign: str | None) -> list[str]:
    """The kept lines with the last comment above the data as header, when it has as many cells as they have."""
    first = next((at for at, line in enumerate(kept) if line.strip()), None)
    if not first:
        return kept
    above = next((at for at in range(first - 1, -1, -1) if lines[at].strip()), None)
    if above is None:
        return kept
    text = _COMMENT.sub("", lines[above], count=1)
    for pattern in [re.escape(sign)] if sign else [r"\s{2,}|\t", r"\s+"]:
        cells = _cells(text, pattern)
        body = Counter(len(_cells(line, pattern)) for line in kept[first : first + 50] if line.strip())
        if len(cells) < 2 or len(cells) != body.most_common(1)[0][0] or any(map(is_number, cells)):
            continue
        # without a number below, the first line there may well be the header
        if any(is_number(cell) for cell in _cells(kept[first], pattern)):
            return [*kept[:above], text, *kept[above + 1 :]]
    return kept


def _cells(line: str, pattern: str) -> list[str]:
    return [cell.strip() for cell in re.split(pattern, line.strip())]


def _rows(lines: list[str], sign: str) -> list[tuple[int, list[str]]]:
    rows = _split(lines, sign)
    ends = [line for line, _ in rows[1:]] + [len(lines) + 1]
    if any(end - line > _RUNAWAY for (line, row), end in zip(rows, ends, strict=True) if any(row)):
        bare = _split(lines, sign, quotes=False)  # a quote that is never closed swallows rows
        usual = Counter(len(row) for _, row in bare if len(row) > 1).most_common(1)
        if usual and usual[0][1] > sum(len(row) == usual[0][0] for _, row in rows):
            return bare
    return rows


def delimited_tables(lines: list[str]) -> list[Table]:
    """The tables of the lines of a delimited or aligned text file. Raises Refused for what is none."""
    if not any(line.strip() for line in lines):
        raise Refused("is empty")
    if is_spectrum(lines):
        raise Refused("is a measured curve (columns of numbers), not a table of materials: use the command ingest")
    sign = None
    if stated := re.fullmatch(r"\s*[\"']?sep=(.|\\t)[\"']?\s*", lines[0], re.I):
        sign, lines = stated[1].replace("\\t", "\t"), ["", *lines[1:]]
    kept, comments, _ = _uncommented(lines)
    sign = sign or delimiter([line for line in kept if line.strip()])
    kept = _header_in_comment(lines, kept, sign)
    try:
        rows = aligned_rows(kept) if sign is None else _rows(kept, sign)
    except csv.Error as error:
        raise Refused(f"cannot be read as a table: {error}") from error
    if rows is None:
        raise Refused(
            "is no table: no comma, tab, semicolon or aligned blanks part its lines into the same number of cells"
        )
    return with_notes(tables_of(text_grid(rows)), comments)


def text_grid(rows: Sequence[tuple[int, list[str]]], *, place: str = "", title: str = "") -> Grid:
    """A grid of the numbered rows of a text, cells as plain text with decimal points."""
    lines = [line for line, _ in rows]
    links: dict[tuple[int, int], str] = {}
    lost: dict[tuple[int, int], str] = {}
    cleaned = []
    for line, row in rows:
        cells = []
        for at, cell in enumerate(row, 1):
            text, href = plain(cell) if _marked(cell) else (cell.strip(), "")
            if href:
                links[line, at] = href
            if text[:1] == "#" and text in _ERRORS:
                lost[line, at], text = f"holds an error of the spreadsheet, {text}, instead of a value", LOST
            cells.append(text)
        cleaned.append(cells)
    width = max((len(row) for row in cleaned), default=0)
    found = points_for_commas(cleaned)
    return Grid(found, lines, range(1, width + 1), links=links, lost=lost, ragged=True, place=place, title=title)


def _marked(cell: str) -> bool:
    return "<" in cell or "&" in cell or "](" in cell or "\n" in cell or "\xa0" in cell


def with_notes(tables: list[Table], notes: Sequence[str]) -> list[Table]:
    """The tables, the first with the comments of the file before its own notes."""

    if not notes or not tables:
        return tables
    return [replace(tables[0], notes=(*notes, *tables[0].notes)), *tables[1:]]
