"""The executor answers every query as the plain meaning of the query says, and never more than the reader may see."""

from typing import Any

import pytest

from eln.accounts.models import Project
from eln.accounts.scope import Scope
from ingest.feeds.services import feed_append, stages_drain
from knowledge.errors import QueryError
from knowledge.index.services import index_rebuild
from knowledge.query.executor import run
from knowledge.query.filters import parse_filter
from knowledge.query.types import Aggregate, Compare, HasElements, Query, Sort
from knowledge.records.models import Record
from tests.builders.knowledge import a_dataset, a_record

ELEMENTS = ["Bi", "Se", "Te", "Sb", "O", "Og", "H"]
CLASSES = ["TI", "TCI", "Triv_Ins"]
NUMBERS = [0, 1, 2, 3, 4, 5.5, -1]


def stored(number: int) -> dict[str, Any]:
    """One record of a fixed, irregular set: many combinations of present and absent values."""
    symbols = sorted({ELEMENTS[(number * step) % len(ELEMENTS)] for step in range(1, 1 + number % 4)})
    values: dict[str, Any] = {}
    if number % 3:
        values["topological_class_soc"] = CLASSES[number % len(CLASSES)]
    if number % 5:
        values["nsites"] = NUMBERS[number % len(NUMBERS)]
    if number % 2:
        values["nontrivial_soc"] = number % 4 == 1
    if number % 7 == 1:
        values["icsd_id"] = [str(number % 3), "12"]
    if number % 4 == 2:
        values["mp_id"] = f"mp-{number % 13}"
    if number % 6 == 3:
        values["topogivity"] = number / 4 - 3.5
    return {"elements": symbols, "spacegroup_number": number % 6 or None, "values": values, "name": f"n{number}"}


@pytest.fixture
def records(db: None) -> list[dict[str, Any]]:
    Record.objects.all().delete()
    dataset = a_dataset(slug="plain")
    facts = []
    for number in range(60):
        one = stored(number)
        formula = "".join(one["elements"])
        record = a_record(
            formula or "H", dataset=dataset, id=one["name"], elements=one["elements"],
            spacegroup_number=one["spacegroup_number"], values=one["values"],
        )  # fmt: skip
        Record.objects.filter(pk=record.pk).update(formula=formula, formula_source=formula)
        words = [formula, "plain", one["values"].get("mp_id", ""), *one["values"].get("icsd_id", [])]
        label = {
            "TI": "topological insulator",
            "TCI": "topological crystalline insulator",
            "Triv_Ins": "trivial insulator",
        }
        words.append(label.get(one["values"].get("topological_class_soc", ""), ""))
        facts.append(
            one["values"]
            | {
                "record": record.pk,
                "elements": one["elements"] or None,
                "nelements": len(one["elements"]) or None,
                "spacegroup_number": one["spacegroup_number"],
                "words": " ".join(words).casefold(),
            }
        )
    index_rebuild()
    return facts


def test_sorting_puts_absent_values_last_either_way(records: list[dict[str, Any]]) -> None:
    known = sorted(fact["nsites"] for fact in records if fact.get("nsites") is not None)
    for descending in (False, True):
        rows = run(Query(sort=(Sort("nsites", descending),), limit=100), scope=Scope.system()).rows
        found = [stated.value if (stated := row.value("nsites")) else None for row in rows]
        assert found[: len(known)] == sorted(known, reverse=descending)
        assert set(found[len(known) :]) == {None}


def test_pages_follow_each_other_without_gap_or_repeat(records: list[dict[str, Any]]) -> None:
    whole = [row.record for row in run(Query(limit=100), scope=Scope.system()).rows]
    pages = [run(Query(limit=7, offset=at), scope=Scope.system()) for at in range(0, 63, 7)]
    assert [row.record for page in pages for row in page.rows] == whole
    assert {page.count for page in pages} == {60}


def test_figures_and_facets_count_what_matches(records: list[dict[str, Any]]) -> None:
    sites = [fact["nsites"] for fact in records if fact.get("nsites") is not None]

    def figure(*asked: Any) -> float | None:
        return run(Query(limit=0, aggregate=Aggregate(*asked)), scope=Scope.system()).aggregate

    assert figure("count") == 60
    assert figure("count", "nsites") == len(sites)
    assert figure("max", "nsites") == max(sites)
    assert figure("mean", "nsites") == pytest.approx(sum(sites) / len(sites))
    assert figure("count_distinct", "formula") == len({tuple(fact["elements"] or ()) for fact in records} - {()})
    evidence = run(
        Query(limit=0, aggregate=Aggregate("count", by="elements"), facets=("nontrivial_soc",)), scope=Scope.system()
    )
    assert evidence.groups["Bi"] == sum("Bi" in (fact["elements"] or ()) for fact in records)
    assert evidence.facets["nontrivial_soc"]["true"] == sum(fact.get("nontrivial_soc") is True for fact in records)


@pytest.mark.django_db
def test_a_stranger_neither_finds_nor_counts_a_projects_record() -> None:
    project = Project.objects.create(slug="secret", title="Secret")
    dataset = a_dataset(slug="closed", project=project)
    a_record("Bi2Te3", dataset=dataset, id="closed")
    a_record("Bi2Te3", id="open")
    index_rebuild()
    query = Query(where=HasElements(("Te",)), facets=("formula",), aggregate=Aggregate("count"))
    stranger = run(query, scope=Scope(user_id=1))
    member = run(query, scope=Scope(user_id=2, readable=frozenset({project.pk})))
    assert ([row.record for row in stranger.rows], stranger.count, stranger.aggregate) == (["open"], 1, 1)
    assert stranger.facets == {"formula": {"Bi2Te3": 1}}
    assert member.count == 2


@pytest.mark.django_db
def test_predictions_are_found_only_when_asked_for() -> None:
    a_record("GaAs", id="told", kind="prediction")
    a_record("GaAs", id="known")
    index_rebuild()
    where = Compare("formula", "=", "GaAs")
    assert [row.record for row in run(Query(where=where), scope=Scope.system()).rows] == ["known"]
    found = run(Query(where=where, kinds=("prediction",)), scope=Scope.system())
    assert [row.record for row in found.rows] == ["told"]


@pytest.mark.django_db
def test_a_filter_may_name_another_unit_than_the_schema() -> None:
    facts = a_dataset(slug="facts", topic="material_facts")
    a_record("GaAs", id="gap", dataset=facts, values={"band_gap": {"value": 1.42, "unit": "eV"}})
    index_rebuild()

    def count(text: str) -> int:
        return run(Query(where=parse_filter(text), limit=0), scope=Scope.system()).count

    assert count("band_gap = 1420 meV") == 1
    assert count("band_gap > 1.42 eV") == 0
    assert count('band_gap >= 1420 "meV"') == 1
    with pytest.raises(QueryError, match="cannot be converted"):
        count("band_gap > 3 nm")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("bandgap > 1", "band_gap"),
        ('nelements = "two"', "is a number"),
        ("formula > 3", "is text"),
        ("elements < 3", "is a list"),
        ("nontrivial_soc > 1", "TRUE or FALSE"),
    ],
)
def test_a_question_that_cannot_be_asked_says_what_to_do(text: str, told: str, db: None) -> None:
    with pytest.raises(QueryError, match=told):
        run(Query(where=parse_filter(text)), scope=Scope.system())


@pytest.mark.django_db
def test_formulae_and_classes_are_understood_in_other_spellings() -> None:
    a_record("Bi2Se3", id="one", values={"topological_class_soc": "TI"})
    index_rebuild()
    for text in ('formula = "Se3Bi2"', 'formula IN ("Bi₂Se₃")', 'topological_class_soc = "Topological Insulator"'):
        assert run(Query(where=parse_filter(text), topic="topological_materials"), scope=Scope.system()).count == 1


@pytest.mark.django_db(transaction=True)
def test_the_index_follows_changes_and_withdrawals_and_a_rebuild_changes_nothing() -> None:
    keys = [a_record("NaCl", id=f"salt{at}", spacegroup_number=225).pk for at in range(30)]
    for key in keys:  # a segment each, so that segments are merged on the way
        feed_append("records", key)
        stages_drain(only=["knowledge.index"])
    Record.objects.filter(pk=keys[0]).update(withdrawn=True)
    Record.objects.filter(pk=keys[1]).update(spacegroup_number=221, version=2)
    feed_append("records", keys[:2])
    stages_drain(only=["knowledge.index"])
    query = Query(where=Compare("formula", "=", "NaCl"), limit=100, facets=("spacegroup_number",))
    followed = run(query, scope=Scope.system())
    assert followed.count == 29
    assert followed.facets["spacegroup_number"] == {"225": 28, "221": 1}
    index_rebuild()
    assert run(query, scope=Scope.system()).rows == followed.rows
