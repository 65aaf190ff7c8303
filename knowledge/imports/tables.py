"""What readers give: tables of texts, or structures, with where each row stands in its file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Refused(Exception):
    """A file that cannot be imported as a whole; the message says why and what would help."""


@dataclass(frozen=True)
class Source:
    """One file, or the files of one folder that form one table. `name` is how records cite it, `group` its folder.

    `reader` is "structure", "aligned" or "table"; what kind of table a file holds is found in its content.
    `apart` names the folders that tell a file from others of its name in the same import; empty where it is the only one.
    """

    name: str
    files: tuple[Path, ...]
    reader: str
    group: str = ""
    apart: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of texts under column names. `broken` are rows that do not fit: (row number, reason). Rows count from 1.

    Every data row of the file is in `rows` (their numbers in `numbers`, empty = 1, 2, ...) or in `broken`; what is no data
    row (titles, footnotes, comments, repeated headers) is in `notes`, as written.
    `header` false: the file names no columns; they are called column_1, column_2, ...
    `lines[i]` says where row number i + 1 stands, in words of `where`: "line", "sheet Data, row", "item";
    without `lines` row 1 stands in `first_line` and each next one below it.
    `units` are what a row of units or the column descriptions say, as written; `descriptions` the words of a sheet or legend
    that explains columns; `title` the text above the table, `place` the sheet and range where a file holds several tables;
    `formats` names cells, as (row number, column), that the program which wrote the file may have altered: "date" (a date
    stands there, as ISO text, perhaps made of a number such as 3/5), "boolean".
    `lost` are cells, named likewise, whose content the file itself lacks, each with the reason; their text is empty.
    `links` are the addresses behind cells whose text was a link, named likewise.
    """

    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]
    header: bool = True
    broken: list[tuple[int, str]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    first_line: int = 2
    structures: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)  # Any: pymatgen's JSON
    units: Mapping[str, str] = field(default_factory=dict)
    descriptions: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    place: str = ""
    formats: Mapping[tuple[int, str], str] = field(default_factory=dict)
    where: str = "line"
    lines: Sequence[int | str] = ()
    notes: tuple[str, ...] = ()
    lost: Mapping[tuple[int, str], str] = field(default_factory=dict)
    links: Mapping[tuple[int, str], str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many data rows the file holds here."""
        return len(self.rows) + len(self.broken)

    def row_numbers(self) -> Sequence[int]:
        """The number of each of `rows`."""
        return self.numbers or range(1, len(self.rows) + 1)

    def locator(self, number: int) -> str:
        """Where row `number` stands."""
        line = self.lines[number - 1] if self.lines else number + self.first_line - 1
        return f"{self.where} {line}"
