"""What a person said of how a text is to be read; it decides where the file leaves a choice."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ingest.parsers.delimited_text.cells import Decimal
from ingest.parsers.delimited_text.dates import Order


@dataclass(frozen=True)
class Told:
    """None leaves the choice to the sniffer. `header_line`: 1 = the first line, 0 = the table has no names."""

    delimiter: str | None = None
    decimal: Decimal | None = None
    order: Order | None = None
    header_line: int | None = None
    encoding: str | None = None

    @classmethod
    def of(cls, hints: Mapping[str, Any]) -> "Told":
        """From the hints of a correction."""
        first = hints.get("day_first")
        return cls(
            hints.get("delimiter"),
            hints.get("decimal"),
            None if first is None else "dmy" if first else "mdy",
            hints.get("header_line"),
            hints.get("encoding"),
        )

    def fits(self, delimiter: str, decimal: str) -> bool:
        """Whether lines may be cut so."""
        return self.delimiter in (None, delimiter) and self.decimal in (None, decimal)


NOTHING = Told()
