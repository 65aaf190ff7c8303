"""What readers give: a table of texts, or structures, with where each row stands in its file."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Refused(Exception):
    """A file that cannot be imported as a whole; the message says why and what would help."""


@dataclass(frozen=True)
class Source:
    """One file, or the files of one folder that form one table. `name` is how records cite it, `group` its folder."""

    name: str
    files: tuple[Path, ...]
    reader: str
    group: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of texts under column names. `broken` are rows that do not fit: (row number, reason). Rows count from 1.

    `header` false: the file names no columns; they are called column_1, column_2, ... `lines[i]` is the line of row i+1.
    `units` are what a row of units or the column descriptions say, as written; `descriptions` the words of a sheet or legend
    that explains columns; `title` the text above the table, `place` the sheet and range where a file holds several tables;
    `formats` names cells, as (row number, column), that the program which wrote the file may have altered, such as "date".
    """

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    header: bool = True
    broken: list[tuple[int, str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    first_line: int = 2
    structures: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    place: str = ""
    formats: Mapping[tuple[int, str], str] = field(default_factory=dict)

    def locator(self, number: int) -> str:
        """Where row `number` stands."""
        return f"line {number + self.first_line - 1}"
