"""The table that `detect` judges: its columns of times and values, in the spellings of real files."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import numpy as np

from ingest.detectors.score import FARTHEST
from ingest.errors import BadInput
from ingest.parsers.delimited_text.cells import Decimal, is_number, to_numbers
from ingest.parsers.delimited_text.dates import clock_seconds, decide_order, find_stamp
from ingest.parsers.protocol import CannotParse
from ingest.parsers.text import decode, lines_of

LABELS = ("anomaly", "changepoint", "label", "is_anomaly")
TIME_NAMES = ("time", "timestamp", "datetime", "date", "date time", "时间", "日期")
EPOCH_UNITS = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))  # numbers above the first are ns, us, ms since 1970


@dataclass(frozen=True)
class Judged:
    """What is judged: `shown` the times as the file writes them, seconds since 1970, values (NaN = missing)."""

    shown: list[str]
    times: list[float]
    values: list[float]


def table_read(path: Path, *, value: str | None = None, time: str | None = None) -> Judged:
    """The named or guessed columns of a file. Raises BadInput saying what to mend or to name."""
    header, rows = _rows(path)
    columns = [[row[at].strip() for row in rows] for at in range(len(header))]
    decimal = _decimal(columns)
    at_time = _chosen(header, time) if time else _time_guess(header, columns, decimal)
    at_value = _chosen(header, value) if value else _value_guess(header, columns, at_time, decimal)
    values = to_numbers(columns[at_value], decimal)
    if not np.isfinite(values).any():
        raise BadInput(f"column {header[at_value]!r} holds no numbers: name another with --value")
    if at_time is None:
        return Judged([str(row) for row in range(len(rows))], [float(row) for row in range(len(rows))], values.tolist())
    return Judged(columns[at_time], _seconds(columns[at_time], decimal, header[at_time]), values.tolist())


def _rows(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = decode(path.read_bytes()).text
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): check the path") from error
    except CannotParse as error:
        raise BadInput(f"{path} is no table: {error}") from error
    lines = [line for line in lines_of(text) if line.strip()]
    signs = [sign for sign in "\t;," if lines and sign in lines[0]]
    try:
        table = list(csv.reader(lines, delimiter=signs[0] if signs else ","))
    except csv.Error as error:
        raise BadInput(f"{path} cannot be read as a table: {error}") from error
    if len(table) < 2:
        raise BadInput(f"{path} holds no rows below a header: give a CSV file with a header line")
    header = [name.strip() for name in table[0]]
    wrong = next((number for number, row in enumerate(table[1:], 2) if len(row) != len(header)), None)
    if wrong is not None:
        raise BadInput(f"{path} line {wrong} has not the {len(header)} columns of its header: mend or remove it")
    return header, table[1:]


def _decimal(columns: Sequence[Sequence[str]]) -> Decimal:
    """The decimal sign that makes more cells numbers; the point where both do."""
    cells = [cell for column in columns for cell in column[:200]]
    return "," if sum(is_number(c, ",") for c in cells) > sum(is_number(c, ".") for c in cells) else "."


def _chosen(header: list[str], wanted: str) -> int:
    if wanted not in header:
        raise BadInput(f"there is no column {wanted!r}; the file has {', '.join(header)}")
    return header.index(wanted)


def _time_guess(header: list[str], columns: list[list[str]], decimal: Decimal) -> int | None:
    """The column named so, else the first if it holds dates or numbers that only rise beside others; else none."""
    lowered = ["time" if name == "t" else name.lower() for name in header]  # T is a temperature
    named = next((lowered.index(name) for name in TIME_NAMES if name in lowered), None)
    if named is not None or len(header) == 1:
        return named
    if find_stamp(columns[0][0]) is not None:
        return 0
    first = to_numbers(columns[0], decimal)
    return 0 if len(first) > 1 and bool(np.all(np.diff(first) > 0)) else None


def _value_guess(header: list[str], columns: list[list[str]], time: int | None, decimal: Decimal) -> int:
    for number, name in enumerate(header):
        numbers = any(is_number(cell, decimal) for cell in columns[number][:1000])
        if number != time and name.lower() not in LABELS and numbers:
            return number
    raise BadInput("no column beside the time holds numbers: name one with --value")


def _seconds(cells: list[str], decimal: Decimal, name: str) -> list[float]:
    """Seconds since 1970, or since the start where only clocks are given; an empty cell has the time of the row before."""
    seconds = to_numbers(cells, decimal)
    if np.isnan(seconds).all():
        seconds = np.array(_dates(cells, name))
    finite = np.abs(seconds[np.isfinite(seconds)])
    scale = next((per for least, per in EPOCH_UNITS if len(finite) and float(np.median(finite)) > least), 1.0)
    known, last = [], 0.0
    for second in (seconds / scale).tolist():
        last = min(max(second, -FARTHEST), FARTHEST) if math.isfinite(second) else last
        known.append(last)
    return known


def _dates(cells: list[str], name: str) -> list[float]:
    stamps = [find_stamp(cell) for cell in cells]
    order = decide_order([stamp for stamp in stamps if stamp is not None]) or "dmy"
    found = []
    for number, (cell, stamp) in enumerate(zip(cells, stamps, strict=True), 2):
        moment = stamp.readings.get(order) if stamp is not None else None
        clock = clock_seconds(cell) if stamp is None else None
        if moment is None and clock is None and cell:
            raise BadInput(
                f"line {number}: {cell[:40]!r} in column {name!r} is neither a number of seconds nor a time: "
                "name the column of times with --time"
            )
        if moment is not None:
            found.append((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        else:
            found.append(math.nan if clock is None else clock)
    return found
