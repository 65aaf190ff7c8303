"""What the values of an .xlsx sheet do not say: formulas without results, errors, percentages, links."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from posixpath import join, normpath

from lxml import etree

from knowledge.imports.readers.archive import DAMAGED

MOST_BYTES = 512 * 2**20
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.S)
_ATTRIBUTE = re.compile(rb'\b([rst])="([^"]*)"')
_RESULT = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]+)</")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_REFERENCE = re.compile(r"([A-Z]+)(\d+)")
_NO_RESULT = "holds a formula without its result: open the file in a spreadsheet program and save it"
_PERCENT_FORMATS = {"9", "10"}


@dataclass
class Marks:
    """Cells by (line, column), from 1: shown as a percentage; without content, with the reason; with the address of a link."""

    percent: set[tuple[int, int]] = field(default_factory=set)
    lost: dict[tuple[int, int], str] = field(default_factory=dict)
    links: dict[tuple[int, int], str] = field(default_factory=dict)


def column_number(letters: str) -> int:
    """AB -> 28."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def place_of(reference: str) -> tuple[int, int] | None:
    """B12 -> (12, 2)."""
    found = _REFERENCE.fullmatch(reference)
    return (int(found[2]), column_number(found[1])) if found else None


def sheet_marks(data: bytes) -> dict[str, Marks]:
    """The marks of each sheet that has some, by its name; none for other kinds of workbooks."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                return {}
            shown = _percent_styles(archive)
            found = {}
            for name, path in _sheets(archive):
                content = _read(archive, path)
                if shown or b't="e"' in content or _FORMULA.search(content):
                    marks = _marks(content, shown)
                    if marks.percent or marks.lost:
                        found[name] = marks
            return found
    except (*DAMAGED, etree.XMLSyntaxError, KeyError, RuntimeError):
        return {}


def _read(archive: zipfile.ZipFile, path: str) -> bytes:
    with archive.open(path) as file:
        return file.read(MOST_BYTES)


def _xml(archive: zipfile.ZipFile, path: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(_read(archive, path), parser)


def _named(tree: etree._Element, name: str) -> Iterator[etree._Element]:
    yield from tree.iter(f"{{*}}{name}")


def _sheets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """(name, path in the archive) of each sheet."""
    targets = {
        item.get("Id"): item.get("Target", "")
        for item in _named(_xml(archive, "xl/_rels/workbook.xml.rels"), "Relationship")
    }
    present = set(archive.namelist())
    for sheet in _named(_xml(archive, "xl/workbook.xml"), "sheet"):
        key = next((value for name, value in sheet.attrib.items() if str(name).endswith("}id")), None)
        target = targets.get(key, "")
        path = target.lstrip("/") if target.startswith("/") else normpath(join("xl", target))
        if path in present:
            yield str(sheet.get("name")), path


def _percent_styles(archive: zipfile.ZipFile) -> set[bytes]:
    """The numbers of the cell styles that show a fraction as a percentage."""
    if "xl/styles.xml" not in archive.namelist():
        return set()
    tree = _xml(archive, "xl/styles.xml")
    formats = set(_PERCENT_FORMATS)
    for item in _named(tree, "numFmt"):
        if "%" in re.sub(r'"[^"]*"|\\.', "", str(item.get("formatCode", ""))):
            formats.add(str(item.get("numFmtId")))
    styles = next(_named(tree, "cellXfs"), None)
    if styles is None:
        return set()
    return {str(at).encode() for at, item in enumerate(styles) if item.get("numFmtId") in formats}


def _marks(content: bytes, shown: set[bytes]) -> Marks:
    marks = Marks()
    for found in _CELL.finditer(content):
        attributes = dict(_ATTRIBUTE.findall(found[1]))
        inner = found[2] or b""
        error = attributes.get(b"t") == b"e"
        hollow = attributes.get(b"t") != b"str" and bool(_FORMULA.search(inner)) and not _RESULT.search(inner)
        if not (error or hollow or attributes.get(b"s") in shown):
            continue
        place = place_of(attributes.get(b"r", b"").decode())
        if place is None:
            continue
        if error:
            name = _RESULT.search(inner)
            marks.lost[place] = (
                f"holds an error of the spreadsheet, {name[1].decode() if name else 'an unknown one'}, instead of a value"
            )
        elif hollow:
            marks.lost[place] = _NO_RESULT
        else:
            marks.percent.add(place)
    return marks
