"""The lines of a SPEC file, scan by scan: labels, rows, arrays of multichannel analysers, positions of motors."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_CONTROL = re.compile(r"#(?P<key>@?[A-Za-z]+?)(?P<number>\d*)(?:\s+(?P<value>.*))?$")
_ARRAY = re.compile(r"@(?P<tag>[A-Z]+\w*)\s*(?P<values>.*)")


@dataclass
class SpecHead:
    """What stands before scans: name, date, epoch, comments, names of motors by line number."""

    epoch: float | None = None
    date: str = ""
    comments: list[str] = field(default_factory=list)
    motors: dict[int, list[str]] = field(default_factory=dict)
    file: str = ""


@dataclass
class SpecScan:
    """One `#S`: rows as texts, `arrays` by their tag, each the numbers of one point."""

    number: str
    command: str
    head: SpecHead
    date: str = ""
    width: int | None = None
    labels: str = ""
    rows: list[list[str]] = field(default_factory=list)
    arrays: dict[str, list[list[str]]] = field(default_factory=dict)
    positions: dict[int, list[str]] = field(default_factory=dict)
    calibration: tuple[float, ...] = ()
    channels: tuple[float, ...] = ()
    comments: list[str] = field(default_factory=list)

    def names(self) -> list[str]:
        """Labels of the columns: parted by two blanks, by one where only that gives as many as there are columns."""
        width = self.width or max((len(row) for row in self.rows), default=0)
        apart = [label.strip() for label in re.split(r"\t|\s{2,}", self.labels.strip()) if label.strip()]
        if len(apart) != width and len(self.labels.split()) == width:
            apart = self.labels.split()
        return [apart[at] if at < len(apart) else f"column {at + 1}" for at in range(width)]

    def motors(self) -> dict[str, float]:
        """Positions by the names that the head gives them."""
        found = {}
        for line, values in self.positions.items():
            for name, value in zip(self.head.motors.get(line, []), values, strict=False):
                if (number := to_float(value)) is not None:
                    found[name] = number
        return found


def to_float(text: str) -> float | None:
    """The number a cell holds; none for anything else."""
    try:
        return float(text)
    except ValueError:
        return None


def _joined(lines: Sequence[str]) -> Iterator[str]:
    """Lines, those that end in a backslash with the next one."""
    held = ""
    for line in lines:
        text = line.rstrip()
        if text.endswith("\\"):
            held += text[:-1] + " "
            continue
        yield held + text
        held = ""
    if held:
        yield held


def scans_of(lines: Sequence[str]) -> list[SpecScan]:
    """All scans in the order of the file, also those without rows."""
    head, scans = SpecHead(), []
    scan: SpecScan | None = None
    for line in _joined(lines):
        if not line.strip():
            continue
        if line.startswith("#"):
            match = _CONTROL.match(line)
            if match is None:
                continue
            key, value = match["key"], (match["value"] or "").strip()
            if key == "F":
                head, scan = SpecHead(file=value), None
            elif key == "S":
                number, _, command = value.partition(" ")
                scan = SpecScan(number, command.strip(), head)
                scans.append(scan)
            elif scan is None:
                _of_head(head, key, match["number"], value)
            else:
                _of_scan(scan, key, match["number"], value)
        elif scan is not None:
            _data(scan, line)
    return scans


def _of_head(head: SpecHead, key: str, number: str, value: str) -> None:
    if key == "E":
        head.epoch = to_float(value)
    elif key == "D":
        head.date = value
    elif key == "C":
        head.comments.append(value)
    elif key == "O":
        head.motors[int(number or 0)] = [name for name in re.split(r"\s{2,}|\t", value) if name]


def _of_scan(scan: SpecScan, key: str, number: str, value: str) -> None:
    if key == "D":
        scan.date = scan.date or value
    elif key == "N" and value.split():
        scan.width = int(value.split()[0]) if value.split()[0].isdigit() else None
    elif key == "L":
        scan.labels = scan.labels or value
    elif key == "P":
        scan.positions[int(number or 0)] = value.split()
    elif key == "O":
        scan.head.motors[int(number or 0)] = [name for name in re.split(r"\s{2,}|\t", value) if name]
    elif key == "C":
        scan.comments.append(value)
    elif key in ("@CALIB", "@CHANN"):
        numbers = tuple(read for text in value.split() if (read := to_float(text)) is not None)
        if key == "@CALIB":
            scan.calibration = numbers
        else:
            scan.channels = numbers


def _data(scan: SpecScan, line: str) -> None:
    array = _ARRAY.match(line)
    if array is not None:
        scan.arrays.setdefault(array["tag"], []).append(array["values"].split())
    elif re.match(r"\s*[-+.\dnNiI]", line):
        scan.rows.append(line.split())
