"""Known data sets: recognised by their columns in any part of their files, nobody else's table taken for one."""

from pathlib import Path

import pytest

from knowledge.imports.derived import Derived, Fault, with_derived
from knowledge.imports.mappings import known_datasets
from knowledge.imports.reports import Report
from knowledge.imports.services import paths_import
from knowledge.imports.tables import Table
from knowledge.models import Record
from knowledge.topics.schema import topics

KNOWN = known_datasets()


def imported(path: Path, text: str) -> Report:
    path.write_text(text, encoding="utf-8")
    (report,) = paths_import([path])
    return report


def values(record: Record) -> dict[str, object]:
    return {value["property"]: value["value"] for value in record.values}


@pytest.mark.parametrize(("topic", "known"), KNOWN, ids=[known.slug for _, known in KNOWN])
def test_a_description_names_properties_that_its_topic_has(topic: str, known) -> None:  # type: ignore[no-untyped-def]
    schema = topics()[topic]
    structural = {"formula", "spacegroup_number", "elements", None}
    for column, rule in known.columns.items():
        assert rule.property in structural or schema.property(rule.property), column
    assert all(schema.property(name) for name in known.constants)
    assert known.refuse or (known.citation and known.licence)
    assert len({k.slug for _, k in KNOWN}) == len(KNOWN)


def test_a_derived_column_takes_exact_texts_then_patterns_then_logarithms() -> None:
    table = Table(("a", "b"), [("0", "x 12"), ("3", "none"), ("oops", "")])
    made = with_derived(
        table,
        [
            Derived.model_validate({"name": "n", "from": "b", "pattern": r"x (\d+)", "text": "no-{0}"}),
            Derived.model_validate({"name": "p", "from": "a", "power_of_ten": True, "values": {"0": "nothing"}}),
            Derived.model_validate({"name": "o", "from": "a", "values": {"0": "no"}, "otherwise": "yes"}),
        ],
        [Fault(column="a", rows={"oops": "known to be wrong"})],
    )
    assert made.columns == ("a", "b", "n", "p", "o")
    assert made.rows == [("0", "x 12", "no-12", "nothing", "no"), ("3", "none", "", "1000", "yes")]
    assert made.broken == [(3, "known to be wrong")] and list(made.row_numbers()) == [1, 2]


@pytest.mark.django_db
def test_a_zero_that_means_not_reported_is_no_temperature(tmp_path: Path) -> None:
    report = imported(tmp_path / "supercon_part.csv", "name,Tc\nNbTi2,7.5\nCu3Au1,0\nCu1Cr1O2,132.0\n")
    assert (report.dataset, report.rows, report.records) == ("supercon", 3, 2)
    assert "typing mistake" in report.rejected[0]["reason"]
    stated = [values(record) for record in Record.objects.all()]
    assert sorted(str(said.get("critical_temperature")) for said in stated) == ["7.5", "None"]
    assert sorted(str(said["superconductivity"]) for said in stated) == ["not_reported", "superconducting"]


@pytest.mark.django_db
def test_a_table_of_names_and_tc_is_not_the_known_one_by_its_columns_alone(tmp_path: Path) -> None:
    report = imported(tmp_path / "films.csv", "name,Tc (K)\nNbN,16.1\nMgB2,38.9\nV3Si,17.0\n")
    assert report.dataset != "supercon"


@pytest.mark.django_db
def test_columns_of_elements_make_the_composition(tmp_path: Path) -> None:
    head = "Al,Cu,Ni,Zr,Heating_Rate,T_g,T_x,T_l\n"
    report = imported(tmp_path / "a.csv", head + "10,30,5,55,20,680,760,1150\n0,30,0,55,20,670,,\n")
    assert (report.dataset, report.rows, report.records) == ("mmg-tg-tx-tl", 2, 1)
    record = Record.objects.get()
    assert record.elements == ["Al", "Cu", "Ni", "Zr"]
    (tg,) = [value for value in record.values if value["property"] == "glass_transition_temperature"]
    assert (tg["value"], tg["conditions"]) == (680, {"heating_rate": 20})
    assert "add up to 85" in report.rejected[0]["reason"]


@pytest.mark.django_db
def test_limits_ids_and_text_conditions_are_kept(tmp_path: Path) -> None:
    head = (
        "ID,Reduced Composition,Z,True Composition,Ionic conductivity (S cm-1),IC (Total),IC (Bulk),Space group,"
        "Space group #,a,Family,DOI\n"
    )
    rows = "x1,Li3YBr6,2,Li6Y2Br12,<1E-10,,,C2/m,12,6.9,halide,10.1/a\nx2,Li2S,4,Li8S4,2e-9,,,Fm-3m,225,5.7,,10.1/b\n"
    report = imported(tmp_path / "t.csv", head + rows)
    assert (report.dataset, report.records) == ("obelix", 2)
    record = Record.objects.get(external_id="x1")
    (sigma,) = [value for value in record.values if value["property"] == "ionic_conductivity"]
    assert (sigma["bound"], sigma["value"], sigma["unit"]) == ("<", 1e-10, "S/cm")
    assert sigma["conditions"] == {"temperature": "room temperature"} and sigma["reference"] == "10.1/a"


@pytest.mark.django_db
def test_a_steel_without_a_full_composition_keeps_its_grade_as_its_name(tmp_path: Path) -> None:
    head = (
        "Reference,Material,Material Group,C (wt.%),Cr (wt.%),Fe (wt.%),Irradiation Dose (dpa),Specimen Size Type,"
        "Test Temperature (C),Yield Strength (MPa),Ultimate Tensile Strength (MPa),Total Elongation (%)\n"
    )
    report = imported(
        tmp_path / "t.csv",
        head + "3,Grade X,steels,0.1,9,90.9,2.5,small,23,510,640,18\n4,Grade Y,steels,,,,0,small,300,410,520,20\n",
    )
    assert (report.dataset, report.records) == ("subsized-tensile", 2)
    named = {record.title: record for record in Record.objects.all()}
    assert named["Grade X"].elements == ["C", "Cr", "Fe"] and named["Grade Y"].formula == ""
    (strength,) = [value for value in named["Grade Y"].values if value["property"] == "yield_strength"]
    assert (strength["value"], strength["conditions"]["test_temperature"]) == (410, 300)


@pytest.mark.django_db
def test_two_gaps_of_one_row_keep_their_methods(tmp_path: Path) -> None:
    head = "ICSD/MP_ID,formula,sources,MinMass(F1),Eg_PBE(eV),Eg_EXP(eV),delta_n,d_ij(pm/V)\n"
    report = imported(tmp_path / "n.csv", head + "9001,LiB3O5,ICSD,6.9,6.3,7.8,0.043,0.85\n")
    assert report.dataset == "nlo-multilevel"
    gaps = {value["method"]: value["value"] for value in Record.objects.get().values if value["property"] == "band_gap"}
    assert gaps == {"PBE": 6.3, "experiment": 7.8}


@pytest.mark.django_db
def test_two_halves_of_a_table_stand_side_by_side_and_a_new_version_replaces_its_own(tmp_path: Path) -> None:
    head, first, second = "bmg_alloy,paper_sno,actual_d_max\n", tmp_path / "one.csv", tmp_path / "two.csv"
    imported(first, head + "Zr55Cu30Al10Ni5,[1],30\nZr50Cu50,[1],2\n")
    report = imported(second, head + "Pd40Ni40P20,[2],25\nFe80B20,[2],0\n")
    present = Record.objects.filter(withdrawn=False)
    assert (report.records, present.count()) == (2, 4)
    assert imported(second, second.read_text()).unchanged and imported(first, first.read_text()).unchanged
    again = tmp_path / "three.csv"
    assert imported(again, head + "Pd40Ni40P20,[2],26\n").records == 1
    formulas = sorted(present.values_list("formula_source", flat=True))
    assert formulas == ["Pd40Ni40P20", "Zr50Cu50", "Zr55Cu30Al10Ni5"]
    assert Record.objects.get(formula_source="Pd40Ni40P20").version == 2


@pytest.mark.django_db
def test_a_file_that_speaks_of_no_materials_is_refused_with_the_reason(tmp_path: Path) -> None:
    crossing = '[[3, "LD", ["LD1", "LD2"], [1, 1], ["LD1,LD2"], [2], ["L-NP"], ["C-1 WP"], ["1"]]'
    report = imported(tmp_path / "c.json", crossing + "," + crossing[1:].replace('"LD"', '"U"') + "]")
    assert report.error and "not of materials" in report.error
    report = imported(
        tmp_path / "FORCE_CONSTANTS", "2   2\n1 1\n0.1 0.0 0.0\n0.0 0.1 0.0\n0.0 0.0 0.1\n1 2\n0.1 0.0 0.0\n"
    )
    assert report.error and "phonopy" in report.error
