"""Tables that lie on their side: one spectrum a row under a line of wavelengths, or a name and its numbers in each line."""

import itertools
import re
from collections.abc import Sequence

from ingest.parsers.delimited_text.header import read_label
from ingest.schemas.registry import quantity_of

WARNING = "the table lies on its side: the lines of the file are read as columns"
_NUMBER = re.compile(r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?")
_LEAST_ACROSS = 30  # wavelengths in a line; fewer numbers over columns may be settings
_LEAST_READINGS = 5
_MOST_LINES, _MOST_SPECTRA = 12, 2000


def _number(cell: str) -> float | None:
    return float(cell.replace(",", ".")) if _NUMBER.fullmatch(cell) else None


def _labels(cells: Sequence[str]) -> int:
    """How many cells stand before the first number."""
    return next((at for at, cell in enumerate(cells) if _number(cell) is not None), len(cells))


def _one_way(numbers: Sequence[float]) -> bool:
    pairs = list(itertools.pairwise(numbers))
    return all(a < b for a, b in pairs) or all(a > b for a, b in pairs)


def _numeric(cells: Sequence[str]) -> bool:
    return all(not cell or _number(cell) is not None for cell in cells) and any(cells)


def _split(lines: Sequence[str], delimiter: str) -> list[list[str]] | None:
    """Cells of all lines, none where their widths differ."""
    rows = [[cell.strip().strip('"') for cell in line.split(delimiter)] for line in lines]
    return rows if len({len(row) for row in rows}) == 1 else None


def _spectra(rows: Sequence[Sequence[str]]) -> list[list[str]] | None:
    """Columns of spectra: the first line holds numbers that rise or fall, each further line words and then as many readings."""
    head = rows[0]
    before = _labels(head)
    across = [_number(cell) for cell in head[before:]]
    if before > 1 or len(across) < _LEAST_ACROSS or len(rows) - 1 >= len(across) or not all(
        _numeric(row[before:]) for row in rows[1:]
    ):  # fmt: skip
        return None
    numbers = [number for number in across if number is not None]
    if len(numbers) < len(across) or not _one_way(numbers):
        return None
    names = [row[0] if before and row[0] else f"row {at}" for at, row in enumerate(rows[1:], 1)]
    if before and any(_number(name) is not None for name in names):
        return None  # a second axis: a map, whose columns keep their numbers as names
    label = read_label(head[0]) if before else None  # `sample` is what the words below are, not the numbers beside it
    of_numbers = label is not None and (label.unit is not None or quantity_of(label.name, None)[0] is not None)
    top = [head[0] if of_numbers else "heading", *names]
    return [top, *([head[at], *(row[at] for row in rows[1:])] for at in range(before, len(head)))]


def _named_lines(rows: Sequence[Sequence[str]]) -> list[list[str]] | None:
    """Columns of lines that each begin with a name, where there are far more numbers than lines."""
    if not 2 <= len(rows) <= _MOST_LINES or len(rows[0]) - 1 < max(_LEAST_READINGS, 2 * len(rows)):
        return None
    named = all(re.search(r"[^\W\d_]", row[0]) and _number(row[0]) is None and _numeric(row[1:]) for row in rows)
    return [list(column) for column in zip(*rows, strict=True)] if named else None


def turned(lines: Sequence[str]) -> list[str] | None:
    """The lines of the table set upright, or none where the text is no such table. Nothing but the table may be in it."""
    if len(lines) > 2 * _MOST_SPECTRA:
        return None
    full = [line for line in lines if line.strip()]
    if not 2 <= len(full) <= _MOST_SPECTRA:
        return None
    for delimiter in ("\t", ";", ","):
        if full[0].count(delimiter) < _LEAST_READINGS or full[0].count(delimiter) != full[-1].count(delimiter):
            continue
        rows = _split(full, delimiter)
        upright = None if rows is None else _spectra(rows) or _named_lines(rows)
        if upright is not None:
            plain = [[cell.replace(delimiter, " ") for cell in row] for row in upright]
            return [delimiter.join(row) for row in plain]
    return None
