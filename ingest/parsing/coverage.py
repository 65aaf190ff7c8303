"""How well a folder of files is read: a line for each file, and what it comes to for each technique."""

import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.parsing.services import parse_path


@dataclass(frozen=True)
class Line:
    """What became of one file. `mapped`, `with_unit`: channels of numbers with a quantity, with a unit; `rows`: of the longest."""

    file: str
    status: str
    parser: str | None
    technique: str | None
    channels: int
    with_unit: int
    mapped: int
    rows: int
    start: str | None
    warnings: int
    seconds: float
    reason: str | None


def files_below(paths: Iterable[Path]) -> list[Path]:
    """The files named, and all files in the folders named, by path."""
    found: list[Path] = []
    for path in paths:
        found += sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
    return found


def line_of(path: Path) -> Line:
    """Parse one file and count. Raises OSError when it cannot be opened."""
    began = time.perf_counter()
    document = parse_path(path).document
    seconds = time.perf_counter() - began
    numbers = [channel for channel in document["channels"] if channel["kind"] == "number"]
    return Line(
        file=str(path),
        status=document["status"],
        parser=document["parser"],
        technique=document["technique"],
        channels=len(document["channels"]),
        with_unit=sum(bool(channel["unit"]) for channel in numbers),
        mapped=sum(bool(channel["quantity"]) for channel in numbers),
        rows=max((channel["rows"] for channel in document["channels"]), default=0),
        start=document["metadata"].get("start"),
        warnings=len(document["warnings"]),
        seconds=round(seconds, 3),
        reason=document["reason"],
    )


def coverage(files: Sequence[Path], workers: int = 2) -> Iterator[Line]:
    """A line for each file, in their order; each parser runs in a process of its own, `workers` of them at a time."""
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(line_of, files)


def summary(lines: Sequence[Line]) -> dict[str, Any]:
    """Totals: files, parsed, kept, channels with unit and quantity, seconds, and files by technique."""
    by: dict[str, int] = {}
    for line in lines:
        if line.status == "parsed":
            by[line.technique or "unknown"] = by.get(line.technique or "unknown", 0) + 1
    parsed = [line for line in lines if line.status == "parsed"]
    return {
        "files": len(lines),
        "parsed": len(parsed),
        "kept": len(lines) - len(parsed),
        "with_technique": sum(line.technique is not None for line in parsed),
        "channels": sum(line.channels for line in parsed),
        "with_unit": sum(line.with_unit for line in parsed),
        "mapped": sum(line.mapped for line in parsed),
        "seconds": round(sum(line.seconds for line in lines), 1),
        "techniques": dict(sorted(by.items())),
    }
