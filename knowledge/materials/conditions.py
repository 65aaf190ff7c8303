"""The conditions of a search, each with its words for people, its filter, and what takes it away again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from eln.ui.quantity import pretty_number, pretty_unit
from knowledge.errors import QueryError
from knowledge.materials import presentation as show
from knowledge.materials.box import Understood, box_read
from knowledge.materials.search import Also, Range, SearchState, default_columns
from knowledge.materials.texts import SAME_LABELS
from knowledge.materials.wording import dataset_title
from knowledge.query.filters import filter_text, parse_filter
from knowledge.query.properties import column_of
from knowledge.query.types import And, Compare, Filter, HasElements, Linked, Or, Query, Scalar
from knowledge.query.urls import sort_of
from knowledge.records.models import Dataset, Kind
from knowledge.topics.schema import topics


@dataclass(frozen=True)
class Condition:
    """One condition. `key` names what it comes from; `dropped` are the changes of the state without it."""

    key: str
    label: str
    where: Filter
    dropped: Mapping[str, Any]  # fields of SearchState


def understood(state: SearchState) -> Understood:
    """How the box is read in this topic."""
    return box_read(state.box, state.topic, state.way)


def conditions(state: SearchState) -> list[Condition]:
    """All conditions of the search in the order of the page. Raises QueryError for one that the topic cannot answer."""
    found = []
    if state.box:
        read = understood(state)
        if read.where is not None:
            found.append(Condition("box", state.box, read.where, {"box": "", "way": ""}))
    if state.filter_text:
        found.append(Condition("filter", state.filter_text, parse_filter(state.filter_text), {"filter_text": ""}))
    found += _presets(state)
    found += _elements(state)
    found += _facets(state)
    found += [_range(state, one) for one in state.ranges if one.low is not None or one.high is not None]
    return found + [_also(state, one) for one in state.also]


def _presets(state: SearchState) -> list[Condition]:
    schema = topics().get(state.topic or "")
    known = {one.id: one for one in schema.filters} if schema else {}
    found = []
    for name in state.presets:
        if name in known:
            rest = {"presets": tuple(other for other in state.presets if other != name)}
            found.append(
                Condition(f"preset:{name}", show.said(known[name].label), parse_filter(known[name].filter), rest)
            )
    return found


def _elements(state: SearchState) -> list[Condition]:
    comma = pgettext("between elements", ", ")
    found = []
    if state.must:
        told = _("with %(elements)s") % {"elements": comma.join(state.must)}
        found.append(Condition("must", told, HasElements(state.must), {"must": ()}))
    if state.any_of and not state.only:
        told = _("with any of %(elements)s") % {"elements": comma.join(state.any_of)}
        found.append(Condition("any", told, HasElements(state.any_of, "any"), {"any_of": ()}))
    if state.without:
        told = _("without %(elements)s") % {"elements": comma.join(state.without)}
        found.append(Condition("not", told, HasElements(state.without, "none"), {"without": ()}))
    if state.only and (state.must or state.any_of):
        allowed = (*state.must, *state.any_of)
        told = _("nothing but %(elements)s") % {"elements": comma.join(allowed)}
        found.append(Condition("only", told, HasElements(allowed, "only"), {"only": False}))
    return found


def facet_filter(pair: str, topic: str | None) -> Filter:
    """`property:value` as clicked; the value's type is that of the property."""
    name, _colon, text = pair.partition(":")
    column = column_of(name, topic)
    if name == "elements":
        return HasElements((text,))
    value: Scalar = text
    if column.family == "number":
        try:
            value = float(text)
        except ValueError as error:
            raise QueryError(_("'%(text)s' is not a number.") % {"text": text}, property=name) from error
    elif column.family == "boolean":
        value = text == "true"
    return Compare(name, "contains" if column.family == "list" else "=", value)


def choice_label(topic: str | None, name: str, value: str) -> str:
    """A facet's value for people; a data set by its title."""
    if name == "dataset":
        title = Dataset.objects.filter(slug=value).values_list("title", flat=True).first()
        return dataset_title(title) if title else value
    return show.value_label(topic, name, value)


def _facets(state: SearchState) -> list[Condition]:
    """Values of one property are alternatives, those of several all hold; elements all hold."""
    grouped: dict[str, list[str]] = {}
    for pair in state.chosen:
        grouped.setdefault(pair.partition(":")[0], []).append(pair)
    found = []
    for name, pairs in grouped.items():
        tests = tuple(facet_filter(pair, state.topic) for pair in pairs)
        values = [choice_label(state.topic, name, pair.partition(":")[2]) for pair in pairs]
        joined = pgettext("between alternatives", " or ").join(values)
        where = tests[0] if len(tests) == 1 else And(tests) if name == "elements" else Or(tests)
        rest = {"chosen": tuple(pair for pair in state.chosen if pair not in pairs)}
        found.append(Condition(f"f:{name}", f"{show.property_label(state.topic, name)}: {joined}", where, rest))
    return found


def unit_of(topic: str | None, name: str) -> str | None:
    """The unit in which the page speaks of a property."""
    from knowledge.index.columns import unit_in

    return unit_in(topic, name)


def _range(state: SearchState, one: Range) -> Condition:
    tests: list[Filter] = []
    if one.low is not None:
        tests.append(Compare(one.property, ">=", one.low))
    if one.high is not None:
        tests.append(Compare(one.property, "<=", one.high))
    rest = {"ranges": tuple(Range(r.property) if r.property == one.property else r for r in state.ranges)}
    where = tests[0] if len(tests) == 1 else And(tuple(tests))
    return Condition(f"n:{one.property}", _range_told(state.topic, one), where, rest)


def _range_told(topic: str | None, one: Range) -> str:
    unit = pretty_unit(unit_of(topic, one.property))
    label = show.property_label(topic, one.property)
    low, high = pretty_number(one.low), pretty_number(one.high)
    if one.low is None:
        return f"{label} ≤ {high} {unit}".strip()
    if one.high is None:
        return f"{label} ≥ {low} {unit}".strip()
    return f"{label} {low} … {high} {unit}".strip()


def _also(state: SearchState, one: Also) -> Condition:
    topic = one.topic or None
    read = box_read(one.text, topic)
    linked: Filter = Linked(one.same, read.where if read.where is not None else And(()), topic)  # type: ignore[arg-type]  # checked
    if one.absent:
        from knowledge.query.types import Not

        linked = Not(linked)
    place = show.topic_label(one.topic) if one.topic else _("any topic")
    told = _("not in %(topic)s") if one.absent else _("also in %(topic)s")
    label = f"{told % {'topic': place}} ({SAME_LABELS[one.same]})" + (f": {one.text}" if one.text else "")
    return Condition(
        f"also:{one.spelled()}", label, linked, {"also": tuple(other for other in state.also if other != one)}
    )


def joined(found: Iterable[Condition], *without: str) -> Filter | None:
    """All conditions but those of these keys as one filter."""
    parts = tuple(one.where for one in found if one.key not in without)
    return parts[0] if len(parts) == 1 else And(parts) if parts else None


def kinds_of(state: SearchState) -> tuple[str, ...]:
    """The kinds that the search asks for; empty = all but predictions."""
    return tuple(Kind.values) if state.predicted else state.kinds


def query_of(state: SearchState, found: Iterable[Condition]) -> Query:
    """The one Query of the result table."""
    return Query(
        topic=state.topic,
        where=joined(found),
        sort=sort_of(state.sort_text),
        limit=state.limit,
        offset=state.base.offset if not state.trail else 0,
        kinds=kinds_of(state),
        entities="materials" if state.materials else "records",
        after=state.trail[-1] if state.trail else None,
    )


def columns_of(state: SearchState) -> tuple[str, ...]:
    """The properties that stand as columns."""
    return state.columns or default_columns(state.topic)


def as_filter(found: Iterable[Condition]) -> str:
    """The whole search as filter text; empty where it has none."""
    where = joined(found)
    return "" if where is None else filter_text(where)
