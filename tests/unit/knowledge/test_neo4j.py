"""The site's Neo4j holds what the records say now, ties included, and its absence is told."""

import pytest
from django.conf import LazySettings
from django.core.management import call_command

from eln.accounts.scope import Scope
from knowledge.neo4j.connection import GraphAway, read
from knowledge.neo4j.executor import run
from knowledge.neo4j.services import graph_rebuild, graph_update
from knowledge.neo4j.stages import Neo4jStage
from knowledge.query.types import Query
from knowledge.records.models import Record
from knowledge.records.services import records_withdraw
from tests.builders.knowledge import a_dataset, a_record

TIES = "MATCH (r:Record {record: $record})-[tie]->(n) RETURN type(tie) AS tie, n.name AS name ORDER BY tie, name"


def ties(record: Record) -> list[tuple[str, str]]:
    return [(row["tie"], row["name"]) for row in read(TIES, {"record": record.pk})]


@pytest.mark.django_db
def test_the_stage_follows_what_records_say(neo4j_empty: None) -> None:
    record = a_record("Bi2Se3", spacegroup_number=166, values={"topological_class_soc": "TI"})
    other = a_record("Si", spacegroup_number=227)
    Neo4jStage().process([record.pk, other.pk])
    assert ("CONTAINS", "Bi") in ties(record) and ("HAS_SPACEGROUP", "166") in ties(record)
    assert ("DESCRIBES", "Bi2Se3") in ties(record) and ("HAS_CLASS", "TI") in ties(record)
    Record.objects.filter(pk=record.pk).update(spacegroup_number=12)
    records_withdraw([other.pk])
    Neo4jStage().process([record.pk, other.pk])
    assert ("HAS_SPACEGROUP", "12") in ties(record) and ("HAS_SPACEGROUP", "166") not in ties(record)
    assert [row.record for row in run(Query(), scope=Scope.system()).rows] == [record.pk]


@pytest.mark.django_db
def test_a_rebuild_removes_what_no_record_says_and_keeps_later_changes(neo4j_empty: None) -> None:
    dataset = a_dataset()
    records = [a_record(formula, dataset=dataset) for formula in ("Bi2Se3", "Si", "GaAs")]
    graph_update(records=[record.pk for record in records])
    Record.objects.filter(pk=records[1].pk).delete()
    assert graph_rebuild() == 2
    names = [row["name"] for row in read("MATCH (n:Element) RETURN n.name AS name ORDER BY name", {})]
    assert names == ["As", "Bi", "Ga", "Se"]
    stamps = read("MATCH (r:Record) RETURN count(DISTINCT r.stamp) AS n", {})
    graph_update(records=[records[0].pk])
    assert stamps[0]["n"] == 1 and len(read("MATCH (r:Record) RETURN r.record", {})) == 2


def test_a_site_without_neo4j_says_what_to_set(settings: LazySettings) -> None:
    settings.NEO4J = {"uri": "", "user": "", "password": "", "database": "neo4j"}
    with pytest.raises(GraphAway, match="LODESTONE_NEO4J_URI"):
        read("RETURN 1", {})


def test_a_neo4j_that_is_down_is_told(settings: LazySettings) -> None:
    settings.NEO4J = {"uri": "bolt://127.0.0.1:1", "user": "", "password": "", "database": "neo4j"}
    with pytest.raises(GraphAway, match="does not answer"):
        read("RETURN 1", {})


@pytest.mark.django_db
def test_the_command_asks_the_store_it_is_told(neo4j_empty: None, capsys: pytest.CaptureFixture[str]) -> None:
    a_record("Bi2Se3")
    call_command("rebuild", "graph")
    call_command("search", 'elements HAS "Bi"', "--store", "neo4j")
    assert capsys.readouterr().out.splitlines()[1] == "1 records"
