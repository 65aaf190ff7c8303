"""What the search page shows of one answer, as values for its templates."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import Any

from django.utils.translation import gettext as _

from eln.accounts.scope import Scope
from knowledge.errors import KnowledgeError
from knowledge.materials import conditions as asked_for
from knowledge.materials import facets as narrow
from knowledge.materials import plots
from knowledge.materials import presentation as show
from knowledge.materials.box import near_words
from knowledge.materials.conditions import Condition
from knowledge.materials.search import MOST_COMPARED, SAME, VIEWS, SearchState, default_columns, toggled
from knowledge.materials.texts import KIND_BADGES, SAME_LABELS, VIEW_LABELS
from knowledge.query.executor import run
from knowledge.query.properties import names
from knowledge.query.types import Evidence, Query
from knowledge.topics.schema import topics

Context = dict[str, Any]  # what a template is given
MOST_LOOSENED = 8


@dataclass(frozen=True)
class Head:
    """The head of a column: its name, unit, and the address that sorts by it."""

    property: str
    label: str
    unit: str
    address: str
    now: str
    numeric: bool = False


def results(state: SearchState, scope: Scope) -> Context:
    """Everything that the page shows for this state. Raises QueryError for a search that cannot be answered."""
    found = asked_for.conditions(state)
    query = asked_for.query_of(state, found)
    evidence = run(query, scope=scope)
    counts = narrow.counts_of(state, found, scope)
    columns = asked_for.columns_of(state)
    return {
        "state": state,
        "evidence": evidence,
        "query": query,
        "understood": asked_for.understood(state),
        "readings": _readings(state),
        "conditions": [(one, state.address(**one.dropped)) for one in found],
        "as_filter": _as_filter(found),
        "lines": show.lines(evidence.rows, [item for name in columns if (item := _shown(state, name))]),
        "heads": [_head(state, name) for name in columns],
        "fixed": {name: _head(state, name) for name in ("formula", "spacegroup_number", "dataset")},
        "facets": narrow.facets(state, counts),
        "elements": narrow.periodic_table(state, counts.get("elements", {})),
        "sliders": narrow.sliders(state, found, scope),
        "numbers": narrow.number_choices(state.topic),
        "tabs": _tabs(state, query, scope),
        "presets": _presets(state),
        "column_choices": _column_choices(state, columns),
        "same": [(name, SAME_LABELS[name]) for name in SAME],
        "compared": _compared(state, evidence),
        "loosen": _loosened(state, found, query, scope) if not evidence.count else [],
        "near": near_words(state.box) if not evidence.count and state.box else [],
        "badges": KIND_BADGES,
        "titles": narrow.dataset_titles(),
        "plain": SearchState(topic=state.topic, materials=state.materials, limit=state.limit).address(),
        "views": [(name, str(VIEW_LABELS[name]), state.address(view=name), state.view == name) for name in VIEWS],
        "plot": _plot(state, found, scope),
        **_paging(state, evidence),
    }


def _plot(state: SearchState, found: Sequence[Condition], scope: Scope) -> Context | None:
    if state.view == "scatter":
        return plots.scatter(state, found, scope)
    return plots.distribution(state, found, scope) if state.view == "distribution" else None


def _shown(state: SearchState, name: str) -> Any:  # a Property, or a stand-in for one that every record has
    return show.property_of(state.topic, name) or show.Fixed(name)


def _head(state: SearchState, name: str) -> Head:
    item = show.property_of(state.topic, name)
    now = "ascending" if state.sort_text == name else "descending" if state.sort_text == f"-{name}" else "none"
    return Head(
        name,
        show.property_label(state.topic, name),
        (item.unit or "") if item else "",
        state.address(sort_text=f"-{name}" if now == "ascending" else name),
        now,
        bool(item and item.type in ("number", "integer")),
    )


def _as_filter(found: Sequence[Condition]) -> str:
    try:
        return asked_for.as_filter(found)
    except KnowledgeError:  # a condition that has no filter text
        return ""


def _readings(state: SearchState) -> list[tuple[str, str]]:
    """Other ways in which the box could be read, with their addresses."""
    if not state.box:
        return []
    words = {
        "words": _("as words"),
        "formula": _("as a formula"),
        "elements": _("as elements"),
        "ids": _("as an id"),
        "filter": _("as a filter"),
    }
    now = asked_for.understood(state).way
    found = []
    for way, label in words.items():
        if way == now:
            continue
        try:
            asked_for.understood(replace(state, way=way))
        except KnowledgeError:
            continue
        found.append((label, state.address(way=way)))
    return found


def _paging(state: SearchState, evidence: Evidence) -> Context:
    first = (state.page - 1) * state.limit + 1 if evidence.rows else 0
    back = ""
    if state.page > 1 and len(state.trail) >= min(state.page - 1, 2):
        back = state.address(trail=state.trail[:-1], page=state.page - 1)
    return {
        "span": (first, first + len(evidence.rows) - 1 if evidence.rows else 0),
        "pages": max(1, ceil(evidence.count / state.limit)),
        "first_page": state.address() if state.page > 1 else "",
        "before": back,
        "after": state.address(trail=(*state.trail, evidence.next), page=state.page + 1) if evidence.next else "",
    }


def _tabs(state: SearchState, query: Query, scope: Scope) -> list[Context]:
    """All topics with the number of matches in each; conditions that only one topic can answer count there alone."""
    counts: Mapping[str, int] = {}
    try:
        plain = replace(query, topic=None, limit=0, sort=(), after=None, facets=("topic",))
        counts = run(plain, scope=scope).facets["topic"]
    except KnowledgeError:  # the search speaks of properties that two topics mean differently
        counts = {}
    free = {"sort_text": "", "columns": (), "presets": (), "axes": {}}
    tabs = [
        {
            "label": _("All topics"),
            "address": state.address(topic=None, **free),
            "now": state.topic is None,
            "count": sum(counts.values()) if counts else None,
        }
    ]
    for name, schema in topics().items():
        tabs.append(
            {
                "id": name,
                "label": show.said(schema.label),
                "address": state.address(topic=name, **free),
                "now": state.topic == name,
                "count": counts.get(name, 0) if counts else None,
            }
        )
    return tabs


def _presets(state: SearchState) -> list[tuple[str, str, bool, str]]:
    """(label, address, chosen, filter) of the topic's ready-made filters."""
    schema = topics().get(state.topic or "")
    return [
        (
            show.said(one.label),
            state.address(presets=toggled(state.presets, one.id)),
            one.id in state.presets,
            one.filter,
        )
        for one in (schema.filters if schema else ())
    ]


def _column_choices(state: SearchState, columns: Sequence[str]) -> list[tuple[str, str, bool]]:
    """(id, label, shown) of all properties that can stand as columns, the shown ones first."""
    hidden = {"record", "topic", "dataset", "kind", "formula", "spacegroup_number"}
    every = [name for name in names(state.topic) if name not in hidden]
    rest = sorted(
        (name for name in every if name not in columns), key=lambda name: show.property_label(state.topic, name)
    )
    return [(name, show.property_label(state.topic, name), name in columns) for name in [*columns, *rest]]


def _compared(state: SearchState, evidence: Evidence) -> Context:
    """What has been picked to compare; `elsewhere` are those that are not on this page."""
    here = {key_of(state, row.record, row.formula) for row in evidence.rows}
    return {
        "keys": state.compared,
        "elsewhere": [key for key in state.compared if key not in here],
        "full": len(state.compared) >= MOST_COMPARED,
        "none": state.address(compared=(), trail=state.trail, page=state.page),
        "most": MOST_COMPARED,
    }


def key_of(state: SearchState, record: str, formula: str) -> str:
    """What a check box of a row picks: the record, or the material where each stands once."""
    return f"={formula}" if state.materials and formula else record


def _loosened(state: SearchState, found: Sequence[Condition], query: Query, scope: Scope) -> list[tuple[str, int, str]]:
    """(condition, matches without it, address without it) for an empty answer; those that would help first."""
    counted = []
    for one in found[:MOST_LOOSENED]:
        asked = replace(query, where=asked_for.joined(found, one.key), limit=0, sort=(), after=None, offset=0)
        counted.append((one.label, run(asked, scope=scope).count, state.address(**one.dropped)))
    if state.topic is not None:
        try:
            plain = replace(query, topic=None, limit=0, sort=(), after=None, offset=0)
            counted.append((_("only in this topic"), run(plain, scope=scope).count, state.address(topic=None)))
        except KnowledgeError:  # the other topics cannot answer it
            pass
    return sorted((item for item in counted if item[1]), key=lambda item: -item[1])


def columns_changed(state: SearchState) -> bool:
    """Whether other columns than the usual ones are shown."""
    return bool(state.columns) and state.columns != default_columns(state.topic)
