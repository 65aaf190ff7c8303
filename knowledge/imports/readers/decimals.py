"""Decimal commas and thousands separators: found by column, and only where nothing else can be meant."""

import re
from collections.abc import Sequence

_COMMA = re.compile(r"(?<![\d,.])(\d{1,3}(?:\.\d{3})+|\d+),(\d+)(?![\d,.]*[,.]\d)")
_CELL = re.compile(
    r"[<>≤≥~≈±\s]*[-+−]?\d[\d.,' ]*(?:[eE][-+]?\d+)?(?:\(\d+\))?(?:\s*(?:±|\+/-|[-–])\s*[\d.,]+)?\s*[^\d,]*"
)
_THOUSANDS = re.compile(r"[-+−]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_SPACED = re.compile(r"[-+−]?\d{1,3}(?:[ \u202f\u2009\xa0']\d{3})+(?:[.,]\d+)?")
_SURE_THOUSANDS = re.compile(r"[-+−]?\d{1,3}(?:(?:,\d{3}){2,}(?:\.\d+)?|,\d{3}\.\d+)")
_SURE_COMMA = re.compile(r"(?:^|[^\d,])(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))(?![\d,])")


def _columns(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    width = max((len(row) for row in rows), default=0)
    return [[row[at] if at < len(row) else "" for row in rows] for at in range(width)]


def _with_comma(cells: Sequence[str]) -> list[str]:
    return [cell for cell in cells if "," in cell and _CELL.fullmatch(cell.strip())]


def _is_decimal(cells: Sequence[str], sure: bool) -> bool:
    """Whether the numbers of a column have decimal commas; `sure`: another column of the file has."""
    found = _with_comma(cells)
    if not found or any(
        re.search(r"\d\.\d", cell) and "," not in cell for cell in cells if _CELL.fullmatch(cell.strip())
    ):
        return False
    if any(_SURE_THOUSANDS.fullmatch(cell.strip()) for cell in found):
        return False
    if len(found) < sum(bool(re.search(r"\d,\d", cell)) for cell in cells) / 2:
        return False
    return sure or any(_SURE_COMMA.search(cell) for cell in found)


def points_for_commas(rows: list[list[str]]) -> list[list[str]]:
    """The rows with decimal points, where columns of numbers have decimal commas; 12,345,678 and 1,234.5 lose their commas.

    A column that holds nothing but the like of 1,234 stays as it is: it may be either.
    """
    columns = _columns(rows)
    decimal = {at for at, cells in enumerate(columns) if _is_decimal(cells, sure=False)}
    if decimal:
        decimal |= {at for at, cells in enumerate(columns) if _is_decimal(cells, sure=True)}
    thousands = {
        at
        for at, cells in enumerate(columns)
        if at not in decimal and any(_SURE_THOUSANDS.fullmatch(cell.strip()) for cell in cells)
    }
    if not decimal and not thousands and not any(_SPACED.fullmatch(cell) for cells in columns for cell in cells[:200]):
        return rows
    return [[_number(cell, at in decimal, at in thousands) for at, cell in enumerate(row)] for row in rows]


def _number(cell: str, decimal: bool, thousands: bool) -> str:
    if _SPACED.fullmatch(cell):
        return re.sub(r"(?<=\d)[ \u202f\u2009\xa0'](?=\d{3})", "", cell)
    if decimal and "," in cell and _CELL.fullmatch(cell.strip()):
        return _COMMA.sub(lambda found: f"{found[1].replace('.', '')}.{found[2]}", cell)
    if thousands and _THOUSANDS.fullmatch(cell.strip()):
        return cell.replace(",", "")
    return cell
