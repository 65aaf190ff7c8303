"""Writes of the graph, in bulk: a batch of records is one short transaction, whatever it says."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef, Q, TextField
from django.db.models.functions import Cast

from knowledge.graph.domain import Facts, Node, edges_of
from knowledge.graph.models import GraphEdge, GraphNode
from knowledge.records.models import Record

CHUNK = 2000
NAMES = 500


def _facts(condition: Q, *, most: int | None = None) -> Iterator[Facts]:
    rows = (
        Record.objects.filter(condition, withdrawn=False)
        .exclude(formula="")
        .annotate(raw_values=Cast("values", TextField()))
        .order_by("pk")
        .values_list("pk", "topic", "formula", "elements", "spacegroup_number", "raw_values")
    )
    for record, topic, formula, elements, spacegroup, raw in rows[:most]:
        yield Facts(record, topic, formula, tuple(elements), spacegroup, tuple(json.loads(raw or "[]")))


def _insert(
    model: type[models.Model], columns: Sequence[str], rows: Iterable[tuple[Any, ...]], after: str = ""
) -> None:
    """Many rows at once; plain SQL, since building a model instance for each costs more than storing it."""
    quote = connection.ops.quote_name
    listed = ", ".join(quote(column) for column in columns)
    marks = ", ".join(["%s"] * len(columns))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({listed}) VALUES ({marks}) {after}"  # noqa: S608 - names of our tables
    with connection.cursor() as cursor:
        cursor.executemany(statement, list(rows))


def _store(facts: Sequence[Facts]) -> int:
    nodes: dict[str, Node] = {}
    edges: list[tuple[str, str, str, str]] = []
    for item in facts:
        found, links = edges_of(item)
        nodes.update((node.key, node) for node in found)
        edges += links
    _insert(
        GraphNode,
        ("key", "kind", "label"),
        ((node.key, node.kind, node.label) for node in sorted(nodes.values(), key=lambda node: node.key)),
        "ON CONFLICT DO NOTHING",
    )
    _insert(GraphEdge, ("source", "relation", "target", "record_id"), edges)
    return len(edges)


def graph_update(*, records: Sequence[str]) -> int:
    """Say anew what these records say: their old edges go, their present ones come. Idempotent; the number of edges."""
    total = 0
    for at in range(0, len(records), NAMES):
        keys = list(records[at : at + NAMES])
        facts = list(_facts(Q(pk__in=keys)))
        with transaction.atomic():
            GraphEdge.objects.filter(record__in=keys).delete()
            total += _store(facts)
    return total


def graph_rebuild() -> dict[str, int]:
    """Say anew what all records say, a part of them at a time, and drop what none says; {nodes, edges}.

    Each part replaces its own edges in one short transaction, so that a reader never meets a graph with pieces missing.
    """
    last: str | None = ""
    while last is not None:
        last = _part_rebuild(last)
    graph_prune()
    return {"nodes": GraphNode.objects.count(), "edges": GraphEdge.objects.count()}


@transaction.atomic
def _part_rebuild(after: str) -> str | None:
    """Replace the edges of the next records by id, and of all that are gone between them; the last id, none at the end."""
    facts = list(_facts(Q(pk__gt=after), most=CHUNK))
    old = GraphEdge.objects.filter(record__gt=after)
    last = facts[-1].record if len(facts) == CHUNK else None
    (old if last is None else old.filter(record__lte=last))._raw_delete(connection.alias)
    _store(facts)
    return last


def graph_prune() -> int:
    """Remove nodes that no edge touches any more."""
    touched = GraphEdge.objects.filter(Q(source=OuterRef("key")) | Q(target=OuterRef("key")))
    return GraphNode.objects.filter(~Exists(touched)).delete()[0]
