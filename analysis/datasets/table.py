"""A data set from a table file: CSV of any usual delimiter, or the first sheet of an xlsx. No Django.

Columns are recognised by what they hold: the composition, the space group, element symbols, figures, words of few kinds.
"""

import csv
import hashlib
import io
import math
import re
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from analysis.datasets.domain import Column, Dataset, Rows, Target, Task, checked
from analysis.errors import BadDataset
from knowledge.formula import Formula, NotAFormula, parse_formula

ABSENT = frozenset({"", "nan", "na", "n/a", "none", "null", "-", "--", "?"})
TRUTHS = frozenset({"true", "false", "yes", "no"})
MOST_KINDS = 20
SHOWN = 8


@dataclass(frozen=True)
class Table:
    """Cells as text, column by column. `numbers` are row numbers of the file, from 1 after the header."""

    name: str
    sha256: str
    columns: dict[str, tuple[str, ...]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))


def table_read(path: Path, *, name: str | None = None, most_rows: int = 200_000) -> Table:
    """The cells of a table file. Raises BadDataset with what to do."""
    try:
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        raise BadDataset(
            f"{name or path.name!r} cannot be read ({getattr(error, 'strerror', None) or error}): name a CSV or xlsx file, "
            "a saved query (JSON), or a search filter"
        ) from error
    lines = _sheet(data) if data[:2] == b"PK" else _lines(data)
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    if len(lines) < 2:
        raise BadDataset(f"{name or path.name} holds no rows below its header")
    if len(lines) - 1 > most_rows:
        raise BadDataset(f"{name or path.name} has {len(lines) - 1} rows, more than the limit of {most_rows}")
    head = _unique([cell.strip() for cell in lines[0]])
    columns = {
        title: tuple(line[at].strip() if at < len(line) else "" for line in lines[1:]) for at, title in enumerate(head)
    }
    return Table(name or path.name, hashlib.sha256(data).hexdigest(), columns)


def _lines(data: bytes) -> list[list[str]]:
    if b"\x00" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadDataset("this is not a table of text: give CSV or xlsx")
    for encoding in ("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig", "gb18030", "latin-1"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text), delimiter=delimiter))
    except csv.Error as error:
        raise BadDataset(f"the table cannot be read as CSV: {error}") from error


def _sheet(data: bytes) -> list[list[str]]:
    from openpyxl import load_workbook

    try:
        sheet = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets[0]
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError) as error:
        raise BadDataset(f"the workbook cannot be read: {error}") from error
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def _unique(names: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    result = []
    for at, name in enumerate(names):
        name = name or f"column {at + 1}"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return result


def number_of(cell: str) -> float | None:
    """The finite number a cell states, or none."""
    try:
        value = float(cell.replace("−", "-"))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def is_absent(cell: str) -> bool:
    """Whether the cell says that there is no value."""
    return cell.lower() in ABSENT


@cache
def formula_of(text: str) -> Formula | None:
    """The composition a cell states with all its amounts, or none."""
    try:
        formula = parse_formula(text) if text and not text[0].isspace() else None
    except NotAFormula:
        return None
    return formula if formula and formula.stated else None


def _share(cells: Sequence[str], test: Callable[[str], object]) -> float:
    """Share of the cells that hold something for which the test holds."""
    held = [cell for cell in cells if not is_absent(cell)]
    return sum(bool(test(cell)) for cell in held) / len(held) if held else 0.0


def composition_column(table: Table, *, apart: str) -> str | None:
    """The column that holds compositions, recognised by content: most elements a cell, then most different ones."""
    best: tuple[float, int, str] | None = None
    for name, cells in table.columns.items():
        sample = cells[:: max(1, len(cells) // 500)]
        if name == apart or _share(sample, lambda cell: number_of(cell) is None and formula_of(cell)) < 0.8:
            continue
        found = [formula for cell in sample if (formula := formula_of(cell)) is not None]
        rank = (sum(len(formula.elements) for formula in found) / len(found), len({f.reduced for f in found}), name)
        if best is None or rank[:2] > best[:2]:
            best = rank
    return best[2] if best and best[0] > 1 else None


def spacegroup_column(table: Table, *, apart: str) -> str | None:
    """The column of space group numbers, by name and content."""
    for name, cells in table.columns.items():
        short = re.sub(r"[^a-z]", "", name.lower())
        named = short.startswith(("spacegroup", "sgnumber", "sgnum")) or short in ("sg", "spg", "spgnum")
        if named and name != apart and _share(cells, _is_spacegroup) > 0.9:
            return name
    return None


def _is_spacegroup(cell: str) -> bool:
    value = number_of(cell)
    return value is not None and value == int(value) and 1 <= value <= 230


def is_identifier(cells: Sequence[str]) -> bool:
    """Whether the column only counts or names rows: different in each, and increasing if it is a number."""
    if len(set(cells)) < len(cells):
        return False
    values = [number_of(cell) for cell in cells]
    if any(value is None for value in values):
        return True
    whole = np.array([value for value in values if value is not None])
    return bool(np.all(whole == np.round(whole)) and np.all(np.diff(whole) > 0))


def _is_element(cell: str) -> bool:
    from pymatgen.core.periodic_table import Element

    return Element.is_valid_symbol(cell)


def _column(name: str, cells: Sequence[str]) -> Column | None:
    """What a further column is, or none when it says nothing a model can use."""
    held = {cell for cell in cells if not is_absent(cell)}
    if len(held) < 2 or is_identifier(cells):
        return None
    if _share(cells, lambda cell: number_of(cell) is not None) > 0.9:
        numbers = tuple(math.nan if (value := number_of(cell)) is None else value for cell in cells)
        return Column(name, "number", numbers=numbers) if sum(map(math.isfinite, numbers)) > len(cells) / 2 else None
    words = tuple("" if is_absent(cell) else cell for cell in cells)
    if len(held) <= 118 and _share(cells, _is_element) > 0.95:
        return Column(name, "element", words=tuple(word if word and _is_element(word) else "" for word in words))
    if len(held) <= MOST_KINDS and len(held) <= len(cells) / 5:
        return Column(name, "category", words=words)
    return None


def restates(column: Column, values: Sequence[float] | Sequence[str], task: Task) -> bool:
    """Whether the column is the target in other words, so that a model would learn nothing but the spelling.

    Classes: a column of few kinds that is a function of the class. Figures: |correlation of ranks| > 0.999.
    """
    if task == "classification":
        cells = [str(cell) for cell in (column.words or column.numbers)]
        if not 2 <= len(set(cells)) <= MOST_KINDS:
            return False
        seen: dict[str, set[str]] = {}
        for cell, value in zip(cells, values, strict=True):
            seen.setdefault(str(value), set()).add(cell)
        return all(len(kinds) == 1 for kinds in seen.values())
    if column.kind != "number":
        return False
    x, y = np.array(column.numbers), np.array(values, dtype=np.float64)
    both = np.isfinite(x)
    if both.sum() < 10 or len(set(x[both])) < 10:
        return False
    ranks = [np.argsort(np.argsort(part[both], kind="stable"), kind="stable") for part in (x, y)]
    return bool(abs(np.corrcoef(ranks[0], ranks[1])[0, 1]) > 0.999)


def unit_in(name: str) -> str | None:
    """The unit a column's name states in brackets or as its last word: `gap (eV)`, `Tc_K`."""
    from ingest.schemas.units import parse_unit

    bracket = re.search(r"[(\[]([^)\]]+)[)\]]\s*$", name)
    words = re.split(r"[_\s,/]+", name)
    text = bracket.group(1) if bracket else words[-1] if len(words) > 1 else ""
    return parse_unit(text) if text else None


def task_of(cells: Sequence[str]) -> Task:
    """Figures, unless the column holds words, truths, or only two values."""
    held = [cell for cell in cells if not is_absent(cell)]
    if _share(held, lambda cell: number_of(cell) is not None) < 0.8:
        return "classification"
    return "classification" if len({number_of(cell) for cell in held} - {None}) <= 2 else "regression"


def table_dataset(
    table: Table, *, target: str, task: Task | None = None, ignore: Sequence[str] = (), inputs: bool = True
) -> Dataset:
    """The data set that predicts column `target` of the table; raises BadDataset naming the columns there are.

    ignore: columns to leave out. inputs=False uses the composition and space group only.
    """
    for name in (target, *ignore):
        if name not in table.columns:
            raise BadDataset(f"{table.name} has no column {name!r}; it has: {', '.join(table.columns)}")
    task = task or task_of(table.columns[target])
    kept = Table(table.name, table.sha256, {k: v for k, v in table.columns.items() if k not in ignore})
    composition = composition_column(kept, apart=target)
    spacegroup = spacegroup_column(kept, apart=target)
    usable, notes = _usable(kept, target, composition, task)
    if not usable:
        raise BadDataset(f"{table.name}: no row has both a usable input and a value of {target!r}")

    def pick(name: str) -> tuple[str, ...]:
        return tuple(kept.columns[name][at] for at in usable)

    values: tuple[float, ...] | tuple[str, ...] = pick(target)
    if task == "regression":
        values = tuple(number_of(cell) or 0.0 for cell in pick(target))
    further = []
    for name in kept.columns:
        if name in (target, composition, spacegroup) or not inputs:
            continue
        column = _column(name, pick(name))
        if column is not None and restates(column, values, task):
            notes.append(f"column {name!r} restates the target and was left out")
        elif column is not None:
            further.append(column)
    formulas = [formula_of(cell) for cell in pick(composition)] if composition else [None] * len(usable)
    rows = Rows(
        ids=tuple(str(at + 1) for at in usable),
        formulas=tuple(formula.reduced if formula else "" for formula in formulas),
        amounts=tuple(dict(formula.amounts) if formula else {} for formula in formulas),
        spacegroups=tuple(int(float(cell)) if _is_spacegroup(cell) else None for cell in pick(spacegroup))
        if spacegroup
        else (None,) * len(usable),
        columns=tuple(further),
    )
    used = [name for name in (composition, spacegroup, *(column.name for column in further)) if name]
    notes.append(f"inputs: {', '.join(used) or 'none'}")
    return checked(
        Dataset(
            title=f"{table.name}: {target}",
            target=Target(target, task, unit_in(target) if task == "regression" else None, target),
            rows=rows,
            values=values,
            version=table.sha256,
            origin={"file": table.name, "sha256": table.sha256, "target": target, "composition": composition},
            notes=tuple(notes),
            fold_keys={name: pick(name) for name, cells in kept.columns.items() if len(set(cells)) == len(cells)},
        )
    )


def _usable(table: Table, target: str, composition: str | None, task: Task) -> tuple[list[int], list[str]]:
    """Indices of the rows that can be used, and notes on those that cannot, by row number."""
    empty, unread, broken, usable = [], [], [], []
    for at, cell in enumerate(table.columns[target]):
        if is_absent(cell):
            empty.append(at + 1)
        elif task == "regression" and number_of(cell) is None:
            unread.append(at + 1)
        elif composition and formula_of(table.columns[composition][at]) is None:
            broken.append(at + 1)
        else:
            usable.append(at)
    notes = [
        f"{len(rows)} rows left out, {why}: {', '.join(map(str, rows[:SHOWN]))}{' …' if len(rows) > SHOWN else ''}"
        for rows, why in (
            (empty, f"no value of {target}"),
            (unread, f"{target} is not a number"),
            (broken, "the composition cannot be read"),
        )
        if rows
    ]
    return usable, notes
