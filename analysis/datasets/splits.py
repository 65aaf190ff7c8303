"""Splits without leakage: rows of one composition are never on both sides of a fold. Pure."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.domain import Dataset
from analysis.errors import BadDataset

Grouping = Literal["composition", "chemical_system", "none"]
Fold = tuple[NDArray[np.int64], NDArray[np.int64]]


def groups_of(dataset: Dataset, grouping: Grouping) -> list[str]:
    """The group of each row: reduced formula, set of elements, or the row itself."""
    rows = dataset.rows
    if grouping == "none":
        return list(rows.ids)
    if grouping == "chemical_system":
        return ["-".join(sorted(amounts)) or f"#{id_}" for amounts, id_ in zip(rows.amounts, rows.ids, strict=True)]
    return [formula or f"#{id_}" for formula, id_ in zip(rows.formulas, rows.ids, strict=True)]


def grouped_folds(
    groups: Sequence[str], labels: Sequence[object] | None, *, folds: int, seed: int
) -> list[NDArray[np.int64]]:
    """Test rows of each fold. Groups stay whole; with `labels` the classes are spread evenly over the folds.

    Greedy: groups in random order, large ones first, each to the fold that is shortest of what the group holds.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for index, group in enumerate(groups):
        members[group].append(index)
    if len(members) < folds:
        raise BadDataset(
            f"{len(members)} different compositions cannot be split into {folds} folds; ask for fewer folds"
        )
    names = sorted(members)
    order = np.random.default_rng(seed).permutation(len(names))
    queue = sorted((names[i] for i in order), key=lambda name: -len(members[name]))
    classes = sorted({str(label) for label in labels}) if labels is not None else []
    place = {name: at for at, name in enumerate(classes)}
    held = np.zeros((folds, len(classes) + 1))
    result: list[list[int]] = [[] for _ in range(folds)]
    for name in queue:
        share = np.zeros(len(classes) + 1)
        share[-1] = len(members[name])
        for index in members[name] if labels is not None else ():
            share[place[str(labels[index])]] += 1  # type: ignore[index]  # labels is not None here
        main = int(np.argmax(share[:-1])) if classes else -1
        chosen = min(range(folds), key=lambda fold: (held[fold, main], held[fold, -1]))
        held[chosen] += share
        result[chosen].extend(members[name])
    return [np.array(sorted(rows), dtype=np.int64) for rows in result]


def folds_of(dataset: Dataset, *, folds: int, seed: int, grouping: Grouping = "composition") -> list[Fold]:
    """Train and test rows of each fold, without a group on both sides."""
    labels = list(dataset.values) if dataset.target.task == "classification" else None
    tests = grouped_folds(groups_of(dataset, grouping), labels, folds=folds, seed=seed)
    everything = np.arange(len(dataset.rows), dtype=np.int64)
    return [(np.setdiff1d(everything, test), test) for test in tests]


def folds_read(text: str, dataset: Dataset) -> list[Fold]:
    """Folds from a file: JSON ({id: fold}, [[ids], ...], {fold: {train, test}}) or CSV with a column `fold`.

    Rows are named by an id column of the table or by row number (from 1; in a bare list of folds, by order).
    Rows in no test fold are trained on in every fold. Raises BadDataset.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return _from_csv(text, dataset)
    return _from_json(document, dataset)


def _index(dataset: Dataset, names: Iterable[object]) -> dict[str, int]:
    """Where each name stands; whole numbers that begin at 0 count rows from 0."""
    texts = {str(name) for name in names}
    if "0" in texts and "0" not in dataset.rows.ids and all(text.isdigit() for text in texts):
        return {str(int(id_) - 1): at for at, id_ in enumerate(dataset.rows.ids) if id_.isdigit()}
    keys: dict[str, int] = {id_: at for at, id_ in enumerate(dataset.rows.ids)}
    for column in dataset.fold_keys.values():
        keys.update({key: at for at, key in enumerate(column) if key})
    return keys


def _rows(names: Sequence[object], index: Mapping[str, int]) -> NDArray[np.int64]:
    return np.array(sorted({index[str(name)] for name in names if str(name) in index}), dtype=np.int64)


def _finish(tests: Sequence[NDArray[np.int64]], size: int, trains: Sequence[NDArray[np.int64] | None]) -> list[Fold]:
    everything = np.arange(size, dtype=np.int64)
    found = [
        (np.setdiff1d(everything if train is None else train, test), test)
        for test, train in zip(tests, trains, strict=True)
        if len(test)
    ]
    if not found or any(len(train) < 2 for train, _ in found):
        raise BadDataset(
            "the folds file names no row of this table (or leaves none to train on): use the table's id column, row "
            "numbers from 1, or one fold number a row"
        )
    return found


def _from_json(document: Any, dataset: Dataset) -> list[Fold]:  # Any: JSON from a file, checked here
    if isinstance(document, dict) and set(document) == {"folds"}:
        document = document["folds"]
    items = list(document.values()) if isinstance(document, dict) else document
    if not isinstance(items, list) or not items:
        raise BadDataset("the folds file holds no folds")
    index = _index(dataset, _names(items))
    if all(isinstance(item, dict) and "test" in item for item in items):
        trains = [_rows(item["train"], index) if item.get("train") else None for item in items]
        return _finish([_rows(item["test"], index) for item in items], len(dataset.rows), trains)
    if all(isinstance(item, list) for item in items):
        return _finish([_rows(item, index) for item in items], len(dataset.rows), [None] * len(items))
    if isinstance(document, dict):
        return _from_pairs([(str(key), str(value)) for key, value in document.items()], dataset)
    return _from_pairs([(str(at), str(fold)) for at, fold in enumerate(items, 1)], dataset)


def _names(items: Sequence[Any]) -> list[object]:  # Any: JSON from a file
    """All row names that a list of folds holds."""
    lists = [part for item in items for part in ([*item.values()] if isinstance(item, dict) else [item])]
    return [name for part in lists if isinstance(part, list) for name in part]


def _from_pairs(pairs: Sequence[tuple[str, str]], dataset: Dataset) -> list[Fold]:
    index = _index(dataset, (name for name, _ in pairs))
    tests: dict[str, list[str]] = defaultdict(list)
    for name, fold in pairs:
        if fold.strip() not in ("", "-1", "train", "None", "nan"):
            tests[fold.strip()].append(name)
    ordered = [_rows(tests[fold], index) for fold in sorted(tests, key=lambda f: (len(f), f))]
    return _finish(ordered, len(dataset.rows), [None] * len(ordered))


def _from_csv(text: str, dataset: Dataset) -> list[Fold]:
    lines = [row for row in csv.reader(io.StringIO(text)) if row]
    if not lines:
        raise BadDataset("the folds file is empty")
    head = [cell.strip().lower() for cell in lines[0]]
    at = next((i for i, name in enumerate(head) if name in ("fold", "test_fold", "split", "fold_id")), None)
    body = lines[1:] if at is not None or not head[-1].lstrip("-").isdigit() else lines
    if not body:
        raise BadDataset("the folds file holds no rows")
    at = at if at is not None else len(body[0]) - 1
    if at == 0 and len(body[0]) == 1:
        return _from_pairs([(str(i), row[0]) for i, row in enumerate(body, 1)], dataset)
    index = _index(dataset, ())
    known = [sum(row[i] in index for row in body if len(row) > i) if i != at else -1 for i in range(len(body[0]))]
    key = int(np.argmax(known))
    return _from_pairs([(row[key], row[at]) for row in body if len(row) > max(at, key)], dataset)
