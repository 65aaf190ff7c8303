"""Which rows of each segment a filter finds: plain comparisons on the arrays of the index, the others in SQL.

A filter is asked either for the rows where it is true, or for those where it is false; the rest is unknown. AND, OR and
NOT follow from that, and every part that was found once is kept with its segment.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eln.accounts.scope import Scope
from knowledge.index.arrays import Mask, Segment
from knowledge.index.columns import Column
from knowledge.index.elements import bits
from knowledge.index.reader import Snapshot
from knowledge.query import properties
from knowledge.query.links import linked
from knowledge.query.sql import Compiler, Parameters, filter_checked
from knowledge.query.types import And, Compare, Filter, HasElements, Linked, Not, Or, Query
from knowledge.records.models import Kind

if TYPE_CHECKING:
    import duckdb

Masks = list[Mask]
PLAIN = ("=", "!=", "<", "<=", ">", ">=", "in", "known", "unknown")


@dataclass(frozen=True)
class Finder:
    """Finds rows in one snapshot for one reader; `readable` are the rows that the rights and kinds leave."""

    snapshot: Snapshot
    cursor: "duckdb.DuckDBPyConnection"
    readable: Masks

    def found(self, query: Query) -> Masks:
        """The rows that a query means, in each segment."""
        masks = self.within(query.topic)
        if query.where is None:
            return masks
        filter_checked(query.where)
        return both(masks, self.truth(query.where, query.topic, True))

    def within(self, topic: str | None) -> Masks:
        """The readable rows of a topic (none = of any)."""
        if topic is None:
            return list(self.readable)
        return both(self.readable, self.truth(Compare("topic", "=", topic), None, True))

    def truth(self, part: Filter, topic: str | None, wanted: bool) -> Masks:
        """The rows for which a filter is surely true (`wanted`), or surely false."""
        match part:
            case And(parts):
                return self._joined(parts, topic, wanted, every=wanted)
            case Or(parts):
                return self._joined(parts, topic, wanted, every=not wanted)
            case Not(inner):
                return self.truth(inner, topic, not wanted)
            case Linked():
                return self._linked(part, topic, wanted)
        compiled = self._compiled(part, topic, wanted)  # also finds what cannot be asked
        return [
            segment.mask((compiled[0], repr(compiled[1])), lambda: self._leaf(segment, part, topic, wanted, compiled))  # noqa: B023
            for segment in self.snapshot.segments
        ]

    def _joined(self, parts: tuple[Filter, ...], topic: str | None, wanted: bool, *, every: bool) -> Masks:
        masks = [np.full(segment.rows, every) for segment in self.snapshot.segments]
        for inner in parts:
            for mask, other in zip(masks, self.truth(inner, topic, wanted), strict=True):
                (np.logical_and if every else np.logical_or)(mask, other, out=mask)
        return masks

    def _linked(self, part: Linked, topic: str | None, wanted: bool) -> Masks:
        properties.topic_checked(part.topic)
        inner = both(self.within(part.topic), self.truth(part.where, part.topic, True))
        own, other = (properties.link_column(part.same, place) for place in (topic, part.topic))
        return linked(self.snapshot, self.cursor, part.same, (own.name, other.name), inner, wanted)

    def _compiled(self, part: Filter, topic: str | None, wanted: bool) -> tuple[str, dict[str, object]]:
        parameters = Parameters()
        condition = Compiler(topic, parameters, every=self.snapshot.filled).condition(part)
        return (condition if wanted else f"NOT ({condition})"), parameters.given(condition)

    def _leaf(
        self, segment: Segment, part: Filter, topic: str | None, wanted: bool, compiled: tuple[str, dict[str, object]]
    ) -> Mask:
        if isinstance(part, HasElements):
            return self._composition(segment, part, wanted)
        if isinstance(part, Compare) and part.op in PLAIN:
            column = properties.column_of(part.property, topic)
            if column.every is None or column.every not in segment.filled:
                found = self._plain(segment, column, part, topic, wanted)
                if found is not None:
                    return found
        return segment.rows_where(self.cursor, *compiled)

    def _plain(self, segment: Segment, column: Column, part: Compare, topic: str | None, wanted: bool) -> Mask | None:
        if column.name == "record" and part.op in ("=", "in"):
            return self._records(segment, part, wanted)
        if column.family == "number":
            return _number(segment.numbers(self.cursor, column.name), column, part, topic, wanted)
        if column.family in ("text", "boolean") and part.op in ("=", "!=", "in", "known", "unknown"):
            coded = segment.codes_at_hand(self.cursor, column.name)
            return None if coded is None else _coded(coded, column, part, topic, wanted)
        return None

    def _records(self, segment: Segment, part: Compare, wanted: bool) -> Mask:
        asked = part.value if isinstance(part.value, tuple) else (part.value,)
        found = np.full(segment.rows, not wanted)
        ids = np.array([str(one).encode() for one in asked] or [b""], dtype=np.bytes_)
        found[segment.rows_of(self.cursor, ids)] = wanted
        return found

    def _composition(self, segment: Segment, part: HasElements, wanted: bool) -> Mask:
        maps = segment.element_bitmaps(self.cursor)
        known = ~np.isnan(segment.numbers(self.cursor, "nelements"))
        asked = [bits()[symbol] for symbol in part.elements if symbol in bits()]
        strange = len(asked) < len(part.elements)
        others = [at for at in range(len(maps)) if at not in asked]

        def some(rows: list[int]) -> Mask:
            union = np.bitwise_or.reduce(maps[rows], axis=0) if rows else np.zeros(maps.shape[1], dtype=np.uint64)
            return _unpacked(union, segment.rows)

        def all_of() -> Mask:
            if strange:
                return np.zeros(segment.rows, dtype=np.bool_)
            return _unpacked(np.bitwise_and.reduce(maps[asked], axis=0), segment.rows) if asked else known

        tests: dict[str, Callable[[], Mask]] = {
            "all": all_of,
            "any": lambda: some(asked),
            "none": lambda: ~some(asked),
            "only": lambda: ~some(others),
            "exactly": lambda: all_of() & ~some(others),
        }
        held = tests[part.mode]()
        return known & held if wanted else known & ~held


def _unpacked(words: NDArray[np.uint64], rows: int) -> Mask:
    return np.unpackbits(words.view(np.uint8), count=rows).view(np.bool_)


def _number(values: NDArray[np.float64], column: Column, part: Compare, topic: str | None, wanted: bool) -> Mask:
    if part.op in ("known", "unknown"):
        return np.asarray(np.isnan(values) != ((part.op == "known") == wanted), dtype=np.bool_)
    if part.op == "in":
        each = part.value if isinstance(part.value, tuple) else (part.value,)
        found = [_number(values, column, Compare(part.property, "=", one, part.unit), topic, wanted) for one in each]
        join = np.logical_or if wanted else np.logical_and
        found.append(np.full(len(values), not wanted))
        return np.asarray(join.reduce(found), dtype=np.bool_)
    low, high = properties.number_bounds(column, topic, part.value, part.unit)
    op = part.op if wanted else {"=": "!=", "!=": "=", "<": ">=", "<=": ">", ">": "<=", ">=": "<"}[part.op]
    tests: dict[str, Callable[[], Mask]] = {
        "=": lambda: values == low if low == high else (values >= low) & (values <= high),
        "!=": lambda: (values < low) | (values > high),
        "<": lambda: values < low,
        "<=": lambda: values <= high,
        ">": lambda: values > high,
        ">=": lambda: values >= low,
    }
    return tests[op]()


def _coded(
    coded: tuple[NDArray[Any], NDArray[np.bytes_]], column: Column, part: Compare, topic: str | None, wanted: bool
) -> Mask:
    codes, labels = coded
    known = codes != len(labels)
    if part.op in ("known", "unknown"):
        return np.asarray(known == ((part.op == "known") == wanted), dtype=np.bool_)
    each = part.value if part.op == "in" and isinstance(part.value, tuple) else (part.value,)
    same = np.zeros(len(codes), dtype=np.bool_)
    for value in each:
        word = (
            ("true" if value else "false")
            if column.family == "boolean"
            else properties.text_value(column, topic, value)
        )
        at = rank(labels, word)
        if at is not None:
            same |= codes == at
    if (part.op == "!=") == wanted:
        return known & ~same if each else np.full(len(codes), not wanted)
    return same


def rank(labels: NDArray[np.bytes_], word: str) -> int | None:
    """The code of a text; none where no row has it."""
    spelled = word.encode()
    if len(spelled) > labels.dtype.itemsize or spelled.endswith(b"\0"):
        return None
    at = int(np.searchsorted(labels, np.bytes_(spelled)))
    return at if at < len(labels) and labels[at] == spelled else None


def both(masks: Masks, others: Masks) -> Masks:
    """The rows that are in both, segment by segment."""
    return [mask & other for mask, other in zip(masks, others, strict=True)]


def finder(snapshot: Snapshot, query: Query, scope: Scope) -> Finder:
    """A finder of what this reader may see, of the kinds that the query asks for."""
    cursor, kinds = snapshot.cursor(), properties.kinds_checked(query.kinds)
    rights = None if scope.everything else tuple(sorted(scope.readable))
    masks = []
    for segment, alive in zip(snapshot.segments, snapshot.alive, strict=True):
        mask = segment.mask(("readable", rights, kinds), lambda: _readable(segment, cursor, rights, kinds))  # noqa: B023
        masks.append(mask if alive is None else mask & alive)
    return Finder(snapshot, cursor, masks)


def _readable(
    segment: Segment, cursor: "duckdb.DuckDBPyConnection", rights: tuple[int, ...] | None, kinds: tuple[str, ...]
) -> Mask:
    asked = Compare("kind", "in", kinds) if kinds else Compare("kind", "!=", Kind.PREDICTION.value)
    coded = segment.codes(cursor, "kind")
    if coded is None:
        raise AssertionError("kinds are short words")
    mask = _coded(coded, properties.column_of("kind", None), asked, None, True)
    if rights is not None:
        project = segment.numbers(cursor, "project_id")
        mask = mask & (np.isnan(project) | np.isin(project, rights))
    return mask
