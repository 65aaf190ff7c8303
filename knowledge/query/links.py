"""Records of which another is the same in some respect: by counting keys, not by comparing records with each other."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import NotAnswered
from knowledge.index.arrays import Mask, Segment
from knowledge.index.reader import Snapshot

if TYPE_CHECKING:
    import duckdb

Coded = tuple[NDArray[Any], NDArray[np.bytes_]]
GROUPS = 1024  # more than there are space groups; 0 = none stated


def linked(
    snapshot: Snapshot,
    cursor: "duckdb.DuckDBPyConnection",
    same: str,
    columns: tuple[str, str],
    inner: list[Mask],
    wanted: bool,
) -> list[Mask]:
    """The rows that have (`wanted`) or have not another row among `inner` with the same key; without a key neither.

    `columns` hold the key of the rows asked about, and of the inner ones.
    """
    own = [_codes(segment, cursor, columns[0]) for segment in snapshot.segments]
    other = own if columns[0] == columns[1] else [_codes(segment, cursor, columns[1]) for segment in snapshot.segments]
    groups = [_groups(segment, cursor) for segment in snapshot.segments] if same == "material" else None
    found = []
    for at, (codes, labels) in enumerate(own):
        counts = np.zeros(len(labels) + 1, dtype=np.int64)
        for (there, words), mask in zip(other, inner, strict=True):
            counted = np.bincount(there[mask], minlength=len(words) + 1)
            _add(counts, counted, translation(words, labels), len(words))
        counts[-1] = 0
        holds = counts[codes] > inner[at]
        if groups is not None:
            holds = _refined(holds, at, own, groups, inner)
        known = codes != len(labels)
        found.append(holds if wanted else known & ~holds)
    return found


def _codes(segment: Segment, cursor: "duckdb.DuckDBPyConnection", column: str) -> Coded:
    coded = segment.codes(cursor, column)
    if coded is None:
        raise NotAnswered("Records cannot be linked by texts as long as these.")
    return coded


def _groups(segment: Segment, cursor: "duckdb.DuckDBPyConnection") -> NDArray[np.int64]:
    return np.nan_to_num(segment.numbers(cursor, "spacegroup_number"), nan=0).astype(np.int64)


def translation(words: NDArray[np.bytes_], labels: NDArray[np.bytes_]) -> NDArray[np.int64] | None:
    """For each of the words its rank among the labels, -1 where it is none of them; none where both are the same."""
    if words is labels:
        return None
    found = np.full(len(words), -1, dtype=np.int64)
    few, many = (words, labels) if len(words) < len(labels) else (labels, words)
    if not len(few):
        return found
    at = np.minimum(np.searchsorted(many, few), len(many) - 1)
    hits = np.flatnonzero(many[at] == few)
    found[hits if few is words else at[hits]] = at[hits] if few is words else hits
    return found


def _add(counts: NDArray[np.int64], more: NDArray[np.int64], ranked: NDArray[np.int64] | None, labels: int) -> None:
    if ranked is None:
        counts += more
        return
    shared = np.flatnonzero(ranked >= 0)
    counts[ranked[shared]] += more[:labels][shared]


def _refined(holds: Mask, at: int, coded: list[Coded], groups: list[NDArray[np.int64]], inner: list[Mask]) -> Mask:
    """Of rows with another of the same formula, those with one whose space group is the same, or not stated on either side."""
    codes, labels = coded[at]
    rows = np.flatnonzero(holds & (groups[at] > 0))
    if not len(rows):
        return holds
    keys = []
    for (there, words), group, mask in zip(coded, groups, inner, strict=True):
        chosen = np.flatnonzero(mask & (there != len(words)))
        ranked = translation(words, labels)
        ranks = there[chosen].astype(np.int64) if ranked is None else ranked[there[chosen]]
        keys.append((ranks * GROUPS + group[chosen])[ranks >= 0])
    pairs, counts = np.unique(np.concatenate(keys), return_counts=True)
    wanted = codes[rows].astype(np.int64) * GROUPS
    same = _looked_up(pairs, counts, wanted + groups[at][rows]) + _looked_up(pairs, counts, wanted)
    found = holds.copy()
    found[rows] = same > inner[at][rows]
    return found


def _looked_up(keys: NDArray[np.int64], counts: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    if not len(keys):
        return np.zeros(len(wanted), dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, counts[at], 0)
