"""One score for each row of a series, online: the detectors and the record rule together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.detectors.protocol import Channel
from ingest.detectors.record import Record
from ingest.detectors.watch import Watch

ALARM = 0.5
NEW = "unusual"


@dataclass(frozen=True)
class RowScore:
    """`score` 0..1; `kind` names what was found where the score reaches an alarm, else it is empty."""

    score: float
    kind: str


def score_rows(timestamps: ArrayLike, values: ArrayLike, channel: Channel | None = None) -> list[RowScore]:
    """A score and kind for each row; row i is judged by rows 0..i only.

    timestamps: seconds since 1970, shape (n,); values: shape (n,), NaN = missing.
    """
    times = (np.asarray(timestamps, np.float64) * 1e9).astype(np.int64).tolist()
    column = np.asarray(values, np.float64).tolist()
    if len(times) != len(column):
        raise ValueError(f"{len(times)} timestamps for {len(column)} values")
    watch, record = Watch(channel or Channel()), Record()
    return [_row(watch, record, time, value) for time, value in zip(times, column, strict=True)]


def _row(watch: Watch, record: Record, time: int, value: float) -> RowScore:
    if value != value:
        return RowScore(0.5, "gap")
    found = [(finding.score, finding.kind) for finding in watch.update([time], [value])]
    score, kind = max([*found, (record.update(value), NEW)])
    score = min(max(float(score), 0.0), 1.0)
    return RowScore(score, kind if score >= ALARM else "")


def score_series(timestamps: ArrayLike, values: ArrayLike) -> NDArray[np.float64]:
    """Scores 0..1, shape (n,), of a series; online: row i is judged by rows 0..i only.

    timestamps: seconds since 1970, shape (n,). values: shape (n,) or (n, channels), NaN = missing.
    """
    table = np.asarray(values, np.float64)
    columns = [table] if table.ndim == 1 else list(table.T)
    scores = [[row.score for row in score_rows(timestamps, column)] for column in columns]
    worst: NDArray[np.float64] = np.max(np.array(scores, np.float64), axis=0)
    return worst
