"""Tables of LaTeX sources: tabular, longtable and their kin, with multicolumn and multirow."""

import re
from collections.abc import Iterator
from dataclasses import replace

from knowledge.imports.readers.delimited import text_grid
from knowledge.imports.readers.grids import Grid, Span
from knowledge.imports.readers.latex_text import latex_plain
from knowledge.imports.readers.layout import tables_of
from knowledge.imports.tables import Refused, Table

_BEGIN = re.compile(
    r"\\begin\{(tabular\*?|tabularx|tabulary|tabularray|longtable|supertabular|xltabular|array|tblr|deluxetable\*?)\}"
)
_RULES = re.compile(
    r"\\(?:hline|toprule|midrule|bottomrule|endhead|endfirsthead|endfoot|endlastfoot|centering|small|footnotesize|"
    r"startdata|enddata|nodata|firsthline|lasthline)\b(?:\[[^\]]*\])?|"
    r"\\(?:cline|cmidrule|rowcolor|noalign|specialrule|addlinespace|arrayrulecolor|label|vspace)\b(?:\([^)]*\))?(?:\[[^\]]*\])?"
    r"(?:\{[^{}]*\})*"
)

_LEAD = re.compile(rf"(?:\s|{_RULES.pattern})*")


def is_latex(text: str) -> bool:
    """Whether a text holds a table of LaTeX."""
    return bool(_BEGIN.search(text))


def _group(text: str, at: int) -> tuple[str, int]:
    """What stands in the braces that open at a place, and the place behind them."""
    depth = 0
    for end in range(at, len(text)):
        if text[end] == "\\" and end + 1 < len(text):
            continue
        escaped = end > 0 and text[end - 1] == "\\"
        if text[end] == "{" and not escaped:
            depth += 1
        elif text[end] == "}" and not escaped:
            depth -= 1
            if depth == 0:
                return text[at + 1 : end], end + 1
    return text[at + 1 :], len(text)


def _pieces(text: str) -> Iterator[tuple[list[str], int]]:
    """(cells, place) of each row: parted by `&` and `\\\\` outside braces."""
    cells: list[str] = []
    current, depth, at, begin = "", 0, 0, 0
    while at < len(text):
        character = text[at]
        if character == "\\":
            ended = text[at : at + 2] == "\\\\" or text.startswith("\\tabularnewline", at)
            if ended and depth == 0:
                at += 2 if text[at : at + 2] == "\\\\" else len("\\tabularnewline")
                if skipped := re.match(r"\*?\s*\[[^\]\n]*(?:pt|em|ex|mm|cm|baselineskip)\]", text[at:]):
                    at += skipped.end()
                yield [*cells, current], begin
                cells, current, begin = [], "", at
                continue
            current += text[at : at + 2]
            at += 2
            continue
        depth += (character == "{") - (character == "}")
        if character == "&" and depth == 0:
            cells.append(current)
            current = ""
        else:
            current += character
        at += 1
    if current.strip() or cells:
        yield [*cells, current], begin


def _row(cells: list[str], line: int) -> tuple[list[str], list[Span]]:
    texts: list[str] = []
    spans: list[Span] = []
    for cell in cells:
        wide = high = 1
        cell = _RULES.sub("", cell).strip()
        if found := re.search(r"\\multicolumn\s*\{(\d+)\}\s*", cell):
            wide = int(found[1])
            _, end = _group(cell, found.end())
            inner, _ = _group(cell, cell.find("{", end)) if "{" in cell[end:] else ("", 0)
            cell = inner
        if found := re.search(
            r"\\multirow\s*(?:\[[^\]]*\])?\{(\d+)\}\s*(?:\[[^\]]*\])?\s*(?:\{[^{}]*\}|\*)\s*(?:\[[^\]]*\])?", cell
        ):
            high = int(found[1])
            cell, _ = _group(cell, cell.find("{", found.end())) if "{" in cell[found.end() :] else ("", 0)
        column = len(texts) + 1
        if wide > 1 or high > 1:
            spans.append((line, column, line + high - 1, column + wide - 1))
        texts += [latex_plain(cell), *[""] * (min(wide, 200) - 1)]
    return texts, spans


def _grid(body: str, first: int, place: str, title: str) -> Grid | None:
    rows: list[tuple[int, list[str]]] = []
    found: list[tuple[list[str], int]] = list(_pieces(body))
    spans: list[Span] = []
    for number, (cells, at) in enumerate(found):
        lead = _LEAD.match(body, at)
        texts, merged = _row(cells, number + 1)
        rows.append((first + body.count("\n", 0, lead.end() if lead else at), texts))
        spans += merged
    if not any(any(cells) for _, cells in rows):
        return None
    grid = text_grid([(number, cells) for number, (_, cells) in enumerate(rows, 1)], place=place, title=title)
    width = max(len(row) for row in grid.rows)
    padded = [row + [""] * (width - len(row)) if len(row) == 1 or not any(row) else row for row in grid.rows]
    lines = [line for line, _ in rows]
    moved = [(lines[a - 1], b, lines[min(c, len(lines)) - 1], d) for a, b, c, d in spans]
    return replace(grid, rows=padded, lines=lines, spans=moved)


def latex_tables(text: str) -> list[Table]:
    """The tables of a LaTeX source. Raises Refused when none holds rows."""
    text = re.sub(r"(?<!\\)%.*", "", text)
    found: list[Table] = []
    begins = list(_BEGIN.finditer(text))
    for number, begin in enumerate(begins, 1):
        at = begin.end()
        while skipped := re.match(r"\s*\[[^\]]*\]", text[at:]):
            at += skipped.end()
        for _ in range(2 if begin[1] in ("tabular*", "tabularx", "tabulary", "xltabular") else 1):
            if brace := re.match(r"\s*\{", text[at:]):
                _, at = _group(text, at + brace.end() - 1)
        end = text.find(f"\\end{{{begin[1]}}}", at)
        body = text[at : end if end >= 0 else len(text)]
        body = re.sub(r"\\caption\s*(?:\[[^\]]*\])?\{(?:[^{}]|\{[^{}]*\})*\}", "", body)
        place = f"table {number}" if len(begins) > 1 else ""
        grid = _grid(body, text.count("\n", 0, at) + 1, place, _caption(text, begin.start(), end))
        if grid is not None:
            found += tables_of(grid)
    if not found:
        raise Refused("holds LaTeX tables without rows")
    return found


def _caption(text: str, begin: int, end: int) -> str:
    """The caption of the float around a table."""
    opened = max(text.rfind("\\begin{table", 0, begin), text.rfind("\\end{table", 0, begin), 0)
    closed = text.find("\\end{table", end)
    for found in re.finditer(r"\\caption\s*(?:\[[^\]]*\])?(?=\{)", text[opened : closed if closed > 0 else end]):
        return latex_plain(_group(text, opened + found.end())[0])
    return ""
