"""Detectors of faults in live channels; plugins register under the entry point group `lodestone.detectors`."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def score_series(timestamps: "ArrayLike", values: "ArrayLike") -> "NDArray":  # type: ignore[type-arg]  # see score.py
    """Scores 0..1, shape (n,), of a series; see ingest.detectors.score."""
    from ingest.detectors.score import score_series as scored

    return scored(timestamps, values)


__all__ = ["score_series"]
