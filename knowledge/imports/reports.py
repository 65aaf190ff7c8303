"""What an import says about one source."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Report:
    """The outcome of one source; `error` set = refused as a whole, and nothing of it was stored.

    `tables` has a line for each table of the file: place, topic, dataset, rows, records, merged, rejected (rows), and
    `error` where no topic claims it.
    """

    file: str
    error: str | None = None
    topic: str | None = None
    dataset: str | None = None
    rows: int = 0
    records: int = 0
    merged: int = 0
    rejected: list[dict[str, Any]] = field(default_factory=list)
    mapping: dict[str, dict[str, Any]] = field(default_factory=dict)
    unchanged: bool = False
    tables: list[dict[str, Any]] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """As the command-line contract states it."""
        if self.error is not None:
            return {"file": self.file, "error": self.error}
        names = ("file", "topic", "dataset", "rows", "records", "rejected", "merged", "mapping", "unchanged", "tables")
        return {name: getattr(self, name) for name in names}

    def text(self) -> str:
        """One line for people."""
        if self.error is not None:
            return f"{self.file}: refused: {self.error}"
        lost = sum("column" in item for item in self.rejected)
        rows = len(self.rejected) - lost
        same = ", unchanged" if self.unchanged else ""
        return (
            f"{self.file}: {self.topic}/{self.dataset}: {self.rows} rows, {self.records} records, {self.merged} merged, "
            f"{rows} rows and {lost} cells rejected{same}"
        )
