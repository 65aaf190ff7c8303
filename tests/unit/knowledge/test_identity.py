"""Material, entry, value: which records speak of the same thing, and where they disagree."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from eln.accounts.models import Project
from eln.accounts.scope import Scope
from knowledge.identity.agreement import material_pairs, pairs_of, unit_factor
from knowledge.identity.domain import Statement, entries_of, identifier
from knowledge.identity.selectors import material, materials_repeated, record_conflicts, statements
from knowledge.query.types import Stated
from knowledge.records.models import Record
from knowledge.records.selectors import records_named
from tests.builders.knowledge import a_dataset, a_record


def a_statement(record: str, *stated: Stated, dataset: str = "one", **fields: Any) -> Statement:
    defaults: dict[str, Any] = {
        "version": 1, "topic": "crystal_structures", "kind": "computation", "formula": "ZnS", "formula_source": "ZnS",
        "spacegroup": 216, "external_id": "",
    }  # fmt: skip
    return Statement(record=record, dataset=dataset, stated=stated, **(defaults | fields))


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("mp-541837", "", "mp-541837"),
        ("MP_541837", "", "mp-541837"),
        ("JVASP-10", "", "jvasp-10"),
        ("agm002155", "", "agm-002155"),
        ("15838", "icsd_id", "icsd-15838"),
        ("15838", "", None),
        ("Bi2Se3", "", None),
        ("12", "nsites", None),
    ],
)
def test_ids_of_other_databases_have_one_spelling(text: str, name: str, found: str | None) -> None:
    assert identifier(text, name) == found


def test_polymorphs_are_entries_of_one_material() -> None:
    blende = a_statement("a", spacegroup=216)
    wurtzite = a_statement("b", spacegroup=186, dataset="two")
    same = a_statement("c", spacegroup=186, dataset="three")
    entries = entries_of([blende, wurtzite, same])
    assert [[r.record for r in entry.records] for entry in entries] == [["c", "b"], ["a"]] or [
        sorted(r.record for r in entry.records) for entry in entries
    ] == [["b", "c"], ["a"]]


def test_the_same_id_in_two_tables_is_the_same_entry_even_where_one_states_no_space_group() -> None:
    one = a_statement("a", external_id="mp-10695")
    two = a_statement("b", Stated("mp_id", "mp-10695"), spacegroup=None, dataset="two")
    assert len(entries_of([one, two])) == 1


def test_two_ids_of_one_database_are_two_entries_and_a_nameless_record_is_told_to_neither() -> None:
    records = [
        a_statement("a", external_id="mp-1"),
        a_statement("b", external_id="mp-2"),
        a_statement("c", dataset="two"),
    ]
    assert sorted(len(entry.records) for entry in entries_of(records)) == [1, 1, 1]
    assert len(entries_of([records[0], records[2]])) == 1


def test_a_named_phase_is_an_entry_of_its_own() -> None:
    rutile = a_statement("a", formula="TiO2", formula_source="rutile TiO2", spacegroup=None)
    anatase = a_statement("b", formula="TiO2", formula_source="TiO2 (anatase)", spacegroup=None)
    entries = entries_of([rutile, anatase])
    assert [entry.phases for entry in entries] == [("anatase",), ("rutile",)]


def _pair(first: Stated, second: Stated, **fields: Any) -> list[bool]:
    one, two = a_statement("a", first), a_statement("b", second, dataset="two", **fields)
    (entry,) = entries_of([one, two])
    return [pair.agrees for pair in pairs_of(entry)]


def test_numbers_disagree_beyond_tolerance_uncertainty_and_limits() -> None:
    density = "density"
    assert _pair(Stated(density, 4.00, "g/cm^3"), Stated(density, 4.10, "g/cm^3")) == [True]
    assert _pair(Stated(density, 4.0, "g/cm^3"), Stated(density, 5.0, "g/cm^3")) == [False]
    assert _pair(Stated(density, 4.0, "g/cm^3", uncertainty=0.5), Stated(density, 5.0, "g/cm^3")) == [True]
    assert _pair(Stated(density, 4.0, "g/cm^3", bound=">"), Stated(density, 5.0, "g/cm^3")) == [True]
    assert _pair(Stated(density, 4.0, "g/cm^3", bound="<"), Stated(density, 5.0, "g/cm^3")) == [False]
    assert _pair(Stated(density, 4.0, "g/cm^3", low=3.0, high=5.2), Stated(density, 5.0, "g/cm^3")) == [True]


def test_only_what_is_comparable_is_compared() -> None:
    one = Stated("density", 4.0, "g/cm^3", conditions={"temperature": 300.0})
    assert _pair(one, Stated("density", 9.0, "g/cm^3", conditions={"temperature": 301.0})) == [False]
    assert _pair(one, Stated("density", 9.0, "g/cm^3", conditions={"temperature": 700.0})) == []
    assert _pair(one, Stated("density", 9.0, "g/cm^3")) == []
    assert _pair(Stated("density", 4.0, method="PBE"), Stated("density", 9.0, method="HSE06")) == []
    assert _pair(Stated("density", 4.0), Stated("density", 9.0), kind="measurement") == []
    assert _pair(Stated("density", 4.0), Stated("density", 9.0), kind="prediction") == []


def test_two_samples_of_one_table_are_no_conflict_and_two_topics_must_mean_the_same() -> None:
    one, two = Stated("density", 4.0, "g/cm^3"), Stated("density", 9.0, "g/cm^3")
    samples = [a_statement("a", one), a_statement("b", two)]
    assert list(material_pairs(samples)) == []
    same = [a_statement("a", one, external_id="mp-1"), a_statement("b", two, external_id="mp-1")]
    assert [pair.agrees for pair in material_pairs(same)] == [False]
    cells = [
        a_statement("a", Stated("nsites", 4)),
        a_statement("b", Stated("nsites", 2), dataset="two", topic="topological_materials"),
    ]
    assert list(material_pairs(cells)) == []  # conventional and primitive cell


def test_a_coarser_class_agrees_with_what_it_covers() -> None:
    fields = {"topic": "topological_materials"}

    def agree(one: str, other: str) -> list[bool]:
        first = a_statement("a", Stated("topological_class_soc", one), **fields)
        second = a_statement("b", Stated("topological_class_soc", other), dataset="two", **fields)
        return [pair.agrees for entry in entries_of([first, second]) for pair in pairs_of(entry)]

    assert agree("SM", "HSP_SM") == [True]
    assert agree("HSL_SM", "SM") == [True]
    assert agree("HSL_SM", "HSP_SM") == [False]
    assert agree("TI", "TCI") == [False]
    assert agree("TI", "Unknown") == []


def test_known_unit_factors_are_recognised() -> None:
    assert unit_factor(1.2, 1200.0) == "10^3"
    assert unit_factor(1.0, 96.5) == "eV and kJ/mol"
    assert unit_factor(1.0, 7.3) is None
    assert unit_factor(0.0, 7.3) is None


@pytest.mark.django_db
def test_a_material_shows_its_conflicts_to_those_who_may_read_both_sides() -> None:
    project = Project.objects.create(title="Closed", slug="closed")
    shown = a_record(
        "Bi2Se3", dataset=a_dataset(slug="one"), values={"topological_class_soc": "TI"}, spacegroup_number=166
    )
    a_record(
        "Bi2Se3",
        dataset=a_dataset(slug="two", project=project),
        values={"topological_class_soc": "Triv_Ins"},
        spacegroup_number=166,
    )
    found = material(formula="Bi2Se3", scope=Scope.system())
    assert [pair.name for pair in found.conflicts] == ["topological_class_soc"]
    assert found.sources_disagreeing("topological_class_soc") == 2
    assert len(found.values("topological_class_soc")) == 2
    assert material(formula="Bi2Se3", scope=Scope.visitor()).conflicts == ()
    assert len(record_conflicts(record=shown, scope=Scope.system())) == 1
    assert record_conflicts(record=shown, scope=Scope.visitor()) == []


@pytest.mark.django_db
def test_records_are_found_by_formula_name_and_every_id() -> None:
    values = {"mp_id": "mp-77", "icsd_id": ["15838", "2"], "title": "10.1000/xyz-1"}
    a_record("Bi2Se3", external_id="MAT00000077", values=values)
    a_record("La0.5Sr0.5MnO3")
    a_record("Fe2O3")
    a_record("Fe3O4")

    def found(name: str) -> list[str]:
        return sorted(record.formula for record in records_named(scope=Scope.system(), name=name))

    for name in ("硒化铋", "Bi₂Se₃", "bismuth selenide", "MAT00000077", "mp-77", "icsd-15838", "ICSD 15838", "15838",
                 "10.1000/xyz-1", "https://doi.org/10.1000/xyz-1"):  # fmt: skip
        assert found(name) == ["Bi2Se3"], name
    assert found("LaSrMn2O6") == ["Sr0.5La0.5Mn1O3"]
    assert found("氧化铁") == ["Fe2O3", "Fe3O4"]
    assert found("icsd-583") == []
    assert found("Si wafer") == []


@pytest.mark.django_db
def test_reading_in_chunks_gives_every_record_once_and_materials_whole() -> None:
    for formula, times in (("NaCl", 5), ("Bi2Se3", 2), ("GaAs", 1), ("ZnO", 3)):
        for _ in range(times):
            a_record(formula)
    for _ in range(4):
        a_record("InP")
    Record.objects.filter(formula="InP").update(formula="")
    for chunk in (1, 2, 3, 4, 100):
        read = list(statements(Record.objects.all(), chunk))
        assert sorted(one.record for one in read) == sorted(Record.objects.values_list("pk", flat=True))
        formulas = [one.formula for one in read]
        assert formulas == sorted(formulas)


@pytest.mark.shared
@pytest.mark.django_db
def test_the_two_topological_sources_disagree_as_counted(shared: Path) -> None:
    """Compared are a Materiae record with a known class and each class that the Arsenal states for its formula and space group.

    Compounds that Materiae lists several times under different ids are not compared: the Arsenal does not say which it means.
    """
    call_command("import_topics", str(shared / "topics" / "topological_materials"), "--topic", "topological_materials")
    # ids of another topic must not take a record from its entry
    a_record(
        "AgBiO3",
        dataset=a_dataset(slug="crystals", topic="crystal_structures"),
        external_id="mp-1",
        spacegroup_number=2,
    )
    between = [pair for records in materials_repeated() for pair in material_pairs(records) if pair.between_sources]
    apart = [pair for pair in between if not pair.agrees]
    compounds = {(pair.one.formula, pair.one.spacegroup) for pair in apart}
    assert (len(between), len(apart), len(compounds)) == (5881, 302, 300)
