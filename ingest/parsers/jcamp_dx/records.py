"""The labelled records of JCAMP-DX, block by block; blocks may lie in one another (`DATA TYPE=LINK`)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_RECORD = re.compile(r"\s*##(?P<label>[^=]*)=(?P<value>.*)", re.DOTALL)
_DATA = ("XYDATA", "XYPOINTS", "PEAKTABLE", "DATATABLE", "PEAKASSIGNMENTS", "RADATA")


@dataclass
class DataTable:
    """One table: its kind, the form such as `(X++(Y..Y))`, its lines, and the page of NTUPLES it stands on."""

    kind: str
    form: str
    lines: list[str] = field(default_factory=list)
    page: str = ""


@dataclass
class Block:
    """Records of one block by normal label (upper case, no blanks, dashes, slashes, underscores), and as the file writes them."""

    records: dict[str, str] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    tables: list[DataTable] = field(default_factory=list)
    ended: bool = False

    def number(self, label: str) -> float | None:
        """The number of a record, where it holds one."""
        return number_of(self.records.get(label, ""))


def number_of(text: str) -> float | None:
    """The number a value begins with; none where it is something else."""
    match = re.match(r"\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(?:$|[\s;])", text)
    return float(match[1]) if match else None


def plain(label: str) -> str:
    """A label as the format compares it."""
    return re.sub(r"[\s\-/_]", "", label).upper()


def blocks_of(lines: Sequence[str]) -> list[Block]:
    """All blocks, outer ones before those they hold. `$$` begins a comment."""
    made: list[Block] = []
    open_blocks: list[Block] = []
    page = ""
    for label, written, value in _records(lines):
        if label == "TITLE":
            _close_sibling(open_blocks)
            open_blocks.append(Block())
            made.append(open_blocks[-1])
        if not open_blocks:
            open_blocks.append(Block())
            made.append(open_blocks[-1])
        block = open_blocks[-1]
        if label == "END":
            block.ended = True
            if len(open_blocks) > 1:
                open_blocks.pop()
        elif label == "PAGE":
            page = value[0].strip()
        elif label in _DATA:
            block.tables.append(DataTable(label, value[0].strip(), value[1:], page if label == "DATATABLE" else ""))
        else:
            text = "\n".join(value).strip()
            block.records.setdefault(label, text)
            block.written.setdefault(written, text[:500])
    return made


def _close_sibling(open_blocks: list[Block]) -> None:
    """A title in a block that holds no others begins the next one: the end was forgotten."""
    while open_blocks:
        block = open_blocks[-1]
        holds = "LINK" in block.records.get("DATATYPE", "").upper() or "BLOCKS" in block.records
        if holds and not block.ended and not block.tables:
            return
        open_blocks.pop()


def _records(lines: Sequence[str]) -> Iterator[tuple[str, str, list[str]]]:
    """(normal label, label as written, lines of the value)."""
    label, written, value = "", "", [""]
    for line in lines:
        text = line.partition("$$")[0]
        match = _RECORD.match(text)
        if match is None:
            value.append(text)
            continue
        if label:
            yield label, written, value
        written = match["label"].strip()
        label, value = plain(written), [match["value"]]
    if label:
        yield label, written, value
