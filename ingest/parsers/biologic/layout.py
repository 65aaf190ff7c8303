"""How one row of an EC-Lab binary file is laid out, from the numbers of its columns."""

from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
import yaml
from numpy.typing import NDArray

from ingest.parsers.columns import channel, named, unique
from ingest.parsers.protocol import Channel

_SIZES = {"f4": 4, "f8": 8, "u1": 1, "u2": 2, "u4": 4}


class _Field(NamedTuple):
    label: str
    kind: str | None  # none: a column of unknown meaning and size
    at: int
    mask: int = 0xFF


@cache
def _known() -> dict[str, dict[int, list[Any]]]:
    text = (files("ingest.parsers.biologic") / "columns.yaml").read_text(encoding="utf-8")
    loaded: dict[str, dict[int, list[Any]]] = yaml.safe_load(text)
    return loaded


def _column(number: int) -> list[Any] | None:
    columns = _known()["columns"]
    return columns.get(number) or (columns.get(number % 256) if number > 255 else None)


@dataclass
class Layout:
    """Fields of a record. `numbers` are the columns', `begin` where rows begin in the module.

    `stated` is the size of a record that the module's length and row count give, none where the file is cut. Columns of unknown
    number are left out: one alone gets the size that remains; several are taken as 4 bytes, and then only what stands before
    the first or after the last of them is read, where the stated size contradicts.
    """

    numbers: list[int]
    begin: int
    stated: int | None
    fields: list[_Field] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    size: int = 0

    def __post_init__(self) -> None:
        flags = _known()["flags"]
        unknown = [number for number in self.numbers if number not in flags and _column(number) is None]
        sizes = sum(_SIZES[row[1]] for number in self.numbers if number not in flags and (row := _column(number)))
        sizes += 1 if any(number in flags for number in self.numbers) else 0
        rest = self.stated - sizes if self.stated else 4 * len(unknown)
        if rest < 0 or (not unknown and rest):
            rest, self.stated = (4 * len(unknown), sizes + 4 * len(unknown)) if not unknown else (0, None)
        self.size = sizes + (rest if unknown else 0)
        if unknown:
            shown = ", ".join(map(str, unknown[:5]))
            self.warnings.append(f"{len(unknown)} columns have numbers that are not known ({shown}); they are left out")
        self._place(len(unknown), rest)

    def _place(self, unknown: int, rest: int) -> None:
        """Offsets from the left; after the first unknown column of several of doubtful size, from the right."""
        flags, at, flags_at = _known()["flags"], 0, None
        each = rest // unknown if unknown and rest % unknown == 0 else None
        for number in self.numbers:
            if number in flags:
                if flags_at is None:
                    flags_at, at = at, at + 1
                label, mask = flags[number]
                self.fields.append(_Field(label, "u1", flags_at, mask))
                continue
            row = _column(number)
            if row is None:
                if each not in (1, 2, 4, 8):
                    self.warnings.append("the columns after the first unknown one cannot be placed and are left out")
                    return
                at += each
                continue
            label = "control" if row[0] == "control/V/mA" else row[0]
            self.fields.append(_Field(label, row[1], at))
            at += _SIZES[row[1]]

    def channels(self, records: NDArray[np.uint8]) -> list[Channel]:
        """One channel for each field; `records` has shape (rows, size)."""
        columns = unique(named(item.label) for item in self.fields)
        return [_channel(column, item, records) for column, item in zip(columns, self.fields, strict=True)]


def _channel(column: Any, item: _Field, records: NDArray[np.uint8]) -> Channel:
    size = _SIZES[item.kind or "u1"]
    raw = np.ascontiguousarray(records[:, item.at : item.at + size]).view(f"<{item.kind}").reshape(-1)
    if item.mask != 0xFF:
        shift = (item.mask & -item.mask).bit_length() - 1
        raw = (raw & item.mask) >> shift
    made = channel(column, raw.astype(np.float64))
    return replace(made, quantity=None, confidence=0.0) if column.unit is None else made
