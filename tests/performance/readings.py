"""Values as instruments give them, for benchmarks: thermocouples, gauges over decades, set points, shutters, photodiodes."""

from array import array
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ingest.contract import Batch, Block

CHANNELS = 32
START = 1_760_000_000_000_000_000


def readings(
    rows: int, *, seed: int = 1, step_ns: int = 1_000_000
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]]:
    """Times (int64 ns, with the jitter of a polling loop) and 32 channels of `rows` values.

    A quarter each: noise of a converter with 24 bits; a slow drift read to 0.01; plateaus of set points and
    shutters; a pressure that wanders over decades, written with four digits.
    """
    dice = np.random.default_rng(seed)
    times = START + np.arange(rows, dtype=np.int64) * step_ns + dice.integers(0, step_ns // 20 + 1, rows)
    columns = {}
    for at in range(CHANNELS):
        walk = np.cumsum(dice.standard_normal(rows))
        kind = at % 4
        if kind == 0:
            values = np.round(600 + at + 0.05 * dice.standard_normal(rows), 4)
        elif kind == 1:
            values = np.round(300 + 0.02 * walk, 2)
        elif kind == 2:
            values = np.repeat(np.round(dice.uniform(0, 900, rows // 400 + 1)), 400)[:rows]
        else:
            exponent = -7 + 0.01 * walk
            values = np.round(10 ** (exponent - np.floor(exponent)), 4) * 10 ** np.floor(exponent)
        columns[f"channel_{at:02d}"] = values
    return times, columns


def a_batch(
    times: NDArray[np.int64], columns: dict[str, NDArray[np.float64]], *, epoch: str, sequence: int, instrument: str = "bench",
    historical: bool = True,
) -> Batch:  # fmt: skip
    """One block of readings as an agent sends it."""
    block = Block(
        times=array("q", times.tobytes()), channels={name: array("d", row.tobytes()) for name, row in columns.items()}
    )
    return Batch(
        instrument=instrument, source="bench", epoch=epoch, sequence=sequence, sent=int(times[0]),
        historical=historical, blocks=(block,),
    )  # fmt: skip


def batches(count: int, rows: int, *, epoch: str, step_ns: int = 1_000_000, historical: bool = True) -> Iterator[Batch]:
    """`count` batches that follow each other in time."""
    times, columns = readings(count * rows, step_ns=step_ns)
    for sequence in range(count):
        part = slice(sequence * rows, (sequence + 1) * rows)
        piece = {name: row[part] for name, row in columns.items()}
        yield a_batch(times[part], piece, epoch=epoch, sequence=sequence, historical=historical)
