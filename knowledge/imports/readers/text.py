"""Text of unknown encoding, with a limit, and what kind of table its first lines show."""

import re
from itertools import pairwise
from pathlib import Path

from knowledge.imports.tables import Refused

MAX_BYTES = 512 * 2**20
_FLOAT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def text_read(path: Path) -> str:
    """The text of a file: UTF-8 or UTF-16 with mark, else the encoding that fits best. Raises Refused for binary files."""
    if path.stat().st_size > MAX_BYTES:
        raise Refused(f"larger than {MAX_BYTES // 2**20} MiB: split the table")
    data = path.read_bytes()
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    if b"\0" in data[:65536]:
        raise Refused("is a binary file that no reader knows")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(data).best()
        if best is None:
            raise Refused("its text encoding cannot be recognised: save it as UTF-8") from None
        return str(best)


def is_spectrum(lines: list[str]) -> bool:
    """Whether the lines are two or three columns of numbers with an ordered first one: a measured curve, no table."""
    body = [line.split() if "," not in line else line.split(",") for line in lines[5:105] if line.strip()]
    if len(body) < 20 or any(len(cells) not in (2, 3) for cells in body):
        return False
    if not all(_FLOAT.fullmatch(cell.strip()) for cells in body for cell in cells):
        return False
    first = [float(cells[0]) for cells in body]
    return all(a < b for a, b in pairwise(first))
