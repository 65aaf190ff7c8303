"""Where a file belongs, weighed from what speaks for each entry; pure."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SLACK = timedelta(minutes=2)  # of unsynchronised clocks
SURE = 0.75
LEAD = 0.12  # ahead of the next best
STATED, MODIFIED, NEIGHBOUR = 0.95, 0.85, 0.6  # a time the file states; its modification time; a run beside it
DECLARED, WRITTEN, NAMED = 0.9, 0.85, 0.55  # a sample the sender names; one the file names; one in the file's name
CONTRADICTED = 0.6  # the run is of another sample


@dataclass(frozen=True)
class Window:
    """A stretch of time of one run; `end` none while it goes on."""

    key: int
    start: datetime
    end: datetime | None


@dataclass(frozen=True)
class Evidence:
    """One thing that speaks for an entry: a key of REASONS, 0..1."""

    entry: int
    reason: str
    weight: float


@dataclass(frozen=True)
class Proposal:
    """An entry a file may belong to. `score` 0..1; `reasons` the strongest first."""

    entry: int
    score: float
    reasons: tuple[str, ...]


def overlap(window: Window, start: datetime, end: datetime) -> timedelta:
    """How long both went on; an instant within counts as two microseconds, one within the clocks' slack as one, else zero."""
    latest = end if window.end is None else min(window.end, end)
    shared = latest - max(window.start, start)
    if shared >= timedelta(0):
        return max(shared, timedelta(microseconds=2))
    return timedelta(microseconds=1) if shared >= -SLACK else timedelta(0)


def best(windows: Sequence[Window], start: datetime, end: datetime) -> tuple[int | None, bool]:
    """(key of the window with the longest overlap or none, whether two fit equally well)."""
    ranked = sorted(((overlap(window, start, end), window.key) for window in windows), reverse=True)
    if not ranked or ranked[0][0] <= timedelta(0):
        return None, False
    if len(ranked) > 1 and ranked[1][0] == ranked[0][0]:
        return None, True
    return ranked[0][1], False


def by_time(windows: Sequence[Window], start: datetime, end: datetime, *, weight: float, reason: str) -> list[Evidence]:
    """What the times say: the whole weight inside a run, less where only a part of the file lies in it, or two runs fit."""
    key, tied = best(windows, start, end)
    found = []
    for window in windows:
        shared = overlap(window, start, end)
        if shared <= timedelta(0):
            continue
        length = (end - start).total_seconds()
        share = 1.0 if length <= 0 else min((shared + 2 * SLACK).total_seconds() / length, 1.0)
        alone = window.key == key
        found.append(Evidence(window.key, reason, weight * (1.0 if alone else 0.55) * (0.6 + 0.4 * share)))
    return found if not tied else [Evidence(one.entry, one.reason, one.weight) for one in found]


def proposals(evidence: Iterable[Evidence], most: int = 3) -> list[Proposal]:
    """The entries by how much speaks for each; independent reasons add up."""
    doubt: dict[int, float] = {}
    reasons: dict[int, list[Evidence]] = {}
    for one in evidence:
        doubt[one.entry] = doubt.get(one.entry, 1.0) * (1.0 - one.weight)
        reasons.setdefault(one.entry, []).append(one)
    ranked = [
        Proposal(
            entry,
            round(1.0 - left, 3),
            tuple(dict.fromkeys(one.reason for one in sorted(reasons[entry], key=lambda one: -one.weight))),
        )
        for entry, left in doubt.items()
    ]
    return sorted(ranked, key=lambda one: (-one.score, -one.entry))[:most]


def settled(ranked: Sequence[Proposal]) -> Proposal | None:
    """The proposal that is sure enough to act on without a person."""
    if not ranked or ranked[0].score < SURE:
        return None
    return ranked[0] if len(ranked) == 1 or ranked[0].score - ranked[1].score >= LEAD else None


def same_sample(one: str, other: str) -> bool:
    """Whether two spellings mean one sample: signs and capitals aside, or one within the other."""
    first, second = (re.sub(r"[^0-9a-z一-鿿]", "", text.lower()) for text in (one, other))
    return bool(first and second) and (first in second or second in first)


def pattern_of(file_name: str) -> str:
    """What names of such files have in common: every number is *."""
    return re.sub(r"\*[-_. ]?(?=\*)", "", re.sub(r"\d+", "*", file_name.lower()))[:400]


def name_parts(file_name: str, most: int = 6) -> set[str]:
    """Pieces of a file's name that may be a sample's: between separators, with a digit, lower case."""
    stem = file_name.rsplit(".", 1)[0].lower()
    edges = [match.start() for match in re.finditer(r"[\s_()\[\].,;+#@-]", stem)]
    starts, ends = [0, *(edge + 1 for edge in edges)], [*edges, len(stem)]
    parts = {
        stem[start:end] for at, start in enumerate(starts) for end in ends[at : at + most] if 3 <= end - start <= 120
    }
    return {part for part in parts if re.search(r"\d", part)}
