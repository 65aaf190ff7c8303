"""The graph says only what records say, names them, and shows nobody more than the records they may read."""

from collections.abc import Sequence

import pytest
from django.db import transaction

from eln.accounts.models import Project
from eln.accounts.scope import Scope
from ingest.feeds.services import feed_append, stages_drain
from knowledge.graph import services
from knowledge.graph.domain import Facts
from knowledge.graph.models import GraphEdge, GraphNode
from knowledge.graph.selectors import neighbourhood
from knowledge.graph.services import graph_rebuild
from knowledge.records.models import Record
from tests.builders.knowledge import a_dataset, a_record

# real transactions: PostgreSQL hides a feed's events from its followers until they are committed
pytestmark = pytest.mark.django_db(transaction=True)


def follow(*keys: str) -> None:
    feed_append("records", keys)
    stages_drain(only=["knowledge.graph"])


def state() -> tuple[set[object], set[object]]:
    edges = GraphEdge.objects.values_list("source", "relation", "target", "record_id")
    return set(GraphNode.objects.values_list("key", "kind", "label")), set(edges)


def test_every_edge_around_a_material_names_the_record_that_states_it() -> None:
    one = a_record("Bi2Se3", spacegroup_number=166, values={"topological_class_soc": "TI", "nsites": 5})
    two = a_record("Bi2Te3", spacegroup_number=166, values={"topological_class_soc": "TI"})
    a_record("NaCl", spacegroup_number=225)
    follow(*Record.objects.values_list("pk", flat=True))
    graph = neighbourhood(formula="Bi2Se3", scope=Scope.system())
    told = {(edge.relation, edge.target): edge.records for edge in graph.edges if edge.source == "material:Bi2Se3"}
    assert told["contains", "element:Bi"] == (one.pk,)
    assert told["has_spacegroup", "spacegroup:166"] == (one.pk,)
    assert told["topological_class_soc", "class:topological_class_soc:TI"] == (one.pk,)
    assert told["described_by", f"record:{one.pk}"] == (one.pk,)
    near = {edge.target: edge.records for edge in graph.edges if edge.source == "material:Bi2Te3"}
    assert near["spacegroup:166"] == (two.pk,)
    assert "material:NaCl" not in {node.key for node in graph.nodes}


def test_a_changed_and_a_withdrawn_record_leave_no_old_edge_and_a_rebuild_changes_nothing() -> None:
    changed = a_record("Bi2Se3", spacegroup_number=166)
    gone = a_record("Bi2Te3", spacegroup_number=166)
    follow(changed.pk, gone.pk)
    Record.objects.filter(pk=changed.pk).update(spacegroup_number=12)
    Record.objects.filter(pk=gone.pk).update(withdrawn=True)
    follow(changed.pk, gone.pk, changed.pk)
    _, edges = state()
    assert {edge[2] for edge in edges} == {"element:Bi", "element:Se", "spacegroup:12"}
    graph_rebuild()
    assert state()[1] == edges
    rebuilt = state()
    graph_rebuild()
    assert state() == rebuilt


@pytest.mark.parametrize("size", [1, 2, 4])
def test_a_rebuild_never_shows_a_graph_with_pieces_missing(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    for formula in ("Bi2Se3", "Bi2Te3", "NaCl", "KCl"):
        a_record(formula, spacegroup_number=166)
    a_record("MgO", withdrawn=True)
    graph_rebuild()
    whole, seen, store = state(), [], services._store

    def watched(facts: Sequence[Facts]) -> int:
        transaction.on_commit(lambda: seen.append(state()))
        return store(facts)

    monkeypatch.setattr(services, "_store", watched)
    monkeypatch.setattr(services, "CHUNK", size)
    graph_rebuild()
    assert len(seen) >= 4 / size
    assert all(state == whole for state in seen)


def test_a_rebuild_drops_what_no_record_says() -> None:
    kept = a_record("NaCl")
    graph_rebuild()
    whole = state()
    GraphNode.objects.create(key="element:Xx", kind="element", label="Xx")
    GraphEdge.objects.create(source="material:NaCl", relation="contains", target="element:Xx", record=kept)
    GraphEdge.objects.create(
        source="material:MgO", relation="contains", target="element:Xx", record=a_record("MgO", withdrawn=True)
    )
    graph_rebuild()
    assert state() == whole


def test_a_stranger_sees_no_edge_and_no_neighbour_of_a_projects_record() -> None:
    project = Project.objects.create(slug="secret", title="Secret")
    a_record("Bi2Se3", spacegroup_number=166)
    hidden = a_record("Bi2Te3", dataset=a_dataset(slug="closed", project=project), spacegroup_number=166)
    follow(*Record.objects.values_list("pk", flat=True))
    stranger = Scope(user_id=1)
    assert neighbourhood(formula="Bi2Te3", scope=stranger).nodes == ()
    seen = neighbourhood(formula="Bi2Se3", scope=stranger)
    assert hidden.pk not in {record for edge in seen.edges for record in edge.records}
    assert "material:Bi2Te3" not in {node.key for node in seen.nodes}
    member = Scope(user_id=2, readable=frozenset({project.pk}))
    assert "material:Bi2Te3" in {node.key for node in neighbourhood(formula="Bi2Se3", scope=member).nodes}
