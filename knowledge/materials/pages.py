"""What the pages show, as values for their templates; every read carries the reader's Scope."""

from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from eln.accounts.scope import Scope
from ingest.gateway.models import Receipt
from knowledge.crystals.radiation import LINES
from knowledge.graph.domain import Edge, Graph
from knowledge.materials import presentation as show
from knowledge.materials.structure import peaks_of
from knowledge.materials.texts import KIND_BADGES, KIND_LABELS, NODE_KINDS, RADIATION_LABELS, RELATIONS
from knowledge.materials.wording import dataset_title, place_told
from knowledge.query.executor import run, stated_of
from knowledge.query.types import Evidence, Query
from knowledge.records.models import Dataset, Kind, Record
from knowledge.topics.schema import TopicSchema

Context = dict[str, Any]  # what a template is given


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


def edges_told(graph: Graph) -> list[Context]:
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
        "values": [
            (
                one,
                show.property_label(found.topic, one.property),
                show.cell(found.topic, one),
                show.conditions_of(found.topic, one),
            )
            for one in told
        ],
        "radiations": [(name, RADIATION_LABELS[name], LINES[name]) for name in LINES],
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
