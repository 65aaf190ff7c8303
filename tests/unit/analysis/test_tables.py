"""Tables are recognised by what they hold, and refused with what there is."""

from pathlib import Path

import pytest

from analysis.datasets import Dataset
from analysis.datasets.table import table_dataset, table_read
from analysis.errors import BadDataset

FORMULAS = ["NaCl", "KCl", "LiF", "MgO", "CaO", "SrTiO3", "BaTiO3", "Bi2Se3", "Bi2Te3", "Sb2Te3"] * 3


def a_table(folder: Path, head: str, rows: list[str]) -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join([head, *rows]), encoding="utf-8")
    return path


def opened(path: Path, target: str, **more: object) -> Dataset:
    return table_dataset(table_read(path), target=target, **more)  # type: ignore[arg-type]


def test_the_composition_is_found_whatever_the_column_is_called(tmp_path: Path) -> None:
    rows = [f"{at},cubic,{formula},{at % 7}.5" for at, formula in enumerate(FORMULAS)]
    dataset = opened(a_table(tmp_path, "nr,symmetry,what it is,y (eV)", rows), "y (eV)")
    assert dataset.origin["composition"] == "what it is"
    assert dataset.target.task == "regression"
    assert dataset.target.unit == "eV"
    assert dataset.rows.columns == ()  # nr only counts rows, symmetry is always the same


def test_words_two_values_and_truths_are_classes(tmp_path: Path) -> None:
    rows = [f"{formula},{at % 2},{'True' if at % 3 else 'False'},{'ab'[at % 2]}" for at, formula in enumerate(FORMULAS)]
    path = a_table(tmp_path, "formula,label,truth,word", rows)
    assert {opened(path, name).target.task for name in ("label", "truth", "word")} == {"classification"}


def test_a_column_that_restates_the_target_is_left_out_and_said(tmp_path: Path) -> None:
    rows = [f"{f},{'abc'[at % 3]},{at % 3 > 0},{at % 3 * 2.5},{at * 7 % 11}" for at, f in enumerate(FORMULAS)]
    dataset = opened(a_table(tmp_path, "formula,kind,not_a,code,free", rows), "kind")
    assert [column.name for column in dataset.rows.columns] == ["free"]
    assert sum("restates" in note for note in dataset.notes) == 2


def test_rows_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    rows = [f"{formula},{at}.5" for at, formula in enumerate(FORMULAS)]
    rows[3], rows[5] = "not a formula,3", "NaCl,"
    dataset = opened(a_table(tmp_path, "formula,y", rows), "y")
    assert len(dataset.rows) == len(FORMULAS) - 2
    assert any("composition cannot be read: 4" in note for note in dataset.notes)
    assert any("no value of y: 6" in note for note in dataset.notes)


def test_a_wrong_column_names_those_there_are(tmp_path: Path) -> None:
    path = a_table(tmp_path, "formula,gap", [f"{formula},1" for formula in FORMULAS])
    with pytest.raises(BadDataset, match="it has: formula, gap"):
        opened(path, "band gap")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no rows"),
        (b"a,b\n", "no rows"),
        (b"PK\x03\x04broken", "workbook"),
        (b"\x00\x01\x02\x03" * 50, "not a table"),
    ],
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(content)
    with pytest.raises(BadDataset, match=says):
        table_read(path)


def test_a_target_without_variation_is_refused(tmp_path: Path) -> None:
    path = a_table(tmp_path, "formula,y", [f"{formula},1.5" for formula in FORMULAS])
    with pytest.raises(BadDataset, match="same in all rows"):
        opened(path, "y", task="regression")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "target", "task", "composition", "rows"),
    [
        ("matbench_steels/fold0_train.csv", "yield_strength_MPa", "regression", "composition", 249),
        ("matbench_glass/fold0_train.csv", "gfa", "classification", "composition", 4544),
        ("perovskite_abx3/train_official.csv", "exp_label", "classification", "ABX3", 460),
        ("double_perovskites_gap/full.csv", "gap gllbsc", "regression", "formula", 1306),
        ("wolverton_oxides/full.csv", "e_hull", "regression", "formula", None),
    ],
)
def test_real_tables_are_recognised(
    shared: Path, file: str, target: str, task: str, composition: str, rows: int | None
) -> None:
    dataset = opened(shared / "training" / file, target)
    assert (dataset.target.task, dataset.origin["composition"]) == (task, composition)
    assert rows is None or len(dataset.rows) == rows
