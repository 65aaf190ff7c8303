"""Crystal structures: several blocks, partial occupancy, wrong labels, archives, folders that lose a file, OPTIMADE data."""

import json
import zipfile
from pathlib import Path

import pytest

from knowledge.imports.readers.optimade import is_optimade, optimade_tables
from knowledge.imports.reports import Report
from knowledge.imports.services import paths_import
from knowledge.models import Record

pytestmark = pytest.mark.django_db


def cif(name: str, atoms: str, total: str = "", a: float = 5.64) -> str:
    stated = f"_chemical_formula_sum '{total}'\n" if total else ""
    cell = "".join(
        f"_cell_length_{n} {a}\n_cell_angle_{g} 90\n" for n, g in zip("abc", ("alpha", "beta", "gamma"), strict=True)
    )
    columns = ("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy")
    loop = "loop_\n" + "".join(f"_atom_site_{column}\n" for column in columns)
    return f"data_{name}\n{stated}{cell}_symmetry_space_group_name_H-M 'P 1'\n{loop}{atoms}\n"


CSCL = "Cs1 Cs 0 0 0 1\nCl1 Cl 0.5 0.5 0.5 1"


def put(folder: Path, **texts: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / f"{name}.cif").write_text(text)
    return folder


def imported(path: Path) -> list[Report]:
    return list(paths_import([path]))


def stated(record: Record) -> dict[str, object]:
    return {value["property"]: value["value"] for value in record.values}


def test_each_block_is_a_structure_and_a_broken_one_a_rejected_row(tmp_path: Path) -> None:
    text = cif("one", CSCL, a=4.12) + cif("two", "Na1 Na 0 0 0 0.5\nK1 K 0 0 0 0.5\nCl1 Cl 0.5 0.5 0.5 1", a=4.2)
    text += cif("three", "Cs1 Cs 0 0 0 1.7\nCl1 Cl 0.5 0.5 0.5 1")
    (report,) = imported(put(tmp_path / "blocks", many=text))
    assert (report.rows, report.records) == (3, 2)
    assert "block three" in report.rejected[0]["reason"] and "more than once" in report.rejected[0]["reason"]
    disorder = {record.locator: stated(record)["disordered"] for record in Record.objects.all()}
    assert disorder == {"block one": False, "block two": True}


def test_atoms_that_are_not_those_of_the_stated_formula_are_refused(tmp_path: Path) -> None:
    folder = put(
        tmp_path / "sums",
        wrong=cif("w", CSCL.replace("Cs", "Co"), "Cs Cl"),
        lacks=cif("l", CSCL, "Cs Cl O2"),
        water=cif("h", "Mg1 Mg 0 0 0 1\nO1 O 0.5 0.5 0.5 1", "H2 Mg O2"),
        heavy=cif("n", "NH4 Nh 0 0 0 1\nCl1 Cl 0.5 0.5 0.5 1"),
    )
    reports = {report.file: report for report in imported(folder)}
    assert "labels misled" in str(reports["wrong.cif"].error) and "no atoms of O" in str(reports["lacks.cif"].error)
    assert "Nh" in str(reports["heavy.cif"].error)
    (hydrate,) = Record.objects.all()
    assert hydrate.elements == ["H", "Mg", "O"] and "density" not in stated(hydrate)


def test_an_old_poscar_without_symbols_is_no_hydrogen(tmp_path: Path) -> None:
    cell = "1.0\n4 0 0\n0 4 0\n0 0 4\n"
    (tmp_path / "POSCAR").write_text(f"unknown\n{cell}1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n")
    (tmp_path / "SPOSCAR").write_text(f"rock\n{cell}Cs Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n")
    reports = {report.file: report for report in imported(tmp_path)}
    assert "names no elements" in str(reports["POSCAR"].error) and reports["SPOSCAR"].records == 1


def test_an_archive_of_structures_is_one_file_whose_members_are_rows(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "cells.zip", "w") as archive:
        archive.writestr("in/mp-22865.cif", cif("a", CSCL))
        archive.writestr("in/../../b.cif", "data_b\n_cell_length_a 5\n")
        archive.writestr("in/c.cif", "nothing at all")
    (report,) = imported(tmp_path / "cells.zip")
    assert (report.error, report.rows, report.records, len(report.rejected)) == (None, 3, 1, 2)
    assert Record.objects.get().external_id == "mp-22865"
    (again,) = imported(tmp_path / "cells.zip")
    assert again.unchanged and not (tmp_path.parent / "b.cif").exists()


def test_a_structure_that_left_its_folder_is_withdrawn(tmp_path: Path) -> None:
    folder = put(
        tmp_path / "mine", a=cif("a", CSCL), b=cif("b", CSCL.replace("Cs", "Rb")), c=cif("c", CSCL.replace("Cs", "K"))
    )
    imported(folder)
    (folder / "b.cif").unlink()
    (folder / "c.cif").write_text("data_c\nbroken\n")
    imported(folder)
    assert list(Record.objects.filter(withdrawn=False).values_list("formula", flat=True)) == ["CsCl"]
    (tmp_path / "elsewhere").mkdir()
    imported(put(tmp_path / "elsewhere" / "mine", d=cif("d", CSCL)))
    assert Record.objects.filter(withdrawn=False).count() == 2


def entry(name: str, *, gap: float, shares: list[float] | None = None) -> dict[str, object]:
    symbols = ["Cs", "vacancy"] if shares else ["Cs"]
    return {
        "id": f"https://example.org/v1/structures/{name}",
        "type": "structures",
        "attributes": {
            "chemical_formula_reduced": "ClCs",
            "elements": ["Cl", "Cs"],
            "lattice_vectors": [[4.1, 0, 0], [0, 4.1, 0], [0, 0, 4.1]],
            "cartesian_site_positions": [[0, 0, 0], [2.05, 2.05, 2.05]],
            "species_at_sites": ["A", "Cl"],
            "species": [
                {"name": "A", "chemical_symbols": symbols, "concentration": shares or [1.0]},
                {"name": "Cl", "chemical_symbols": ["Cl"], "concentration": [1.0]},
            ],
            "_lab_band_gap": gap,
            "_lab_note": {"inner": [1, 2]},
        },
    }


def test_optimade_lines_become_structures_with_the_providers_values_and_units(tmp_path: Path) -> None:
    info = {
        "type": "info",
        "id": "structures",
        "properties": {"_lab_band_gap": {"x-optimade-unit": "meV", "description": "gap"}},
    }
    lines = [
        {"x-optimade": {"meta": {"api_version": "1.2.0"}}},
        info,
        entry("x-1", gap=6250.0),
        entry("x-2", gap=6000.0, shares=[0.9, 0.1]),
    ]
    path = tmp_path / "export.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + '\n{"broken": \n')
    (report,) = imported(path)
    assert (report.error, report.rows, report.records) == (None, 3, 2)
    assert "no readable JSON" in report.rejected[0]["reason"]
    records = {record.external_id: record for record in Record.objects.all()}
    gap = next(value for value in records["x-1"].values if value["property"] == "band_gap")
    assert (gap["value"], gap["unit"], records["x-1"].spacegroup_number) == (6.25, "eV", 221)
    assert records["x-1"].structure and stated(records["x-2"]).get("disordered") in (True, None)


def test_a_saved_response_of_a_server_is_read_like_lines() -> None:
    text = json.dumps({"meta": {"api_version": "1.1.0"}, "data": [entry("x-1", gap=1.0)], "links": {}})
    assert is_optimade(text)
    (table,) = optimade_tables(text)
    assert table.rows[0][0] == "x-1" and list(table.structures) == [1] and "band_gap" in table.columns


def test_a_table_of_files_and_values_gives_each_structure_its_value(tmp_path: Path) -> None:
    cell = "1.0\n4.1 0 0\n0 4.1 0\n0 0 4.1\nCs Cl\n1 1\nDirect\n0 0 0\n0.5 0.5 0.5\n"
    (tmp_path / "POSCAR-JVASP-7.vasp").write_text(f"salt\n{cell}")
    (tmp_path / "id_prop.csv").write_text(
        "POSCAR-JVASP-7.vasp,5.400\nPOSCAR-JVASP-8.vasp,0.100\nPOSCAR-JVASP-9.vasp,0.0\n"
    )
    (report,) = imported(tmp_path / "id_prop.csv")
    assert (report.error, report.dataset, report.rows, report.records) == (None, "jarvis-band-gaps", 3, 3)
    record = Record.objects.get(external_id="JVASP-7")
    assert (record.formula, record.spacegroup_number, stated(record)["band_gap"]) == ("CsCl", 221, 5.4)
    assert Record.objects.get(external_id="JVASP-8").formula == ""
