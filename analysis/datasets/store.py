"""Rows and data sets as files: how they reach a process that has no database."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from analysis.datasets.domain import Column, Dataset, Rows, Target

FILE, ROWS = "dataset.json", "rows.parquet"


def rows_write(rows: Rows, path: Path, more: Mapping[str, Any] | None = None) -> None:
    """Write rows as Parquet; `more` are further columns. # Any: arrow takes any sequence."""
    columns: dict[str, Any] = {
        "id": list(rows.ids),
        "formula": list(rows.formulas),
        "amounts": [json.dumps(dict(amounts)) for amounts in rows.amounts],
        "spacegroup": pa.array(rows.spacegroups, type=pa.int32()),
    }
    for column in rows.columns:
        columns[f"{column.kind}:{column.name}"] = list(column.numbers if column.kind == "number" else column.words)
    pq.write_table(pa.table(columns | dict(more or {})), path)


def _cells(table: pa.Table, name: str) -> tuple[Any, ...]:  # Any: the type that was written
    return tuple(table[name].to_pylist())


def rows_read(path: Path) -> tuple[Rows, pa.Table]:
    """Rows, and the whole table for further columns."""
    table = pq.read_table(path)
    further = []
    for name in table.column_names:
        kind, _, title = name.partition(":")
        values = _cells(table, name)
        if kind == "number":
            further.append(Column(title, "number", numbers=values))
        elif kind in ("category", "element"):
            further.append(Column(title, "element" if kind == "element" else "category", words=values))
    rows = Rows(
        _cells(table, "id"),
        _cells(table, "formula"),
        tuple(json.loads(amounts) for amounts in _cells(table, "amounts")),
        _cells(table, "spacegroup"),
        tuple(further),
    )
    return rows, table


def dataset_write(dataset: Dataset, folder: Path) -> None:
    """Write dataset.json and rows.parquet."""
    document = {
        "title": dataset.title,
        "target": asdict(dataset.target),
        "version": dataset.version,
        "origin": dict(dataset.origin),
        "notes": list(dataset.notes),
        "topic": dataset.topic,
    }
    (folder / FILE).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    rows_write(dataset.rows, folder / ROWS, {"target": list(dataset.values)})


def dataset_read(folder: Path) -> Dataset:
    """What `dataset_write` wrote (without the columns that folds files may name rows by)."""
    document = json.loads((folder / FILE).read_text(encoding="utf-8"))
    rows, table = rows_read(folder / ROWS)
    return Dataset(
        title=document["title"],
        target=Target(**document["target"]),
        rows=rows,
        values=_cells(table, "target"),
        version=document["version"],
        origin=document["origin"],
        notes=tuple(document["notes"]),
        topic=document["topic"],
    )
