"""How alike two materials are: pure functions on compositions and labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import gcd

import numpy as np
from numpy.typing import NDArray

HALF_AT = 5.0


@cache
def scale() -> dict[str, int]:
    """Position of each element on the chemical scale of D. G. Pettifor, Solid State Commun. 51 (1984) 31."""
    text = (files("knowledge.similar") / "pettifor.txt").read_text(encoding="utf-8")
    return {symbol: at for at, symbol in enumerate(text.split())}


def cumulative(compositions: Sequence[Mapping[str, float]]) -> NDArray[np.float32]:
    """Summed-up atomic fractions along the scale, shape (n, 103); elements off the scale are left out."""
    places = scale()
    fractions = np.zeros((len(compositions), len(places)), dtype=np.float32)
    for row, amounts in enumerate(compositions):
        total = sum(amounts.values()) or 1.0
        for symbol, amount in amounts.items():
            if symbol in places:
                fractions[row, places[symbol]] += amount / total
    return np.cumsum(fractions, axis=1, dtype=np.float32)


def distances(matrix: NDArray[np.float32], one: NDArray[np.float32]) -> NDArray[np.float32]:
    """Element mover's distance of each row to one composition: how far atoms move along the scale, averaged over atoms.

    Shape (n,). On a line, the mover's distance is the L1 norm of the difference of the cumulative fractions
    (Hargreaves et al., Chem. Mater. 32 (2020) 10610); test value: CaTiO3 to SrTiO3 = 0.2.
    """
    return np.asarray(np.abs(matrix - one).sum(axis=1), dtype=np.float32)


def closeness(distance: float) -> float:
    """1 for the same composition, 0.5 at a distance of 5 places on the scale, towards 0 far away."""
    return float(1.0 / (1.0 + distance / HALF_AT))


def ratio(amounts: Mapping[str, float]) -> str:
    """The stoichiometry without the elements: Bi2Se3 gives 2:3."""
    values = sorted(amounts.values())
    if values and all(float(value).is_integer() for value in values):
        factor = gcd(*(int(value) for value in values))
        return ":".join(str(int(value) // factor) for value in values)
    return ":".join(f"{value:g}" for value in values)


@dataclass(frozen=True)
class Traits:
    """What is compared beside the composition; None or empty = not known."""

    ratio: str
    spacegroup: int | None
    prototype: str | None
    classes: Mapping[str, str]


def structure_score(one: Traits, other: Traits) -> float | None:
    """1 for the same prototype; else 0.7 for the same space group and 0.3 for the same stoichiometry. None if unknown."""
    if one.prototype and one.prototype == other.prototype:
        return 1.0
    if one.spacegroup is None:
        return None
    return 0.7 * (one.spacegroup == other.spacegroup) + 0.3 * (one.ratio == other.ratio)


def class_score(one: Traits, other: Traits) -> float | None:
    """The share of the first one's classes that the other has too; None if it has none."""
    if not one.classes:
        return None
    return sum(other.classes.get(name) == value for name, value in one.classes.items()) / len(one.classes)


WEIGHTS = {"composition": 0.5, "structure": 0.3, "class": 0.2}


def combined(scores: Mapping[str, float | None]) -> float:
    """The weighted mean of the scores that are known."""
    known = {name: score for name, score in scores.items() if score is not None}
    return sum(WEIGHTS[name] * score for name, score in known.items()) / sum(WEIGHTS[name] for name in known)
