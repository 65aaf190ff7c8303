"""`manage.py detect FILE.csv`: a score and a kind for each row of a table, online."""

import csv
import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from ingest.commands import LodestoneCommand
from ingest.errors import BadInput

LABELS = ("anomaly", "changepoint", "label")
TIME_NAMES = ("time", "timestamp", "datetime", "date", "t")


class Command(LodestoneCommand):
    """Judge each row of a CSV file by the rows before it."""

    help = "Score every row of a CSV file for anomalies, using only the rows before it."

    def arguments(self, parser: CommandParser) -> None:
        """The file and its columns."""
        parser.add_argument("file", type=Path, help="CSV file with a header")
        parser.add_argument("--value", help="column to judge; else the first with numbers beside the time")
        parser.add_argument("--time", help="column of times (ISO or seconds); else the one named so, or the first")

    def run(self, **options: Any) -> int:
        """Read, score, print a document per row."""
        from ingest.detectors.score import score_rows

        header, rows = _table(options["file"])
        time = _column(header, options["time"], _time_guess(header))
        value = _column(header, options["value"], _value_guess(header, rows, time))
        texts = [row[time] for row in rows]
        times = [_seconds(text, number) for number, text in enumerate(texts, 2)]
        values = [_number(row[value]) for row in rows]
        for text, shown, score in zip(texts, values, score_rows(times, values), strict=True):
            finite = shown if math.isfinite(shown) else None
            document = {"time": text, "value": finite, "score": round(score.score, 6), "kind": score.kind or None}
            self.emit(document, f"{text}\t{finite}\t{score.score:.3f}\t{score.kind}")
        return 0


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} cannot be read as UTF-8 text: {error}") from error
    try:
        dialect: Any = csv.Sniffer().sniff(text[:4096], ",;\t")  # Any: a class, as csv takes it
    except csv.Error:
        dialect = csv.excel
    lines = [row for row in csv.reader(text.splitlines(), dialect) if row]
    if len(lines) < 2:
        raise BadInput(f"{path} holds no rows below a header: give a CSV file with a header line")
    header = [name.strip() for name in lines[0]]
    wrong = next((number for number, row in enumerate(lines[1:], 2) if len(row) != len(header)), None)
    if wrong is not None:
        raise BadInput(f"{path} line {wrong} has not the {len(header)} columns of its header: mend or remove it")
    return header, lines[1:]


def _column(header: list[str], wanted: str | None, guess: int) -> int:
    if wanted is None:
        return guess
    if wanted not in header:
        raise BadInput(f"there is no column {wanted!r}; the file has {', '.join(header)}")
    return header.index(wanted)


def _time_guess(header: list[str]) -> int:
    lowered = [name.lower() for name in header]
    return next((lowered.index(name) for name in TIME_NAMES if name in lowered), 0)


def _value_guess(header: list[str], rows: list[list[str]], time: int) -> int:
    for number, name in enumerate(header):
        numbers = (_number(row[number]) for row in rows[:100])
        if number != time and name.lower() not in LABELS and any(map(math.isfinite, numbers)):
            return number
    raise BadInput("no column beside the time holds numbers: name one with --value")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _seconds(text: str, line: int) -> float:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadInput(
            f"line {line}: {text!r} is neither a number of seconds nor an ISO time: name the column with --time"
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
