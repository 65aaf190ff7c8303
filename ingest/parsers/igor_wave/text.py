"""Igor text (`.itx`): blocks of waves between BEGIN and END, and the commands that scale them and give units and notes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import CannotParse, Parsed

Wave = dict[str, Any]  # Any: the shape in which igor2 gives waves of binary files
_WAVES = re.compile(r"\s*WAVES\s*(?P<flags>(?:/\w+(?:=\s*\([^)]*\)|=\s*\d+)?\s*)*)\s*(?P<names>.*)$", re.IGNORECASE)
_SIZES = re.compile(r"/N\s*=\s*\(?\s*([\d,\s]+)", re.IGNORECASE)
_NAME = re.compile(r"'([^']+)'|([^\s,;']+)")
_SCALE = re.compile(
    r"SetScale\s*(?P<kind>/[PI])?\s*(?P<axis>[xyztd])\s*,?\s*(?P<one>[-+.\deE]+|NaN)\s*,\s*(?P<two>[-+.\deE]+|NaN)\s*"
    r"(?:,\s*\"(?P<unit>[^\"]*)\")?\s*,\s*(?P<waves>[^;]+)",
    re.IGNORECASE,
)
_NOTE = re.compile(r"Note\s*(?:/\w+\s*)*(?P<wave>'[^']+'|[^\s,]+)\s*,\s*\"(?P<text>(?:[^\"\\]|\\.)*)\"", re.IGNORECASE)
_CELL = re.compile(r'"((?:[^"\\]|\\.)*)"')


def is_igor_text(data: bytes) -> bool:
    """True for a text whose first line is IGOR alone."""
    return re.match(rb"(?:\xef\xbb\xbf)?\s*IGOR[ \t]*(?:\r|\n)", data) is not None


def _names(text: str) -> list[str]:
    return [quoted or plain for quoted, plain in _NAME.findall(text.partition("//")[0])]


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return float("nan")


def _cells(line: str) -> list[str]:
    """Cells parted by tabs (where an empty one is no value), else by commas and blanks."""
    plain = line.strip("\r\n ")
    if "\t" in plain:
        return [cell.strip(" ,") for cell in plain.removeprefix("\t").split("\t")]
    return re.split(r"[,\s]+", plain.strip(", "))


def _filled(lines: Sequence[str], width: int) -> NDArray[np.float64]:
    """Rows of numbers, shape (rows, width); what a line lacks is empty."""
    made = np.full((len(lines), width), np.nan)
    for at, line in enumerate(lines):
        found = [_number(cell) for cell in _cells(line)[:width]]
        made[at, : len(found)] = found
    return made


def _array(lines: Sequence[str], sizes: Sequence[int], parts: int) -> NDArray[Any]:
    """One wave of several dimensions: layers of rows, one after the other. Raises CannotParse where numbers lack."""
    columns = (sizes[1] if len(sizes) > 1 else 1) * parts
    table = _filled(lines, columns)
    if parts == 2:
        table = table[:, 0::2] + 1j * table[:, 1::2]
    wanted = int(np.prod(sizes))
    if table.size < wanted:
        raise CannotParse(f"an Igor wave of {' x '.join(map(str, sizes))} with only {len(table)} rows: it is cut short")
    cells = table.reshape(-1)[:wanted]
    if len(sizes) < 3:
        return cells.reshape(sizes)
    layers: NDArray[Any] = cells.reshape((*sizes[:1:-1], sizes[0], sizes[1]))
    return np.moveaxis(layers, (-2, -1), (0, 1)) if len(sizes) == 3 else layers.transpose(2, 3, 1, 0)


def _wave(name: str, data: NDArray[Any], block: int) -> Wave:
    dimensions = max(1, data.ndim)
    head = {"bname": name, "sfA": [1.0] * dimensions, "sfB": [0.0] * dimensions, "dimUnits": [""] * dimensions}
    return {"wave_header": head, "wData": data, "data_units": "", "note": "", "block": block}


def _block(flags: str, names: Sequence[str], lines: Sequence[str], block: int) -> Iterator[Wave]:
    letters = re.sub(r"=\s*(?:\([^)]*\)|\d+)", "", flags).upper().replace(" ", "").split("/")
    sizes = [int(size) for size in re.findall(r"\d+", found[1])] if (found := _SIZES.search(flags)) else []
    parts = 2 if "C" in letters else 1
    if "T" in letters:
        rows = [_CELL.findall(line) for line in lines]
        for at, name in enumerate(names):
            texts = [row[at] if at < len(row) else "" for row in rows]
            yield _wave(name, np.array([text.encode() for text in texts], dtype="S"), block)
        return
    if len(sizes) > 1 and len(names) == 1:
        yield _wave(names[0], _array(lines, sizes, parts), block)
        return
    table = _filled(lines, len(names) * parts)
    for at, name in enumerate(names):
        values = table[:, at] if parts == 1 else table[:, 2 * at] + 1j * table[:, 2 * at + 1]
        yield _wave(name, values, block)


def _command(text: str, waves: dict[str, Wave]) -> None:
    """Scales and units (`SetScale`), notes; any other command is Igor's own and left out."""
    for match in _SCALE.finditer(text):
        axis, unit = match["axis"].lower(), match["unit"] or ""
        for name in _names(match["waves"]):
            wave = waves.get(name.rpartition(":")[2].strip("'"))
            if wave is None:
                continue
            at = "xyzt".find(axis)
            head, shape = wave["wave_header"], wave["wData"].shape
            if axis == "d" or (axis == "y" and len(shape) == 1):
                wave["data_units"] = unit
            elif at < len(shape):
                one, two = float(match["one"]), float(match["two"])
                kind = (match["kind"] or "").upper()
                step = two if kind == "/P" else (two - one) / max(1, shape[at] - (kind == "/I"))
                head["sfB"][at], head["sfA"][at], head["dimUnits"][at] = one, step, unit
    for match in _NOTE.finditer(text):
        wave = waves.get(match["wave"].strip("'"))
        if wave is not None:
            note = match["text"].replace("\\r", "\n").replace("\\n", "\n").replace('\\"', '"')
            wave["note"] = f"{wave['note']}\n{note}".strip()


def waves_of(lines: Sequence[str]) -> list[tuple[str, Wave]]:
    """All waves by name, in the order of the file; `block` numbers those that stand side by side. Raises CannotParse."""
    waves: dict[str, Wave] = {}
    at, block = 0, 0
    while at < len(lines):
        line = lines[at]
        at += 1
        opened = _WAVES.match(line)
        if opened is not None:
            while at < len(lines) and lines[at].strip().upper() != "BEGIN":
                at += 1
            body = []
            at += 1
            while at < len(lines) and lines[at].strip().upper() != "END":
                if lines[at].strip():
                    body.append(lines[at])
                at += 1
            at += 1
            block += 1
            for wave in _block(opened["flags"], _names(opened["names"]), body, block):
                waves[wave["wave_header"]["bname"]] = wave
        elif re.match(r"\s*X\s", line):
            _command(line, waves)
    return list(waves.items())


def side_by_side(parsed: Parsed, waves: Sequence[tuple[str, Wave]]) -> Parsed:
    """Columns of one block against its first wave, where that only rises or only falls and nothing is scaled."""
    axes: dict[str, str] = {}
    first: dict[int, tuple[str, bool]] = {}
    for name, wave in waves:
        head, data = wave["wave_header"], wave["wData"]
        scaled = (head["sfB"][0], head["sfA"][0]) != (0.0, 1.0) or bool(head["dimUnits"][0])
        if wave["block"] not in first:
            steps = np.diff(data) if data.ndim == 1 and data.dtype.kind == "f" else np.zeros(1)
            first[wave["block"]] = (
                name,
                len(steps) > 1 and bool((steps > 0).all() or (steps < 0).all()) and not scaled,
            )
        elif first[wave["block"]][1] and not scaled:
            axes[name] = first[wave["block"]][0]
    names = {item.name for item in parsed.channels}
    channels = [
        replace(item, axis=axes[item.name]) if item.axis is None and axes.get(item.name) in names else item
        for item in parsed.channels
    ]
    return replace(parsed, channels=channels)
