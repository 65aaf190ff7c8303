"""Delimited text: comma, semicolon, tab, with a header line or without."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from knowledge.imports.readers.text import is_spectrum, text_read
from knowledge.imports.tables import Refused, Table

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?%?")


def _delimiter(lines: list[str]) -> str | None:
    """The sign that gives the most rows the same number (at least two) of cells."""
    best, score = None, 0.0
    for sign in (",", "\t", ";", "|"):
        try:
            counts = Counter(len(row) for row in csv.reader(lines[:200], delimiter=sign, skipinitialspace=True) if row)
        except csv.Error:
            continue
        if not counts:
            continue
        width, times = counts.most_common(1)[0]
        quality = times / sum(counts.values()) * (1 + width / 1000)
        if width > 1 and quality > score:
            best, score = sign, quality
    return best if score > 0.4 else None


def has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names columns: filled, not numeric, and unlike what stands below; repeated names need more proof."""
    first = [cell.strip().lstrip("#").strip() for cell in rows[0]]
    if any(_NUMBER.fullmatch(cell) for cell in first):
        return False
    if sum(bool(cell) for cell in first) < len(first) - 1:
        return False
    below = rows[1:50]
    numeric_below = [
        sum(bool(_NUMBER.fullmatch(row[i].strip())) for row in below if i < len(row)) * 2 > len(below)
        for i in range(len(first))
    ]
    if len({cell.lower() for cell in first}) != len(first):
        return all(first) and any(numeric_below)
    words = sum(bool(re.fullmatch(r"[A-Za-z_µ%° ()\[\]/.^\-0-9]+", cell)) for cell in first)
    return (any(numeric_below) or words == len(first)) and not all(re.fullmatch(r"\d.*", c) for c in first if c)


def _without_title(numbered: list[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    """The rows without the titles and remarks above the table: leading rows with a single filled cell."""
    filled = [sum(bool(cell.strip()) for cell in row) for _, row in numbered]
    if Counter(filled).most_common(1)[0][0] < 2:
        return numbered
    first = next(at for at, count in enumerate(filled) if count > 1)
    return numbered[first:]


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Column names without gaps and repeats: the second `gap` becomes `gap (2)`, an empty third one `column_3`."""
    found: list[str] = []
    for at, name in enumerate(names, 1):
        times = sum(other == name or other.startswith(f"{name} (") for other in found)
        found.append(f"{name} ({times + 1})" if name and name in found else name or f"column_{at}")
    return tuple(found)


def table_of(rows: list[list[str]], first_line: int = 1) -> Table:
    """A table of raw rows; rows with another number of cells are named in `broken`, and blank ones are passed over."""
    numbered = [(at, row) for at, row in enumerate(rows, first_line) if any(cell.strip() for cell in row)]
    if not numbered:
        raise Refused("holds no rows")
    numbered = _without_title(numbered)
    header = has_header([row for _, row in numbered[:60]])
    widths = Counter(len(row) for _, row in numbered)
    width = len(numbered[0][1]) if header else widths.most_common(1)[0][0]
    if header:
        columns = _distinct(cell.strip().lstrip("#").strip() for cell in numbered[0][1])
        body = numbered[1:]
    else:
        columns, body = tuple(f"column_{i}" for i in range(1, width + 1)), numbered
    good: list[tuple[str, ...]] = []
    numbers: list[int] = []
    broken: list[tuple[int, str]] = []
    for number, (_, row) in enumerate(body, 1):
        while len(row) > width and not row[-1].strip():
            row = row[:-1]
        if len(row) != width:
            broken.append((number, f"has {len(row)} cells where the table has {width} columns"))
            continue
        good.append(tuple(cell.strip() for cell in row))
        numbers.append(number)
    start = body[0][0] if body else first_line + 1
    return Table(columns, good, header, broken, numbers, start)


def delimited_read(path: Path) -> Table:
    """The table of a delimited text file. Raises Refused for what is none."""
    lines = text_read(path).splitlines()
    if not any(line.strip() for line in lines):
        raise Refused("is empty")
    if is_spectrum(lines):
        raise Refused("is a measured curve (columns of numbers), not a table of materials: use the command ingest")
    sign = _delimiter([line for line in lines if line.strip()])
    if sign is None:
        raise Refused("is no table: no comma, tab or semicolon separates the same number of cells in its lines")
    try:
        rows = list(csv.reader(io.StringIO("\n".join(lines)), delimiter=sign, skipinitialspace=True))
    except csv.Error as error:
        raise Refused(f"cannot be read as a table: {error}") from error
    return table_of(rows)
