"""Scans and spectra of one file as channels: end to end with a `scan` number, or each region on its own axis."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.parsers.protocol import Channel


@dataclass(frozen=True)
class Column:
    """Values of one axis or detector, shape (rows,), in `unit`; `quantity` as the registry calls it, where the format says so."""

    values: NDArray[np.float64]
    unit: str | None = None
    quantity: str | None = None


@dataclass
class Scan:
    """One scan, range, region or spectrum: columns of equal length by name, the first one the axis."""

    columns: dict[str, Column] = field(default_factory=dict)
    name: str = ""

    @property
    def rows(self) -> int:
        """Rows of its columns."""
        return max((len(column.values) for column in self.columns.values()), default=0)

    def cut(self, rows: int) -> "Scan":
        """The first rows only."""
        kept = {
            name: Column(column.values[:rows], column.unit, column.quantity) for name, column in self.columns.items()
        }
        return Scan(kept, self.name)


def _channel(name: str, column: Column, values: NDArray[np.float64], axis: str | None) -> Channel:
    confidence = 1.0 if column.quantity else 0.0
    return Channel(name, values, unit=column.unit, quantity=column.quantity, confidence=confidence, axis=axis)


def end_to_end(scans: Sequence[Scan], axis: str | None = None) -> Iterator[Channel]:
    """The columns of all scans one after the other; what a scan lacks is empty there; `scan` numbers them from 1."""
    names = list(dict.fromkeys(name for scan in scans for name in scan.columns))
    axis = axis or (names[0] if names else None)
    for name in names:
        parts = [scan.columns[name].values if name in scan.columns else np.full(scan.rows, np.nan) for scan in scans]
        column = next(scan.columns[name] for scan in scans if name in scan.columns)
        yield _channel(name, column, np.concatenate(parts), axis if name != axis else None)
    if len(scans) > 1:
        yield Channel("scan", np.repeat(np.arange(1.0, len(scans) + 1), [scan.rows for scan in scans]))


def apart(scans: Sequence[Scan]) -> Iterator[Channel]:
    """Each scan's columns as channels of their own, called `region: column` where there are several regions."""
    called = names_apart([scan.name for scan in scans]) if len(scans) > 1 else [""]
    for name, scan in zip(called, scans, strict=True):
        before = f"{name}: " if name else ""
        axis = next(iter(scan.columns), None)
        for label, column in scan.columns.items():
            against = before + axis if axis is not None and label != axis else None
            yield _channel(label if label == name else before + label, column, column.values, against)


def names_apart(names: Sequence[str]) -> list[str]:
    """The names, a number behind those that come again, and behind nothing for a blank one."""
    seen: Counter[str] = Counter()
    made: list[str] = []
    for name in names:
        plain = name.strip() or "spectrum"
        seen[plain] += 1
        candidate = plain if seen[plain] == 1 else f"{plain} ({seen[plain]})"
        while candidate in made:
            seen[plain] += 1
            candidate = f"{plain} ({seen[plain]})"
        made.append(candidate)
    return made


def stated(values: Mapping[str, Any]) -> dict[str, Any]:  # Any: JSON values of metadata
    """The metadata the file really states: without nones, blanks, empty lists and numbers that are not finite."""
    kept = {}
    for key, value in values.items():
        if (
            value is None
            or value == ""
            or value == []
            or value == {}
            or (isinstance(value, float) and not np.isfinite(value))
        ):
            continue
        kept[key] = value
    return kept
