"""Several tables in one file: one report whose counts add up, a data set for each topic, locators that name the sheet."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from knowledge.imports.reports import Report
from knowledge.imports.services import paths_import
from knowledge.models import Dataset, Import, Record

pytestmark = pytest.mark.django_db

MODULI: list[list[object]] = [
    ["formula", "bulk modulus (GPa)"],
    ["MgO", 160],
    ["NaCl", 24],
    ["NaCl", 24],
    ["nothing", 3],
]
SHEAR: list[list[object]] = [
    ["formula", "bulk modulus (GPa)", "shear modulus (GPa)"],
    ["MgO", 161, 130],
    ["KCl", 17, 9],
]
CLASSES: list[list[object]] = [
    ["formula", "topological class SOC"],
    ["Bi2Se3", "TI"],
    ["PbTe", "Triv_Ins"],
    ["??", "TI"],
]
COLOURS: list[list[object]] = [["formula", "colour"], ["MgO", "white"], ["CuO", "black"]]
WORDS: list[list[object]] = [
    ["ID", "Reference"],
    [1, "A. Author, Journal 1 (2001) 1-9"],
    [2, "B. Author, Journal 2 (2002) 3-4"],
]


def a_workbook(path: Path, **sheets: Sequence[Sequence[object]]) -> Path:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def one(path: Path) -> Report:
    (report,) = paths_import([path])
    rejected = sum("column" not in item for item in report.rejected)
    assert report.error or report.rows == report.records + report.merged + rejected
    return report


def test_sheets_of_one_topic_form_one_data_set_and_of_another_their_own(tmp_path: Path) -> None:
    report = one(a_workbook(tmp_path / "both.xlsx", Moduli=MODULI, Shear=SHEAR, Classes=CLASSES))
    assert (report.rows, report.records, report.merged) == (9, 6, 1)
    assert (report.topic, report.dataset) == ("crystal_structures", "both")
    assert [(t["place"], t["topic"], t["rows"], t["records"], t["merged"], t["rejected"]) for t in report.tables] == [
        ("sheet Moduli", "crystal_structures", 4, 2, 1, 1),
        ("sheet Shear", "crystal_structures", 2, 2, 0, 0),
        ("sheet Classes", "topological_materials", 3, 2, 0, 1),
    ]
    assert [(item["row"], item["table"]) for item in report.rejected] == [(4, "sheet Moduli"), (3, "sheet Classes")]
    assert set(Dataset.objects.values_list("slug", flat=True)) == {"both", "both-topological-materials"}
    assert Record.objects.get(formula="KCl").locator == "sheet Shear, row 3"
    assert Record.objects.filter(formula="MgO").count() == 2
    assert len(Import.objects.get(dataset__slug="both").tables) == 2


def test_the_same_workbook_again_writes_nothing_and_says_the_same(tmp_path: Path) -> None:
    path = a_workbook(tmp_path / "both.xlsx", Moduli=MODULI, Classes=CLASSES, Colours=COLOURS)
    first, again = one(path), one(path)
    assert (first.unchanged, again.unchanged) == (False, True)
    assert {**first.document(), "unchanged": True} == again.document()


def test_a_changed_sheet_changes_its_records_only(tmp_path: Path) -> None:
    one(a_workbook(tmp_path / "both.xlsx", Moduli=MODULI, Classes=CLASSES))
    one(a_workbook(tmp_path / "both.xlsx", Moduli=MODULI[:3], Classes=[*CLASSES[:2], ["PbTe", "TCI"]]))
    versions = {record.formula: (record.version, record.withdrawn) for record in Record.objects.all()}
    assert versions == {"MgO": (1, False), "NaCl": (1, False), "Bi2Se3": (1, False), "TePb": (2, False)}


def test_rows_about_materials_that_no_topic_claims_are_rejected_and_references_only_named(tmp_path: Path) -> None:
    report = one(a_workbook(tmp_path / "more.xlsx", Moduli=MODULI, Colours=COLOURS, References=WORDS))
    assert (report.rows, report.records) == (6, 2)
    assert [item["row"] for item in report.rejected if item["table"] == "sheet Colours"] == [1, 2]
    colours, words = report.tables[1:]
    assert (colours["rows"], colours["rejected"], colours["topic"]) == (2, 2, None)
    assert (words["rows"], words["rejected"]) == (2, 0)
    assert "no topic" in colours["error"] and words["error"]


def test_files_of_one_name_in_several_folders_do_not_replace_each_other(tmp_path: Path) -> None:
    for folder, row in (("polar", "MgO,160"), ("centro", "NaCl,24")):
        (tmp_path / "run" / folder / "spec").mkdir(parents=True)
        (tmp_path / "run" / folder / "spec" / "moduli.csv").write_text(f"formula,bulk modulus (GPa)\n{row}\n")
    for _ in range(2):
        reports = list(paths_import([tmp_path]))
    assert [(report.file, report.dataset, report.unchanged) for report in reports] == [
        ("run/centro/spec/moduli.csv", "centro-spec-moduli", True),
        ("run/polar/spec/moduli.csv", "polar-spec-moduli", True),
    ]
    assert sorted(Record.objects.filter(withdrawn=False).values_list("formula", flat=True)) == ["MgO", "NaCl"]


def test_texts_with_the_same_columns_are_no_parts_of_one_table(tmp_path: Path) -> None:
    for name, rows in (("oxides", "MgO 160\nZnO 143\n"), ("halides", "NaCl 24\n")):
        (tmp_path / f"{name}.txt").write_text(f"# formula bulk_modulus_GPa\n{rows}")
    assert {report.file: report.records for report in paths_import([tmp_path])} == {"oxides.txt": 2, "halides.txt": 1}


def test_a_workbook_of_which_no_sheet_is_claimed_says_why_for_each(tmp_path: Path) -> None:
    report = one(a_workbook(tmp_path / "none.xlsx", Colours=COLOURS, References=WORDS))
    assert report.error is not None
    assert "sheet Colours" in report.error and "sheet References" in report.error
