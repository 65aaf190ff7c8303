"""Text of unknown encoding, with a limit, and what kind of table its first lines show."""

import re
from itertools import pairwise

from ingest.parsers.protocol import CannotParse
from ingest.parsers.text import decode
from knowledge.imports.tables import Refused

MAX_BYTES = 512 * 2**20
_CIF = re.compile(r"(?m)^\s*data_\S*")
_FLOAT = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


def text_of(data: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 with mark, else the encoding that fits best. Raises Refused for binary files."""
    if len(data) > MAX_BYTES:
        raise Refused(f"larger than {MAX_BYTES // 2**20} MiB: split the table")
    try:
        found = decode(data)
        text = (_big5(data) if found.encoding in ("gbk", "shift_jis", "cp1252", "latin-1") else None) or found.text
    except CannotParse as error:
        raise Refused("is a binary file that no reader knows") from error
    if "\0" in text[:65536]:
        raise Refused("is a binary file that no reader knows")
    return text


def _big5(data: bytes) -> str | None:
    """The text of Big5 bytes: pairs in a row, led by common characters, some with a second byte that GBK seldom has."""
    sample = b"\n".join(line for line in data.splitlines() if not line.isascii())[:200_000]
    runs = re.findall(rb"(?:[\xa1-\xf9][\x40-\x7e\xa1-\xfe])+", sample)
    pairs = [run[at : at + 2] for run in runs if len(run) > 2 for at in range(0, len(run), 2)]
    alone = sum(len(run) == 2 for run in runs)
    if len(pairs) < 4 or alone > len(pairs) / 2:
        return None
    common = sum(0xA4 <= pair[0] <= 0xC6 for pair in pairs)
    low = sum(pair[1] < 0x80 for pair in pairs)
    if common < 0.85 * len(pairs) or low < 0.15 * len(pairs):
        return None
    try:
        return data.decode("big5")
    except UnicodeDecodeError:
        return None


def is_spectrum(lines: list[str]) -> bool:
    """Whether the lines are two or three columns of numbers with an ordered first one: a measured curve, no table."""
    body = [re.split(r"\s*[,;]\s*|\s+", line.strip()) for line in lines[5:405] if line.strip()]
    rows = [cells for cells in body if len(cells) in (2, 3) and all(map(_FLOAT.fullmatch, cells))]
    if len(rows) < 20 or len(rows) < 0.6 * len(body):
        return False
    steps = [float(b[0]) - float(a[0]) for a, b in pairwise(rows)]
    ordered = max(sum(step > 0 for step in steps), sum(step < 0 for step in steps))
    return ordered >= 0.97 * len(steps)


def is_structure(text: str) -> bool:
    """Whether a text is a CIF: a crystal structure, no table."""
    return bool(_CIF.search(text[:20_000])) and "_cell_length_a" in text
