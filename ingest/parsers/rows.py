"""Rows of numbers in text whose layout is known: whole rows as an array, and how many lines were no whole row."""

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def numbers_of(
    lines: Iterable[str], delimiter: str | None = None, width: int | None = None, comma: bool = False
) -> tuple[NDArray[np.float64], int]:
    """Numbers, shape (rows, columns), and the count of lines that hold something else or too few cells; blank lines count nothing.

    `delimiter` none = blanks; `comma`: the decimal sign. `width`: columns wanted, else those of the first row.
    """
    rows: list[list[float]] = []
    left = 0
    for line in lines:
        text = line.strip().replace(",", ".") if comma else line.strip()
        if not text:
            continue
        cells = [cell.strip() for cell in (text.split(delimiter) if delimiter else text.split())]
        while cells and not cells[-1]:
            cells.pop()
        try:
            row = [float(cell) if cell else np.nan for cell in cells]
        except ValueError:
            left += 1
            continue
        width = width or len(row)
        if len(row) < width:
            left += 1
            continue
        rows.append(row[:width])
    return np.array(rows, dtype=np.float64).reshape(len(rows), width or 0), left


def is_number(text: str) -> bool:
    """Whether the text is one number with a decimal point."""
    return re.fullmatch(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*", text) is not None
