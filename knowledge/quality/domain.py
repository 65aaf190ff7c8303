"""What is wrong with values: copies, outliers, unit mistakes, impossible numbers. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.identity.agreement import Pair, material_pairs, property_in, unit_factor
from knowledge.identity.domain import Statement
from knowledge.query.types import Stated

OUTLYING = 8.0  # robust standard deviations
FEWEST = 20  # values that a judgement about outliers needs
MOST_OF_ONE = 200  # outliers of one property that are listed
DECADES = 1.0  # values that span more are judged by their logarithm
COPIED_DIGITS = 5  # significant digits that two sources do not share by chance
SYSTEMATIC = 3  # materials whose values are off by one factor make it a unit
_FAMILIES = ("family", "material_group", "material_class", "prototype")  # ends of names of properties


@dataclass(frozen=True)
class Complaint:
    """One finding before it is stored; `detail` is what its reason is worded from."""

    kind: str
    topic: str
    dataset: str
    property: str
    formula: str = ""
    spacegroup: int | None = None
    record: str = ""
    value: str = ""
    unit: str = ""
    other_dataset: str = ""
    other_record: str = ""
    other_value: str = ""
    detail: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    size: float = 0.0
    project_id: int | None = None
    other_project_id: int | None = None


def value_text(stated: Stated) -> str:
    """A value as a list shows it: limits and ranges as such."""
    if stated.low is not None and stated.high is not None:
        return f"{stated.low:g}-{stated.high:g}"
    value = ", ".join(map(str, stated.value)) if isinstance(stated.value, tuple) else stated.value
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return f"{stated.bound or ''}{text}"[:200]


def _of_pair(kind: str, pair: Pair, **more: Any) -> Complaint:  # Any: fields of Complaint
    return Complaint(
        kind, pair.one.topic, pair.one.dataset, pair.name, pair.one.formula,
        pair.one.spacegroup if pair.one.spacegroup is not None else pair.other.spacegroup,
        pair.one.record, value_text(pair.first), pair.first.unit or "", pair.other.dataset, pair.other.record,
        value_text(pair.second), project_id=pair.one.project_id, other_project_id=pair.other.project_id, **more,
    )  # fmt: skip


def material_complaints(
    records: Sequence[Statement], compared: dict[tuple[str, str], list[int]], ratios: "Ratios"
) -> Iterator[Complaint]:
    """What is wrong among the statements of one material. `compared` counts [pairs between sources, of them apart] by (topic, property)."""
    for pair in material_pairs(records):
        if pair.between_sources:
            count = compared.setdefault((pair.one.topic, pair.name), [0, 0])
            count[0] += 1
            count[1] += not pair.agrees
            ratios.add(pair)
        if pair.agrees:
            if pair.between_sources and _copied(pair.first, pair.second):
                yield _of_pair("copy", pair)
            continue
        factor = _factor(pair)
        if factor:
            yield _of_pair("unit", pair, detail={"factor": factor}, size=3.0)
        else:
            yield _of_pair("conflict" if pair.between_sources else "repeated", pair, size=pair.distance)
    yield from _duplicates(records)


def _factor(pair: Pair) -> str | None:
    one, other = pair.first.value, pair.second.value
    if isinstance(one, bool) or isinstance(other, bool):
        return None
    if not isinstance(one, int | float) or not isinstance(other, int | float):
        return None
    return unit_factor(float(one), float(other))


def _copied(first: Stated, second: Stated) -> bool:
    digits = [re.sub(r"^[-0.]+|[.]|[eE].*$", "", one.raw or "") for one in (first, second)]
    return (
        first.value == second.value
        and digits[0] == digits[1]
        and len(digits[0]) >= COPIED_DIGITS
        and digits[0].isdigit()
    )


def _duplicates(records: Sequence[Statement]) -> Iterator[Complaint]:
    """Records of one data set that say exactly the same of the same thing."""
    said: dict[tuple[Any, ...], Statement] = {}
    for record in records:
        key = (record.dataset, record.formula_source, record.spacegroup, record.external_id,
               tuple(sorted((s.property, str(s.value), str(s.conditions), s.method or "") for s in record.stated)))  # fmt: skip
        first = said.setdefault(key, record)
        if first is not record and record.stated:
            yield Complaint(
                "duplicate", record.topic, record.dataset, "", record.formula, record.spacegroup, record.record,
                other_dataset=first.dataset, other_record=first.record, project_id=record.project_id,
                other_project_id=first.project_id,
            )  # fmt: skip


class Ratios:
    """Ratios of values of the same entries in two data sets: one factor over many materials is a unit, not physics."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str, str, str], list[float]] = defaultdict(list)
        self._projects: dict[tuple[str, str, str, str, str], tuple[int | None, int | None]] = {}

    def add(self, pair: Pair) -> None:
        """Take in a pair of numbers."""
        if _plain(pair.first.value) and _plain(pair.second.value) and pair.second.value:
            key = (pair.one.topic, pair.name, pair.one.dataset, pair.other.dataset, pair.first.unit or "")
            self._found[key].append(float(pair.first.value) / float(pair.second.value))  # type: ignore[arg-type]  # numbers
            self._projects[key] = (pair.one.project_id, pair.other.project_id)

    def complaints(self) -> Iterator[Complaint]:
        """Data sets whose values are off by a known factor from another's, for at least SYSTEMATIC materials."""
        for key, ratios in self._found.items():
            topic, name, one, other, unit = key
            middle = float(np.median(ratios))
            factor = unit_factor(1.0, abs(middle)) if middle else None
            alike = sum(unit_factor(1.0, abs(ratio)) == factor for ratio in ratios if ratio) if factor else 0
            if factor and alike >= SYSTEMATIC:
                mine, theirs = self._projects[key]
                yield Complaint(
                    "unit", topic, one, name, unit=unit, other_dataset=other, size=100.0 + alike,
                    detail={"factor": factor, "ratio": middle, "materials": alike},
                    project_id=mine, other_project_id=theirs,
                )  # fmt: skip


def _plain(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Numbers:
    """All numbers of each property, to find those far from all others; by family of materials where a record names one."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, str, str], list[float]] = defaultdict(list)
        self._of: dict[tuple[str, str, str, str], list[tuple[Statement, Stated, str]]] = defaultdict(list)

    def add(self, record: Statement) -> Iterator[Complaint]:
        """Take in a record; impossible values are told at once."""
        family = next((str(s.value) for s in record.stated if s.property.endswith(_FAMILIES) and s.value), "")
        for stated in record.stated:
            item = property_in(record.topic, stated.property)
            if item is None or item.type not in ("number", "integer") or not _plain(stated.value):
                continue
            value = float(stated.value)  # type: ignore[arg-type]  # numbers only
            if (item.low is not None and value < item.low) or (item.high is not None and value > item.high):
                yield _alone("impossible", record, stated, {"low": item.low, "high": item.high}, 10.0)
            elif item.type == "number" and not stated.bound and not item.condition:  # counts have long tails
                for group in dict.fromkeys(("", family)):
                    key = (record.topic, stated.property, stated.unit or "", group)
                    self._values[key].append(value)
                    self._of[key].append((record, stated, family))

    def outliers(self) -> Iterator[Complaint]:
        """Values more than OUTLYING robust standard deviations from the median of their family, where it is large enough to
        judge them, else of their property."""
        for key in sorted(self._values):
            values = np.array(self._values[key])
            scores, logarithmic = robust_scores(values)
            order = [int(at) for at in np.argsort(-np.abs(scores)) if abs(scores[at]) > OUTLYING]
            for at in order[:MOST_OF_ONE]:
                record, stated, family = self._of[key][at]
                if family != key[3] and len(self._values[(*key[:3], family)]) >= FEWEST:
                    continue  # its family knows better
                detail = {
                    "score": round(float(scores[at]), 1), "median": float(np.median(values)), "count": len(values),
                    "family": key[3], "log": logarithmic,
                }  # fmt: skip
                yield _alone("outlier", record, stated, detail, min(abs(float(scores[at])) / 10, 9.0))


def _alone(kind: str, record: Statement, stated: Stated, detail: dict[str, Any], size: float) -> Complaint:
    return Complaint(
        kind, record.topic, record.dataset, stated.property, record.formula, record.spacegroup, record.record,
        value_text(stated), stated.unit or "", detail=detail, size=size, project_id=record.project_id,
    )  # fmt: skip


def robust_scores(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], bool]:
    """Distance of each value from the median in robust standard deviations, and whether logarithms were judged. values: shape (n,).

    Fewer than FEWEST values, or more than half of them equal, give zeros: then nothing can be said. Source: 1.4826 MAD.
    """
    zeros = np.zeros(len(values))
    if len(values) < FEWEST or not np.isfinite(values).all():
        return zeros, False
    positive = bool((values > 0).all())
    low, high = np.percentile(values, [5, 95])
    logarithmic = positive and float(np.log10(high / low)) > DECADES
    used = np.log10(values) if logarithmic else values
    away = np.abs(used - np.median(used))
    scale = 1.4826 * float(np.median(away))
    if scale <= 0:
        return zeros, logarithmic
    return (used - np.median(used)) / scale, logarithmic


def coverage_add(counts: dict[str, dict[str, dict[str, Any]]], record: Statement) -> None:
    """Count a record by topic and data set, for each project apart: {topic: {dataset: {project: {records, properties}}}}."""
    place = counts.setdefault(record.topic, {}).setdefault(record.dataset, {})
    place = place.setdefault(
        str(record.project_id or ""), {"records": 0, "formula": 0, "spacegroup_number": 0, "properties": {}}
    )
    place["records"] += 1
    place["formula"] += bool(record.formula)
    place["spacegroup_number"] += record.spacegroup is not None
    for name in {stated.property for stated in record.stated if stated.value is not None}:
        place["properties"][name] = place["properties"].get(name, 0) + 1
