"""Data files as a measuring computer writes them, laid out as Quantum Design MultiVu does: they grow row by row.

What is to be appended stands in the checkpoint, with its place in the file, before it is on disk: after a kill at any moment a
file holds every row once.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ingest.agent.errors import SourceError
from ingest.agent.sources.simulated.machines import DataRow

EPOCH = datetime(1899, 12, 30, tzinfo=UTC).timestamp()  # time stamps count from here, in local time
END = "\r\n"
INFO = ("APPNAME", "SAMPLE1_NAME", "SAMPLE1_MATERIAL", "OPERATOR")


class DataFiles:
    """The files of one machine. `saved`: what `dump` gave."""

    def __init__(self, folder: Path, saved: dict[str, Any] | None) -> None:
        saved = saved or {"name": "", "size": 0, "head": "", "pending": []}
        self._folder = folder
        self._name, self._size, self._head = str(saved["name"]), int(saved["size"]), str(saved["head"])
        self._pending: list[tuple[str, int, str]] = [(name, at, text) for name, at, text in saved["pending"]]

    def add(self, time_ns: int, row: DataRow) -> None:
        """One row; the first of a file brings its head."""
        moment = datetime.fromtimestamp(time_ns / 1e9).astimezone()
        if row.file != self._name:
            self._name, self._size, self._head = row.file, 0, _head(row, moment)
            self._append(self._head)
        self._append("," + ",".join([f"{_stamp(moment):.3f}", *row.cells]) + END)

    def dump(self) -> dict[str, Any]:
        """As JSON, with everything that is not on disk yet."""
        return {"name": self._name, "size": self._size, "head": self._head, "pending": list(self._pending)}

    def write(self) -> None:
        """Append what waits, unless it was before a kill. Raises SourceError where the folder cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name, at, text in self._pending:
                self._write(self._folder / name, at, text.encode())
        except OSError as error:
            raise SourceError(f"{self._folder} cannot be written: {error.strerror or error}") from error
        self._pending.clear()

    def _append(self, text: str) -> None:
        if self._pending and self._pending[-1][0] == self._name:
            name, at, before = self._pending[-1]
            self._pending[-1] = (name, at, before + text)
        else:
            self._pending.append((self._name, self._size, text))
        self._size += len(text.encode())

    def _write(self, path: Path, at: int, data: bytes) -> None:
        with path.open("ab") as handle:
            there = handle.tell()
            if there == 0 and at > 0:  # somebody moved the file away: a new one needs its head
                data = self._head.encode() + data
            elif at <= there <= at + len(data):
                data = data[there - at :]
            handle.write(data)


def _stamp(moment: datetime) -> float:
    return moment.replace(tzinfo=UTC).timestamp() - EPOCH


def _head(row: DataRow, moment: datetime) -> str:
    clock = f"{moment:%I:%M} {'am' if moment.hour < 12 else 'pm'}"
    lines = [
        "[Header]",
        "; Resistivity data of a simulated cryostat, laid out as Quantum Design MultiVu does",
        f"TITLE,{row.header['TITLE']}",
        f"FILEOPENTIME,{_stamp(moment):.3f},{moment:%m/%d/%Y},{clock}",
        f"BYAPP,{row.header['BYAPP']}",
        *(f"INFO,{row.header[key]},{key}" for key in INFO),
        "DATATYPE,TIME,2",
        "DATATYPE,COMMENT,1",
        "STARTUPAXIS,X,2",
        "TIMEMODE,SECONDS,ABSOLUTE",
        "[Data]",
        f"Comment,Time Stamp (sec),{row.header['COLUMNS']}",
    ]
    return END.join(lines) + END
