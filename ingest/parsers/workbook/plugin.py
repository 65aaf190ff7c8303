"""Excel workbooks of any layout: tables become channels, records become steps and metadata, sheet by sheet."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ingest.parsers.datasets import iso, label_of, technique_shown, understood
from ingest.parsers.delimited_text.plugin import read_text
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed, Step
from ingest.parsers.text import Text
from ingest.parsers.workbook.records import as_metadata, columns_of, find_record, key_values, steps_of
from ingest.parsers.workbook.sheets import Sheet, blocks, read_sheets
from ingest.schemas.registry import techniques

_FEW = 60  # a table of at most so many rows may be a record, and is also kept as metadata


@dataclass
class _Read:
    """What one sheet says."""

    title: str
    channels: list[Channel] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    known: dict[str, Any] = field(default_factory=dict)
    header: dict[str, Any] = field(default_factory=dict)
    records: list[dict[str, Any]] = field(default_factory=list)
    technique: str = ""
    warnings: list[str] = field(default_factory=list)


def _as_text(rows: Sequence[Sequence[str]]) -> Text:
    return Text("\n".join("\t".join(cell.replace("\t", " ") for cell in row) for row in rows) + "\n", "workbook")


def _table(read: _Read, rows: Sequence[Sequence[str]], name: str) -> bool:
    """Read rows as the sniffer reads text; false when it finds no table there."""
    try:
        parsed = read_text(_as_text(rows), name)
    except CannotParse:
        return False
    read.channels += parsed.channels
    read.technique = read.technique or parsed.technique
    read.warnings += [f"sheet {read.title!r}: {warning}" for warning in parsed.warnings]
    keep = ("start", "end", "start_source", "sample", "operator", "instrument", "date", "start_text")
    read.known = {**{key: parsed.metadata[key] for key in keep if key in parsed.metadata}, **read.known}
    read.header |= dict(parsed.metadata.get("header", {}))
    return True


def _record(read: _Read, rows: Sequence[Sequence[str]]) -> bool:
    """Read rows as records; false when there is no header with rows under it."""
    record = find_record(rows)
    if record is None:
        return False
    columns = columns_of(record)
    if any(channel.values is not None for channel in columns.channels):
        read.channels += columns.channels
    read.records = as_metadata(record)
    read.steps = steps_of(record, columns)
    read.warnings += [f"sheet {read.title!r}: {warning}" for warning in columns.warnings]
    if columns.start is not None and read.steps:
        read.known |= {"start": iso(columns.start), "end": iso(columns.end), "start_source": "rows"}
    return True


def _few(rows: Sequence[Sequence[str]]) -> bool:
    return sum(any(row) for row in rows) <= _FEW


def _marked(rows: Sequence[Sequence[str]]) -> bool:
    return any(row and row[0].startswith("#") for row in rows[:12])


def _pairs_only(rows: Sequence[Sequence[str]]) -> bool:
    """A sheet of keys and values: hardly ever more than three cells in a row."""
    full = [sum(bool(cell) for cell in row) for row in rows if any(row)]
    words = sum(bool(row) and row[0][:1].isalpha() for row in rows if any(row))
    return len(full) > 0 and sum(count <= 3 for count in full) >= 0.8 * len(full) and words >= 0.8 * len(full)


def _sheet(sheet: Sheet, name: str) -> _Read:
    read = _Read(sheet.title)
    if _marked(sheet.rows) and _record(read, sheet.rows):
        return _with_known(read, name)
    for rows in blocks(sheet):
        if not _table(read, rows, name) and not (_few(rows) and not _pairs_only(rows) and _record(read, rows)):
            read.header |= key_values(rows)
    return _with_known(read, name)


def _with_known(read: _Read, name: str) -> _Read:
    found = understood({key: str(value) for key, value in read.header.items()}, name)
    if str(read.known.get("start", "2"))[:4] < "1975":
        read.known.pop("start")
    for key in ("start", "sample", "operator", "instrument"):
        if key in found:
            read.known.setdefault(key, found[key])
    return read


def _renamed(reads: Sequence[_Read]) -> list[Channel]:
    """All channels under names of their own: the sheet's title is added where two sheets use the same name."""
    uses: dict[str, int] = {}
    for read in reads:
        for channel in read.channels:
            uses[channel.name] = uses.get(channel.name, 0) + 1
    made: list[Channel] = []
    taken: dict[str, int] = {}
    for read in reads:
        for channel in read.channels:
            name = channel.name if uses[channel.name] == 1 else f"{channel.name} ({read.title})"
            taken[name] = taken.get(name, 0) + 1
            axis = (
                channel.axis
                if channel.axis is None or uses.get(channel.axis) == 1
                else f"{channel.axis} ({read.title})"
            )
            shown = name if taken[name] == 1 else f"{name} {taken[name]}"
            made.append(replace(channel, name=shown, axis=axis))
    return made


def _metadata(reads: Sequence[_Read]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for read in reads:
        for key, value in read.known.items():
            made.setdefault(key, value)
    made["sheets"] = {
        read.title: {key: value for key, value in (("header", read.header), ("records", read.records[:_FEW])) if value}
        for read in reads
    }
    made["header"] = {key: value for read in reads for key, value in read.header.items()}
    made["confidence"] = 0.75
    return made


def workbook_parsed(sheets: Sequence[Sheet], name: str, warnings: Sequence[str] = ()) -> Parsed:
    """What sheets say together. Raises CannotParse when none holds a number or a record."""
    reads = [_sheet(sheet, name) for sheet in sheets]
    if not any(read.channels or read.records or read.header for read in reads):
        raise CannotParse("a workbook without a table, a record or keys with values")
    channels = _renamed(reads)
    title = "\n".join([name, *(read.title for read in reads)])
    names = [techniques()[key].label["en"] for key in techniques()]
    claimed = next((read.technique for read in reads if read.technique in names), "")
    technique = claimed or label_of(technique_shown(title, channels))
    steps = [step for read in reads for step in read.steps]
    said = [*warnings, *(warning for read in reads for warning in read.warnings)]
    return Parsed(technique, channels, _metadata(reads), steps, said[:40])


class Workbook:
    """Reads .xlsx and .xls by their structure."""

    name = "workbook"
    version = "1"

    def sniff(self, head: Head) -> float:
        """0.85 for a zip with a workbook in it, 0.5 for a zip or OLE file that may hold one."""
        if head.data.startswith(b"PK\x03\x04"):
            if b"xl/w" in head.data or b"xl/_rels" in head.data or b"xl/s" in head.data:
                return 0.85
            return 0.5 if b"[Content_Types].xml" in head.data[:200] else 0.0
        return 0.5 if head.data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """All sheets. Raises CannotParse."""
        sheets, said = read_sheets(path)
        return workbook_parsed(sheets, name, said)


plugin = Workbook()
