"""Plots over the present search: two number properties as points, one property's distribution, each by a class."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from eln.accounts.scope import Scope
from eln.ui.quantity import pretty_unit
from knowledge.errors import QueryError
from knowledge.materials import presentation as show
from knowledge.materials.conditions import Condition, choice_label, joined, kinds_of, unit_of
from knowledge.materials.facets import Bar, bars, number_choices, spread_is_wide
from knowledge.materials.search import SearchState
from knowledge.query.executor import run
from knowledge.query.properties import column_of, names
from knowledge.query.types import Aggregate, And, Binned, Compare, Filter, Histogram, Query, Row, Sort, Stated

MOST_POINTS = 4000
MOST_GROUPS = 7  # as many colours as can be told apart
BINS = 40
FIXED_CLASSES = ("kind", "dataset", "topic")


@dataclass(frozen=True)
class Axis:
    """One number property of a plot."""

    property: str
    label: str
    unit: str
    log: bool = False


@dataclass(frozen=True)
class Point:
    """One record in a plot."""

    x: float
    y: float
    group: str
    row: Row


def axis_of(state: SearchState, name: str) -> Axis:
    """The axis of a number property; raises QueryError for one that has no numbers."""
    if column_of(name, state.topic).family != "number":
        told = _("'%(name)s' has no numbers to choose a range of.") % {"name": name}
        raise QueryError(told, property=name)
    return Axis(name, show.property_label(state.topic, name), pretty_unit(unit_of(state.topic, name)))


def class_choices(topic: str | None) -> list[tuple[str, str]]:
    """(id, label) of what points can be coloured by."""
    found = [(name, show.property_label(topic, name)) for name in FIXED_CLASSES if topic is None or name != "topic"]
    for name in names(topic):
        item = show.property_of(topic, name)
        if item is not None and item.type in ("class", "boolean"):
            found.append((name, show.property_label(topic, name)))
    return found


def controls(state: SearchState) -> dict[str, Any]:
    """What a person can choose for a plot, with what is chosen now (the first choices where nothing is)."""
    numbers, classes = number_choices(state.topic), class_choices(state.topic)
    known = [name for name, _label in numbers]
    stated = [one.property for one in state.ranges] + [name for name in state.columns if name in known]
    first = list(dict.fromkeys([*stated, *_usual(state.topic, known), *known]))
    x = state.axes.get("x") or (first[0] if first else "")
    y = state.axes.get("y") or next((name for name in first if name != x), "")
    own = [name for name, _label in classes if name not in FIXED_CLASSES]
    return {
        "numbers": numbers,
        "classes": classes,
        "x": x,
        "y": y,
        "by": state.axes.get("by") or (own[0] if own else "kind"),
    }


def _usual(topic: str | None, known: Sequence[str]) -> list[str]:
    from knowledge.materials.search import default_columns

    return [name for name in default_columns(topic) if name in known]


def _stated(state: SearchState, found: Sequence[Condition], *wanted: str) -> Query:
    parts: list[Filter] = [Compare(name, "known") for name in wanted]
    if (where := joined(found)) is not None:
        parts.append(where)
    return Query(topic=state.topic, where=And(tuple(parts)), limit=0, kinds=kinds_of(state))


def points_of(
    state: SearchState, found: Sequence[Condition], x: str, y: str, by: str, *, scope: Scope
) -> tuple[list[Point], int]:
    """The records that state both properties: at most MOST_POINTS of them, picked by their id alone, and how many there are."""
    asked = replace(_stated(state, found, x, y), limit=MOST_POINTS, sort=(Sort("record"),))
    evidence = run(asked, scope=scope)
    placed = []
    for row in evidence.rows:
        across, up = (number_of(row.value(name), unit_of(state.topic, name), row, name) for name in (x, y))
        if across is not None and up is not None:
            placed.append(Point(across, up, _group(row, by), row))
    return placed, evidence.count


def number_of(stated: Stated | None, unit: str | None, row: Row, name: str) -> float | None:
    """A stated number in this unit; the fixed numbers of a record where no value states it."""
    if stated is None:
        fixed = {"nelements": len(row.elements) or None, "spacegroup_number": row.spacegroup_number}.get(name)
        return None if fixed is None else float(fixed)
    if isinstance(stated.value, bool) or not isinstance(stated.value, int | float):
        return None
    if stated.unit and unit and stated.unit != unit:
        from ingest.schemas import units

        return float(units.convert(float(stated.value), stated.unit, unit))
    return float(stated.value)


def _group(row: Row, by: str) -> str:
    if by in FIXED_CLASSES:
        return str(getattr(row, by))
    stated = row.value(by)
    if stated is None or stated.value is None:
        return ""
    return str(stated.value).lower() if isinstance(stated.value, bool) else str(stated.value)


def _groups(points: Sequence[Point]) -> list[str]:
    """The commonest groups, then the rest under one name (`*`), then those that state none (empty)."""
    counted = Counter(point.group for point in points if point.group)
    kept = [name for name, _count in counted.most_common(MOST_GROUPS)]
    rest = ["*"] if len(counted) > len(kept) else []
    return [*kept, *rest, *([""] if any(not point.group for point in points) else [])]


def group_label(topic: str | None, by: str, group: str) -> str:
    """A group for people."""
    if group == "*":
        return _("other")
    return choice_label(topic, by, group) if group else _("not stated")


def scatter(state: SearchState, found: Sequence[Condition], scope: Scope) -> dict[str, Any]:
    """What <lab-scatter> draws, and the same in figures."""
    chosen = controls(state)
    if not chosen["x"] or not chosen["y"]:
        return {"controls": chosen, "document": None}
    x, y = axis_of(state, chosen["x"]), axis_of(state, chosen["y"])
    points, count = points_of(state, found, x.property, y.property, chosen["by"], scope=scope)
    x = replace(x, log=spread_is_wide([point.x for point in points]))
    y = replace(y, log=spread_is_wide([point.y for point in points]))
    groups = _groups(points)
    labels = {group: group_label(state.topic, chosen["by"], group) for group in groups}
    placed = [[point for point in points if _among(point.group, groups) == group] for group in groups]
    document = {
        "x": {"label": x.label, "unit": x.unit, "log": x.log},
        "y": {"label": y.label, "unit": y.unit, "log": y.log},
        "url": reverse("knowledge:record", args=["RECORD"]),
        "groups": [
            {
                "label": labels[group],
                "x": [point.x for point in part],
                "y": [point.y for point in part],
                "records": [point.row.record for point in part],
                "names": [show.pretty_formula(point.row.formula) or point.row.external_id for point in part],
            }
            for group, part in zip(groups, placed, strict=True)
        ],
    }
    return {
        "controls": chosen,
        "document": document if points else None,
        "x": x,
        "y": y,
        "shown": len(points),
        "count": count,
        "figures": [
            (labels[group], len(part), _figures([p.x for p in part]), _figures([p.y for p in part]))
            for group, part in zip(groups, placed, strict=True)
        ],
        "csv": f"{reverse('knowledge:plot-csv')}?{_address(state, chosen)}",
    }


def _address(state: SearchState, chosen: Mapping[str, Any]) -> str:
    return state.address(axes={name: str(chosen[name]) for name in ("x", "y", "by")}, compared=())


def _among(group: str, groups: Sequence[str]) -> str:
    return group if group in groups else "*"


def _figures(values: Sequence[float]) -> tuple[float, float, float]:
    return min(values), median(values), max(values)


@dataclass(frozen=True)
class Distribution:
    """One row of a distribution: a group, how many records it has, and its bars."""

    label: str
    count: int
    bars: tuple[Bar, ...]


def distribution(state: SearchState, found: Sequence[Condition], scope: Scope) -> dict[str, Any]:
    """One property's distribution, a row of bars for each group; all rows share the axis, each has its own height."""
    chosen = controls(state)
    if not chosen["x"]:
        return {"controls": chosen, "rows": []}
    x = axis_of(state, chosen["x"])
    asked = _stated(state, found, x.property)
    least, most = (
        run(replace(asked, aggregate=Aggregate(f, x.property)), scope=scope).aggregate for f in ("min", "max")
    )
    if least is None or most is None:
        return {"controls": chosen, "rows": [], "x": x}
    log = spread_is_wide([least, most])
    evidence = run(replace(asked, histograms=(Histogram(x.property, BINS, log=log, by=chosen["by"]),)), scope=scope)
    binned = next(iter(evidence.histograms), None)
    return {
        "controls": chosen,
        "x": replace(x, log=log),
        "least": least,
        "most": most,
        "rows": _rows(state, chosen["by"], binned) if binned else [],
        "count": evidence.count,
        "csv": f"{reverse('knowledge:plot-csv')}?{_address(state, chosen)}",
    }


def _rows(state: SearchState, by: str, binned: Binned) -> list[Distribution]:
    found = [Distribution(_("all"), sum(binned.counts), bars(binned, None, None))]
    ranked = sorted(binned.groups.items(), key=lambda pair: -sum(pair[1]))[: MOST_GROUPS + 1]
    for group, counts in ranked:
        one = Binned(binned.property, binned.unit, binned.edges, tuple(counts))
        found.append(Distribution(group_label(state.topic, by, group), sum(counts), bars(one, None, None)))
    return found


def csv_lines(state: SearchState, found: Sequence[Condition], scope: Scope) -> Iterator[str]:
    """The points of a scatter plot, or the bins of a distribution, as CSV with units in the head."""
    chosen = controls(state)
    if state.view == "distribution":
        yield from _bins_csv(state, found, chosen, scope)
        return
    x, y = axis_of(state, chosen["x"]), axis_of(state, chosen["y"])
    points, _count = points_of(state, found, x.property, y.property, chosen["by"], scope=scope)
    yield _line(["record", "formula", "dataset", "kind", _headed(x), _headed(y), chosen["by"]])
    for point in points:
        row = point.row
        yield _line([row.record, row.formula, row.dataset, row.kind, point.x, point.y, point.group])


def _bins_csv(state: SearchState, found: Sequence[Condition], chosen: Mapping[str, Any], scope: Scope) -> Iterator[str]:
    shown = distribution(state, found, scope)
    x = axis_of(state, chosen["x"])
    yield _line([chosen["by"], f"{_headed(x)} from … to: records", "records"])
    for row in shown["rows"]:
        for bar in row.bars:
            place, _colon, count = bar.told.rpartition(": ")
            yield _line([row.label, place, count])


def _headed(axis: Axis) -> str:
    return f"{axis.property} ({axis.unit})" if axis.unit else axis.property


def _line(cells: Sequence[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_tame(cell) for cell in cells])
    return buffer.getvalue()


def _tame(cell: object) -> object:
    """Text that a spreadsheet would take for a formula gets a quote before it."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell
