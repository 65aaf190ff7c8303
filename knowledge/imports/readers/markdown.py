"""Tables drawn with bars: Markdown, reStructuredText grids, and what database shells print."""

import re
from collections.abc import Sequence
from dataclasses import replace

from knowledge.imports.readers.delimited import text_grid
from knowledge.imports.readers.latex_text import latex_plain
from knowledge.imports.readers.layout import tables_of
from knowledge.imports.tables import Refused, Table

_RULE = re.compile(r"\s*[|+]?\s*:?[-=]{2,}:?\s*(?:[|+]\s*:?[-=]+:?\s*)*[|+]?\s*")
_SHORT_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)+\|?\s*|\s*\|\s*:?-+:?\s*\|\s*")
_BAR = re.compile(r"(?<!\\)\|")
_EMPHASIS = re.compile(
    r"(\*\*|__|~~|`)(?=\S)(.+?)(?<=\S)\1|(?<![\w*])\*(?=[^\s*])([^*]+?)(?<=\S)\*(?![\w*])|(?<!\w)_(?=\S)([^_]+)_(?!\w)"
)


def _is_rule(line: str) -> bool:
    return ("|" in line or "+" in line) and bool(_RULE.fullmatch(line) or _SHORT_RULE.fullmatch(line))


def is_markdown(lines: Sequence[str]) -> bool:
    """Whether a rule of dashes and bars stands beside a row of bars."""
    for at, line in enumerate(lines[:20_000]):
        if "-" in line and _is_rule(line):
            around = [*lines[max(at - 1, 0) : at], *lines[at + 1 : at + 2]]
            if any("|" in other and not _is_rule(other) for other in around):
                return True
    return False


def _cells(line: str) -> list[str]:
    line = line.strip()
    line = line.removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return [_cell(cell) for cell in _BAR.split(line)]


def _cell(text: str) -> str:
    text = text.replace("\\|", "|").strip()
    if "$" in text or "\\" in text:
        text = latex_plain(text)
    if any(mark in text for mark in "*_`~"):
        text = _EMPHASIS.sub(lambda m: m[2] or m[3] or m[4], text)
    return text


def markdown_tables(lines: Sequence[str]) -> list[Table]:
    """The tables of a text; what stands between them is no data. Raises Refused when none holds rows."""
    found: list[Table] = []
    block: list[tuple[int, str]] = []
    blocks: list[list[tuple[int, str]]] = []
    for number, line in enumerate([*lines, ""], 1):
        if "|" in line or (block and _is_rule(line)) or re.match(r"\s*\+[-=+]{3,}\s*$", line):
            block.append((number, line))
        elif block:
            blocks.append(block)
            block = []
    blocks = [block for block in blocks if any(_is_rule(line) for _, line in block)]
    for block in blocks:
        rows = [(number, _cells(line)) for number, line in block if not _is_rule(line)]
        rules = [at for at, (_, line) in enumerate(block) if _is_rule(line)]
        heads = len([1 for at in range(_header_rule(rules, block)) if at not in rules])
        place = f"lines {block[0][0]}-{block[-1][0]}" if len(blocks) > 1 else ""
        grid = text_grid(rows, place=place, title=_title(lines, block[0][0] - 1))
        if rows:
            found += tables_of(replace(grid, heads=heads if any(grid.rows[:1]) else 0))
    if not found:
        raise Refused("holds tables without rows")
    return found


def _header_rule(rules: Sequence[int], block: Sequence[tuple[int, str]]) -> int:
    """The index of the rule under the header: of `=` where one is, else the first that is not at the top."""
    for at in rules:
        if "=" in block[at][1]:
            return at
    return next((at for at in rules if at > 0), 0)


def _title(lines: Sequence[str], before: int) -> str:
    """The heading or caption right above a table."""
    for line in reversed(lines[max(before - 4, 0) : before]):
        if line.strip():
            text = line.strip()
            named = text.startswith("#") or re.match(r"(?i)[*_]*(table|tab\.|表)", text) or text.endswith(":")
            return _EMPHASIS.sub(lambda m: m[2] or m[3] or m[4], text.lstrip("# ")).rstrip(":") if named else ""
    return ""
