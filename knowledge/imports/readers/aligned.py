"""Several text files of one folder that form one table by line: the first line of each is '# name [name ...]'."""

from pathlib import Path

from ingest.parsers.text import lines_of
from knowledge.imports.readers.text import text_of
from knowledge.imports.tables import Refused, Table


def columns_named(path: Path) -> list[str]:
    """The column names in a file's first line."""
    with path.open("rb") as file:
        return file.readline(400).decode("utf-8", errors="replace").removeprefix("#").split()


def is_aligned(path: Path) -> bool:
    """Whether a file's first line is a comment with one or two column names, as the parts of a line-aligned table have."""
    try:
        with path.open("rb") as file:
            head = file.readline(400)
    except OSError:
        return False
    words = head.decode("utf-8", errors="replace").removeprefix("#").split()
    return head.startswith(b"#") and 0 < len(words) <= 3 and all(word.isidentifier() for word in words)


def aligned_read(paths: tuple[Path, ...]) -> Table:
    """One table of all the files. Raises Refused when their line counts differ: no row could be trusted."""
    columns: list[str] = []
    cells: list[list[str]] = []
    lengths: dict[str, int] = {}
    for path in paths:
        lines = lines_of(text_of(path.read_bytes()))
        while len(lines) > 1 and not lines[-1].strip():
            lines.pop()
        names = lines[0].removeprefix("#").split()
        lengths[path.name] = len(lines) - 1
        columns += names
        if len(names) == 1:
            cells.append([line.strip() for line in lines[1:]])
            continue
        split = [line.split() for line in lines[1:]]
        cells += [[words[i] if len(words) == len(names) else "" for words in split] for i in range(len(names))]
    if len(set(lengths.values())) != 1:
        usual = max(set(lengths.values()), key=list(lengths.values()).count)
        odd = ", ".join(f"{name} has {count}" for name, count in lengths.items() if count != usual)
        raise Refused(f"the files do not belong together line by line: most have {usual} rows, {odd}")
    return Table(tuple(columns), list(zip(*cells, strict=True)))
