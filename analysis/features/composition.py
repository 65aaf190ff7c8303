"""Features of compositions: statistics of element properties, stoichiometry, valence. Pure.

Independent of the order of elements and of the scale of the formula. After Ward et al., npj Comput. Mater. 2, 16028 (2016).
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.errors import OutOfReach
from analysis.features.elements import ORBITALS, element_table

STATISTICS = ("mean", "deviation", "least", "largest", "range", "commonest")
NORMS = (2, 3, 5, 7)
ISOTOPES = {"D": "H", "T": "H"}
CHUNK = 4096


def fractions(amounts: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """Atomic fractions, shape (rows, 103); a row without a composition is all zero. Raises OutOfReach past Lr."""
    index = element_table().index
    result = np.zeros((len(amounts), len(index)))
    for at, row in enumerate(amounts):
        for symbol, amount in row.items():
            place = index.get(ISOTOPES.get(symbol, symbol))
            if place is None:
                raise OutOfReach(f"{symbol} is beyond the table of element properties (H to Lr)")
            result[at, place] += amount
    total = result.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(result, total, out=np.zeros_like(result), where=total > 0))


def statistics_names() -> list[str]:
    """Names of the columns of `statistics`."""
    properties = element_table().names
    return [
        *(f"{statistic} {name}" for name in properties for statistic in STATISTICS),
        "elements",
        *(f"norm {p}" for p in NORMS),
        *(f"share of {orbital} valence" for orbital in ORBITALS),
        "mean ionic character",
        "largest ionic character",
        "odd electrons",
    ]


def statistics(amounts: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
    """Shape (rows, len(statistics_names())); NaN where a row has no composition."""
    share = fractions(amounts)
    parts = [_statistics(share[at : at + CHUNK]) for at in range(0, len(share), CHUNK)]
    table = np.vstack(parts) if parts else np.zeros((0, len(statistics_names()) - 1))
    return np.hstack([table, np.array([[odd_electrons(row)] for row in amounts]).reshape(len(amounts), 1)])


def _statistics(share: NDArray[np.float64]) -> NDArray[np.float64]:
    table = element_table()
    present = share > 0
    empty = ~present.any(axis=1)
    columns: list[NDArray[np.float64]] = []
    commonest = np.argmax(share, axis=1)
    for property_ in table.values.T:
        mean = share @ property_
        least = np.where(present, property_, np.inf).min(axis=1)
        largest = np.where(present, property_, -np.inf).max(axis=1)
        deviation = (share * np.abs(property_[None, :] - mean[:, None])).sum(axis=1)
        columns += [mean, deviation, least, largest, largest - least, property_[commonest]]
    columns.append(present.sum(axis=1).astype(np.float64))
    columns += [(share**p).sum(axis=1) ** (1 / p) for p in NORMS]
    valence = np.stack([share @ table.column(f"valence_{orbital}") for orbital in ORBITALS])
    columns += list(valence / np.maximum(valence.sum(axis=0), 1e-12))
    columns += list(_ionic(share, table.column("X")))
    result = np.stack(columns, axis=1)
    result[empty] = np.nan
    return result


def _ionic(share: NDArray[np.float64], electronegativity: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Pauling's ionic character 1 - exp(-(difference of X)^2 / 4): mean over pairs by share, and of the extreme pair."""
    character = 1 - np.exp(-((electronegativity[:, None] - electronegativity[None, :]) ** 2) / 4)
    mean = ((share @ character) * share).sum(axis=1)
    present = share > 0
    spread = np.where(present, electronegativity, -np.inf).max(axis=1) - np.where(
        present, electronegativity, np.inf
    ).min(axis=1)
    return mean, 1 - np.exp(-(np.where(np.isfinite(spread), spread, 0.0) ** 2) / 4)


def odd_electrons(amounts: Mapping[str, float]) -> float:
    """1 if a reduced formula of whole numbers has an odd number of electrons, 0 if even, 0.5 if it cannot be said."""
    whole = [round(amount) for amount in amounts.values()]
    if not whole or any(abs(a - w) > 1e-6 for a, w in zip(amounts.values(), whole, strict=True)):
        return 0.5
    divisor = int(np.gcd.reduce(whole))
    if divisor == 0:
        return 0.5
    index = element_table().index
    electrons = sum((index[ISOTOPES.get(s, s)] + 1) * (w // divisor) for s, w in zip(amounts, whole, strict=True))
    return float(electrons % 2)
