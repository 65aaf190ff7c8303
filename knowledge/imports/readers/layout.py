"""Grids -> tables: headers named, units and notes set aside, and every data row kept or refused with its reason."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from knowledge.imports.readers.blocks import Block, blocks_of
from knowledge.imports.readers.cells import LOST, is_dimensionless, is_formula, is_missing, is_numeric
from knowledge.imports.readers.grids import Grid, filled, is_blank, spread_down
from knowledge.imports.readers.headers import UNIT_WORDS, names_joined
from knowledge.imports.readers.shapes import upright
from knowledge.imports.tables import Table

_SUMMARY = re.compile(
    r"(?i)\W*(?:mean|average|avg|total|sum|subtotal|std|stdev|std\.?\s*dev\.?|standard deviation|median|min|max|minimum|"
    r"maximum|count|平均值?|均值|合计|总计|小计|标准差|方差|中位数|最大值?|最小值?)\W*"
)
_NOTE = re.compile(
    r"(?i)\s*(?:[*†‡§¶#※]|\[?\(?[a-z\d]\)|\[[a-z\d]+\]|\^?[a-z]\s+[A-Z]|[¹²³ᵃᵇᶜ]|notes?\b|sources?\b|refs?\b|references?\b|"
    r"data (?:from|taken)|taken from|adapted|abbreviations?|legend|注[:：]?|来源|备注|数据来源|参考|说明)"
)


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Column names without gaps and repeats: the second `gap` becomes `gap (2)`, an empty third one `column_3`."""
    found: dict[str, None] = {}
    for at, given in enumerate(names, 1):
        name, times = given or f"column_{at}", 2
        while name in found:
            name, times = f"{given or f'column_{at}'} ({times})", times + 1
        found[name] = None
    return tuple(found)


def tables_of(grid: Grid) -> list[Table]:
    """The tables that a grid holds; none where it is empty."""
    blocks = blocks_of(spread_down(grid))
    places = [_place(block, grid, len(blocks) > 1) for block in blocks]
    return [upright(_table(block, place), _labels(block)) for block, place in zip(blocks, places, strict=True)]


def _labels(block: Block) -> list[int | str]:
    """How the file calls its columns: letters in a sheet, else numbers."""
    columns = block.grid.columns
    return [letters(column) for column in columns] if block.grid.where.startswith("sheet ") else list(columns)


def letters(column: int) -> str:
    """The name of a sheet's column: 1 -> A, 28 -> AB."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def _place(block: Block, grid: Grid, several: bool) -> str:
    if not several:
        return grid.place
    lines = [line for line, row in zip(block.grid.lines, block.grid.rows, strict=True) if any(row)]
    columns = block.grid.columns
    if grid.where == "line":
        return f"{grid.place}, lines {lines[0]}-{lines[-1]}".removeprefix(", ")
    return f"{grid.place}, {letters(columns[0])}{lines[0]}:{letters(columns[-1])}{lines[-1]}".removeprefix(", ")


def _where(block: Block) -> str:
    if not block.beside or block.grid.where == "line":
        return block.grid.where
    columns = block.grid.columns
    return f"{block.grid.where.removesuffix(' row')} columns {letters(columns[0])}:{letters(columns[-1])}, row"


def _table(block: Block, place: str) -> Table:
    grid, head = block.grid, block.head
    names = names_joined(grid.rows, head, grid.spans, grid.lines, grid.columns)
    names, first = _aligned_names(names, block)
    columns = distinct(_bare(name) for name in names)
    body = _Body(block, columns)
    body.read(first)
    columns = body.without_empty(columns, names)
    titles = [" ".join(cell for cell in grid.rows[at] if cell) for at in head.titles]
    return Table(
        columns,
        body.rows,
        bool(head.names),
        body.broken,
        body.numbers,
        units=_beside(block, columns, head.units, as_units=True),
        descriptions=_beside(block, columns, head.explained, as_units=False),
        title=" ".join(filter(None, (grid.title, *titles))),
        place=place,
        formats=body.at_cells(grid.formats),
        where=_where(block),
        lines=body.lines,
        notes=tuple(body.notes),
        lost=body.at_cells(grid.lost),
        links=body.at_cells(grid.links),
    )


def _bare(name: str) -> str:
    return name.replace(LOST, "").strip().lstrip("#").strip()


def _aligned_names(names: list[str], block: Block) -> tuple[list[str], int]:
    """The names over the columns they belong to. Files of R name all columns but the first, which counts the rows."""
    grid, first = block.grid, block.head.body
    if not names:
        widths = Counter(len(row) for row in grid.rows[first:] if not is_blank(row))
        width = widths.most_common(1)[0][0] if grid.ragged and widths else grid.width
        return [""] * width, first
    if grid.ragged:
        width = max(len(grid.rows[at]) for at in block.head.names)
        names = names[:width]
        body = [row for row in grid.rows[first : first + 200] if not is_blank(row)]
        if len(body) > 1 and all(len(row) == len(names) + 1 for row in body) and _counts([row[0] for row in body]):
            return ["", *names], first
        while len(names) > 1 and not names[-1] and all(len(row) < len(names) or not row[-1] for row in body):
            names = names[:-1]
    return names, first


def _counts(cells: Sequence[str]) -> bool:
    """Whether cells count up by one."""
    if not all(cell.isdigit() for cell in cells):
        return False
    return all(int(cell) == int(cells[0]) + at for at, cell in enumerate(cells))


def _beside(block: Block, columns: tuple[str, ...], at: int | None, *, as_units: bool) -> dict[str, str]:
    if at is None:
        return {}
    row = block.grid.rows[at]
    found = {column: cell for column, cell in zip(columns, row, strict=False) if cell}
    if not as_units:
        return found
    said = {column: cell for column, cell in found.items() if cell.lower() not in UNIT_WORDS and cell != column}
    return {column: cell.strip("()[]（）").strip() for column, cell in said.items() if not is_dimensionless(cell)}


class _Body:
    """The rows below a header, one by one: data, broken, or a note."""

    def __init__(self, block: Block, columns: tuple[str, ...]) -> None:
        self.block, self.columns, self.width = block, columns, len(columns)
        self.rows: list[tuple[str, ...]] = []
        self.numbers: list[int] = []
        self.lines: list[int] = []
        self.broken: list[tuple[int, str]] = []
        self.notes: list[str] = []
        grid = block.grid
        self.header = {tuple(cell.lower() for cell in grid.rows[at]) for at in block.head.names}
        units = block.head.units
        self.units = tuple(cell.lower() for cell in grid.rows[units]) if units is not None else None
        last = len(grid.rows)
        while last > block.head.body and len(filled(grid.rows[last - 1])) <= 1 and self._is_note(grid.rows[last - 1]):
            last -= 1
        self.last = last

    def read(self, first: int) -> None:
        """Sort all rows from `first` on."""
        grid, number = self.block.grid, 0
        for at in range(first, len(grid.rows)):
            row = grid.rows[at]
            count = sum(map(bool, row))
            if not count:
                continue
            if self._is_aside(at, row, count):
                self.notes.append(" ".join(cell for cell in row if cell))
                continue
            number += 1
            self.lines.append(grid.lines[at])
            if reason := self._fault(row, count):
                self.broken.append((number, reason))
                continue
            if LOST in row:
                row = ["" if cell == LOST else cell for cell in row]
            self.rows.append(tuple(row) if len(row) == self.width else tuple(row[: self.width]))
            self.numbers.append(number)

    def _is_aside(self, at: int, row: Sequence[str], count: int) -> bool:
        """Whether a row is none of data: the header or its units again, a heading inside the table, a footnote."""
        if count == 1 and self.width > 1:
            return at >= self.last or self._is_heading(row) or self._is_note(row)
        key = tuple(cell.lower() for cell in row) if self.header and not row[0][:1].isdigit() else ()
        return bool(key) and (key in self.header or key == self.units)

    def _is_note(self, row: Sequence[str]) -> bool:
        text = next((cell for cell in row if cell), "")
        if not text or is_numeric(text) or is_formula(text) or is_missing(text):
            return False
        if self.width < 2:
            return False
        return len(text.split()) >= 4 or len(text) > 40 or bool(_NOTE.match(text)) or _wide_text(text)

    def _is_heading(self, row: Sequence[str]) -> bool:
        """A row of one cell over columns of formulae, which is no formula itself: 'Perovskites'."""
        (at,) = filled(row)
        formulas = self.block.profile.formulas
        text = row[at]
        if not formulas or is_formula(text) or is_numeric(text) or is_missing(text):
            return False
        if len(row) == 1 < self.width:
            return True
        if self.width < 3:
            return False
        return at in formulas or (at == 0 and 0 not in self.block.profile.numbers)

    def _fault(self, row: Sequence[str], count: int) -> str:
        """Why a row is no row of the table; empty where it is one."""
        width = len(row)
        while width > self.width and not row[width - 1]:
            width -= 1
        if width != self.width:
            return f"has {width} cells where the table has {self.width} columns"
        first = next((cell for cell in row if cell), "")
        if len(first) < 24 and _SUMMARY.fullmatch(first) and self.block.head.names and self.block.profile.numbers:
            others = [cell for cell in row if cell and cell is not first]
            if others and all(is_numeric(cell) or is_missing(cell) for cell in others):
                return f"is a {first.strip(' :：').lower()} of other rows, not a material"
        return ""

    def without_empty(self, columns: tuple[str, ...], names: Sequence[str]) -> tuple[str, ...]:
        """The columns without those that have neither a name nor a cell; the rows lose their places."""
        if not self.block.grid.ragged or all(names):
            return columns
        empty = {at for at, name in enumerate(names) if not name and not any(row[at] for row in self.rows)}
        if not empty or not self.rows:
            return columns
        kept = [at for at in range(len(columns)) if at not in empty]
        self.rows = [tuple(row[at] for at in kept) for row in self.rows]
        return tuple(columns[at] for at in kept)

    def at_cells(self, by_place: dict[tuple[int, int], str]) -> dict[tuple[int, str], str]:
        """What belongs to cells of the file, named by row number and column name."""
        if not by_place:
            return {}
        number_at = {line: number for number, line in enumerate(self.lines, 1)}
        name_at = dict(zip(self.block.grid.columns, self.columns, strict=False))
        return {
            (number_at[line], name_at[column]): text
            for (line, column), text in by_place.items()
            if line in number_at and column in name_at
        }


def _wide_text(text: str) -> bool:
    """A sentence in a script without spaces."""
    return sum(ord(character) > 0x2E7F for character in text) > 12
