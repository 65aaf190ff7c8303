"""The records that a query means, as rows of the segments: their number, their pages and what they count to."""

from dataclasses import dataclass
from functools import cmp_to_key, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from eln.accounts.scope import Scope
from knowledge.index.arrays import Mask, Segment, counted, packed
from knowledge.index.bases import DOCUMENT
from knowledge.index.columns import Column
from knowledge.index.elements import bits
from knowledge.index.reader import Snapshot
from knowledge.query.links import translation
from knowledge.query.masks import Masks, finder
from knowledge.query.ordering import Ranked, before
from knowledge.query.paging import Order
from knowledge.query.types import Query, Scalar

if TYPE_CHECKING:
    import duckdb

MOST_FACETS = 500
SPARSE = 16  # where fewer rows than one in so many are chosen, they are counted one by one
Place = tuple[int, int]  # number of the segment, row in it
Keys = tuple[Scalar | None, ...]
Counted = tuple[NDArray[np.float64], NDArray[np.int64]]  # different numbers, rising, and how many records state each


@dataclass(frozen=True)
class Matches:
    """The rows of each segment that a query means."""

    snapshot: Snapshot
    cursor: "duckdb.DuckDBPyConnection"
    masks: Masks
    key: object = None

    @property
    def count(self) -> int:
        """How many there are."""
        return int(sum(np.count_nonzero(mask) for mask in self.masks))

    def parts(self) -> list[tuple[Segment, Mask]]:
        """The segments that have any, with their rows."""
        return [(s, mask) for s, mask in zip(self.snapshot.segments, self.masks, strict=True) if mask.any()]

    def numbers(self, column: str) -> NDArray[np.float64]:
        """The numbers they state in a column, in any order."""
        found = [segment.numbers(self.cursor, column)[mask] for segment, mask in self.parts()]
        every = np.concatenate(found) if found else np.empty(0)
        return every[~np.isnan(every)]

    def counted(self, column: str) -> list[Counted]:
        """How many state each number of a column, segment by segment."""
        return self.snapshot.remember((self.key, "numbers", column), lambda: self._counted(column))

    def _counted(self, column: str) -> list[Counted]:
        found = []
        for segment, mask in self.parts():
            ranks, values = segment.ranked(self.cursor, column)
            counts = np.bincount(ranks[mask], minlength=len(values) + 1)[: len(values)]
            stated = np.flatnonzero(counts)
            found.append((values[stated], counts[stated]))
        return found

    def facet(self, column: Column) -> dict[str, int] | None:
        """How many have each value; none where the column has no codes. The largest counts first."""
        return self.snapshot.remember((self.key, column.name), lambda: self._facet(column))

    def _facet(self, column: Column) -> dict[str, int] | None:
        totals: dict[str, int] = {}
        for segment, mask in self.parts():
            found = (
                _elements(segment, self.cursor, mask)
                if column.name == "elements"
                else _codes(segment, self.cursor, column.name, mask)
            )
            if found is None:
                return None
            for word, number in found.items():
                totals[word] = totals.get(word, 0) + number
        order = sorted(totals.items(), key=lambda pair: (-pair[1], _value(column, pair[0])))
        return {shown(column, word): number for word, number in order[:MOST_FACETS]}

    def grouped(self, column: str, by: str) -> dict[str, NDArray[np.float64]] | None:
        """The numbers of a column for each value of another; none where that has no codes."""
        found: dict[str, list[NDArray[np.float64]]] = {}
        for segment, mask in self.parts():
            coded = segment.codes(self.cursor, by)
            if coded is None:
                return None
            values, codes = segment.numbers(self.cursor, column)[mask], coded[0][mask]
            known = ~np.isnan(values) & (codes != len(coded[1]))
            values, codes = values[known], codes[known]
            if not len(values):
                continue
            order = np.argsort(codes, kind="stable")
            present, starts = np.unique(codes[order], return_index=True)
            for code, part in zip(present, np.split(values[order], starts[1:]), strict=True):
                found.setdefault(coded[1][code].decode(), []).append(part)
        return {word: np.concatenate(parts) for word, parts in found.items()}

    def page(self, order: Order, after: str | None, offset: int, limit: int) -> list[tuple[Place, Keys]]:
        """Where the records of a page are, and their keys in the order; one more than `limit` where there is one."""
        behind = order.read(after) if after else None
        found: list[tuple[Place, Keys]] = []
        alone = len(self.parts()) == 1
        for at, (segment, mask) in enumerate(zip(self.snapshot.segments, self.masks, strict=True)):
            if not mask.any():
                continue
            ranked = Ranked(segment, self.cursor, order)
            chosen = mask if behind is None else mask & ranked.behind(behind)
            rows = ranked.first(chosen, offset + limit + 1)
            rows = rows[offset:] if alone else rows
            found += [((at, row), keys) for row, keys in zip(rows.tolist(), ranked.keys(rows), strict=True)]
        merged = sorted(found, key=cmp_to_key(partial(_before, order)))
        return merged[: limit + 1] if alone else merged[offset : offset + limit + 1]

    def materials(self) -> "Matches":
        """Of each formula the record of the smallest id; records without a formula are left out."""
        firsts = [
            self._first_of_each(segment, mask) for segment, mask in zip(self.snapshot.segments, self.masks, strict=True)
        ]
        kept = [np.ones(len(rows), dtype=np.bool_) for _words, rows, _ids in firsts]
        for one, (words, _rows, ids) in enumerate(firsts):
            for other in range(one):
                ranked = translation(words, firsts[other][0])
                shared = np.arange(len(words)) if ranked is None else np.flatnonzero(ranked >= 0)
                there = shared if ranked is None else ranked[shared]
                later = ids[shared] > firsts[other][2][there]
                kept[one][shared[later]], kept[other][there[~later]] = False, False
        masks = [np.zeros(len(mask), dtype=np.bool_) for mask in self.masks]
        for mask, (_words, rows, _ids), chosen in zip(masks, firsts, kept, strict=True):
            mask[rows[chosen]] = True
        return Matches(self.snapshot, self.cursor, masks, ("materials", self.key))

    def _first_of_each(
        self, segment: Segment, mask: Mask
    ) -> tuple[NDArray[np.bytes_], NDArray[np.int64], NDArray[np.bytes_]]:
        """The formulae of a segment's rows, rising; the first row of each, which lies before the others; its record's id."""
        coded = segment.codes(self.cursor, "formula")
        if coded is None:
            raise AssertionError("formulae are short")
        codes, labels = coded
        rows = np.flatnonzero(mask & (codes != len(labels)))
        present, at = np.unique(codes[rows], return_index=True)
        ids = segment.keys(self.cursor)[0][segment.ranks(self.cursor)[rows[at]]]
        return labels[present], rows[at], ids


def _before(order: Order, one: tuple[Place, Keys], other: tuple[Place, Keys]) -> int:
    return before(order, one[1], other[1])


def fetched(segment: Segment, cursor: "duckdb.DuckDBPyConnection", rows: list[int]) -> dict[int, list[Any]]:
    """What is shown of these rows of a segment: the columns of DOCUMENT."""
    documents = segment.documents(np.asarray(rows))
    if documents is not None:
        return {row: orjson.loads(document) for row, document in zip(rows, documents, strict=True)}
    text = f"SELECT {DOCUMENT}, row FROM {segment.relation} WHERE row IN (SELECT unnest($rows::BIGINT[]))"  # noqa: S608 - our columns
    return {item[-1]: list(item[:-1]) for item in cursor.execute(text, {"rows": rows}).fetchall()}


def matches(query: Query, scope: Scope, snapshot: Snapshot) -> Matches:
    """The records that the query means and the scope may read; kept with the snapshot for the next page of them."""
    rights = None if scope.everything else tuple(sorted(scope.readable))
    key = (repr(query.where), query.topic, query.kinds, rights)
    kept = snapshot.masks(key)
    if kept is not None:
        return Matches(snapshot, snapshot.cursor(), kept, key)
    looking = finder(snapshot, query, scope)
    masks = looking.found(query)
    snapshot.keep(key, masks)
    return Matches(snapshot, looking.cursor, masks, key)


def _elements(segment: Segment, cursor: "duckdb.DuckDBPyConnection", mask: Mask) -> dict[str, int]:
    counts = counted(segment.element_bitmaps(cursor), packed(mask))
    return {symbol: int(counts[at]) for symbol, at in bits().items() if counts[at]}


def _codes(segment: Segment, cursor: "duckdb.DuckDBPyConnection", column: str, mask: Mask) -> dict[str, int] | None:
    coded = segment.codes(cursor, column)
    if coded is None:
        return None
    codes, labels = coded
    sparse = np.count_nonzero(mask) * SPARSE < len(mask)
    maps = None if sparse else segment.bitmaps(cursor, column)
    counts = np.bincount(codes[mask], minlength=len(labels) + 1) if maps is None else counted(maps, packed(mask))
    return {labels[at].decode(): int(counts[at]) for at in np.flatnonzero(counts[: len(labels)])}


def _value(column: Column, word: str) -> Any:
    return float(word) if column.family == "number" else word


def shown(column: Column, word: str) -> str:
    """The text of a value as facets and groups name it."""
    if column.family != "number":
        return word
    value = float(word)
    return str(int(value)) if value.is_integer() else str(value)
