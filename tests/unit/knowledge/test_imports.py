"""Imports: every row accounted for, the same bytes write nothing, a changed file keeps what was said before."""

import json
from pathlib import Path

import pytest

from eln.accounts.scope import Scope
from ingest.feeds.models import FeedEvent
from ingest.gateway.models import Receipt
from knowledge.imports.reports import Report
from knowledge.imports.services import paths_import
from knowledge.models import Dataset, Import, Record, RecordVersion
from knowledge.records.selectors import record_get, records_named, records_of

pytestmark = pytest.mark.django_db

MATERIAE = {
    "idstr": ["MAT1", "MAT2", "MAT3"],
    "formula": ["Bi2Se3", "NaN", "O3PbTi"],
    "spacegroup": ["166.0", "62", "221"],
    "mp_id_str": ["mp-1", "mp-2", "mp-3"],
    "elements": ["['Bi', 'Se']", "['N', 'Na']", "['O', 'Pb', 'Ti']"],
    "elements_num": ["[2, 3]", "[1, 1]", "[3, 1, 1]"],
    "class_soc class_nsoc": ["TI Triv_Ins", "Unknown Unknown", "Triv_Ins Triv_Ins"],
    "nelec": ["28.0", "6", "26"],
}


def a_table(folder: Path, columns: dict[str, list[str]]) -> Path:
    """A folder of line-aligned files as Materiae's."""
    folder.mkdir(parents=True, exist_ok=True)
    for names, cells in columns.items():
        (folder / f"{names.split()[0]}.txt").write_text("\n".join([f"# {names}", *cells]) + "\n")
    return folder


def one(path: Path, topic: str | None = None) -> Report:
    (report,) = paths_import([path], topic=topic)
    return report


def adds_up(report: Report) -> bool:
    rejected = sum("column" not in item for item in report.rejected)
    return report.rows == report.records + report.merged + rejected


def test_line_aligned_files_become_records_with_every_value(tmp_path: Path) -> None:
    report = one(a_table(tmp_path / "m", MATERIAE))
    assert (report.error, report.dataset, report.rows, report.records) == (None, "materiae-2019", 3, 3)
    assert report.rejected == []
    record = Record.objects.get(external_id="mp-1")
    values = {value["property"]: value["value"] for value in record.values}
    assert (record.formula, record.spacegroup_number, record.elements) == ("Bi2Se3", 166, ["Bi", "Se"])
    assert values["topological_class_soc"] == "TI"
    assert values["elements_per_cell"] == ["Bi 2", "Se 3"]
    assert values["valence_electrons"] == 28
    assert record.locator == "line 2"
    assert Receipt.objects.get(pk=record.receipt).kind == "computation"


def test_the_same_bytes_again_write_nothing(tmp_path: Path) -> None:
    folder = a_table(tmp_path / "m", MATERIAE)
    first = one(folder)
    version, events = Dataset.objects.get().version, FeedEvent.objects.count()
    again = one(folder)
    assert again.unchanged and again.records == first.records
    assert (Dataset.objects.get().version, FeedEvent.objects.count()) == (version, events)
    assert set(Record.objects.values_list("version", flat=True)) == {1}


def test_a_changed_file_makes_versions_and_withdraws_what_is_gone(tmp_path: Path) -> None:
    one(a_table(tmp_path / "one", MATERIAE))
    before = Dataset.objects.get().version
    changed = {name: cells[:2] for name, cells in MATERIAE.items()}
    changed["class_soc class_nsoc"] = ["TCI Triv_Ins", "Unknown Unknown"]
    report = one(a_table(tmp_path / "two" / "renamed", changed))
    assert (report.unchanged, report.records, Dataset.objects.get().version != before) == (False, 2, True)
    record = Record.objects.get(external_id="mp-1")
    assert record.version == 2
    kept = RecordVersion.objects.get(record=record)
    assert kept.version == 1
    assert {"TI"} == {v["value"] for v in kept.document["values"] if v["property"] == "topological_class_soc"}
    gone = Record.objects.get(external_id="mp-3")
    assert gone.withdrawn and gone.version == 2
    assert Record.objects.get(external_id="mp-2").version == 1
    assert not records_named(scope=Scope.system(), name="mp-3").exists()
    assert record_get(scope=Scope.system(), record_id=gone.pk) is not None


def test_bad_rows_and_cells_are_refused_with_row_reason_and_column(tmp_path: Path) -> None:
    bad = {name: list(cells) for name, cells in MATERIAE.items()}
    bad["formula"][0] = "Xx2Se3"
    bad["spacegroup"][1] = "231"
    bad["nelec"][2] = "many"
    report = one(a_table(tmp_path / "m", bad))
    assert adds_up(report)
    assert (report.rows, report.records) == (3, 2)
    assert [(item["row"], item.get("column")) for item in report.rejected] == [
        (1, None),
        (2, "spacegroup"),
        (3, "nelec"),
    ]
    assert all(item["reason"] for item in report.rejected)
    assert Import.objects.get().rejected == report.rejected


def test_files_of_different_length_are_refused_as_a_whole(tmp_path: Path) -> None:
    bad = MATERIAE | {"nelec": ["28.0"]}
    report = one(a_table(tmp_path / "m", bad))
    assert report.error is not None and "nelec.txt has 1" in report.error
    assert not Record.objects.exists()


def test_duplicates_are_merged_and_disagreeing_sources_stay_side_by_side(tmp_path: Path) -> None:
    (tmp_path / "ti_ccmp.txt").write_text("166, Bi2Se3\n166, Bi2Se3\n12, Be1Sc1\n")
    (tmp_path / "tci_ccmp.txt").write_text("166, Bi2Se3\n")
    reports = list(paths_import([tmp_path]))
    assert [(r.rows, r.records, r.merged) for r in reports] == [(1, 1, 0), (3, 2, 1)]
    assert all(map(adds_up, reports))
    said = [record.values[0]["value"] for record in records_of(scope=Scope.system(), formula="Bi2Se3")]
    assert sorted(said) == ["TCI", "TI"]


def test_an_unknown_table_is_claimed_by_names_units_and_values(tmp_path: Path) -> None:
    path = tmp_path / "moduli.csv"
    path.write_text(
        "Formula;Space group;a (nm);Bulk modulus [GPa];remark\nMgO;225;0.42;160;ok\nNaCl;Fm-3m;0.563;24;\nKCl;225;x;17;\n"
    )
    report = one(path)
    assert (report.topic, report.dataset, report.rows, report.records) == ("crystal_structures", "moduli", 3, 3)
    assert {c: m["property"] for c, m in report.mapping.items()} == {
        "Formula": "formula",
        "Space group": "spacegroup_number",
        "a (nm)": "a",
        "Bulk modulus [GPa]": "bulk_modulus",
        "remark": None,
    }
    assert report.mapping["a (nm)"]["unit"] == "nm"
    assert [item["column"] for item in report.rejected] == ["a (nm)"]
    record = Record.objects.get(formula="NaCl")
    (length,) = [v for v in record.values if v["property"] == "a"]
    assert length["value"] == pytest.approx(5.63)
    assert (length["unit"], length["raw"], length["column"]) == ("angstrom", "0.563", "a (nm)")
    assert record.spacegroup_number == 225


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.csv", "MgO,225,1.5\nNaCl,225,2.5\nKCl,225,3.5\n", "names no columns"),
        ("b.csv", "formula,colour\nMgO,white\nNaCl,white\n", "no topic claims it"),
        ("c.csv", "sample,a (nm)\nfirst,0.1\nsecond,0.2\n", "no column holds formulae"),
        ("d.csv", "", "is empty"),
        ("e.xy", "\n".join(f"{10 + i * 0.02:.2f} {i % 7}" for i in range(100)), "measured curve"),
        ("f.json", '{"a": 1}', "no list of objects"),
        ("g.json", "{", "no readable JSON"),
        ("h.xlsx", "no workbook", "cannot be opened"),
        ("i.bin", "\0\1\2", "binary"),
    ],
)
def test_a_file_nobody_can_read_is_refused_with_its_reason(
    tmp_path: Path, name: str, content: str, reason: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    report = one(path)
    assert report.error is not None and reason in report.error
    assert not Record.objects.exists()


def test_json_lists_are_tables(tmp_path: Path) -> None:
    rows = [
        {"mp_id": f"mp-{i}", "formula": f, "bulk_modulus_vrh": 10.0 + i, "shear_modulus_vrh": None}
        for i, f in enumerate(["MgO", "??"])
    ]
    path = tmp_path / "list.json"
    path.write_text(json.dumps([*rows, 3]))
    report = one(path)
    assert (report.dataset, report.rows, report.records, adds_up(report)) == ("mp-binary-elasticity", 3, 1, True)


def test_structures_carry_symmetry_and_a_broken_one_stops_no_other(tmp_path: Path) -> None:
    folder = tmp_path / "crystals"
    folder.mkdir()
    (folder / "broken.cif").write_text("data_x\n_cell_length_a 1\n")
    (folder / "POSCAR-CsCl").write_text(
        "CsCl\n1.0\n4.11 0 0\n0 4.11 0\n0 0 4.11\nCs Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"
    )
    reports = {report.file: report for report in paths_import([tmp_path])}
    assert reports["crystals/broken.cif"].error
    assert reports["crystals/POSCAR-CsCl"].records == 1
    record = Record.objects.get()
    values = {value["property"]: value["value"] for value in record.values}
    assert (record.formula, record.spacegroup_number, values["crystal_system"]) == ("CsCl", 221, "cubic")
    assert values["a"] == pytest.approx(4.11)
    assert values["density"] == pytest.approx(4.03, abs=0.02)  # 168.36 u in 69.43 A^3
    assert values["strongest_peak_two_theta"] == pytest.approx(30.75, abs=0.1)  # Bragg, 110, Cu Ka
    assert "_cell_length_a 4.11" in record.structure


@pytest.mark.shared
def test_the_topological_tables_are_complete_and_say_what_the_files_say(shared: Path) -> None:
    folder = shared / "topics" / "topological_materials"
    reports = {report.file: report for report in paths_import([folder])}
    lines = {f.name: f.read_text().splitlines() for f in (folder / "materiae_2019").glob("*.txt")}
    materiae = reports["materiae_2019/*.txt"]
    assert materiae.rows == materiae.records == len(lines["formula.txt"]) - 1 == 22_884
    assert materiae.rejected == []
    nju = {
        f.name: len([x for x in f.read_text().splitlines() if x.strip()]) for f in (folder / "nju_arsenal").iterdir()
    }
    assert {name: reports[f"nju_arsenal/{name}"].rows for name in nju} == nju
    assert all(map(adds_up, reports.values()))
    for number in range(1, 22_885, 977):
        record = Record.objects.get(dataset__slug="materiae-2019", external_id=lines["mp_id_str.txt"][number])
        values = {value["property"]: value["value"] for value in record.values}
        assert record.formula_source == lines["formula.txt"][number]
        assert record.spacegroup_number == int(float(lines["data_spacegroup.txt"][number]))
        soc, nsoc = lines["classes.txt"][number].split()
        assert (values["topological_class_soc"], values["topological_class_nsoc"]) == (soc, nsoc)
        assert record.locator == f"line {number + 1}"
    predicted = Record.objects.filter(dataset__slug="topogivity-predictions")
    assert set(predicted.values_list("kind", flat=True)) == {"prediction"}


def test_headers_in_chinese_titles_above_and_numbers_with_uncertainty_are_read(tmp_path: Path) -> None:
    path = tmp_path / "常数.csv"
    path.write_text(
        "晶格常数汇总\n化学式,空间群,晶格常数 (nm),体模量\nMgO,225,0.4212(2),160 ± 5 GPa\nNaCl,225,5.64 Å,<30\n",
        encoding="utf-8",
    )
    report = one(path)
    assert (report.topic, report.rows, report.records) == ("crystal_structures", 2, 2)
    assert report.rejected == []
    values = {v["property"]: v for v in Record.objects.get(formula="MgO").values}
    assert values["a"]["value"] == pytest.approx(4.212)
    assert values["a"]["uncertainty"] == pytest.approx(0.002)
    assert (values["bulk_modulus"]["value"], values["bulk_modulus"]["uncertainty"]) == (160, 5)
    other = {v["property"]: v for v in Record.objects.get(formula="NaCl").values}
    assert other["a"]["value"] == pytest.approx(5.64)
    assert (other["bulk_modulus"]["bound"], other["bulk_modulus"]["value"]) == ("<", 30)
    assert Record.objects.get(formula="MgO").locator == "line 3"


def test_tables_of_one_name_and_other_columns_do_not_replace_each_other(tmp_path: Path) -> None:
    for folder, head in (("one", "formula,bulk modulus (GPa)"), ("two", "formula,shear modulus (GPa)")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "data.csv").write_text(f"{head}\nMgO,100\nNaCl,20\n")
    first, second = paths_import([tmp_path])
    assert first.dataset != second.dataset
    assert Record.objects.filter(withdrawn=False).count() == 4


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"formula,band gap (eV)\n", "no rows"),
        (b"formula,band gap (eV)\nInAs,1,2\nGaAs,1,2\n", "row 1 has 3 cells"),
        (bytes(range(256)) * 40, "binary"),
        (b"\x00\x01" * 500, "binary"),
    ],
)
def test_a_table_without_usable_rows_says_what_is_wrong(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(data)
    assert says in (one(path).error or "")
    assert not Record.objects.exists()


def test_a_table_in_gbk_with_repeated_column_names_is_read(tmp_path: Path) -> None:
    path = tmp_path / "chinese.csv"
    path.write_bytes("材料,band gap (eV),备注,备注\nBi2Se3,0.3,好的,甲\nGaAs,1.42,半导体,乙\n".encode("gbk"))
    report = one(path, "material_facts")
    assert (report.error, report.records, report.rejected) == (None, 2, [])
    assert list(report.mapping) == ["材料", "band gap (eV)", "备注", "备注 (2)"]
    assert {record.formula: record.values[0]["value"] for record in Record.objects.all()} == {
        "Bi2Se3": 0.3,
        "GaAs": 1.42,
    }
