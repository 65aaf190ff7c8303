"""Text of unknown encoding, with a limit, and what kind of table its first lines show."""

import re
from itertools import pairwise
from pathlib import Path

from ingest.parsers.protocol import CannotParse
from ingest.parsers.text import decode
from knowledge.imports.tables import Refused

MAX_BYTES = 512 * 2**20
_FLOAT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def text_read(path: Path) -> str:
    """The text of a file: UTF-8 or UTF-16 with mark, else the encoding that fits best. Raises Refused for binary files."""
    if path.stat().st_size > MAX_BYTES:
        raise Refused(f"larger than {MAX_BYTES // 2**20} MiB: split the table")
    data = path.read_bytes()
    try:
        text = decode(data).text
    except CannotParse as error:
        raise Refused("is a binary file that no reader knows") from error
    if "\0" in text[:65536]:
        raise Refused("is a binary file that no reader knows")
    return text


def is_spectrum(lines: list[str]) -> bool:
    """Whether the lines are two or three columns of numbers with an ordered first one: a measured curve, no table."""
    body = [line.split() if "," not in line else line.split(",") for line in lines[5:105] if line.strip()]
    if len(body) < 20 or any(len(cells) not in (2, 3) for cells in body):
        return False
    if not all(_FLOAT.fullmatch(cell.strip()) for cells in body for cell in cells):
        return False
    first = [float(cells[0]) for cells in body]
    return all(a < b for a, b in pairwise(first))
