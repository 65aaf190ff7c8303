"""Reads of the graph, with the reader's rights in every query."""

from collections import defaultdict

from django.db.models import Count, QuerySet

from eln.accounts.scope import Scope
from knowledge.graph.domain import Edge, Graph, Node, material_key
from knowledge.graph.models import GraphEdge, GraphNode
from knowledge.records.models import Kind, Record

MOST_SOURCES = 5
CANDIDATES = 200


def _edges(scope: Scope) -> QuerySet[GraphEdge]:
    visible = scope.q("record__project") & scope.q("record__dataset__project")
    return GraphEdge.objects.filter(visible, record__withdrawn=False).exclude(record__kind=Kind.PREDICTION)


def neighbourhood(*, formula: str, scope: Scope, limit: int = 6) -> Graph:
    """The material, what its records tie it to, the records with their data sets, and up to `limit` other materials that
    share most of these ties. Each edge names the records that state it. Predictions are left out.
    """
    center = material_key(formula)
    own = _merged(_edges(scope).filter(source=center))
    targets = {edge.target for edge in own}
    near = _nearest(center, targets, scope, limit)
    shared = _merged(_edges(scope).filter(source__in=near, target__in=targets))
    nodes, cited = _records(formula, scope, limit)
    named = _nodes({center, *targets, *near})
    if not own and not nodes:
        return Graph((), ())
    return Graph((*named, *nodes), (*own, *shared, *cited))


def _merged(edges: QuerySet[GraphEdge]) -> tuple[Edge, ...]:
    sources: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for source, relation, target, record in edges.order_by("source", "relation", "target", "record_id").values_list(
        "source", "relation", "target", "record_id"
    ):
        sources[source, relation, target].append(record)
    return tuple(Edge(*key, tuple(dict.fromkeys(records))[:MOST_SOURCES]) for key, records in sources.items())


def _nearest(center: str, targets: set[str], scope: Scope, limit: int) -> list[str]:
    """Materials that share most with this one, measured by what both have out of what either has."""
    if not targets:
        return []
    shared = (
        _edges(scope)
        .filter(target__in=targets)
        .exclude(source=center)
        .values_list("source")
        .annotate(shared=Count("target", distinct=True))
        .order_by("-shared", "source")
    )
    candidates = dict(shared[:CANDIDATES])
    sizes = dict(
        _edges(scope).filter(source__in=candidates).values_list("source").annotate(all=Count("target", distinct=True))
    )
    found = {name: both / (len(targets) + sizes[name] - both) for name, both in candidates.items()}
    return sorted(found, key=lambda name: (-found[name], name))[:limit]


def _nodes(keys: set[str]) -> tuple[Node, ...]:
    found = GraphNode.objects.filter(key__in=keys).order_by("kind", "key")
    return tuple(Node(node.key, node.kind, node.label, _property(node)) for node in found)


def _property(node: GraphNode) -> str:
    return node.key.split(":")[1] if node.kind == "class" else node.kind


def _records(formula: str, scope: Scope, limit: int) -> tuple[list[Node], list[Edge]]:
    """The material's records and their data sets: these edges are the records themselves, so they are not stored twice."""
    visible = scope.q() & scope.q("dataset__project")
    records = Record.objects.filter(visible, formula=formula, withdrawn=False).exclude(kind=Kind.PREDICTION)
    nodes: dict[str, Node] = {}
    edges = []
    for record in records.select_related("dataset").order_by("pk")[:limit]:
        item, source = f"record:{record.pk}", f"dataset:{record.dataset.slug}"
        nodes[item] = Node(item, "record", record.external_id or record.locator or record.pk)
        nodes[source] = Node(source, "dataset", record.dataset.title)
        edges.append(Edge(material_key(formula), "described_by", item, (record.pk,)))
        edges.append(Edge(item, "from", source, (record.pk,)))
        if record.entry_id is not None:
            entry = f"entry:{record.entry_id}"
            nodes[entry] = Node(entry, "entry", str(record.entry_id))
            edges.append(Edge(item, "measured_in", entry, (record.pk,)))
    return list(nodes.values()), edges
