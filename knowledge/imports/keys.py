"""Keys of rows about one material: a row keeps its key when the source is reordered or gets more rows."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from knowledge.records.drafts import Draft
from knowledge.records.models import Dataset, Record
from knowledge.records.services import CHUNK, record_id

_NUMBERED = re.compile(r"(?<=.)#(\d+)$")
_MORE = 20  # keys beyond the present rows that an earlier version may have used

Mark = tuple[str, int | None, str]


def numbered(base: str, number: int) -> str:
    """The key of the n-th row of one base: 'MgO|225', 'MgO|225#2', ..."""
    return base if number == 1 else f"{base}#{number}"


def _mark(formula_source: str, group: int | None, values: Any) -> Mark:  # Any: JSON
    return formula_source[:400], group, json.dumps(values, sort_keys=True, default=list)


def _crowded(drafts: Sequence[Draft]) -> dict[str, list[int]]:
    """The places of the rows of each base that has several."""
    places: dict[str, list[int]] = {}
    for at, draft in enumerate(drafts):
        places.setdefault(_NUMBERED.sub("", draft.key), []).append(at)
    return {base: found for base, found in places.items() if len(found) > 1}


def _stored(dataset: Dataset, crowded: dict[str, list[int]]) -> dict[str, dict[int, Mark]]:
    """What the records of these bases say now, by number."""
    ids = {
        record_id(dataset.slug, numbered(base, number)): (base, number)
        for base, places in crowded.items()
        for number in range(1, len(places) + _MORE)
    }
    found: dict[str, dict[int, Mark]] = {}
    for chunk in _chunks(list(ids)):
        rows = Record.objects.filter(pk__in=chunk).values_list("pk", "formula_source", "spacegroup_number", "values")
        for pk, source, group, values in rows:
            base, number = ids[pk]
            found.setdefault(base, {})[number] = _mark(source, group, values)
    return found


def _chunks(ids: list[str]) -> Iterable[list[str]]:
    return (ids[at : at + CHUNK] for at in range(0, len(ids), CHUNK))


def _numbers(marks: Sequence[Mark], stored: dict[int, Mark]) -> list[int]:
    """The number of each row: that of the record which says the same, then those that are left, then new ones."""
    free: dict[Mark, list[int]] = {}
    for number in sorted(stored, reverse=True):
        free.setdefault(stored[number], []).append(number)
    numbers = [free[mark].pop() if free.get(mark) else 0 for mark in marks]
    left = sorted(set(range(1, len(stored) + len(marks) + 1)) - set(numbers), key=lambda n: (n not in stored, n))
    return [number or left.pop(0) for number in numbers]


def keys_settled(dataset: Dataset, drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, where several rows share a base with the keys that their records already have."""
    settled = list(drafts)
    crowded = _crowded(drafts)
    stored = _stored(dataset, crowded) if crowded else {}
    for base, known in stored.items():
        rows = [settled[at] for at in crowded[base]]
        marks = [
            _mark(row.formula_source, row.spacegroup_number, [value.document() for value in row.values]) for row in rows
        ]
        for at, number in zip(crowded[base], _numbers(marks, known), strict=True):
            settled[at] = replace(settled[at], key=numbered(base, number))
    return settled
