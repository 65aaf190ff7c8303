"""Tables of HTML pages, whatever the file calls itself, and of workbooks written as XML."""

import re
from dataclasses import replace
from typing import Any

import lxml.html
from lxml import etree

from knowledge.imports.readers.cells import plain
from knowledge.imports.readers.grids import Grid, Span, grid_of
from knowledge.imports.readers.layout import tables_of
from knowledge.imports.tables import Refused, Table

MOST_SPAN = 2000
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
_LEFT = re.compile(r"<(?:!--.*?--|[/a-zA-Z][^<>]*)>", re.S)
_SHEET = "urn:schemas-microsoft-com:office:spreadsheet"
Element = Any  # Any: lxml's elements, which ship no types


def is_page(text: str) -> bool:
    """Whether a text is HTML with a table, or a workbook as XML."""
    head = text[:2000].lstrip("\ufeff \t\r\n").lower()
    if not head.startswith("<"):
        return False
    return (
        bool(re.search(r"(?i)<table[\s>]", text))
        or _SHEET in text[:4000]
        or head.startswith(("<!doctype html", "<html"))
    )


def page_tables(text: str) -> list[Table]:
    """The tables of a page that hold rows. Raises Refused when there is none."""
    if _SHEET in text[:4000]:
        grids = _xml_grids(text)
    else:
        try:
            page = lxml.html.document_fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
        except (etree.ParserError, ValueError) as error:
            raise Refused(f"is no readable page: {error}") from error
        grids = _grids(page)
    found = [table for grid in grids for table in tables_of(grid) if len(table.columns) > 1]
    if not found:
        raise Refused("is a page without a table")
    return found


def _grids(page: Element) -> list[Grid]:
    for element in page.xpath("//script | //style | //noscript | //template"):
        element.drop_tree()
    for element in page.xpath("//*[@style]"):
        if _HIDDEN.search(element.get("style")) and element.tag not in ("table", "tr", "tbody"):
            element.drop_tree()
    tables = [table for table in page.iter("table") if not table.xpath(".//table")]
    several = len(tables) > 1
    found = [_grid(table, f"table {number}" if several else "") for number, table in enumerate(tables, 1)]
    return [grid for grid in found if len(grid.rows) > 1]


def _rows(table: Element) -> list[Element]:
    return [*table.xpath("./thead/tr"), *table.xpath("./tr | ./tbody/tr"), *table.xpath("./tfoot/tr")]


def _number(cell: Element, name: str) -> int:
    found = re.match(r"\s*(\d+)", cell.get(name) or "")
    return max(1, min(int(found[1]), MOST_SPAN)) if found else 1


def _text(cell: Element) -> tuple[str, str]:
    inner = "".join([cell.text or "", *(etree.tostring(child, encoding="unicode", method="html") for child in cell)])
    text, href = plain(inner.replace("&amp;", "&") if "<" not in inner else inner)
    return " ".join(_LEFT.sub(" ", text).split()), href


def _grid(table: Element, place: str) -> Grid:
    cells: dict[tuple[int, int], str] = {}
    links: dict[tuple[int, int], str] = {}
    spans: list[Span] = []
    taken: set[tuple[int, int]] = set()
    rows = _rows(table)
    heads, still = 0, True
    for line, row in enumerate(rows, 1):
        column = 1
        inside = row.xpath("./td | ./th")
        still = still and bool(inside) and all(cell.tag == "th" for cell in inside)
        heads += still
        for cell in inside:
            while (line, column) in taken:
                column += 1
            wide, high = _number(cell, "colspan"), min(_number(cell, "rowspan"), len(rows) - line + 1)
            cells[line, column], href = _text(cell)
            if href:
                links[line, column] = href
            if wide > 1 or high > 1:
                spans.append((line, column, line + high - 1, column + wide - 1))
                taken.update((a, b) for a in range(line, line + high) for b in range(column, column + wide))
            column += wide
    width = max((column for _, column in [*cells, *taken]), default=0)
    texts = [[cells.get((line, column), "") for column in range(1, width + 1)] for line in range(1, len(rows) + 1)]
    caption = " ".join(table.xpath("string(./caption)").split()) or _heading(table)
    grid = grid_of(texts, where=f"{place}, row".removeprefix(", "), place=place, title=caption)
    return replace(grid, spans=spans, links=links, heads=heads if heads < len(rows) else 0)


def _heading(table: Element) -> str:
    """The heading right above a table."""
    before = table.getprevious()
    while before is not None and not (before.text_content().strip() if isinstance(before.tag, str) else ""):
        before = before.getprevious()
    named = before is not None and before.tag in ("h1", "h2", "h3", "h4", "h5", "h6", "p", "b", "strong")
    text = " ".join(before.text_content().split()) if named else ""
    return text if len(text) < 200 else ""


def _xml_grids(text: str) -> list[Grid]:
    """The sheets of a workbook that Excel wrote as XML."""
    try:
        tree = etree.fromstring(text.encode(), etree.XMLParser(resolve_entities=False, no_network=True, recover=True))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Refused(f"is no readable workbook: {error}") from error
    if tree is None:
        raise Refused("is no readable workbook: its XML is damaged")
    found = []
    for sheet in tree.iter(f"{{{_SHEET}}}Worksheet"):
        cells: dict[tuple[int, int], str] = {}
        spans: list[Span] = []
        line = 0
        for row in sheet.iter(f"{{{_SHEET}}}Row"):
            line = int(row.get(f"{{{_SHEET}}}Index") or line + 1)
            column = 0
            for cell in row.iter(f"{{{_SHEET}}}Cell"):
                column = int(cell.get(f"{{{_SHEET}}}Index") or column + 1)
                wide, high = (int(cell.get(f"{{{_SHEET}}}Merge{way}") or 0) for way in ("Across", "Down"))
                cells[line, column] = " ".join("".join(cell.itertext()).split())
                if wide or high:
                    spans.append((line, column, line + high, column + wide))
                column += wide
        name = f"sheet {sheet.get(f'{{{_SHEET}}}Name')}"
        height, width = (max((place[axis] for place in cells), default=0) for axis in (0, 1))
        texts = [[cells.get((a, b), "") for b in range(1, min(width, 20_000) + 1)] for a in range(1, height + 1)]
        found.append(replace(grid_of(texts, where=f"{name}, row", place=name), spans=spans))
    return found
