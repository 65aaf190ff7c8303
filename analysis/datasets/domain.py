"""A data set: frozen rows with one target, and the exact version of what they were read from. No Django."""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from analysis.errors import BadDataset

Task = Literal["regression", "classification"]
ColumnKind = Literal["number", "category", "element"]
LEAST_ROWS = 20
LEAST_PER_CLASS = 5


@dataclass(frozen=True)
class Column:
    """A further column: numbers (NaN = absent), words of few kinds, or one element symbol a row (empty = absent)."""

    name: str
    kind: ColumnKind
    numbers: tuple[float, ...] = ()
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rows:
    """What a model sees of each row: composition, space group, further columns; all of one length.

    amounts: atoms of each element in the reduced formula. ids: record ids, or row numbers of a file from 1.
    """

    ids: tuple[str, ...]
    formulas: tuple[str, ...]
    amounts: tuple[Mapping[str, float], ...]
    spacegroups: tuple[int | None, ...]
    columns: tuple[Column, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Target:
    """What is to be predicted: property or column, unit, and whether it is a figure or a class."""

    name: str
    task: Task
    unit: str | None = None
    label: str = ""


@dataclass(frozen=True)
class Dataset:
    """Rows and their target. `version` is a hash of exactly what was read; `origin` says how to read it again."""

    title: str
    target: Target
    rows: Rows
    values: tuple[float, ...] | tuple[str, ...]
    version: str
    origin: Mapping[str, Any] = field(default_factory=dict)  # JSON: the query, or name and hash of the file
    notes: tuple[str, ...] = ()
    topic: str | None = None
    fold_keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def with_notes(self, *notes: str) -> "Dataset":
        """The same with more notes for the card."""
        return replace(self, notes=(*self.notes, *notes))


def fingerprint(document: object) -> str:
    """A hash of a JSON value; the same for the same content."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def checked(dataset: Dataset) -> Dataset:
    """The data set if something can be learnt from it; raises BadDataset with the reason."""
    if len(dataset.rows) < LEAST_ROWS:
        raise BadDataset(
            f"{dataset.target.name}: {len(dataset.rows)} usable rows, at least {LEAST_ROWS} are needed; choose a wider query "
            "or another target"
        )
    if len(set(dataset.values)) < 2:
        raise BadDataset(f"{dataset.target.name} is the same in all rows: there is nothing to learn")
    if dataset.target.task == "regression" and not all(math.isfinite(float(value)) for value in dataset.values):
        raise BadDataset(f"{dataset.target.name} holds values that are not finite numbers")
    if not any(dataset.rows.amounts) and not dataset.rows.columns:
        raise BadDataset("no column can be used as an input: give a composition, or columns of numbers")
    return dataset
