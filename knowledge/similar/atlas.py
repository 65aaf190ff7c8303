"""All materials of the index as arrays, made once per state of the index: what similarity is computed over."""

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eln.accounts.scope import Scope
from knowledge.formula import NotAFormula, parse_formula
from knowledge.index.columns import Column, columns
from knowledge.index.reader import reader
from knowledge.query.properties import schema_of
from knowledge.records.models import Kind
from knowledge.similar import domain


@dataclass(frozen=True)
class Atlas:
    """One row per record with a formula; `material` numbers the distinct formulae, `matrix` has a row for each of them."""

    generation: int
    record: NDArray[np.object_]
    external: NDArray[np.object_]
    project: NDArray[np.int64]
    predicted: NDArray[np.bool_]
    spacegroup: NDArray[np.int64]
    labels: dict[str, NDArray[np.object_]]
    material: NDArray[np.int64]
    formulas: NDArray[np.object_]
    ratios: NDArray[np.object_]
    matrix: NDArray[np.float32]

    def visible(self, scope: Scope) -> NDArray[np.bool_]:
        """The rows that the reader may see; predictions are left out. Shape (rows,)."""
        if scope.everything:
            return ~self.predicted
        readable = np.isin(self.project, [0, *sorted(scope.readable)])
        return np.asarray(~self.predicted & readable, dtype=np.bool_)

    def traits(self, row: int) -> domain.Traits:
        """What is compared of one record."""
        classes = {name: values[row] for name, values in self.labels.items() if name != "prototype" and values[row]}
        prototype = self.labels["prototype"][row] if "prototype" in self.labels else None
        number = int(self.spacegroup[row])
        return domain.Traits(self.ratios[self.material[row]], number or None, prototype or None, classes)


_lock = threading.Lock()
_kept: dict[int, Atlas] = {}


def atlas() -> Atlas:
    """The atlas of the present index; kept until the index changes."""
    source = reader()
    with _lock:
        cursor = source.cursor()
        kept = _kept.get(id(source))
        if kept is None or kept.generation != source.generation:
            kept = _kept[id(source)] = _made(cursor, source.generation)
        return kept


def label_columns() -> list[Column]:
    """The columns whose values say what a material is: classes, and the prototype."""
    found = []
    for column in columns():
        item = schema_of(column, None)
        if item is not None and (item.type == "class" or item.id == "prototype"):
            found.append(column)
    return found


def _made(cursor: Any, generation: int) -> Atlas:  # Any: DuckDB's cursor
    labels = label_columns()
    names = "".join(f', "{column.name}"' for column in labels)
    rows = cursor.execute(
        "SELECT record, coalesce(external_id, ''), coalesce(project_id, 0), kind, coalesce(spacegroup_number, 0), formula"  # noqa: S608
        f"{names} FROM entries WHERE formula IS NOT NULL ORDER BY record"
    ).fetchall()
    columns_ = list(zip(*rows, strict=True)) or [() for _ in range(6 + len(labels))]
    formulas, material = np.unique(np.array(columns_[5], dtype=object), return_inverse=True)
    amounts = [_amounts(formula) for formula in formulas]
    return Atlas(
        generation=generation,
        record=np.array(columns_[0], dtype=object),
        external=np.array(columns_[1], dtype=object),
        project=np.array(columns_[2], dtype=np.int64),
        predicted=np.array([kind == Kind.PREDICTION for kind in columns_[3]], dtype=np.bool_),
        spacegroup=np.array(columns_[4], dtype=np.int64),
        labels={column.property: _objects(columns_[6 + at]) for at, column in enumerate(labels)},
        material=material.astype(np.int64),
        formulas=formulas,
        ratios=np.array([domain.ratio(amount) for amount in amounts], dtype=object),
        matrix=domain.cumulative(amounts),
    )


def _objects(values: tuple[Any, ...]) -> NDArray[np.object_]:
    found = np.empty(len(values), dtype=object)
    found[:] = [None if value is None or str(value).casefold() == "unknown" else value for value in values]
    return found


def _amounts(formula: str) -> dict[str, float]:
    try:
        return dict(parse_formula(formula).amounts)
    except NotAFormula:
        return {}
