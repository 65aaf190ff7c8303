"""Text whose columns are parted by blanks: words in a row, runs of two blanks, or columns at fixed places."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from knowledge.imports.readers.cells import is_number

_RULE = re.compile(r"[\s\-=_+|~*─━═┄┼│]{3,}")
Row = tuple[int, list[str]]


def aligned_rows(lines: Sequence[str]) -> list[Row] | None:
    """(line, cells) of each row; none where no way of parting gives most lines the same number (at least two) of cells."""
    numbered = [
        (at, line.expandtabs(8)) for at, line in enumerate(lines, 1) if line.strip() and not _RULE.fullmatch(line)
    ]
    if len(numbered) < 2:
        return None
    ways = [
        [(at, re.split(r" {2,}", line.strip())) for at, line in numbered],
        [(at, _words(line)) for at, line in numbered],
    ]
    if _share(ways[0]) >= 0.95:
        return ways[1] if _share(ways[1]) == 1.0 and _numbers_joined(ways[0]) else ways[0]
    if _share(ways[1]) >= 0.95:
        return ways[1]
    fixed = _fixed(numbered)
    candidates = [rows for rows in (fixed, *ways) if rows is not None and _share(rows) > 0.6]
    return max(candidates, key=_share) if candidates else None


def _words(line: str) -> list[str]:
    """The words of a line; what stands in double quotes is one."""
    if '"' not in line:
        return line.split()
    return [found[1] if found[1] is not None else found[0] for found in re.finditer(r'"([^"]*)"|\S+', line)]


def _numbers_joined(rows: Sequence[Row]) -> bool:
    """Whether cells hold several numbers with single blanks between, which are columns of their own."""
    joined = [cell.split() for _, row in rows for cell in row if " " in cell]
    return bool(joined) and sum(all(map(is_number, words)) for words in joined) >= 0.8 * len(joined)


def _share(rows: Sequence[Row]) -> float:
    """The share of lines with the usual number of cells, titles (one cell above the others) apart."""
    widths = [len(row) for _, row in rows]
    while len(widths) > 2 and widths[0] == 1:
        widths.pop(0)
    width, times = Counter(widths).most_common(1)[0]
    return times / len(widths) if width > 1 else 0.0


def _places(line: str) -> str:
    """A line in which each character takes the place it takes on a screen: wide ones two."""
    wide = (character + ("\0" if unicodedata.east_asian_width(character) in "WF" else "") for character in line)
    return "".join(wide)


def _fixed(numbered: Sequence[tuple[int, str]]) -> list[Row] | None:
    """Cells between the columns of blanks that run through all lines (titles above left out)."""
    placed = [(at, _places(line.rstrip())) for at, line in numbered]
    wide = [n for n, (_, line) in enumerate(placed) if re.search(r"\S {2,}\S", line.replace("\0", ""))]
    body = placed[wide[0] :] if wide else []
    if len(body) < 3:
        return None
    width = max(len(line) for _, line in body)
    used = [0] * width
    for _, line in body:
        for at, character in enumerate(line):
            used[at] += character != " "
    starts = [at for at in range(width) if used[at] and (at == 0 or not used[at - 1])]
    if len(starts) < 2:
        return None
    cuts = [*starts, width]
    rows = []
    for at, line in body:
        cells = [line[begin:end].replace("\0", "").strip() for begin, end in pairwise(cuts)]
        rows.append((at, cells))
    above = [(at, [line.replace("\0", "").strip()]) for at, line in placed[: len(placed) - len(body)]]
    return above + rows
