"""Where the numbers of a JSON document are: lists of objects, columns side by side, and arrays with their units."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ingest.parsers.datasets import MAX_CELLS, Array

MAX_DEPTH = 12
MAX_FACTS = 400
MAX_TABLES = 60
_UNITS = ("units", "unit", "Units", "Unit", "uom")
_VALUES = ("data", "value", "values", "Values", "magnitude", "y", "v")


@dataclass
class Shapes:
    """Tables of records by path, arrays, units of columns by table, and single values."""

    tables: dict[str, dict[str, list[Any]]] = field(default_factory=dict)  # Any: JSON
    arrays: list[Array] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    units: dict[str, str] = field(default_factory=dict)
    cells: int = 0


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numeric(values: list[Any]) -> bool:
    filled = [value for value in values[:2000] if value is not None]
    return bool(filled) and all(_is_number(value) for value in filled)


def _floats(values: list[Any]) -> Any:
    return np.array([float(v) if _is_number(v) else np.nan for v in values])


def _block(values: list[Any]) -> Any:
    """A list of equally long lists of numbers as an array; none for anything else."""
    try:
        made = np.array(values, dtype=np.float64)
    except (ValueError, TypeError, OverflowError):
        return None
    return made if made.ndim >= 2 and made.size else None


def _unit_of(item: dict[str, Any]) -> str | None:
    return next((str(item[key]) for key in _UNITS if isinstance(item.get(key), str)), None)


def _flat(record: dict[str, Any], stem: str = "", depth: int = 0) -> dict[str, Any]:
    """A record's values by path; a value with its unit is one value under `name (unit)`."""
    made: dict[str, Any] = {}
    for key, value in record.items():
        name = f"{stem}{key}"
        if isinstance(value, dict) and depth < 4:
            inner = next((value[k] for k in _VALUES if _is_number(value.get(k))), None)
            unit = _unit_of(value)
            if inner is not None and unit is not None:
                made[f"{name} ({unit})"] = inner
            else:
                made |= _flat(value, f"{name}.", depth + 1)
        elif not isinstance(value, list):
            made[name] = value
    return made


class Finder:
    """Walks a document and sorts what it finds."""

    def __init__(self) -> None:
        self.found = Shapes()

    def walk(self, value: Any, path: str = "", depth: int = 0) -> None:
        """Sort a value that stands at a path."""
        if depth > MAX_DEPTH or self.found.cells > MAX_CELLS:
            return
        if isinstance(value, dict):
            self._object(value, path, depth)
        elif isinstance(value, list):
            self._list(value, path, depth)
        elif value is not None and len(self.found.facts) < MAX_FACTS:
            self.found.facts[path or "value"] = str(value)[:500]

    def _object(self, value: dict[str, Any], path: str, depth: int) -> None:
        columns = {
            key: item
            for key, item in value.items()
            if isinstance(item, list) and item and not isinstance(item[0], list | dict)
        }
        unit = _unit_of(value)
        named = next((key for key in _VALUES if isinstance(value.get(key), list)), None)
        if unit is not None and named is not None and _numeric(value[named]):
            self._array(path or named, value[named], unit)
            columns.pop(named)
        lengths: dict[int, list[str]] = {}
        for key, item in columns.items():
            lengths.setdefault(len(item), []).append(key)
        for size, keys in lengths.items():
            if size > 1 and len(keys) > 1 and any(_numeric(columns[key]) for key in keys):
                self._table(
                    path if len([k for k in lengths.values() if len(k) > 1]) == 1 else f"{path}[{size}]",
                    {key: columns[key] for key in keys},
                )
            else:
                for key in keys:
                    self._list(columns[key], _join(path, key), depth + 1)
        for key, item in value.items():
            if (key not in columns and key != named) or (key == named and key not in columns and unit is None):
                self.walk(item, _join(path, key), depth + 1)

    def _list(self, value: list[Any], path: str, depth: int) -> None:
        records = [item for item in value if isinstance(item, dict)]
        if len(records) > 1 and len(records) >= 0.9 * len(value):
            self._records(records, path, depth)
        elif _numeric(value) and len(value) > 1:
            self._array(path, value, None)
        elif value and isinstance(value[0], list) and (block := _block(value)) is not None:
            self.found.cells += block.size
            self.found.arrays.append(Array(path or "values", block))
        elif len(value) <= 20 and not any(isinstance(item, dict | list) for item in value):
            self.found.facts[path] = ", ".join(str(item) for item in value)[:500]
        else:
            for index, item in enumerate(value[:200]):
                if isinstance(item, dict | list):
                    self.walk(item, f"{path}[{index}]", depth + 1)

    def _records(self, records: list[dict[str, Any]], path: str, depth: int) -> None:
        rows = [_flat(record) for record in records]
        keys = list(dict.fromkeys(key for row in rows[:5000] for key in row))[:300]
        columns = {key: [row.get(key) for row in rows] for key in keys}
        if any(_numeric(values) for values in columns.values()):
            self._table(path, columns)
        for index, record in enumerate(records[:100]):
            for key, item in record.items():
                if isinstance(item, list | dict):
                    if isinstance(item, dict) and not _holds_list(item):
                        continue
                    self.walk(item, f"{path}[{index}].{key}", depth + 1)

    def _table(self, path: str, columns: dict[str, list[Any]]) -> None:
        self.found.cells += sum(len(values) for values in columns.values())
        if len(self.found.tables) < MAX_TABLES:
            self.found.tables[path] = columns

    def _array(self, path: str, values: list[Any], unit: str | None) -> None:
        self.found.cells += len(values)
        self.found.arrays.append(Array(path or "values", _floats(values), unit, (), path.rpartition(".")[0]))


def _holds_list(item: Any) -> bool:
    if isinstance(item, list):
        return True
    return isinstance(item, dict) and any(_holds_list(value) for value in item.values())


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def find_shapes(document: Any) -> Shapes:
    """All tables, arrays and single values of a document; units that stand in an object of their own go to their columns."""
    finder = Finder()
    finder.walk(document)
    found = finder.found
    for path, text in found.facts.items():
        head, _, key = path.rpartition(".")
        if head.rpartition(".")[2] in _UNITS or head in _UNITS:
            found.units[key] = text
        elif key.lower().endswith(("_unit", "_units")):
            found.units[key.rsplit("_", 1)[0]] = text
    return found
