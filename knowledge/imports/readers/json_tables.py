"""JSON documents as tables: lists of objects, of lists, columns, objects by id, and wrappers around any of them."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from knowledge.imports.readers.cells import is_formula, is_number, is_symbol
from knowledge.imports.readers.delimited import text_grid
from knowledge.imports.readers.json_text import json_of
from knowledge.imports.readers.layout import distinct, tables_of
from knowledge.imports.readers.shapes import upright
from knowledge.imports.tables import Refused, Table

MOST_COLUMNS = 600
DEEPEST = 5
_VALUE = {
    "value",
    "unit",
    "units",
    "uncertainty",
    "error",
    "err",
    "std",
    "sigma",
    "stderr",
    "uncertainties",
    "type",
    "name",
}
_COMPOSITION = re.compile(r"(?i).*(formula|composition|stoichiometry|elements|unit_cell|atoms)[^.]*$")
_BY_WEIGHT = re.compile(r"(?i).*(wt|weight|mass|percent)")
_MATERIAL = re.compile(r"(?i)(.*formula.*|composition|material|compound|name|化学式|材料)")
Json = Any  # Any: JSON


def json_tables(text: str) -> list[Table]:
    """The tables of a JSON text. Raises Refused for other JSON."""
    document, broken = json_of(text)
    if broken:
        return [_objects(document, "", dict(broken), where="line")]
    found = list(_tables(document, "", 0))
    if not found:
        raise Refused("is JSON, but no list of objects: each object must be one row")
    return found


def _tables(document: Json, place: str, depth: int) -> Iterator[Table]:
    """Every table in a document, wrappers opened."""
    if depth > DEEPEST:
        return
    if isinstance(document, list):
        yield from _of_list(document, place)
        return
    if not isinstance(document, dict) or not document:
        return
    columns = document.get("columns")
    if isinstance(columns, list) and isinstance(document.get("data"), list) and columns:
        yield from _split(columns, document, place)
    elif _is_columns(document):
        yield _by_columns(document, place)
    elif (listed := _lists_by_formula(document)) is not None:
        yield _objects(listed, place, {})
    elif (turned := _by_key(document, place)) is not None:
        yield turned
    elif any(_MATERIAL.fullmatch(str(key)) and isinstance(v, str) and is_formula(v) for key, v in document.items()):
        yield _objects([document], place, {})
    else:
        for key, value in document.items():
            if isinstance(value, list | dict):
                yield from _tables(value, f"{place}.{key}".removeprefix("."), depth + 1)


def _of_list(items: list[Json], place: str) -> Iterator[Table]:
    if items and sum(isinstance(item, dict) for item in items) >= len(items) / 2:
        if not (place and items and all(_is_site(item) for item in items[:5])):
            yield _objects(items, place, {})
    elif items and sum(isinstance(item, list) for item in items) > len(items) / 2:
        rows = [row for row in items if isinstance(row, list)]
        if not place or any(isinstance(cell, str) for row in rows[:20] for cell in row):
            yield from _matrix(items, place)


def _is_site(item: Json) -> bool:
    """Whether an object is an atom of a structure and no material."""
    return (
        isinstance(item, dict)
        and bool({"xyz", "abc"} & set(item))
        and bool({"species", "label", "element"} & set(item))
    )


def _is_structure(value: Json) -> bool:
    return isinstance(value, dict) and "lattice" in value and "sites" in value


# Cells


def _cell(value: Json) -> str:
    if value is None or value != value:  # not a number
        return ""
    if isinstance(value, str):
        return " ".join(value.split()) if "\n" in value else value.strip()
    return json.dumps(value, ensure_ascii=False)


def _simple(name: str, value: Mapping[str, Json]) -> str | None:
    """An object that is one value: with unit and uncertainty, a composition, or a number of a database's export."""
    if len(value) == 1 and next(iter(value)).startswith("$"):
        return _cell(next(iter(value.values())))
    if "value" in value and set(value) <= _VALUE and not isinstance(value["value"], dict | list):
        spread = next(
            (value[key] for key in ("uncertainty", "error", "err", "std", "sigma", "stderr") if key in value), None
        )
        unit = value.get("unit") or value.get("units") or ""
        number = _cell(value["value"])
        return (
            f"{number}{f' ± {_cell(spread)}' if spread is not None and number else ''} {unit if number else ''}".strip()
        )
    amounts = list(value.values())
    counted = bool(amounts) and all(isinstance(amount, int | float) and amount > 0 for amount in amounts)
    if counted and _COMPOSITION.match(name) and not _BY_WEIGHT.match(name) and all(map(is_symbol, value)):
        return "".join(f"{symbol}{'' if amount == 1 else f'{amount:g}'}" for symbol, amount in value.items())
    return None


def _flat(item: Mapping[str, Json], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Json]]:
    for key, value in item.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict) and not _is_structure(value):
            simple = _simple(name, value)
            if simple is not None:
                yield name, simple
            elif key == "attributes" and depth == 0:
                yield from _flat(value, "", depth + 1)
            elif depth < DEEPEST and 0 < len(value) <= 60:
                yield from _flat(value, f"{name}.", depth + 1)
            elif value:
                yield name, value
        else:
            yield name, value


# Shapes


def _objects(
    items: Sequence[Json], place: str, broken: Mapping[int, str], *, where: str = "item", keys: Sequence[str] = ()
) -> Table:
    """A table with a row for each object."""
    faults = [
        (number, broken.get(number, "is no JSON object"))
        for number, item in enumerate(items, 1)
        if not isinstance(item, dict)
    ]
    flat = {number: dict(_flat(item)) for number, item in enumerate(items, 1) if isinstance(item, dict)}
    if len({name for item in flat.values() for name in item}) > MOST_COLUMNS:
        flat = {number: dict(items[number - 1]) for number in flat}
    structures: dict[int, Json] = {}
    columns: dict[str, None] = {}
    for number, item in flat.items():
        for name, value in item.items():
            if _is_structure(value):
                structures.setdefault(number, value)
            else:
                columns[name] = None
    rows = [
        tuple("" if _is_structure(item.get(name)) else _cell(item.get(name)) for name in columns)
        for item in flat.values()
    ]
    lines: Sequence[int | str] = keys or range(1, len(items) + 1)
    where = "key" if keys else where
    return Table(
        tuple(columns),
        rows,
        True,
        faults,
        list(flat),
        1,
        structures,
        place=place,
        where=_where(where, place),
        lines=lines,
    )


def _where(word: str, place: str) -> str:
    return f"{place}, {word}" if place else word


def _is_columns(document: Mapping[str, Json]) -> bool:
    """Whether an object holds columns: lists of one length."""
    lists = [value for value in document.values() if isinstance(value, list)]
    if len(lists) < 2 or len(lists) < len(document) - 1 or len({len(value) for value in lists}) != 1 or not lists[0]:
        return False
    return not any(isinstance(cell, dict) for value in lists for cell in value[:3])


def _by_columns(document: Mapping[str, Json], place: str) -> Table:
    names = [name for name, value in document.items() if isinstance(value, list)]
    rows = [tuple(map(_cell, row)) for row in zip(*(document[name] for name in names), strict=True)]
    notes = tuple(f"{name}: {_cell(value)}" for name, value in document.items() if not isinstance(value, list))
    table = Table(tuple(names), rows, place=place, where=_where("item", place), first_line=1, notes=notes)
    return upright(replace(table, lines=range(1, len(rows) + 1)))


def _by_key(document: Mapping[str, Json], place: str) -> Table | None:
    """A table of an object of objects: rows by their id, or columns by their name whose cells have ids."""
    inner = [value for value in document.values() if isinstance(value, dict)]
    if not inner or len(inner) < 0.9 * len(document) or any(map(_is_structure, inner)):
        return None
    if _cells_have_ids(document, inner):
        ids = list(dict.fromkeys(key for value in inner for key in value))
        rows = [{name: value.get(key) for name, value in document.items() if isinstance(value, dict)} for key in ids]
        plain_count = all(is_number(key) for key in ids)
        return _objects(_named(rows, ids, plain_count), place, {}, keys=() if plain_count else ids)
    shared = set.intersection(*(set(value) for value in inner[:50]))
    if not shared and len(inner) > 1:
        return None
    if len(inner) == 1 and not any(_MATERIAL.fullmatch(str(key)) for key in inner[0]):
        return None
    plain = str | int | float | bool | None
    if not all(isinstance(v, plain) or (isinstance(v, dict) and _simple("", v)) for v in _samples(inner)):
        named = any(_MATERIAL.fullmatch(str(key)) for key in inner[0]) or all(map(is_formula, list(document)[:20]))
        if not named:
            return None
    ids = list(document)
    return _objects(_named(list(document.values()), ids, False), place, {}, keys=ids)


def _lists_by_formula(document: Mapping[str, Json]) -> list[Json] | None:
    """The rows of an object that holds a list of objects for each formula, with the formula in each."""
    lists = list(document.values())
    if not all(isinstance(value, list) and value and all(isinstance(row, dict) for row in value) for value in lists):
        return None
    if sum(map(is_formula, document)) <= len(document) / 2:
        return None
    return [{"formula": key, **row} for key, rows in document.items() for row in rows]


def _samples(inner: Sequence[Mapping[str, Json]]) -> list[Json]:
    return [value for item in inner[:20] for value in item.values() if value != []]


def _cells_have_ids(document: Mapping[str, Json], inner: Sequence[Mapping[str, Json]]) -> bool:
    """Whether the objects are columns (pandas writes them so): each has the same ids as keys and plain values."""
    keys = list(inner[0])
    if len(inner) < len(document) or not keys or any(set(value) != set(keys) for value in inner[:50]):
        return False
    if any(isinstance(cell, dict) for value in inner[:10] for cell in list(value.values())[:10]):
        return False
    if all(is_number(key) for key in keys):
        return not all(is_number(key) for key in document)
    return sum(map(is_formula, keys)) > len(keys) / 2 and sum(map(is_formula, document)) <= len(document) / 2


def _named(rows: Sequence[Json], ids: Sequence[str], counted: bool) -> list[Json]:
    """The objects with their keys as a first column, `formula` when the keys are formulae."""
    if counted:
        return list(rows)
    formulas = sum(map(is_formula, ids)) > len(ids) / 2
    name = "formula" if formulas else "id"
    taken = {key for row in rows if isinstance(row, dict) for key in row}
    if name in taken:
        name = "key"
    return [{name: key, **row} if isinstance(row, dict) else row for key, row in zip(ids, rows, strict=True)]


def _split(columns: Sequence[Json], document: Mapping[str, Json], place: str) -> Iterator[Table]:
    """pandas' `split`: columns, index and rows."""
    names = [" / ".join(map(str, name)) if isinstance(name, list) else str(name) for name in columns]
    rows = [row for row in document["data"] if isinstance(row, list)]
    index = document.get("index")
    if isinstance(index, list) and len(index) == len(rows) and any(isinstance(key, str) for key in index):
        names = ["formula" if sum(is_formula(str(k)) for k in index) > len(index) / 2 else "id", *names]
        rows = [[key, *row] for key, row in zip(index, rows, strict=True)]
    broken = [(n, "is no list of cells") for n, row in enumerate(document["data"], 1) if not isinstance(row, list)]
    broken += [
        (n, f"has {len(row)} cells where the table has {len(names)} columns")
        for n, row in enumerate(rows, 1)
        if len(row) != len(names)
    ]
    kept = {number: row for number, row in enumerate(rows, 1) if len(row) == len(names)}
    yield Table(
        distinct(names),
        [tuple(map(_cell, row)) for row in kept.values()],
        broken=broken,
        numbers=list(kept),
        place=place,
        where=_where("item", place),
        lines=range(1, len(document["data"]) + 1),
    )


def _matrix(items: Sequence[Json], place: str) -> Iterator[Table]:
    """A list of lists: the first may name the columns."""
    rows = [(n, [_cell(cell) for cell in row]) for n, row in enumerate(items, 1) if isinstance(row, list)]
    faults = [n for n, row in enumerate(items, 1) if not isinstance(row, list)]
    for table in tables_of(replace(text_grid(rows), where=_where("item", place), place=place)):
        more = [(table.count + at, f"item {n} is no list of cells") for at, n in enumerate(faults, 1)]
        yield replace(table, broken=table.broken + more, lines=[*table.lines, *faults])
        faults = []
