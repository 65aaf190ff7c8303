"""A grid: cells as a sheet, a text file or a page lays them out, before anyone knows what is title, header or row."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

Span = tuple[int, int, int, int]


@dataclass(frozen=True)
class Grid:
    """Rows of texts. `lines[i]` is where rows[i] stands, `columns[j]` the number of column j in the file, both from 1.

    `where` is the word before a line in a locator, `place` what the grid is called in its file.
    `spans` are merged cells as (first line, first column, last line, last column).
    `formats`, `lost` and `links` belong to cells, named (line, column); see Table.
    `heads`: so many first rows are known to name columns.
    `ragged`: rows have as many cells as were written, so that a row of another length is a broken one.
    """

    rows: list[list[str]]
    lines: Sequence[int]
    columns: Sequence[int]
    where: str = "line"
    place: str = ""
    spans: Sequence[Span] = ()
    formats: dict[tuple[int, int], str] = field(default_factory=dict)
    lost: dict[tuple[int, int], str] = field(default_factory=dict)
    links: dict[tuple[int, int], str] = field(default_factory=dict)
    ragged: bool = False
    title: str = ""
    heads: int = 0

    @property
    def width(self) -> int:
        """The number of columns of the widest row."""
        return len(self.columns)

    def rows_cut(self, begin: int, end: int) -> "Grid":
        """The grid of rows begin to end - 1."""
        heads = self.heads if begin == 0 else 0
        return replace(self, rows=self.rows[begin:end], lines=self.lines[begin:end], heads=heads)

    def columns_cut(self, kept: Sequence[int]) -> "Grid":
        """The grid of the columns at these places."""
        rows = [[row[at] if at < len(row) else "" for at in kept] for row in self.rows]
        return replace(self, rows=rows, columns=[self.columns[at] for at in kept])


def grid_of(
    rows: list[list[str]],
    *,
    lines: Sequence[int] | None = None,
    where: str = "line",
    place: str = "",
    ragged: bool = False,
    title: str = "",
) -> Grid:
    """A grid of rows that begin in the first line and column."""
    width = max((len(row) for row in rows), default=0)
    lines = range(1, len(rows) + 1) if lines is None else lines
    return Grid(rows, lines, range(1, width + 1), where=where, place=place, ragged=ragged, title=title)


def filled(row: Iterable[str]) -> list[int]:
    """The places of the cells that are not empty."""
    return [at for at, cell in enumerate(row) if cell]


def is_blank(row: Iterable[str]) -> bool:
    """Whether no cell of a row says anything."""
    return not any(row)


def trimmed(grid: Grid) -> Grid:
    """The grid without empty rows and columns around what it holds; inner empty columns go, too, unless the grid is ragged."""
    present = [at for at, row in enumerate(grid.rows) if not is_blank(row)]
    if not present:
        return replace(grid, rows=[], lines=[])
    grid = grid.rows_cut(present[0], present[-1] + 1)
    if grid.ragged:
        return grid
    used: set[int] = set()
    for row in grid.rows:
        used.update(filled(row))
    if len(used) == grid.width and all(len(row) == grid.width for row in grid.rows):
        return grid
    return grid.columns_cut(sorted(used))


def spread_down(grid: Grid) -> Grid:
    """The grid with merged cells of several rows filled: what a merged cell says holds for all its rows (first column of it)."""
    if not grid.spans:
        return grid
    row_at = {line: at for at, line in enumerate(grid.lines)}
    column_at = {column: at for at, column in enumerate(grid.columns)}
    rows = [list(row) for row in grid.rows]
    for top, left, bottom, _ in grid.spans:
        at, column = row_at.get(top), column_at.get(left)
        if at is None or column is None or not rows[at][column]:
            continue
        for line in range(top + 1, min(bottom, grid.lines[-1]) + 1):
            below = row_at.get(line)
            if below is not None and not rows[below][column]:
                rows[below][column] = rows[at][column]
                for kind in (grid.formats, grid.links):
                    if (top, left) in kind:
                        kind[line, left] = kind[top, left]
    return replace(grid, rows=rows)
