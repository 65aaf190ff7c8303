"""The recipe that turns rows into a matrix: fixed at training, stored as JSON with the model, used again to predict. Pure."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from analysis.datasets.domain import Column, Rows
from analysis.errors import OutOfReach
from analysis.features.composition import fractions, statistics, statistics_names
from analysis.features.elements import element_table

CRYSTAL_SYSTEMS = (
    ("triclinic", 2),
    ("monoclinic", 15),
    ("orthorhombic", 74),
    ("tetragonal", 142),
    ("trigonal", 167),
    ("hexagonal", 194),
    ("cubic", 230),
)
SITE_PROPERTIES = ("Z", "X", "row", "group", "average_ionic_radius", "valence", "ionization_energy")
MOST_SPACEGROUPS = 40


@dataclass(frozen=True)
class Matrix:
    """Features, shape (rows, columns), finite. `blocks` names the kind of each column: a trainer may choose among them."""

    values: NDArray[np.float64]
    names: tuple[str, ...]
    blocks: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.int64]) -> "Matrix":
        """The same columns for some of the rows."""
        return Matrix(self.values[rows], self.names, self.blocks)


class NumberColumn(BaseModel):
    """A column of figures; `middle` stands in where one is absent."""

    model_config = ConfigDict(frozen=True)

    name: str
    middle: float
    low: float
    high: float


class WordColumn(BaseModel):
    """A column of few words, or of element symbols."""

    model_config = ConfigDict(frozen=True)

    name: str
    words: tuple[str, ...]
    element: bool = False


class FeatureSpec(BaseModel):
    """Which features a model takes. Built without looking at any target."""

    model_config = ConfigDict(frozen=True)

    elements: tuple[str, ...] = ()
    spacegroup: bool = False
    spacegroups: tuple[int, ...] = ()
    numbers: tuple[NumberColumn, ...] = ()
    words: tuple[WordColumn, ...] = ()

    def needs(self) -> list[str]:
        """Names of further columns an input must have."""
        return [*(column.name for column in self.numbers), *(column.name for column in self.words)]


def crystal_system(number: int) -> str:
    """The crystal system of a space group number, 1 to 230."""
    return next(name for name, last in CRYSTAL_SYSTEMS if number <= last)


def spec_of(rows: Rows) -> FeatureSpec:
    """The recipe for these rows: elements, frequent space groups, ranges and words that occur in them."""
    known = [number for number in rows.spacegroups if number is not None]
    frequent = [number for number, count in Counter(known).most_common(MOST_SPACEGROUPS) if count >= 0.005 * len(rows)]
    return FeatureSpec(
        elements=tuple(sorted({symbol for row in rows.amounts for symbol in row})),
        spacegroup=len(known) > 0.5 * len(rows),
        spacegroups=tuple(sorted(frequent)),
        numbers=tuple(_number(column) for column in rows.columns if column.kind == "number"),
        words=tuple(
            WordColumn(
                name=column.name, words=tuple(sorted(set(column.words) - {""})), element=column.kind == "element"
            )
            for column in rows.columns
            if column.kind != "number"
        ),
    )


def _number(column: Column) -> NumberColumn:
    values = np.array(column.numbers)
    return NumberColumn(
        name=column.name,
        middle=float(np.nanmedian(values)),
        low=float(np.nanmin(values)),
        high=float(np.nanmax(values)),
    )


def build(spec: FeatureSpec, rows: Rows) -> Matrix:
    """The features of rows by a recipe. Raises OutOfReach when a needed column is absent."""
    given = {column.name: column for column in rows.columns}
    absent = [name for name in spec.needs() if name not in given]
    if absent:
        raise OutOfReach(f"the model also needs these columns: {', '.join(absent)}; predict from a table that has them")
    parts: list[tuple[str, list[str], NDArray[np.float64]]] = []
    if spec.elements:
        index = element_table().index
        at = [index[symbol] for symbol in spec.elements if symbol in index]
        symbols = [symbol for symbol in spec.elements if symbol in index]
        parts.append(("statistics", statistics_names(), np.nan_to_num(statistics(rows.amounts), nan=-1.0)))
        parts.append(("fraction", [f"fraction {symbol}" for symbol in symbols], fractions(rows.amounts)[:, at]))
    if spec.spacegroup:
        parts.append(("spacegroup", *_spacegroups(spec, rows)))
    for number in spec.numbers:
        values = np.array(given[number.name].numbers, dtype=np.float64)
        parts.append(("column", [number.name], np.where(np.isnan(values), number.middle, values)[:, None]))
    for word in spec.words:
        parts.append(("column", *_words(word, given[word.name].words)))
    if not parts:
        return Matrix(np.zeros((len(rows), 0)), (), ())
    return Matrix(
        np.hstack([values for _, _, values in parts]),
        tuple(name for _, names, _ in parts for name in names),
        tuple(block for block, names, _ in parts for _ in names),
    )


def _spacegroups(spec: FeatureSpec, rows: Rows) -> tuple[list[str], NDArray[np.float64]]:
    systems = [name for name, _ in CRYSTAL_SYSTEMS]
    result = np.zeros((len(rows), 1 + len(systems) + len(spec.spacegroups)))
    place = {number: 1 + len(systems) + at for at, number in enumerate(spec.spacegroups)}
    for at, number in enumerate(rows.spacegroups):
        if number is None:
            continue
        result[at, 0] = number
        result[at, 1 + systems.index(crystal_system(number))] = 1
        if number in place:
            result[at, place[number]] = 1
    return ["space group", *systems, *(f"space group {number}" for number in spec.spacegroups)], result


def _words(column: WordColumn, words: tuple[str, ...]) -> tuple[list[str], NDArray[np.float64]]:
    if column.element:
        table = element_table()
        at = [table.names.index(name) for name in SITE_PROPERTIES]
        rows = [
            table.values[table.index[word], at] if word in table.index else np.full(len(at), -1.0) for word in words
        ]
        return [f"{column.name} {name}" for name in SITE_PROPERTIES], np.array(rows).reshape(len(words), len(at))
    return (
        [f"{column.name} = {word}" for word in column.words],
        np.array([[float(word == kind) for kind in column.words] for word in words]).reshape(
            len(words), len(column.words)
        ),
    )
