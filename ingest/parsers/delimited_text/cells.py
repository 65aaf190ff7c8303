"""What one cell of a table is: a number, nothing, a time, or text."""

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Kind = Literal["n", "e", "t", "x"]  # number, empty, time, text
Decimal = Literal[".", ","]

_NUMBER = {
    ".": re.compile(r"[+\-−]?(?:\d+\.?\d*|\.\d+)(?:[eEdD][+\-]?\d{1,3})?"),
    ",": re.compile(r"[+\-−]?(?:\d+,?\d*|,\d+)(?:[eEdD][+\-]?\d{1,3})?"),
}
_EMPTY = {
    "", "-", "--", "---", "nan", "-nan", "na", "n/a", "#n/a", "null", "none", "inf", "+inf", "-inf", "infinity", "ol", "overload", "?",
    "1.#qnan", "-1.#ind", "1.#inf", "#num!", "#div/0!", "n.a.", "undefined", "invalid",
}  # fmt: skip
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_CLOCK = r"\d{1,3}:\d{1,2}(?::\d{1,2}(?:[.,]\d+|:\d{3})?)?(?:\s*[ap]\.?m\.?)?"
_DATE = rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{2,4}}|\d{{1,2}}[-/ ]{_MONTH}[-/ ,]+\d{{2,4}}|{_MONTH}[-/ ]\d{{1,2}}[-/ ,]+\d{{4}}|\d{{4}}年\d{{1,2}}月\d{{1,2}}日)"  # noqa: E501
_ZONE = r"(?:\s*(?:Z|UTC|GMT|[+-]\d{2}:?\d{2}))?"
_TIME = re.compile(
    rf"{_CLOCK}|{_DATE}(?:[T ,_]+{_CLOCK}{_ZONE}|[T _-]+\d{{1,2}}-\d{{1,2}}-\d{{1,2}}(?:\.\d+)?)?|(?:\d+\s*d\s*)?\d+\s*h\s*\d+\s*m(?:in)?\s*\d+(?:\.\d+)?\s*s(?:ec)?",  # noqa: E501
    re.IGNORECASE,
)


def is_number(cell: str, decimal: Decimal) -> bool:
    """True for a number with this decimal sign, `NaN` and the like excluded."""
    return _NUMBER[decimal].fullmatch(cell) is not None


def kind_of(cell: str, decimal: Decimal) -> Kind:
    """The kind of a stripped cell."""
    if not cell:
        return "e"
    if _NUMBER[decimal].fullmatch(cell):
        return "n"
    if cell.lower() in _EMPTY or not cell.strip("*#."):
        return "e"
    if len(cell) < 45 and cell[-1] not in ",;" and _TIME.fullmatch(cell):
        return "t"
    return "x"


def to_numbers(cells: Sequence[str], decimal: Decimal) -> NDArray[np.float64]:
    """Values of a column; what is no number is NaN."""
    swapped = [cell.replace(",", ".") for cell in cells] if decimal == "," else list(cells)
    try:
        return np.array([cell or "nan" for cell in swapped]).astype(np.float64)
    except ValueError:
        return np.array([_one(cell) for cell in swapped], dtype=np.float64)


def _one(cell: str) -> float:
    plain = cell.replace("−", "-")
    if not _NUMBER["."].fullmatch(plain):
        return (
            float("inf")
            if plain.lower() in ("inf", "+inf")
            else float("-inf")
            if plain.lower() == "-inf"
            else float("nan")
        )
    return float(re.sub("[dD]", "e", plain))
