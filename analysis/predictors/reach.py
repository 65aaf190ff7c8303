"""Where a model may be believed: elements it has seen, ranges of its columns, distance to its nearest training row. Pure."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis.datasets.domain import Rows
from analysis.features.spec import FeatureSpec, Matrix

MOST_ROWS = 4000
CHUNK = 512
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Reach:
    """Training rows in standard units; `limit` is the distance that 99 % of them have to another composition."""

    middle: Floats
    scale: Floats
    points: NDArray[np.float32]
    limit: float

    def distances(self, matrix: Matrix) -> Floats:
        """Distance of each row to its nearest training row, in standard units per feature."""
        return _nearest(_standard(matrix.values, self.middle, self.scale), self.points)

    def save(self, path: Path) -> None:
        """Write arrays only."""
        np.savez_compressed(path, middle=self.middle, scale=self.scale, points=self.points, limit=np.array(self.limit))

    @classmethod
    def load(cls, path: Path) -> "Reach":
        """Read what `save` wrote; nothing in it can run."""
        with np.load(path, allow_pickle=False) as stored:
            return cls(stored["middle"], stored["scale"], stored["points"], float(stored["limit"]))


def _standard(values: Floats, middle: Floats, scale: Floats) -> NDArray[np.float32]:
    return np.asarray((values - middle) / scale / np.sqrt(max(1, values.shape[1])), dtype=np.float32)


def _nearest(rows: NDArray[np.float32], points: NDArray[np.float32], same: NDArray[np.bool_] | None = None) -> Floats:
    """Least distance of each row to a point; `same` (rows, points) marks pairs not to count."""
    found = np.zeros(len(rows))
    norms = (points**2).sum(axis=1)
    for at in range(0, len(rows), CHUNK):
        part = rows[at : at + CHUNK]
        squared = (part**2).sum(axis=1)[:, None] + norms[None, :] - 2 * part @ points.T
        if same is not None:
            squared[same[at : at + CHUNK]] = np.inf
        found[at : at + CHUNK] = np.sqrt(np.maximum(squared.min(axis=1), 0))
    return found


def reach_of(matrix: Matrix, groups: list[str], *, seed: int) -> Reach:
    """The reach of training rows; distances between rows of one composition do not count."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(matrix))[:MOST_ROWS])
    middle = matrix.values.mean(axis=0)
    scale = matrix.values.std(axis=0)
    scale[scale < 1e-12] = 1.0
    points = _standard(matrix.values[chosen], middle, scale)
    _, codes = np.unique([groups[at] for at in chosen], return_inverse=True)
    distances = _nearest(points, points, codes[:, None] == codes[None, :])
    finite = distances[np.isfinite(distances)]
    return Reach(middle, scale, points, float(np.quantile(finite, 0.99)) if len(finite) else 0.0)


def reasons(spec: FeatureSpec, reach: Reach, rows: Rows, matrix: Matrix) -> list[str]:
    """Why each row is out of the model's reach; empty = in it."""
    known = set(spec.elements)
    distances = reach.distances(matrix)
    result = []
    for at, amounts in enumerate(rows.amounts):
        why = []
        if unseen := sorted(set(amounts) - known) if known else []:
            why.append(f"unseen: {', '.join(unseen)}")
        if distances[at] > reach.limit:
            why.append(f"far from all training rows ({distances[at]:.2f} > {reach.limit:.2f})")
        for column in spec.numbers:
            value = next(c for c in rows.columns if c.name == column.name).numbers[at]
            if not np.isnan(value) and not column.low <= value <= column.high:
                why.append(f"{column.name} outside {column.low:g} … {column.high:g}")
        result.append("; ".join(why))
    return result
