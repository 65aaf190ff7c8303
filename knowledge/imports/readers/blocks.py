"""One grid may hold several tables: below each other, side by side, or folded (the same columns repeated to save height)."""

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.imports.readers.cells import is_formula, is_missing, is_number, is_numeric
from knowledge.imports.readers.grids import Grid, filled, is_blank, trimmed
from knowledge.imports.readers.headers import Head, Profile, head_find, head_known, profile_of

SAMPLE = 60


@dataclass(frozen=True)
class Block:
    """One table of a grid, with its header found; indices of `head` are those of `grid.rows`."""

    grid: Grid
    head: Head
    profile: Profile
    beside: bool = False


def _head(grid: Grid, begin: int = 0) -> Head:
    if grid.heads and begin == 0:
        return head_known(grid.rows, grid.heads)
    return head_find(grid.rows[begin:], grid.spans, grid.lines[begin:], grid.columns)


def _key(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(cell.lower() for cell in row if cell)


def blocks_of(grid: Grid) -> list[Block]:
    """The tables of a grid, in reading order."""
    grid = grid if grid.ragged else grid_without_gaps(grid)
    found = []
    for part in _side_by_side(grid):
        for piece in _below_each_other(part):
            inner = [piece] if part is not grid or piece is part else _side_by_side(piece)
            for block in inner:
                for folded in _unfolded(block):
                    beside = folded.width < grid.width and not grid.ragged
                    found.append(_block(folded if grid.ragged else trimmed(folded), beside))
    return [block for block in found if block.grid.rows]


def grid_without_gaps(grid: Grid) -> Grid:
    """The grid from its first to its last filled row and column; inner gaps stay, they may part tables."""
    present = [at for at, row in enumerate(grid.rows) if not is_blank(row)]
    if not present:
        return grid.rows_cut(0, 0)
    grid = grid.rows_cut(present[0], present[-1] + 1)
    used: set[int] = set()
    for row in grid.rows:
        used.update(filled(row))
    return grid.columns_cut(range(min(used), max(used) + 1)) if used else grid


def _block(grid: Grid, beside: bool) -> Block:
    head = _head(grid)
    names = [grid.rows[at] for at in head.names]
    body = [row for row in grid.rows[head.body : head.body + 300] if not is_blank(row) and row not in names]
    return Block(grid, head, profile_of([[], *body], grid.width), beside)


# Below each other


def _below_each_other(grid: Grid) -> list[Grid]:
    pieces: list[Grid] = []
    begin = 0
    while begin < len(grid.rows):
        end = _end(grid, begin)
        pieces.append(grid.rows_cut(begin, end))
        begin = end
    return pieces if len(pieces) > 1 else [grid]


def _end(grid: Grid, begin: int) -> int:
    """Where the table that begins at a row ends: at the next header (with its titles) or the end of the grid."""
    head = _head(grid, begin)
    body = begin + head.body
    sample = [row for row in grid.rows[body : body + SAMPLE] if not is_blank(row)]
    profile = profile_of([[], *sample], grid.width)
    names = {_key(grid.rows[begin + at]) for at in head.names}
    gap = False
    for at in range(body + 1, len(grid.rows)):
        row = grid.rows[at]
        if is_blank(row):
            gap = True
            continue
        if gap and _explains(grid, at, names):
            return _with_titles(grid, at, body)
        if _may_begin(row, profile, gap) and _key(row) not in names and _begins(grid, at, profile, gap):
            return _with_titles(grid, at, body)
        gap = False if len(filled(row)) > 1 else gap
    return len(grid.rows)


def _explains(grid: Grid, at: int, names: set[tuple[str, ...]]) -> bool:
    """Whether a list that explains the columns begins at a row: names of columns, and words behind them."""
    known = {cell for name in names for cell in name}
    lines = [row for row in grid.rows[at : at + 3] if not is_blank(row)]
    said = [row for row in lines if row[0].lower() in known and len(filled(row)) > 1 and not is_numeric(row[1])]
    return len(said) > 1 and said[0] is lines[0] and _key(lines[0]) not in names


def _may_begin(row: Sequence[str], profile: Profile, gap: bool) -> bool:
    """Whether a row could be a header: words (or nothing) where the table above has numbers."""
    said = [row[at] for at in profile.numbers if at < len(row) and not is_missing(row[at])]
    if any(map(is_numeric, said)):
        return False
    count = len(filled(row))
    if not profile.numbers or not said:
        return gap and count > 1
    if any(is_formula(row[at]) for at in profile.formulas if at < len(row)):
        return False
    return count > 1 and (gap or len(said) > 1 or len(profile.numbers) == 1)


def _begins(grid: Grid, at: int, profile: Profile, gap: bool) -> bool:
    """Whether a table with a header of its own begins at a row."""
    head = _head(grid, at)
    if not head.names or head.names[0] != 0 or at + head.body >= len(grid.rows):
        return False
    row = grid.rows[at]
    words = [row[place] for place in filled(row)]
    if any(map(is_number, words)) or len(set(words)) < len(words):
        return False
    after = [row for row in grid.rows[at + head.body : at + head.body + SAMPLE] if not is_blank(row)]
    below = profile_of([[], *after], grid.width)
    if profile.numbers and below.numbers:
        return True
    return gap and at > 0 and _is_title(grid, at - 1)


def _is_title(grid: Grid, at: int) -> bool:
    return len(filled(grid.rows[at])) == 1 and any(map(str.isalpha, "".join(grid.rows[at])))


def _with_titles(grid: Grid, at: int, least: int) -> int:
    """The row of the first title above a header, when titles stand between the tables."""
    first = at
    while first - 1 > least and (is_blank(grid.rows[first - 1]) or _is_title(grid, first - 1)):
        first -= 1
    while first < at and is_blank(grid.rows[first]):
        first += 1
    return first if any(_is_title(grid, row) for row in range(first, at)) and _parted(grid, first, at) else at


def _parted(grid: Grid, first: int, at: int) -> bool:
    """Whether titles are parted from the table above by an empty row, or are a single one; footnotes stay with their table."""
    return (first > 0 and is_blank(grid.rows[first - 1])) or at - first == 1


# Side by side


def _column_groups(grid: Grid) -> list[list[int]]:
    used = [False] * grid.width
    for row in grid.rows:
        for at in filled(row):
            used[at] = True
    groups: list[list[int]] = []
    for at, said in enumerate(used):
        if said and (at == 0 or not used[at - 1]):
            groups.append([at])
        elif said:
            groups[-1].append(at)
    return groups


def _side_by_side(grid: Grid) -> list[Grid]:
    """The tables parted by empty columns; a table with an empty column inside stays one."""
    if grid.ragged:
        return [grid]
    groups = _column_groups(grid)
    if len(groups) < 2:
        return [grid]
    parts: list[list[int]] = [groups[0]]
    for group in groups[1:]:
        if _apart(grid, parts[-1], group):
            parts.append(group)
        else:
            parts[-1] = [*parts[-1], *group]
    return [grid_without_gaps(grid.columns_cut(part)) for part in parts] if len(parts) > 1 else [grid]


def _apart(grid: Grid, left: Sequence[int], right: Sequence[int]) -> bool:
    """Whether two groups of columns are tables of their own: own formulae, the same names again, or other rows."""
    pair = [grid_without_gaps(grid.columns_cut(group)) for group in (left, right)]
    heads = [_head(part) for part in pair]
    if any(part.width < 2 for part in pair):
        return False
    blocks = [_block(part, beside=True) for part in pair]
    if all(block.profile.formulas for block in blocks):
        return True
    names = [
        {_key([cell]) for at in head.names for cell in part.rows[at] if cell}
        for part, head in zip(pair, heads, strict=True)
    ]
    spoken = {_key([row[0]]) for row in pair[1].rows}
    if len(spoken & names[0]) > 1:  # the right one explains the columns of the left one
        return True
    if names[0] & names[1] and all(head.names for head in heads):
        first = [part.rows[head.names[-1]][0].lower() for part, head in zip(pair, heads, strict=True)]
        if first[0] == first[1]:
            return True
    rows = [{part.lines[at] for at, row in enumerate(part.rows) if not is_blank(row)} for part in pair]
    return len(rows[0] & rows[1]) < 0.7 * len(rows[0] | rows[1]) and min(map(len, rows)) > 1


# Folded


def _unfolded(grid: Grid) -> list[Grid]:
    """A table whose columns repeat (formula, Tc, formula, Tc) as that many tables."""
    if grid.ragged and len({len(row) for row in grid.rows if row}) > 1:
        return [grid]
    head = _head(grid)
    if not head.names:
        return [grid]
    names = [cell.lower() for cell in grid.rows[head.names[-1]]]
    block = profile_of([[], *grid.rows[head.body : head.body + SAMPLE]], grid.width)
    for period in range(2, len(names) // 2 + 1):
        if len(names) % period or any(names[at] != names[at % period] for at in range(len(names))):
            continue
        parts = [range(at, at + period) for at in range(0, len(names), period)]
        if all(any(place in block.formulas for place in part) for part in parts):
            return [grid.columns_cut(part) for part in parts]
    return [grid]
