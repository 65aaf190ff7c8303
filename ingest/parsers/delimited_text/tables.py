"""Where the tables of a text are: delimiter, decimal sign, and runs of lines with the same shape."""

import csv
import re
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ingest.parsers.delimited_text.cells import Decimal, kind_of, kinds_of_column
from ingest.parsers.delimited_text.told import NOTHING, Told

DELIMITERS = ("\t", ";", ",", "|", " ")
_SAMPLE = 300
LEAST_ROWS = 3
MAX_COLUMNS = 5000
_STEADY, _CHUNK = 40, 4096
_SETTING = re.compile(r"\s*(?:[#%\'!]|//)|[^\d\t,;|][^\t,;|]{0,80}[:=]\s*[\t,;|]")  # a comment, or a key with its value


@dataclass(frozen=True)
class Shape:
    """How lines are cut into cells. A blank as delimiter means any run of blanks."""

    delimiter: str
    decimal: Decimal

    def cells(self, line: str) -> list[str]:
        """The stripped cells of a line."""
        if self.delimiter == " ":
            return line.replace('"', "").split()
        if '"' in line:
            try:
                found = next(csv.reader([line.strip("\r\n")], delimiter=self.delimiter, skipinitialspace=True), [])
            except csv.Error:
                found = line.split(self.delimiter)
            return [cell.strip() for cell in found]
        return [cell.strip() for cell in line.split(self.delimiter)]

    def rows(self, lines: Sequence[str]) -> list[list[str]] | None:
        """The cells of many lines; none where a line cannot be cut by itself."""
        if self.delimiter == " ":
            return [line.replace('"', "").split() for line in lines]
        joined = "\n".join(lines)
        if '"' in joined:
            try:
                found = list(csv.reader(lines, delimiter=self.delimiter, skipinitialspace=True))
            except csv.Error:
                return None
        else:
            found = [line.split(self.delimiter) for line in lines]
        padded = (f" {self.delimiter}", f"{self.delimiter} ", "\n ", " \n", f"\t{self.delimiter}", "\n\t")
        if joined[:1].isspace() or joined[-1:].isspace() or any(blank in joined for blank in padded if blank != "\t\t"):
            found = [[cell.strip() for cell in row] for row in found]
        return found

    def kinds(self, cells: Sequence[str]) -> str:
        """The kinds of the cells, one letter each."""
        return "".join(kind_of(cell, self.decimal) for cell in cells)


@dataclass
class Table:
    """Rows of one shape. `rows` are stripped cells; `above` the lines between the table before and this one."""

    width: int
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    ragged: int = 0
    between: list[str] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)  # rows of each joined block

    @property
    def size(self) -> int:
        """Cells, the measure of which table is the main one."""
        return len(self.rows) * self.width

    def column(self, index: int) -> list[str]:
        """The cells of one column; empty where a row is too short."""
        try:
            return [row[index] for row in self.rows]
        except IndexError:
            return [row[index] if index < len(row) else "" for row in self.rows]


def is_row(kinds: str, clear: bool = False) -> bool:
    """True for a line that could be a row of a table of numbers; between `clear` delimiters more of it may be text."""
    numbers, times, texts = kinds.count("n"), kinds.count("t"), kinds.count("x")
    full = numbers + times + texts
    share = 0.2 if clear and len(kinds) >= 6 else 0.4
    return numbers + times >= 1 and (numbers + times) >= share * full and (numbers >= 1 or len(kinds) >= 2)


def _windows(lines: Sequence[str]) -> list[Sequence[str]]:
    if len(lines) <= 3 * _SAMPLE:
        return [lines]
    middle = len(lines) // 2
    return [lines[:_SAMPLE], lines[middle : middle + _SAMPLE], lines[-_SAMPLE:]]


def _score(windows: Sequence[Sequence[str]], shape: Shape) -> float:
    """Numbers and times in runs of equally wide lines, less what stays text."""
    score = 0.0
    for window in windows:
        run: list[tuple[int, float]] = []
        for line in [*window, ""]:
            if not line.strip() and run and line is not window[-1]:
                continue
            cells = shape.cells(line[:20_000])
            kinds = shape.kinds(cells) if len(cells) <= MAX_COLUMNS else ""
            row = is_row(kinds, shape.delimiter != " ") and (shape.delimiter == " " or len(cells) > 1 or kinds == "n")
            if row and (not run or run[-1][0] == len(cells)):
                run.append((len(cells), _worth(kinds, shape)))
                continue
            score += sum(worth for _, worth in run) if len(run) >= LEAST_ROWS else 0.0
            run = [(len(cells), _worth(kinds, shape))] if row else []
        score += sum(worth for _, worth in run) if len(run) >= LEAST_ROWS else 0.0
    return score


def _worth(kinds: str, shape: Shape) -> float:
    """Text between clear delimiters is a column of words; between blanks it is probably prose."""
    worth = kinds.count("n") + kinds.count("t") - (1.5 if shape.delimiter == " " else 0.4) * kinds.count("x")
    return worth * (0.5 if len(kinds) == 1 else 1.0)


def find_shape(lines: Sequence[str], told: Told = NOTHING) -> Shape | None:
    """The cut that makes the most sense of the lines; none when nothing looks like a table. A person's word goes before."""
    windows = _windows([line for line in lines if line.strip()])
    quoted = any('","' in line for window in windows for line in window)
    scores: dict[Shape, float] = {}
    for delimiter in DELIMITERS:
        if delimiter != " " and not any(delimiter in line for window in windows for line in window):
            continue
        for decimal in (".", ","):
            if not told.fits(delimiter, decimal) or (delimiter == "," and decimal == "," and not quoted):
                continue
            shape = Shape(delimiter, "," if decimal == "," else ".")
            scores[shape] = _score(windows, shape)
    explicit = {shape: score for shape, score in scores.items() if shape.delimiter != " "}
    blank = {shape: score for shape, score in scores.items() if shape.delimiter == " "}
    best = max(explicit, key=lambda shape: explicit[shape], default=None)
    spaced = max(blank, key=lambda shape: blank[shape], default=None)
    if best is None or (
        spaced is not None
        and (explicit[best] < 0.5 * blank[spaced] or _cuts_through(windows, best, spaced))
        and not _cuts_all(windows, best)
    ):
        best = spaced
    return best if best is not None and scores[best] > 0 else None


def _cuts_all(windows: Sequence[Sequence[str]], shape: Shape) -> bool:
    """Whether a semicolon or tab cuts a short text into as many cells in every line but a last one that may be cut short."""
    lines = windows[0] if len(windows) == 1 else []
    if shape.delimiter not in (";", "\t") or not LEAST_ROWS <= len(lines) <= 20:
        return False
    widths = {line.count(shape.delimiter) for line in lines[:-1]}
    inside = re.compile(rf"\S{shape.delimiter}\S")  # not the mark at the end of a line, or before a remark
    return len(widths) == 1 and widths != {0} and all(inside.search(line) for line in lines[:-1])


def _cuts_through(windows: Sequence[Sequence[str]], clear: Shape, spaced: Shape) -> bool:
    """Whether the delimiter cuts numbers with a decimal comma in two, where blanks leave only numbers."""
    if clear.delimiter != "," or spaced.decimal != ",":
        return False
    rows = [line for window in windows for line in window if is_row(spaced.kinds(spaced.cells(line[:20_000])))][:300]
    pieces = [cell for line in rows for cell in clear.cells(line[:20_000])]
    torn = sum(bool(re.fullmatch(r"[\d+\-eE.]+\s+[\d+\-eE.]+", cell)) for cell in pieces)
    return (
        len(rows) >= LEAST_ROWS
        and torn >= 0.8 * len(rows)
        and all("x" not in spaced.kinds(spaced.cells(line)) for line in rows[-50:])
    )


class _Segments:
    """Runs of row-like lines; blank lines do not end a run, other lines do."""

    def __init__(self, lines: Sequence[str], shape: Shape) -> None:
        self.lines, self.shape = lines, shape
        self.found: list[Table] = []
        self.current: Table | None = None
        self.above: list[str] = []
        self.kinds = ""  # of the last row

    def find(self) -> list[Table]:
        """All runs."""
        number, slow_until = 0, 0
        while number < len(self.lines):
            steady = self.current is not None and len(self.current.rows) >= _STEADY and number >= slow_until
            if steady and self._many(number):
                number += _CHUNK
                continue
            slow_until = number + _CHUNK if steady else slow_until
            self._one(number)
            number += 1
        self._end()
        return self.found

    def _end(self) -> None:
        if self.current is not None:
            self.found.append(self.current)
            self.current = None

    def _one(self, number: int) -> None:
        line = self.lines[number]
        if not line.strip():
            return
        cells = self.shape.cells(line)
        if self.shape.delimiter != " " and len(cells) > 1 and not any(cells):
            return
        kinds = self.shape.kinds(cells) if len(cells) <= MAX_COLUMNS else ""
        row = (
            kinds and not _SETTING.match(line) and (is_row(kinds, self.shape.delimiter != " ") or self._goes_on(kinds))
        )
        if not row:
            self._end()
            self.above.append(line)
            return
        if self.current is None:
            self.current = Table(len(cells), above=self.above)
            self.above = []
        self.current.rows.append(cells)
        self.current.lines.append(number)
        self.kinds = kinds

    def _goes_on(self, kinds: str) -> bool:
        """A row in which every reading failed, within a table."""
        return (
            self.current is not None
            and len(kinds) == len(self.current.rows[-1])
            and len(kinds) > 1
            and "x" not in kinds
        )

    def _many(self, number: int) -> bool:
        """Take a block of lines at once, if all of them are rows like the one before."""
        assert self.current is not None  # noqa: S101 (checked by the caller)
        block = [
            (at, line) for at, line in enumerate(self.lines[number : number + _CHUNK], start=number) if line.strip()
        ]
        if len(block) < _STEADY:
            return False
        texts = [line for _, line in block]
        rows = self.shape.rows(texts)
        if rows is None or len(rows) != len(block) or any(len(row) != len(self.kinds) for row in rows):
            return False
        columns = zip(*rows, strict=True)
        if not all(_like(kind, column, self.shape.decimal) for kind, column in zip(self.kinds, columns, strict=True)):
            return False
        if self.kinds[0] not in "nt" and any(_SETTING.match(line) for line in texts):
            return False
        self.current.rows += rows
        self.current.lines += [at for at, _ in block]
        return True


def _like(kind: str, cells: Sequence[str], decimal: Decimal) -> bool:
    """Whether all cells may stand in a column of this kind."""
    if kind == "x":
        return True
    if kind == "n" and decimal == ".":
        try:
            deque(map(float, cells), maxlen=0)
            return True
        except ValueError:
            pass
    seen = set(kinds_of_column(cells, decimal))
    return seen <= {kind, "e"}


def _peel(table: Table, shape: Shape) -> Table | None:
    """The table without rows at its head that only look like rows; none when no shape prevails."""
    widths = Counter(len(row) for row in table.rows)
    width, count = widths.most_common(1)[0]
    if count < 0.75 * len(table.rows) and len(table.rows) > 1:
        tail = _steady_tail(table, width)
        if tail is None:
            return None
        table = tail
        widths = Counter(len(row) for row in table.rows)
    first = 0
    typical = _typical(table.rows, width, shape)
    while first < min(len(table.rows) - 1, 60) and (
        not _alike(shape.kinds(table.rows[first]), typical)
        or (shape.delimiter == " " and len(table.rows[first]) < width)
    ):
        first += 1
    if first == 0 and len(table.rows) > LEAST_ROWS and _is_scale(table.rows, shape, width):
        first = 1
    skipped = [shape.delimiter.join(row) for row in table.rows[:first]]
    rows = table.rows[first:]
    widest = max((w for w in widths if w == width or widths[w] >= max(3, 0.01 * len(rows))), default=width)
    if widest > width and not _blank_beyond(rows, width):
        width = widest
    while width > 1 and all(not row[width - 1] for row in rows if len(row) >= width):
        width -= 1  # a delimiter at the end of each line makes no column
    odd = [row for row in rows if len(row) != width]
    made = Table(width, [row[:width] for row in rows] if odd else rows, table.lines[first:], [*table.above, *skipped])
    made.ragged = sum(len(row) < width or not _blank_beyond([row], width) for row in odd)
    made.blocks = [len(rows)]
    return made


def _blank_beyond(rows: Sequence[Sequence[str]], width: int) -> bool:
    return all(not cell for row in rows for cell in row[width:])


def _is_scale(rows: Sequence[Sequence[str]], shape: Shape, width: int) -> bool:
    """A first row of numbers over the columns, with nothing or a word over the first: the second axis of a map."""
    kinds = shape.kinds(rows[0])
    if width < 3 or len(kinds) != width or kinds[0] not in "ex" or set(kinds[1:]) != {"n"}:
        return False
    return all(row and shape.kinds(row[:1]) == "n" for row in rows[1:50])


def _steady_tail(table: Table, width: int) -> Table | None:
    """From the first row on after which this width prevails."""
    after = [0] * (len(table.rows) + 1)  # rows of this width from here to the end
    for at in range(len(table.rows) - 1, -1, -1):
        after[at] = after[at + 1] + (len(table.rows[at]) == width)
    for at, row in enumerate(table.rows):
        left = len(table.rows) - at
        if len(row) == width and left >= LEAST_ROWS and after[at] >= 0.9 * left:
            skipped = [" ".join(cells) for cells in table.rows[:at]]
            return Table(width, table.rows[at:], table.lines[at:], [*table.above, *skipped])
    return None


def _typical(rows: Sequence[Sequence[str]], width: int, shape: Shape) -> list[set[str]]:
    """The kinds seen in each column over some rows from all over the table."""
    step = max(1, len(rows) // 200)
    kinds = [shape.kinds(row) for row in rows[len(rows) // 3 :: step] if len(row) == width] or [shape.kinds(rows[-1])]
    columns: list[set[str]] = []
    for index in range(width):
        seen = Counter(kind[index] for kind in kinds if index < len(kind))
        columns.append({kind for kind, count in seen.items() if count >= 0.05 * len(kinds)} | {"e"})
    return columns


def _alike(kinds: str, typical: Sequence[set[str]]) -> bool:
    if abs(len(kinds) - len(typical)) > max(1, len(typical) // 8):
        return False
    agree = sum(
        kind in wanted or (kind == "n" and wanted == {"e"}) for kind, wanted in zip(kinds, typical, strict=False)
    )
    return agree >= 0.6 * len(typical) and not (kinds[0] == "x" and "x" not in typical[0])


def find_tables(lines: Sequence[str], shape: Shape) -> list[Table]:
    """All runs of rows, in the order of the file."""
    found = [_peel(segment, shape) for segment in _Segments(lines, shape).find()]
    return [table for table in found if table is not None and table.rows]


def mend_quotes(lines: Sequence[str]) -> list[str]:
    """Lines of which a quoted cell with line ends in it is one line again."""
    made: list[str] = []
    at = 0
    while at < len(lines):
        line, taken = lines[at], 1
        while (
            line.count('"') % 2
            and re.search(r'(?:^|[,;\t])\s*"[^"]*$', line)
            and taken < 12
            and at + taken < len(lines)
        ):
            line = f"{line} {lines[at + taken]}"
            taken += 1
        closed = line.count('"') % 2 == 0
        made.append(line if closed else lines[at])
        at += taken if closed else 1
    return made
