"""XML by its structure: repeated records, lists of numbers, and spreadsheets of 2003; entities are refused."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.columns_of_cells import read_columns
from ingest.parsers.datasets import MAX_CELLS, Array, channels_of, iso, label_of, technique_shown, understood
from ingest.parsers.evidence import by_rows, is_long, why_no_series
from ingest.parsers.markup import root_name, tree_of
from ingest.parsers.protocol import CannotParse, Channel, Head, Parsed
from ingest.parsers.streams import head_unpacked, read_limited
from ingest.parsers.workbook.plugin import workbook_parsed
from ingest.parsers.workbook.sheets import Sheet

MAX_NODES = 2_000_000
_NOT_DATA = {
    "html",
    "svg",
    "xsd",
    "schema",
    "stylesheet",
    "rss",
    "feed",
    "plist",
    "project",
    "ui",
    "definition",
    "opml",
}
_LIST = re.compile(
    r"^\s*[-+]?[\d.]+(?:[eE][-+]?\d+)?(?:[\s,;]+[-+]?(?:[\d.]+(?:[eE][-+]?\d+)?|nan|inf))+[\s,;]*$", re.IGNORECASE
)


def _sheets(root: ET.Element) -> list[Sheet]:
    """Sheets of an Excel 2003 spreadsheet; cells and rows may say their own place."""
    made = []
    for number, sheet in enumerate(root.iter("Worksheet"), start=1):
        rows: list[list[str]] = []
        for row in sheet.iter("Row"):
            at = _place(row, len(rows) + 1)
            rows += [[] for _ in range(min(at - 1 - len(rows), 10_000))]
            cells: list[str] = []
            for cell in row.findall("Cell"):
                cells += [""] * min(max(_place(cell, len(cells) + 1) - 1 - len(cells), 0), 2000)
                data = cell.find("Data")
                text = " ".join("".join(data.itertext()).split()) if data is not None else ""
                cells.append(
                    re.sub(r"T00:00:00(?:\.000)?$|(?<=\d)\.000$", "", text).replace("T", " ")
                    if _is_date(data)
                    else text
                )
            rows.append(cells)
        if any(any(row) for row in rows):
            made.append(Sheet(_attribute(sheet, "Name") or f"sheet {number}", rows))
    return made


def _attribute(node: ET.Element, name: str) -> str | None:
    return next((value for key, value in node.attrib.items() if key.rsplit(":", 1)[-1] == name), None)


def _is_date(data: ET.Element | None) -> bool:
    return data is not None and _attribute(data, "Type") == "DateTime"


def _place(node: ET.Element, default: int) -> int:
    text = _attribute(node, "Index")
    return int(text) if text and text.isdigit() else default


def _leaves(node: ET.Element, stem: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Attributes and leaf texts of a record, by path."""
    for key, value in node.attrib.items():
        yield f"{stem}{key.rsplit(':', 1)[-1]}", value
    for child in node:
        text = (child.text or "").strip()
        unit = child.attrib.get("unit") or child.attrib.get("units")
        label = f"{stem}{child.tag}" + (f" ({unit})" if unit else "")
        if len(child) == 0 and text:
            yield label, text
        elif depth < 3:
            yield from _leaves(child, f"{stem}{child.tag}.", depth + 1)


class _Reader:
    def __init__(self, root: ET.Element) -> None:
        self.root = root
        self.channels: list[Channel] = []
        self.arrays: list[Array] = []
        self.facts: dict[str, str] = {}
        self.span: dict[str, Any] = {}
        self.warnings: list[str] = []
        self.cells = 0
        self.tables = 0
        self.nodes = 0

    def walk(self, node: ET.Element, path: str, depth: int = 0) -> None:
        """Sort an element: a list of numbers, a group of records, or facts."""
        self.nodes += 1
        if depth > 60 or self.nodes > MAX_NODES or self.cells > MAX_CELLS:
            return
        for key, value in node.attrib.items():
            if len(self.facts) < 400 and len(value) < 500:
                self.facts.setdefault(f"{path}@{key.rsplit(':', 1)[-1]}", value)
        text = (node.text or "").strip()
        if text and _LIST.match(text[:2000]) and (values := _numbers(text)) is not None and len(values) > 2:
            unit = node.attrib.get("unit") or node.attrib.get("units")
            self.cells += len(values)
            self.arrays.append(Array(path, values, unit, (), path.rpartition("/")[0]))
            return
        if text and len(node) == 0 and len(self.facts) < 400:
            self.facts.setdefault(path, text[:500])
        counts = Counter(child.tag for child in node)
        repeated = {tag for tag, count in counts.items() if count >= 3 and self._records(node, tag, path)}
        for child in node:
            if child.tag not in repeated:
                self.walk(child, f"{path}/{child.tag}", depth + 1)

    def _records(self, node: ET.Element, tag: str, path: str) -> bool:
        """Read equal children as the rows of a table; false where they are none."""
        children = node.findall(tag)
        if all(len(child) == 0 and not child.attrib for child in children):
            texts = [(child.text or "").strip() for child in children]
            if len(texts) < 5 or not _LIST.match(" ".join(texts[:200]) + " 0"):
                return False
            values = _numbers(" ".join(text or "nan" for text in texts))
            if values is None:
                return False
            self.arrays.append(Array(f"{path}/{tag}", values, None, (), path))
            return True
        rows = []
        for child in children[:400_000]:
            row = dict(_leaves(child))
            if len(child) == 0 and (child.text or "").strip():
                row[tag] = (child.text or "").strip()
            rows.append(row)
        keys = list(dict.fromkeys(key for row in rows[:5000] for key in row))[:200]
        if not keys or any(len(value) > 400 for row in rows[:50] for value in row.values()):
            return False
        columns = {key: [row.get(key) for row in rows] for key in keys}
        found = read_columns(columns)
        if not any(channel.values is not None for channel in found.channels):
            return False
        self.tables += 1
        self._add(found, f"{path.rsplit('/', 1)[-1]}/{tag}", len(rows) * len(keys))
        return True

    def _add(self, found: Any, label: str, cells: int) -> None:
        self.cells += cells
        if found.start is not None and not self.span:
            self.span = {"start": iso(found.start), "end": iso(found.end), "start_source": "records"}
        self.warnings += [f"{label}: {warning}" for warning in found.warnings]
        taken = {channel.name for channel in self.channels}
        suffix = f" ({label})" if any(channel.name in taken for channel in found.channels) else ""
        suffix = (
            f" ({label} {self.tables})"
            if suffix and any(channel.name + suffix in taken for channel in found.channels)
            else suffix
        )
        for channel in found.channels:
            self.channels.append(
                replace(channel, name=channel.name + suffix, axis=channel.axis + suffix if channel.axis else None)
            )


def _numbers(text: str) -> NDArray[np.float64] | None:
    try:
        return np.array(re.split(r"[\s,;]+", text.strip(" \t\r\n,;")), dtype=np.float64)
    except ValueError:
        return None


def _short(arrays: list[Array]) -> list[Array]:
    ends = Counter(array.name.rsplit("/", 1)[-1] for array in arrays)
    return [
        replace(a, name=end if ends[end := a.name.rsplit("/", 1)[-1]] == 1 else "/".join(a.name.split("/")[-2:]))
        for a in arrays
    ]


class XmlData:
    """Reads XML; a parser that knows the root element is asked first."""

    name = "xml_data"
    version = "2"

    def sniff(self, head: Head) -> float:
        """0.45 for XML whose root is no page, drawing, schema or program file."""
        root = root_name(head_unpacked(head).data)
        return 0.45 if root and root.lower() not in _NOT_DATA else 0.0

    def parse(self, path: Path, name: str) -> Parsed:
        """Tables and lists. Raises CannotParse."""
        root = tree_of(read_limited(path, 128 * 2**20), "data")
        if root.tag == "Workbook":
            sheets = _sheets(root)
            if not sheets:
                raise CannotParse("a spreadsheet without a filled cell")
            return workbook_parsed(sheets, name)
        reader = _Reader(root)
        reader.walk(root, root.tag)
        found = channels_of([array for array in _short(reader.arrays) if array.values.size > 2])
        channels = [*reader.channels, *found.channels]
        if (why := why_no_series(by_rows(channels))) is not None:
            raise CannotParse(f"XML with the root element {root.tag}; {why}")
        facts = {key.rsplit("/", 1)[-1].replace("@", " "): value for key, value in reader.facts.items()}
        said = [value for key, value in facts.items() if re.search("technique|method|title|experiment|type", key, re.I)]
        technique = technique_shown("\n".join(said) if is_long(channels) else "", channels)
        metadata = {
            **understood(facts, name),
            **reader.span,
            "root": root.tag,
            "header": dict(list(reader.facts.items())[:300]),
            "confidence": 0.55,
        }
        return Parsed(label_of(technique), channels, metadata, (), [*reader.warnings, *found.warnings][:40])


plugin = XmlData()
