"""What the pages show, as values for their templates; every read carries the reader's Scope."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from eln.accounts.scope import Scope
from ingest.gateway.models import Receipt
from knowledge.errors import KnowledgeError
from knowledge.graph.domain import Edge, Graph
from knowledge.graph.selectors import neighbourhood
from knowledge.materials import presentation as show
from knowledge.materials.reasons import reasons_told
from knowledge.materials.search import SearchState
from knowledge.materials.structure import peaks_of
from knowledge.materials.texts import KIND_BADGES, KIND_LABELS, NODE_KINDS, RELATIONS
from knowledge.materials.wording import dataset_title, place_told
from knowledge.query.executor import run, stated_of
from knowledge.query.types import Evidence, Query
from knowledge.records.models import Dataset, Kind, Record
from knowledge.records.selectors import records_of
from knowledge.topics.schema import TopicSchema, topics

SHOWN_FACETS = 12
Context = dict[str, Any]  # what a template is given


@dataclass(frozen=True)
class Choice:
    """One value of a facet: how often it occurs among the matches, and the address that chooses or drops it."""

    label: str
    count: int
    address: str
    chosen: bool
    hint: str = ""


@dataclass(frozen=True)
class Facet:
    """A property with its commonest values among the matches."""

    name: str
    label: str
    choices: tuple[Choice, ...]
    more: tuple[Choice, ...]
    opened: bool = False


def topic_tabs() -> list[tuple[str, str]]:
    """The topics with their names."""
    return [(name, show.said(schema.label)) for name, schema in topics().items()]


def results(state: SearchState, evidence: Evidence, scope: Scope) -> Context:
    """What the search page shows of one answer."""
    query = evidence.query
    first = query.offset + 1 if evidence.rows else 0
    last = query.offset + len(evidence.rows)
    columns = show.table_columns(evidence.rows, query.topic, [item.property for item in query.sort])
    return {
        "evidence": evidence,
        "query": query,
        "lines": show.lines(evidence.rows, columns),
        "columns": [(item, _sorted(state, item.id)) for item in columns],
        "heads": {name: _sorted(state, name) for name in ("formula", "spacegroup_number")},
        "facets": _facets(state, evidence),
        "tabs": _tabs(state, query, scope),
        "span": (first, last),
        "before": state.address(offset=max(query.offset - query.limit, 0)) if query.offset else "",
        "before_is_first": query.offset <= query.limit,
        "after": state.address(offset=query.offset + query.limit) if last < evidence.count else "",
        "page": (query.offset // query.limit + 1, ceil(evidence.count / query.limit)) if query.limit else (1, 1),
        "chosen": [(_choice_text(pair, query.topic), state.address(f=state.toggled(pair))) for pair in state.chosen],
        "badges": KIND_BADGES,
        "with_predictions": state.address(predicted="1"),
        "without_predictions": state.address(predicted=""),
        "plain": state.address(q="", filter="", el="", elmode="", f=(), predicted="", kind=()),
    }


def _sorted(state: SearchState, name: str) -> dict[str, str]:
    now = "ascending" if state.sort_text == name else "descending" if state.sort_text == f"-{name}" else "none"
    return {
        "label": show.property_label(state.base.topic, name),
        "address": state.address(sort=f"-{name}" if now == "ascending" else name),
        "now": now,
    }


def _choice_text(pair: str, topic: str | None) -> str:
    name, _colon, value = pair.partition(":")
    return f"{show.property_label(topic, name)}: {show.value_label(topic, name, value)}"


def _facets(state: SearchState, evidence: Evidence) -> list[Facet]:
    topic = evidence.query.topic
    titles = {slug: dataset_title(title) for slug, title in Dataset.objects.values_list("slug", "title")}
    found = []
    for name, counts in evidence.facets.items():
        if not counts or (len(counts) == 1 and not any(pair.startswith(f"{name}:") for pair in state.chosen)):
            continue
        choices = tuple(_choice(state, topic, name, value, number, titles) for value, number in counts.items())
        opened = any(choice.chosen for choice in choices)
        found.append(
            Facet(name, show.property_label(topic, name), choices[:SHOWN_FACETS], choices[SHOWN_FACETS:60], opened)
        )
    return found


def _choice(
    state: SearchState, topic: str | None, name: str, value: str, number: int, titles: Mapping[str, str]
) -> Choice:
    pair = f"{name}:{value}"
    label = titles.get(value, value) if name == "dataset" else show.value_label(topic, name, value)
    return Choice(label, number, state.address(f=state.toggled(pair)), pair in state.chosen)


def _tabs(state: SearchState, query: Query, scope: Scope) -> list[Context]:
    """All topics with the number of matches in each; facets of one topic do not count in another."""
    counts: Mapping[str, int] = {}
    try:
        counts = run(Query(where=query.where, kinds=query.kinds, limit=0, facets=("topic",)), scope=scope).facets[
            "topic"
        ]
    except KnowledgeError:  # the filter speaks of properties that two topics mean differently
        counts = {}
    tabs = [
        {
            "label": _("All"),
            "address": state.address(topic="", sort=""),
            "now": query.topic is None,
            "count": sum(counts.values()),
        }
    ]
    for name, label in topic_tabs():
        address = state.address(topic=name, sort="" if query.topic else state.sort_text)
        tabs.append({"label": label, "address": address, "now": query.topic == name, "count": counts.get(name, 0)})
    return tabs


def topic(schema: TopicSchema, scope: Scope) -> Context:
    """What the topic page shows."""
    classes = [item for item in schema.properties if item.type == "class"]
    evidence = run(Query(topic=schema.id, limit=0, facets=tuple(item.id for item in classes)), scope=scope)
    spans = [item for item in schema.properties if item.type in ("number", "integer") and item.searchable]
    datasets = Dataset.objects.filter(scope.q(), topic=schema.id).order_by("title")
    counts = run(Query(topic=schema.id, limit=0, facets=("dataset",), kinds=tuple(Kind.values)), scope=scope)
    return {
        "schema": schema,
        "label": show.said(schema.label),
        "description": show.said(schema.description),
        "limits": show.said(schema.limits),
        "count": evidence.count,
        "datasets": [(dataset, counts.facets["dataset"].get(dataset.slug, 0)) for dataset in datasets],
        "classes": [(show.said(item.label), _class_counts(schema, item.id, evidence)) for item in classes],
        "properties": [(item, show.said(item.label), show.said(item.description)) for item in schema.properties],
        "spans": spans,
        "badges": KIND_BADGES,
        "kinds": KIND_LABELS,
    }


def _class_counts(schema: TopicSchema, name: str, evidence: Evidence) -> list[Context]:
    item = schema.property(name)
    counts = evidence.facets[name]
    most = max(counts.values(), default=1)
    return [
        {
            "id": one.id,
            "label": show.said(one.label),
            "note": show.said(one.note),
            "count": counts.get(one.id, 0),
            "most": most,
            "pair": f"{name}:{one.id}",
        }
        for one in (item.classes if item else ())
        if counts.get(one.id)
    ]


def material(formula: str, scope: Scope, *, predicted: bool) -> Context:
    """What the material page shows."""
    every = list(records_of(scope=scope, formula=formula)[:400])
    told = [record for record in every if predicted or record.kind != Kind.PREDICTION]
    values, names = show.grouped(told)
    from knowledge.similar.services import similar  # numpy: not before a page needs it

    found = neighbourhood(formula=formula, scope=scope)
    near = similar(material=formula, k=6, scope=scope)
    return {
        "formula": formula,
        "pretty": show.pretty_formula(formula),
        "elements": told[0].elements if told else [],
        "records": every,
        "shown": told,
        "values": values,
        "names": names,
        "conditioned": any(one.stated.conditions or one.stated.method for group in values for one in group.sources),
        "spacegroups": sorted({record.spacegroup_number for record in told if record.spacegroup_number}),
        "structures": [(record, peaks_of(record)) for record in told if record.structure or peaks_of(record)][:4],
        "predicted": predicted,
        "predictions": sum(record.kind == Kind.PREDICTION for record in every),
        "graph": found,
        "edges": _edges(found),
        "similar": [(item, show.pretty_formula(item.formula), reasons_told(item.why)) for item in near],
        "badges": KIND_BADGES,
        "topics": sorted({(record.topic, show.topic_label(record.topic)) for record in told}),
    }


def _relation(edge: Edge) -> str:
    return str(RELATIONS.get(edge.relation, show.property_label(None, edge.relation)))


def _node_label(kind: str, name: str, label: str) -> str:
    if kind == "class":
        return show.value_label(None, name, label)
    if kind == "material":
        return show.pretty_formula(label)
    if kind == "dataset":
        return dataset_title(label)
    if kind == "record":
        return place_told(label)
    return f"{NODE_KINDS[kind]} {label}" if kind in ("spacegroup", "entry") else label


def _node_address(kind: str, name: str, label: str, key: str) -> str:
    if kind == "material":
        return reverse("knowledge:material", args=[label])
    if kind == "record":
        return reverse("knowledge:record", args=[key.partition(":")[2]])
    if kind == "entry":
        return reverse("eln:entry", args=[label])
    search = reverse("knowledge:search")
    pairs = {
        "element": f"?el={label}",
        "spacegroup": f"?f=spacegroup_number:{label}",
        "class": f"?f={name}:{label}",
        "prototype": f"?f=prototype:{label}",
        "dataset": f"?f=dataset:{key.partition(':')[2]}",
    }
    return search + pairs.get(kind, "")


def graph_document(graph: Graph) -> Context:
    """Nodes and edges for <lab-graph>: labels, kinds, addresses, and the records behind each edge."""
    return {
        "nodes": [
            {
                "id": node.key,
                "kind": node.kind,
                "kind_label": str(NODE_KINDS.get(node.kind, node.kind)),
                "label": _node_label(node.kind, node.property, node.label),
                "url": _node_address(node.kind, node.property, node.label, node.key),
            }
            for node in graph.nodes
        ],
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "label": _relation(edge),
                "records": [{"id": key, "url": reverse("knowledge:record", args=[key])} for key in edge.records],
            }
            for edge in graph.edges
        ],
    }


def _edges(graph: Graph) -> list[Context]:
    """The graph as sentences: source, relation, target, records."""
    document = graph_document(graph)
    nodes = {node["id"]: node for node in document["nodes"]}
    return [
        {
            "source": nodes[edge["source"]],
            "label": edge["label"],
            "target": nodes[edge["target"]],
            "records": edge["records"],
        }
        for edge in document["edges"]
        if edge["source"] in nodes and edge["target"] in nodes
    ]


def record(found: Record) -> Context:
    """What the record page shows."""
    told = [stated_of(value) for value in found.values]
    receipt = Receipt.objects.filter(pk=found.receipt).first() if found.receipt else None
    return {
        "record": found,
        "pretty": show.pretty_formula(found.formula),
        "topic": show.topic_label(found.topic),
        "values": [(one, show.property_label(found.topic, one.property), show.cell(found.topic, one)) for one in told],
        "conditioned": any(one.conditions or one.method for one in told),
        "receipt": receipt,
        "peaks": peaks_of(found),
        "versions": _versions(found),
        "badge": KIND_BADGES[found.kind],
    }


def _versions(found: Record) -> list[Context]:
    """What the record said before, with what has changed since."""
    newer: Mapping[str, Any] = {
        "values": found.values,
        "formula": found.formula,
        "spacegroup_number": found.spacegroup_number,
    }
    history = []
    for version in found.versions.order_by("-version"):
        history.append({"version": version, "changes": _changes(version.document, newer)})
        newer = version.document
    return history


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, object, object]]:
    before = {item["property"]: item.get("value") for item in old.get("values", [])}
    after = {item["property"]: item.get("value") for item in new.get("values", [])}
    for name in ("formula", "spacegroup_number"):
        if name in old and name in new:
            before[name], after[name] = old[name], new[name]
    names = [*before, *(name for name in after if name not in before)]
    return [
        (show.property_label(None, name), before.get(name, "–"), after.get(name, "–"))
        for name in names
        if before.get(name) != after.get(name)
    ]
