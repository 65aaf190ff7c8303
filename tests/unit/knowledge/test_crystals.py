"""Structures as pages show them: atoms, drawing, powder patterns; damaged ones say why, hidden ones do not exist."""

import math
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from django.test import Client

from eln.accounts.models import Project, User
from knowledge.crystals.drawing import colour, drawing, with_faces
from knowledge.crystals.radiation import LINES, radiation_of
from knowledge.crystals.reader import StructureUnreadable, cell_of, peaks_of_cif, reader_close
from knowledge.errors import QueryError
from tests.builders.knowledge import a_dataset, a_record

ROCK_SALT = """data_NaCl
_cell_length_a 5.64
_cell_length_b 5.64
_cell_length_c 5.64
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_space_group_name_H-M 'F m -3 m'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Na1 Na 0 0 0
Cl1 Cl 0.5 0.5 0.5
"""


@pytest.fixture(autouse=True, scope="module")
def _ended() -> Iterator[None]:
    yield
    reader_close()


def test_the_cell_holds_all_atoms_that_the_symmetry_makes() -> None:
    cell = cell_of(ROCK_SALT)
    assert cell["formula"] == "NaCl"
    assert sorted(site["species"][0][0] for site in cell["sites"]) == ["Cl"] * 4 + ["Na"] * 4
    assert cell["parameters"]["a"] == pytest.approx(5.64)


@pytest.mark.parametrize("name", ["CuKa", "MoKa", "CoKa"])
def test_reflections_stand_where_braggs_law_puts_them(name: str) -> None:
    radiation = radiation_of({"radiation": name})
    peaks = {tuple(sorted(map(abs, p["hkl"][0]))): p for p in peaks_of_cif(ROCK_SALT, radiation)}
    for hkl in ((0, 0, 2), (0, 2, 2), (2, 2, 2)):
        spacing = 5.64 / math.sqrt(sum(index**2 for index in hkl))
        angle = 2 * math.degrees(math.asin(LINES[name] / (2 * spacing)))
        assert peaks[hkl]["two_theta"] == pytest.approx(angle, abs=2e-3)
        assert peaks[hkl]["d"] == pytest.approx(spacing, abs=1e-4)
    assert peaks[(0, 0, 2)]["intensity"] == pytest.approx(100)
    assert not {(0, 0, 1), (0, 1, 2)} & set(peaks), "forbidden in a face-centred cell"


def test_a_primitive_cell_is_shown_as_the_conventional_one_unless_asked_otherwise() -> None:
    primitive = """data_Cu
_cell_length_a 2.5526
_cell_length_b 2.5526
_cell_length_c 2.5526
_cell_angle_alpha 60
_cell_angle_beta 60
_cell_angle_gamma 60
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Cu1 Cu 0 0 0
"""
    assert len(cell_of(primitive)["sites"]) == 1
    conventional = cell_of(primitive, True)
    assert len(conventional["sites"]) == 4
    assert conventional["parameters"]["a"] == pytest.approx(3.61, abs=1e-3)
    assert conventional["metals"] == ["Cu"]


def test_an_energy_says_the_same_as_its_wavelength() -> None:
    assert radiation_of({"energy": "12.398419843"}).wavelength == pytest.approx(1.0, abs=1e-6)
    for wrong in ({"energy": "-1"}, {"wavelength": "nan"}, {"wavelength": "99"}, {"radiation": "sun"}, {"energy": "x"}):
        with pytest.raises(QueryError):
            radiation_of(wrong)


def test_a_damaged_structure_says_why_and_the_next_one_is_read() -> None:
    with pytest.raises(StructureUnreadable, match="cannot be shown"):
        cell_of("data_x\n_cell_length_a nonsense\n")
    assert cell_of(ROCK_SALT + "\n# again\n")["sites"]


def test_the_drawing_repeats_atoms_on_opposite_faces() -> None:
    cell = cell_of(ROCK_SALT)
    assert len([symbol for _at, symbol in with_faces(cell["sites"], [5.64] * 3) if symbol == "Na"]) == 14
    root = ElementTree.fromstring(drawing(cell))  # noqa: S314 - our own drawing
    circles = [node for node in root.iter() if node.tag.endswith("circle")]
    assert len(circles) == 14 + 13 + 2, "atoms and a key of two"
    assert len({colour(symbol) for symbol in ("O", "Fe", "U", "Xe")}) == 4


def test_the_pages_parts_are_for_readers_alone(db: None) -> None:
    secret = Project.objects.create(slug="s", title="S")
    shut = a_dataset(slug="shut", topic="crystal_structures", project=secret)
    a_record("NaCl", id="open", dataset=a_dataset(slug="cs", topic="crystal_structures"), structure=ROCK_SALT)
    a_record("NaCl", id="hidden", dataset=shut, structure=ROCK_SALT)
    client = Client()
    client.force_login(User.objects.create_user("reader"))
    for part in ("structure.json", "structure.svg", "structure.cif", "pattern.json"):
        assert client.get(f"/knowledge/records/open/{part}").status_code == 200, part
        assert client.get(f"/knowledge/records/hidden/{part}").status_code == 404, part
    told = client.get("/knowledge/records/open/pattern.json?wavelength=0.5").json()
    assert told["radiation"]["wavelength"] == 0.5
    assert told["peaks"][0][3] == "(1 1 1)"
    assert client.get("/knowledge/records/open/pattern.json?radiation=sun").status_code == 400
    colours = client.get("/knowledge/records/open/structure.json").json()["elements"]
    assert colours["Cl"]["electronegativity"] > colours["Na"]["electronegativity"]
