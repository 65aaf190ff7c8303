"""What the description of a known data set makes of its table before it is read: columns worked out of others, rows set aside."""

import re
from collections.abc import Sequence
from dataclasses import replace

from pydantic import BaseModel, ConfigDict, Field

from knowledge.imports.numbers import number_read
from knowledge.imports.tables import Table


class Derived(BaseModel):
    """A column `name` worked out of the column `from`, cell by cell; a cell that gives nothing stays empty.

    In this order: `values` says what exact texts become, `pattern` with `text` rewrites those that match as a whole
    ('{0}' is what the pattern's first group found), `power_of_ten` turns a logarithm into the number, `otherwise` is what
    every other filled cell becomes.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str
    source: str = Field(alias="from")
    values: dict[str, str] = Field(default_factory=dict)
    pattern: str | None = None
    text: str = "{0}"
    power_of_ten: bool = False
    otherwise: str | None = None

    def cell(self, text: str) -> str:
        """What one cell becomes."""
        text = text.strip()
        if not text or text in self.values:
            return self.values.get(text, "")
        if self.pattern and (found := re.fullmatch(self.pattern, text)):
            return self.text.format(*(found.groups() or (found[0],)))
        if self.power_of_ten and (stated := number_read(text)) is not None:
            return f"{10.0**stated.value:.12g}"
        return self.otherwise or ""


class Fault(BaseModel):
    """Rows that the source is known to have wrong: the texts of one column, each with what is wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    column: str
    rows: dict[str, str]


def with_derived(table: Table, derived: Sequence[Derived], faults: Sequence[Fault] = ()) -> Table:
    """The table with the derived columns behind its own, and without the rows that are known to be wrong."""
    at = {column.strip().lower(): i for i, column in enumerate(table.columns)}
    made = [(one, at[one.source.strip().lower()]) for one in derived if one.source.strip().lower() in at]
    known = [(at[one.column.strip().lower()], one.rows) for one in faults if one.column.strip().lower() in at]
    if not made and not known:
        return table
    rows, numbers, broken = [], [], list(table.broken)
    for number, row in zip(table.row_numbers(), table.rows, strict=True):
        wrong = next((reasons[row[i].strip()] for i, reasons in known if row[i].strip() in reasons), None)
        if wrong is not None:
            broken.append((number, wrong))
            continue
        rows.append((*row, *(one.cell(row[i]) for one, i in made)))
        numbers.append(number)
    return replace(
        table,
        columns=(*table.columns, *(one.name for one, _ in made)),
        rows=rows,
        numbers=numbers,
        broken=broken,
    )
