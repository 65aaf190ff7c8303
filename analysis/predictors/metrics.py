"""Errors of figures and of classes, and of the trivial model beside them. Pure."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def regression(truth: Floats, guess: Floats, train: Floats) -> dict[str, float]:
    """Errors in the target's unit; `baseline_*` of saying the training rows' mean (or median) of every row."""
    off = guess - truth
    variance = float(((truth - truth.mean()) ** 2).sum())
    return {
        "mae": float(np.abs(off).mean()),
        "rmse": float(np.sqrt((off**2).mean())),
        "r2": 1 - float((off**2).sum()) / variance if variance > 0 else 0.0,
        "baseline_mae": float(np.abs(truth - train.mean()).mean()),
        "baseline_median_mae": float(np.abs(truth - np.median(train)).mean()),
        "baseline_rmse": float(np.sqrt(((truth - train.mean()) ** 2).mean())),
    }


def classification(truth: Floats, shares: Floats, train: Floats) -> dict[str, float]:
    """Accuracies of the likeliest class; `baseline_*` of always saying the training rows' commonest class.

    truth: whole numbers. shares: shape (rows, classes). roc_auc is the mean over classes, each against the rest.
    """
    guess = shares.argmax(axis=1)
    common = np.full(len(truth), np.bincount(train.astype(int)).argmax())
    recalls, scores = _per_class(truth, guess)
    aucs = [auc for k in range(shares.shape[1]) if (auc := roc_auc(truth == k, shares[:, k])) is not None]
    found = {
        "accuracy": float((guess == truth).mean()),
        "balanced_accuracy": float(np.mean(recalls)),
        "f1_macro": float(np.mean(scores)),
        "baseline_accuracy": float((common == truth).mean()),
        "baseline_balanced_accuracy": float(np.mean(_per_class(truth, common)[0])),
    }
    return found | ({"roc_auc": float(np.mean(aucs))} if aucs else {})


def _per_class(truth: Floats, guess: NDArray[np.int64]) -> tuple[list[float], list[float]]:
    """Recall and F1 of each class that occurs."""
    recalls, scores = [], []
    for k in np.unique(truth):
        hit = float(((truth == k) & (guess == k)).sum())
        recalls.append(hit / float((truth == k).sum()))
        scores.append(2 * hit / float((truth == k).sum() + (guess == k).sum()))
    return recalls, scores


def roc_auc(positive: NDArray[np.bool_], score: Floats) -> float | None:
    """Probability that a positive row scores above a negative one, ties counted half; none if one kind is absent."""
    n_positive, n_negative = int(positive.sum()), int((~positive).sum())
    if not n_positive or not n_negative:
        return None
    _, place, count = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(count) - (count - 1) / 2)[place]
    return float((rank[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))
