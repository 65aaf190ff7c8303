"""The order of a segment's rows by arrays of numbers: the first of them, and those behind a place."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import NotAnswered
from knowledge.index.arrays import Mask, Segment
from knowledge.query.paging import Key, Order
from knowledge.query.types import Scalar

if TYPE_CHECKING:
    import duckdb

FEW = 4096  # so many are sorted at once; of more, first those that cannot be among the first are left out
Values = NDArray[Any]


class Ranked:
    """The rows of one segment in one order."""

    def __init__(self, segment: Segment, cursor: "duckdb.DuckDBPyConnection", order: Order) -> None:
        self._segment, self._cursor, self._order = segment, cursor, order

    def first(self, mask: Mask, most: int) -> NDArray[np.int64]:
        """The first `most` of the rows, in order."""
        rows = np.flatnonzero(mask)
        if self._order.natural:  # the order in which segments lie
            return rows[:most]
        return self._chosen(rows, list(self._order.keys), most)

    def _chosen(self, rows: NDArray[np.int64], keys: list[Key], most: int) -> NDArray[np.int64]:
        if len(rows) <= FEW or not keys:
            columns = [self._rising(key, rows) for key in reversed(keys)]
            return rows[np.lexsort(columns)][:most] if columns else rows[:most]
        values = self._rising(keys[0], rows)
        if most >= len(rows):
            return rows[np.lexsort([*(self._rising(key, rows) for key in reversed(keys[1:])), values])]
        limit = np.partition(values, most - 1)[most - 1]
        sure = rows[values < limit]
        head = sure[np.lexsort([self._rising(key, sure) for key in reversed(keys)])]
        return np.concatenate([head, self._chosen(rows[values == limit], keys[1:], most - len(head))])

    def _rising(self, key: Key, rows: NDArray[np.int64] | slice) -> Values:
        """Numbers that rise in the order of a key, the largest where it is absent."""
        if key.column == "record":
            ranks = self._segment.ranks(self._cursor)[rows]
            return -ranks if key.descending else ranks
        if key.cast == "DOUBLE":
            values = self._segment.numbers(self._cursor, key.column)[rows]
            values = -values if key.descending else values
            return np.where(np.isnan(values), np.inf, values)
        codes, labels = self._coded(key)
        part = codes[rows].astype(np.int64)
        return np.where(part == len(labels), part, -part) if key.descending else part

    def _coded(self, key: Key) -> tuple[Values, NDArray[np.bytes_]]:
        found = self._segment.codes(self._cursor, key.column)
        if found is None:
            raise NotAnswered(f"Records cannot be sorted by texts as long as those of '{key.column}'.")
        return found

    def keys(self, rows: NDArray[np.int64]) -> list[tuple[Scalar | None, ...]]:
        """The values of the order of these rows."""
        columns = [self._values(key, rows) for key in self._order.keys]
        return list(zip(*columns, strict=True))

    def _values(self, key: Key, rows: NDArray[np.int64]) -> list[Scalar | None]:
        if key.column == "record":
            ids, ranks = self._segment.keys(self._cursor)[0], self._segment.ranks(self._cursor)
            return [word.decode() for word in ids[ranks[rows]].tolist()]
        if key.cast == "DOUBLE":
            numbers = self._segment.numbers(self._cursor, key.column)[rows].tolist()
            return [None if number != number else number for number in numbers]  # NaN is absent
        codes, labels = self._coded(key)
        words = [None if code == len(labels) else labels[code].decode() for code in codes[rows].tolist()]
        return [word if word is None else word == "true" for word in words] if key.cast == "BOOLEAN" else [*words]

    def behind(self, values: list[Scalar | None]) -> Mask:
        """The rows that come after a place, given by its value of each key."""
        found = np.zeros(self._segment.rows, dtype=np.bool_)
        equal = np.ones(self._segment.rows, dtype=np.bool_)
        for key, value in zip(self._order.keys, values, strict=True):
            after, same = self._compared(key, value)
            found |= equal & after
            equal &= same
        return found

    def _compared(self, key: Key, value: Scalar | None) -> tuple[Mask, Mask]:
        """Which rows come after this value of one key, and which have it."""
        if key.column == "record":
            low, high, ranks = *self._between(str(value)), self._segment.ranks(self._cursor)
            return (ranks < low if key.descending else ranks >= high), (ranks >= low) & (ranks < high)
        if key.cast == "DOUBLE":
            numbers = self._segment.numbers(self._cursor, key.column)
            absent = np.isnan(numbers)
            if value is None:
                return np.zeros(len(numbers), dtype=np.bool_), absent
            return (numbers < value if key.descending else numbers > value) | absent, numbers == value  # type: ignore[operator]  # a number
        codes, labels = self._coded(key)
        absent = codes == len(labels)
        if value is None:
            return np.zeros(len(codes), dtype=np.bool_), absent
        word = np.bytes_((str(value).lower() if isinstance(value, bool) else str(value)).encode())
        low, high = (int(np.searchsorted(labels, word, side=side)) for side in ("left", "right"))
        return (codes < low if key.descending else codes >= high) | absent, (codes >= low) & (codes < high)

    def _between(self, record: str) -> tuple[int, int]:
        ids, _rows = self._segment.keys(self._cursor)
        word = np.bytes_(record.encode())
        return int(np.searchsorted(ids, word, side="left")), int(np.searchsorted(ids, word, side="right"))


def before(order: Order, one: tuple[Scalar | None, ...], other: tuple[Scalar | None, ...]) -> int:
    """Negative where the first of two places comes first."""
    for key, left, right in zip(order.keys, one, other, strict=True):
        if left == right:
            continue
        if left is None or right is None:
            return 1 if left is None else -1
        smaller = left < right  # type: ignore[operator]  # values of one column
        return -1 if smaller != key.descending else 1
    return 0
