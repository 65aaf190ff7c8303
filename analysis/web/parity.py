"""Columns and points of the plots on a model's page. Pure."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

SIDE, MARGIN, MOST_POINTS, BINS = 320, 44, 1500, 24


@dataclass(frozen=True)
class Scatter:
    """A square plot of truth (across) and prediction (up), in SVG units."""

    points: list[tuple[float, float]]
    ticks: list[tuple[float, str]]
    shown: int
    total: int


def scatter(document: dict[str, Any]) -> Scatter:  # Any: validation.json
    """Where each held-out row stands; at most MOST_POINTS, evenly chosen."""
    truth, guess = np.array(document["truth"]), np.array(document["guess"])
    low, high = float(min(truth.min(), guess.min())), float(max(truth.max(), guess.max()))
    span = high - low or 1.0
    chosen = np.linspace(0, len(truth) - 1, min(len(truth), MOST_POINTS)).astype(int)

    def place(value: float) -> float:
        return round((value - low) / span * SIDE, 1)

    return Scatter(
        [(place(truth[at]), round(SIDE - place(guess[at]), 1)) for at in chosen],
        [(place(value), f"{value:.4g}") for value in _ticks(low, high)],
        len(chosen),
        len(truth),
    )


def _ticks(low: float, high: float) -> NDArray[np.float64]:
    """Four to six round values within the range."""
    raw = (high - low) / 4 or 1.0
    step = 10 ** np.floor(np.log10(raw))
    step *= max(factor for factor in (1, 2, 5) if factor * step <= raw * 1.001)
    return np.asarray(np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step)


def bands(document: dict[str, Any], labels: dict[str, str], unit: str) -> dict[str, Any]:  # Any: JSON for lab-plot
    """Columns for <lab-plot>: predictions of equally many rows each, from low to high truth: middle and 90 % band."""
    truth, guess = np.array(document["truth"]), np.array(document["guess"])
    parts = np.array_split(np.argsort(truth, kind="stable"), min(BINS, max(2, len(truth) // 10)))
    x = [float(truth[part].mean()) for part in parts]

    def line(label: str, values: list[float]) -> dict[str, Any]:
        return {"label": labels[label], "unit": unit, "values": values, "shown": True}

    return {
        "x": {"label": labels["truth"], "unit": unit, "values": x},
        "series": [
            line("ideal", x),
            line("middle", [float(np.median(guess[part])) for part in parts]),
            line("low", [float(np.quantile(guess[part], 0.05)) for part in parts]),
            line("high", [float(np.quantile(guess[part], 0.95)) for part in parts]),
        ],
        "log": False,
    }
