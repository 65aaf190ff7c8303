"""One segment of the index as arrays: a value for each of its rows, kept beside it on disk and mapped into memory.

Processes share the pages of the files; nothing is copied. What is not on disk yet is made from the segment's table once.
"""

import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from knowledge.index.elements import bits

if TYPE_CHECKING:
    import duckdb

Mask = NDArray[np.bool_]
Words = NDArray[np.uint64]
MOST_BITMAPS = 256  # columns of few values keep a bitmap of each, which is counted faster than codes
WIDEST = 96  # bytes; longer texts have no codes and are compared in SQL
KEPT_MASKS = 256
SMALL = 20_000


class Segment:
    """`rows` records in the order of formula and id. `relation` is its table in the database, with the column `row`.

    `place` is the folder of a base; none for the last changes, whose arrays stay in memory.
    """

    def __init__(self, name: str, relation: str, rows: int, place: Path | None, filled: frozenset[str]) -> None:
        self.name, self.relation, self.rows, self.place, self.filled = name, relation, rows, place, filled
        self._kept: dict[str, Any] = {}
        self._masks: OrderedDict[object, NDArray[np.uint8]] = OrderedDict()
        self._lock = threading.RLock()

    def at(self, relation: str) -> "Segment":
        """The same segment under another name in the database; what was read of it is shared."""
        found = copy(self)
        found.relation = relation
        return found

    def mask(self, key: object, make: Callable[[], Mask]) -> Mask:
        """A mask of the rows, kept for the next question that needs it."""
        with self._lock:
            packed = self._masks.get(key)
            if packed is not None:
                self._masks.move_to_end(key)
        if packed is not None:
            return np.unpackbits(packed, count=self.rows).view(np.bool_)
        made = make()
        with self._lock:
            self._masks[key] = np.packbits(made)
            if len(self._masks) > KEPT_MASKS:
                self._masks.popitem(last=False)
        return made

    def rows_where(self, cursor: "duckdb.DuckDBPyConnection", condition: str, given: dict[str, object]) -> Mask:
        """The rows for which a condition in SQL is true."""
        text = f"SELECT row FROM {self.relation} WHERE {condition}"  # noqa: S608 - compiled, values are parameters
        found = np.zeros(self.rows, dtype=np.bool_)
        found[np.asarray(cursor.execute(text, given).fetchnumpy()["row"])] = True
        return found

    def numbers(self, cursor: "duckdb.DuckDBPyConnection", column: str) -> NDArray[np.float64]:
        """The numbers of a column; absent ones are NaN. Shape (rows,)."""
        return self._array(f"{column}.numbers", lambda: self._read_numbers(cursor, column))

    def ranked(self, cursor: "duckdb.DuckDBPyConnection", column: str) -> tuple[NDArray[Any], NDArray[np.float64]]:
        """For each row the rank of its number among the different ones, their number where absent; and these, rising."""
        names = (f"{column}.ranks", f"{column}.values")
        with self._lock:
            if names[0] not in self._kept and not self._mapped(*names):
                numbers = self.numbers(cursor, column)
                known = ~np.isnan(numbers)
                values, ranks = np.unique(numbers[known], return_inverse=True)
                every = np.full(self.rows, len(values), dtype=_smallest(len(values)))
                every[known] = ranks
                self._store(dict(zip(names, (every, values), strict=True)))
            return self._kept[names[0]], self._kept[names[1]]

    def documents(self, rows: NDArray[np.int64]) -> list[bytes] | None:
        """The JSON documents of these rows; none where they are not kept, as of the last changes."""
        if self.place is None:
            return None
        starts = self._array("documents.starts", lambda: np.empty(0))
        with self._lock:
            if "documents" not in self._kept:
                self._kept["documents"] = np.memmap(self.place / "documents.json", dtype=np.uint8, mode="r")
            held = self._kept["documents"]
        return [held[starts[row] : starts[row + 1]].tobytes() for row in rows.tolist()]

    def codes(self, cursor: "duckdb.DuckDBPyConnection", column: str) -> tuple[NDArray[Any], NDArray[np.bytes_]] | None:
        """For each row the rank of its text or truth among the labels, len(labels) where absent; none for long texts.

        Labels are UTF-8, sorted.
        """
        with self._lock:
            if f"{column}.codes" not in self._kept and not self._mapped(f"{column}.codes", f"{column}.labels"):
                found = self._encoded(cursor, column)
                self._store({f"{column}.codes": found[0], f"{column}.labels": found[1]} if found else {})
                self._kept.setdefault(f"{column}.codes", None)
            codes = self._kept[f"{column}.codes"]
            return None if codes is None else (codes, self._kept[f"{column}.labels"])

    def codes_at_hand(
        self, cursor: "duckdb.DuckDBPyConnection", column: str
    ) -> tuple[NDArray[Any], NDArray[np.bytes_]] | None:
        """The codes of a column if they are there, or soon made."""
        made = self.place and (self.place / f"{column}.codes.npy").exists()
        return self.codes(cursor, column) if made or self.rows <= SMALL else None

    def bitmaps(self, cursor: "duckdb.DuckDBPyConnection", column: str) -> Words | None:
        """One bitmap for each label of a column of few values, shape (labels, words); none for columns of many."""
        found = self.codes(cursor, column)
        if found is None or len(found[1]) > MOST_BITMAPS:
            return None
        codes, labels = found

        def made() -> Words:
            each = [packed(codes == at) for at in range(len(labels))]
            return np.stack(each) if each else np.empty((0, -(-self.rows // 64)), dtype=np.uint64)

        return self._array(f"{column}.bits", made)

    def element_bitmaps(self, cursor: "duckdb.DuckDBPyConnection") -> Words:
        """One bitmap for each element, by its bit number."""
        return self._array("elements.bits", lambda: self._element_bitmaps(cursor))

    def ranks(self, cursor: "duckdb.DuckDBPyConnection") -> NDArray[Any]:
        """For each row the rank of its record's id."""

        def made() -> NDArray[np.int32]:
            order = self._read(cursor, "SELECT row FROM {} ORDER BY record")
            ranks = np.empty(self.rows, dtype=np.int32)
            ranks[order] = np.arange(self.rows, dtype=np.int32)
            return ranks

        return self._array("record.ranks", made)

    def keys(self, cursor: "duckdb.DuckDBPyConnection") -> tuple[NDArray[np.bytes_], NDArray[np.int32]]:
        """The ids of the records in order, and the row of each."""

        def ordered() -> NDArray[Any]:
            order = np.empty(self.rows, dtype=np.int32)
            order[self.ranks(cursor)] = np.arange(self.rows, dtype=np.int32)
            return order

        ids = self._array(
            "record.ids",
            lambda: np.array(
                [key.encode() for key in self._read(cursor, "SELECT record FROM {} ORDER BY record").tolist()] or [b""],
                dtype=np.bytes_,
            )[: self.rows],
        )
        return ids, self._array("record.order", ordered)

    def rows_of(self, cursor: "duckdb.DuckDBPyConnection", records: NDArray[np.bytes_]) -> NDArray[np.int32]:
        """The rows of those of the records that are here."""
        ids, order = self.keys(cursor)
        if not len(ids) or not len(records):
            return np.empty(0, dtype=np.int32)
        at = np.minimum(np.searchsorted(ids, records), len(ids) - 1)
        found: NDArray[np.int32] = order[at[ids[at] == records]]
        return found

    def _read(self, cursor: "duckdb.DuckDBPyConnection", text: str) -> NDArray[Any]:
        (values,) = cursor.execute(text.format(self.relation)).fetchnumpy().values()
        return np.ma.filled(values) if isinstance(values, np.ma.MaskedArray) else np.asarray(values)

    def _column(self, cursor: "duckdb.DuckDBPyConnection", name: str) -> NDArray[Any]:
        return self._read(cursor, f"SELECT {name} AS value FROM {{}} ORDER BY row")  # noqa: S608 - our columns

    def _read_numbers(self, cursor: "duckdb.DuckDBPyConnection", column: str) -> NDArray[np.float64]:
        name = f"coalesce(\"{column}\"::DOUBLE, 'nan'::DOUBLE)"
        return np.asarray(self._column(cursor, name), dtype=np.float64)

    def _encoded(
        self, cursor: "duckdb.DuckDBPyConnection", column: str
    ) -> tuple[NDArray[Any], NDArray[np.bytes_]] | None:
        import pyarrow.compute as pc

        text = f'SELECT "{column}"::VARCHAR AS value FROM {self.relation} ORDER BY row'  # noqa: S608 - our columns
        values = cursor.sql(text).to_arrow_table()["value"].combine_chunks().dictionary_encode()
        words = values.dictionary
        if len(words) and pc.max(pc.binary_length(words)).as_py() > WIDEST:
            return None
        encoded = np.array([word.encode() for word in words.to_pylist()] or [b""], dtype=np.bytes_)[: len(words)]
        order = np.argsort(encoded, kind="stable")
        ranks = np.empty(len(words) + 1, dtype=_smallest(len(words)))
        ranks[order] = np.arange(len(words))
        ranks[len(words)] = len(words)
        return ranks[values.indices.fill_null(len(words)).to_numpy()], encoded[order]

    def _element_bitmaps(self, cursor: "duckdb.DuckDBPyConnection") -> Words:
        low, high = (self._column(cursor, name) for name in ("e0", "e1"))
        halves = (low.astype(np.uint64), high.astype(np.uint64))
        return np.stack(
            [
                packed((halves[at // 64] >> np.uint64(at % 64) & np.uint64(1)).astype(np.bool_))
                for at in range(len(bits()))
            ]
        )

    def _array(self, name: str, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        with self._lock:
            if name not in self._kept and not self._mapped(name):
                self._store({name: make()})
            found: NDArray[Any] = self._kept[name]
            return found

    def _mapped(self, *names: str) -> bool:
        """Map arrays that are on disk; false if one is not."""
        files = [self.place / f"{name}.npy" for name in names] if self.place else []
        if not files or not all(file.exists() for file in files):
            return False
        for name, file in zip(names, files, strict=True):
            self._kept[name] = np.load(file, mmap_mode="r" if file.stat().st_size > 4096 else None)
        return True

    def _store(self, arrays: dict[str, NDArray[Any]]) -> None:
        for name, array in arrays.items():
            self._kept[name] = array
            if self.place is None:
                continue
            fresh = self.place / f"{uuid.uuid4().hex}.new"
            with fresh.open("wb") as file:
                np.save(file, array)
            fresh.replace(self.place / f"{name}.npy")
        if arrays:
            self._mapped(*arrays)


def _smallest(labels: int) -> Any:
    return np.uint8 if labels < 2**8 - 1 else np.uint16 if labels < 2**16 - 1 else np.int32


def packed(mask: Mask) -> Words:
    """A mask as 64-bit words, the last one filled up with zeros."""
    words = np.zeros(-(-len(mask) // 64), dtype=np.uint64)
    octets = np.packbits(mask)
    words.view(np.uint8)[: len(octets)] = octets
    return words


def counted(bitmaps: Words, chosen: Words) -> NDArray[np.int64]:
    """How many rows each bitmap shares with the chosen ones."""
    both, ones = np.empty_like(chosen), np.empty(chosen.shape, dtype=np.uint8)
    counts = np.empty(len(bitmaps), dtype=np.int64)
    for at, bitmap in enumerate(bitmaps):  # one at a time stays in the processor's cache
        np.bitwise_and(bitmap, chosen, out=both)
        counts[at] = np.bitwise_count(both, out=ones).sum(dtype=np.int64)
    return counts
