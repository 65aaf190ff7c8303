"""Whole files of strangers: what becomes of their rows, cells, units and conditions."""

import random
from pathlib import Path
from typing import Any

import pytest

from knowledge.imports.reports import Report
from knowledge.imports.services import paths_import
from knowledge.imports.stated import stated_check
from knowledge.imports.tables import Refused
from knowledge.models import Record

pytestmark = pytest.mark.django_db


def a_file(folder: Path, name: str, text: str) -> Path:
    """A text file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def one(path: Path, **options: Any) -> Report:
    (report,) = paths_import([path], **options)
    assert report.error is None, report.error
    lost_rows = sum("column" not in item for item in report.rejected)
    assert report.rows == report.records + report.merged + lost_rows
    return report


def values_of(formula: str) -> dict[str, dict[str, Any]]:
    return {value["property"]: value for value in Record.objects.get(formula=formula, withdrawn=False).values}


def test_cells_keep_what_they_state_and_lose_nothing_in_silence(tmp_path: Path) -> None:
    report = one(
        a_file(
            tmp_path,
            "tc.csv",
            "material,Tc (K),Tc error,Hc2 (T),DOI\n"
            "MgB2,39(1),0.5,16,10.1/a\nNb3Sn,< 18.3,,28±2,10.1/b\nV3Si,16–17,,2021-03-05,10.1/c\n"
            'NbTi,9.5*,,"0.3; 0.5",10.1/d\nPb,7.2 K,,#DIV/0!,\nnonsense words,4,,1,\nMgB2,39(1),0.5,16,10.1/a\nSn,3700 mK,0.1,90000,\n',
        )
    )
    assert (report.topic, report.rows, report.records, report.merged) == ("superconductors", 8, 6, 1)
    assert [(item["row"], item.get("column")) for item in report.rejected] == [
        (3, "Hc2 (T)"),
        (4, "Hc2 (T)"),
        (5, "Hc2 (T)"),
        (6, None),
        (8, "Hc2 (T)"),
    ]
    said = [item["reason"] for item in report.rejected]
    for part, reason in zip(("date", "several values", "#DIV/0!", "no formula", "outside"), said, strict=True):
        assert part in reason
    first = values_of("MgB2")["critical_temperature"]
    assert (first["value"], first["uncertainty"], first["reference"]) == (39, 1, "10.1/a")
    limit = values_of("Nb3Sn")
    assert (limit["critical_temperature"]["bound"], limit["critical_temperature"]["value"]) == ("<", 18.3)
    assert limit["upper_critical_field"]["uncertainty"] == 2
    span = values_of("V3Si")["critical_temperature"]
    assert (span["low"], span["high"], span["value"]) == (16, 17, 16.5)
    assert (
        values_of("NbTi" if Record.objects.filter(formula="NbTi").exists() else "TiNb")["critical_temperature"]["value"]
        == 9.5
    )
    tin = values_of("Sn")["critical_temperature"]
    assert (tin["value"], tin["uncertainty"]) == (pytest.approx(3.7), 0.1)


def test_conditions_hold_for_the_other_values_of_a_row_and_of_a_header(tmp_path: Path) -> None:
    one(
        a_file(
            tmp_path,
            "te.csv",
            "formula;T (°C);S (µV/K);σ at 300 K (S/cm);ZT\nBi2Te3;126,85;-190,5;900;0,8\nPbTe;426,85;250,25;1.234,5;1,4\n",
        )
    )
    values = values_of("Te3Bi2" if Record.objects.filter(formula="Te3Bi2").exists() else "Bi2Te3")
    assert values["seebeck_coefficient"]["value"] == -190.5
    assert values["seebeck_coefficient"]["conditions"]["temperature"] == pytest.approx(400)
    assert values["temperature"]["value"] == pytest.approx(400)
    assert values["electrical_conductivity"]["conditions"]["temperature"] == 300
    assert values["electrical_conductivity"]["value"] == pytest.approx(90_000)
    assert values["figure_of_merit"]["value"] == 0.8
    lead = {value["property"]: value for value in Record.objects.get(elements=["Pb", "Te"]).values}
    assert lead["electrical_conductivity"]["value"] == pytest.approx(123_450)


def test_shares_of_elements_in_weight_become_one_formula_in_atoms(tmp_path: Path) -> None:
    report = one(
        a_file(
            tmp_path,
            "steels.csv",
            "Fe (wt.%),Cr (wt.%),C (wt.%),Dose (dpa),DBTT (°C)\nbal.,9,0.1,2,20\n88,12,,5,64\n50,12,,5,64\n",
        )
    )
    assert (report.topic, report.records) == ("irradiation_damage", 2)
    assert "add up to 62" in report.rejected[0]["reason"]
    binary = Record.objects.get(elements=["Cr", "Fe"])
    # 12 wt.% Cr: (12 / 51.996) / (12 / 51.996 + 88 / 55.845) = 12.775 at.%
    assert binary.formula == "Cr12.775Fe87.225"
    assert binary.formula_source == "Fe 88, Cr 12 (wt.%)"
    assert Record.objects.get(elements=["C", "Cr", "Fe"]).formula_source.startswith("Cr 9, C 0.1, Fe 90.9")


ROWS = ["MgO,300,1.5", "MgO,400,1.7", "MgO,500,1.9", "NaCl,300,0.4"]


def _te(rows: list[str]) -> str:
    return "formula,temperature (K),thermal conductivity (W/m/K)\n" + "\n".join(rows) + "\n"


def test_rows_keep_their_records_when_reordered_or_appended(tmp_path: Path) -> None:
    one(a_file(tmp_path / "1", "te.csv", _te(ROWS)))
    before = {record.pk: record.values for record in Record.objects.all()}
    shuffled = [*ROWS, "MgO,600,2.1"]
    random.Random(4).shuffle(shuffled)  # noqa: S311
    report = one(a_file(tmp_path / "2", "te.csv", _te(shuffled)))
    assert report.records == 5
    after = {record.pk: record for record in Record.objects.filter(withdrawn=False)}
    assert set(before) < set(after)
    assert {pk: after[pk].values for pk in before} == before
    assert {record.version for record in after.values()} == {1}
    one(a_file(tmp_path / "3", "te.csv", _te(["MgO,500,1.95", *ROWS[:2], ROWS[3]])))
    changed = [record for record in Record.objects.filter(withdrawn=False) if record.version > 1]
    assert len(changed) <= 1


def test_a_person_says_what_the_columns_mean(tmp_path: Path) -> None:
    path = a_file(tmp_path, "odd.csv", "who,q1,q2,q3\nMgB2,39,0,a\nPb,7.2,1.5,b\n")
    (refused,) = paths_import([path])
    assert refused.error and "q1" in refused.error
    stated = stated_check(
        {
            "topic": "superconductors",
            "formula": "who",
            "title": "My table",
            "kind": "measurement",
            "columns": {
                "q1": {"property": "critical_temperature", "unit": "K"},
                "q2": {"property": "pressure", "unit": "kbar"},
                "q3": {"role": "source"},
            },
        }
    )
    report = one(path, stated=stated)
    assert (report.dataset, report.records) == ("my-table", 2)
    lead = values_of("Pb")
    assert lead["pressure"]["value"] == pytest.approx(0.15)
    assert lead["critical_temperature"]["conditions"] == {"pressure": pytest.approx(0.15)}
    assert lead["critical_temperature"]["reference"] == "b"
    assert Record.objects.first().kind == "measurement"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"topic": "nothing"}, "there is no topic"),
        ({"formula": "absent"}, "lacks: absent"),
        ({"columns": {"q1": {"property": "colour"}}}, "no property of topic"),
        ({"columns": {"q1": {"property": "critical_temperature", "unit": "GPa"}}}, "does not measure"),
        ({"formula": None}, "names no column of formulae"),
    ],
)
def test_a_mapping_that_does_not_fit_says_why(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    path = a_file(tmp_path, "odd.csv", "who,q1\nMgB2,39\nPb,7.2\n")
    document: dict[str, Any] = {"topic": "superconductors", "formula": "who", "columns": {}}
    (report,) = paths_import([path], stated=stated_check(document | change))
    assert report.error and says in report.error


def test_a_mapping_with_unknown_words_is_refused() -> None:
    with pytest.raises(Refused, match="columns"):
        stated_check({"topic": "superconductors", "columns": {"q1": {"proprety": "x"}}})


def test_one_value_a_row_with_a_unit_of_its_own(tmp_path: Path) -> None:
    report = one(
        a_file(
            tmp_path,
            "long.csv",
            "material,property,value,unit\nMgO,bulk modulus,160,GPa\nNaCl,bulk modulus,240,kbar\nNaCl,density,2.16,g/cm3\n",
        )
    )
    assert (report.topic, report.records) == ("crystal_structures", 3)
    found = {(r.formula, v["property"]): v["value"] for r in Record.objects.all() for v in r.values}
    assert found == {
        ("MgO", "bulk_modulus"): 160,
        ("NaCl", "bulk_modulus"): pytest.approx(24),
        ("NaCl", "density"): 2.16,
    }


def test_two_topics_that_explain_a_table_alike_are_named(tmp_path: Path) -> None:
    (report,) = paths_import(
        [
            a_file(
                tmp_path,
                "t.csv",
                "formula,critical temperature (K),Seebeck coefficient (uV/K)\nMgO,7.8,1\nNaCl,8.5,2\nKCl,8.4,3\n",
            )
        ]
    )
    assert report.error and "--topic" in report.error


def test_common_properties_that_no_topic_claims_are_general_facts(tmp_path: Path) -> None:
    table = tmp_path / "handbook.csv"
    table.write_text("Material,Melting point (K),Band gap (eV)\nSi,1687,1.12\nGaAs,1511,1.42\nGaN,2773,3.4\n")
    (report,) = paths_import([table])
    assert (report.topic, report.records, report.error) == ("material_facts", 3, None)


def test_a_long_table_of_strangers_is_not_taken_for_our_own_facts(tmp_path: Path) -> None:
    table = tmp_path / "values.csv"
    rows = "Si,band gap,1.12,eV,,Green 1990\nGe,band gap,0.66,eV,,Sze 1981\nGaN,melting point,2773,K,,Karpinski 1984\n"
    table.write_text(f"formula,property,value,unit,conditions,source\n{rows}")
    (report,) = paths_import([table])
    assert report.error is None and report.records == 3
    assert report.dataset != "material-facts"
