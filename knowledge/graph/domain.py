"""What one record adds to the graph, and what a reader gets from it: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from knowledge.topics.schema import per_topics, topics

UNSAID = {"unknown", ""}


@dataclass(frozen=True)
class Node:
    """A thing in the graph. `kind`: material, element, spacegroup, class, prototype, dataset, record or entry."""

    key: str
    kind: str
    label: str
    property: str = ""


@dataclass(frozen=True)
class Edge:
    """A relation between two nodes, with the records that state it."""

    source: str
    relation: str
    target: str
    records: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """A piece of the graph around one material."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


@dataclass(frozen=True)
class Facts:
    """What of a record makes edges."""

    record: str
    topic: str
    formula: str
    elements: tuple[str, ...]
    spacegroup: int | None
    stated: tuple[Mapping[str, Any], ...]  # Any: values as JSON holds them


@per_topics
def _linked(topic: str) -> dict[str, str]:
    """Properties whose values become nodes, with the kind of node: classes, and prototypes."""
    schema = topics().get(topic)
    kinds = {item.id: "class" for item in schema.properties if item.type == "class"} if schema else {}
    return kinds | {"prototype": "prototype"}


def material_key(formula: str) -> str:
    """The node of a material, which is its reduced formula."""
    return f"material:{formula}"


def targets(facts: Facts) -> Iterable[tuple[str, Node]]:
    """The nodes that the record ties its material to, each with the relation."""
    for symbol in facts.elements:
        yield "contains", Node(f"element:{symbol}", "element", symbol)
    if facts.spacegroup:
        yield "has_spacegroup", Node(f"spacegroup:{facts.spacegroup}", "spacegroup", str(facts.spacegroup))
    linked = _linked(facts.topic)
    for item in facts.stated:
        kind, value = linked.get(item["property"]), item.get("value")
        if kind and isinstance(value, str) and value.casefold() not in UNSAID and len(value) <= 120:
            name = item["property"]
            key = f"{kind}:{value}" if kind == "prototype" else f"{kind}:{name}:{value}"
            yield name, Node(key, kind, value, name)


def edges_of(facts: Facts) -> tuple[list[Node], list[tuple[str, str, str, str]]]:
    """Nodes and edges (source, relation, target, record) of one record; nothing for a record without a formula."""
    if not facts.formula:
        return [], []
    source = material_key(facts.formula)
    found = list(dict.fromkeys(targets(facts)))
    nodes = [Node(source, "material", facts.formula), *(node for _, node in found)]
    return nodes, [(source, relation, node.key, facts.record) for relation, node in found]
