"""One score for each row of a series, online: the detectors and the record rule together."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ingest.detectors.protocol import Channel
from ingest.detectors.record import Record
from ingest.detectors.watch import Watch

ALARM = 0.5
NEW, JUMP = "unusual", "burst"
FARTHEST = 9e9  # seconds since 1970 whose nanoseconds fit 64 bits
AFTER = 0.98  # a row soon after an alarm stays suspect to a degree, below an alarm
SURE = ("gap", "stuck", "out_of_range")  # without a recipe's events the other kinds only raise the degree, not an alarm


@dataclass(frozen=True)
class RowScore:
    """`score` 0..1; `kind` names what was found where the score reaches an alarm, else it is empty."""

    score: float
    kind: str


def score_rows(timestamps: ArrayLike, values: ArrayLike, channel: Channel | None = None) -> list[RowScore]:
    """A score and kind for each row; row i is judged by rows 0..i only.

    timestamps: seconds since 1970, shape (n,); values: shape (n,), NaN = missing.
    """
    seconds = np.nan_to_num(np.asarray(timestamps, np.float64).ravel(), nan=0.0)
    times = (np.clip(seconds, -FARTHEST, FARTHEST) * 1e9).astype(np.int64).tolist()
    column = np.asarray(values, np.float64).tolist()
    if len(times) != len(column):
        raise ValueError(f"{len(times)} timestamps for {len(column)} values")
    watch, record, rows, after = Watch(channel or Channel()), Record(), [], 0.0
    for time, value in zip(times, column, strict=True):
        row = _row(watch, record, time, value)
        rows.append(row if row.score >= after else RowScore(after, ""))
        after = min(AFTER * rows[-1].score, 0.99 * ALARM)
    return rows


def _row(watch: Watch, record: Record, time: int, value: float) -> RowScore:
    if value != value:
        return RowScore(0.5, "gap")
    findings = watch.update([time], [value])
    found = [(finding.score * (1.0 if finding.kind in SURE else 0.45), finding.kind) for finding in findings]
    new, jump = record.update(value)
    score, kind = max([*found, (new, NEW), (jump, JUMP)])
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
