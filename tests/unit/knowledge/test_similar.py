"""Similar materials: the distance is the published one, the order is chemistry's, and each reason is true."""

import json
from pathlib import Path

import numpy as np
import pytest
from django.core.management import call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from eln.accounts.models import Project
from eln.accounts.scope import Scope
from knowledge.errors import QueryError
from knowledge.index.services import index_rebuild
from knowledge.similar import domain
from knowledge.similar.services import similar
from tests.builders.knowledge import a_dataset, a_record

compositions = st.dictionaries(st.sampled_from(sorted(domain.scale())), st.integers(1, 9), min_size=1, max_size=4)


def distance(one: dict[str, float], other: dict[str, float]) -> float:
    rows = domain.cumulative([one, other])
    return float(domain.distances(rows[:1], rows[1])[0])


def test_calcium_for_strontium_titanate_is_the_published_distance() -> None:
    moved = distance({"Ca": 1, "Ti": 1, "O": 3}, {"Sr": 1, "Ti": 1, "O": 3})
    assert moved == pytest.approx(0.2, abs=1e-5)  # Hargreaves et al. 2020


@settings(max_examples=100, deadline=None)
@given(one=compositions, other=compositions, third=compositions)
def test_the_distance_is_a_metric_and_knows_no_size(
    one: dict[str, int], other: dict[str, int], third: dict[str, int]
) -> None:
    assert distance(one, {key: 3 * value for key, value in one.items()}) == pytest.approx(0, abs=1e-3)
    assert distance(one, other) == pytest.approx(distance(other, one), abs=1e-4)
    assert distance(one, third) <= distance(one, other) + distance(other, third) + 1e-3


@pytest.mark.django_db
def test_what_shares_structure_and_class_comes_before_what_only_shares_elements() -> None:
    a_record("Bi2Se3", spacegroup_number=166, values={"topological_class_soc": "TI"})
    a_record("Bi2Te3", spacegroup_number=166, values={"topological_class_soc": "TI"})
    a_record("BiSe", spacegroup_number=221, values={"topological_class_soc": "Triv_Ins"})
    a_record("MgO", spacegroup_number=225, values={"topological_class_soc": "Triv_Ins"})
    index_rebuild()
    found = similar(material="Bi₂Se₃", k=3, scope=Scope.system())
    assert [item.formula for item in found] == ["Bi2Te3", "BiSe", "MgO"]
    assert found[0].why["structure"]["spacegroup"] == 166
    assert found[0].why["class"]["score"] == 1
    for item in found:
        assert item.score == pytest.approx(
            domain.combined({name: axis["score"] for name, axis in item.why.items()}), abs=1e-3
        )
    assert np.all(np.diff([item.score for item in found]) <= 0)


@pytest.mark.django_db
def test_a_stranger_is_shown_no_projects_material() -> None:
    project = Project.objects.create(slug="secret", title="Secret")
    a_record("Bi2Te3", id="hidden", dataset=a_dataset(slug="closed", project=project))
    a_record("NaCl")
    index_rebuild()
    assert [item.formula for item in similar(material="Bi2Se3", k=5, scope=Scope(user_id=1))] == ["NaCl"]
    with pytest.raises(QueryError, match="no id of a record"):
        similar(material="hidden", k=5, scope=Scope(user_id=1))
    member = Scope(user_id=2, readable=frozenset({project.pk}))
    assert "Bi2Te3" in [item.formula for item in similar(material="Bi2Se3", k=5, scope=member)]


@pytest.mark.django_db
def test_a_crystal_structure_file_is_compared_by_its_formula_and_symmetry(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a_record("NaCl", spacegroup_number=225)
    a_record("KCl", spacegroup_number=221)
    index_rebuild()
    cif = tmp_path / "salt.cif"
    cif.write_text(
        "data_NaCl\n_cell_length_a 5.64\n_cell_length_b 5.64\n_cell_length_c 5.64\n_cell_angle_alpha 90\n_cell_angle_beta 90\n"
        "_cell_angle_gamma 90\n_symmetry_space_group_name_H-M 'F m -3 m'\n_symmetry_Int_Tables_number 225\nloop_\n_atom_site_label\n"
        "_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nNa1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5\n"
    )
    call_command("similar", str(cif), "-k", "2", "--json")
    document = json.loads(capsys.readouterr().out)
    assert [item["formula"] for item in document["items"]] == ["NaCl", "KCl"]
    assert "225" in document["items"][0]["why"]["structure"]["text"]
    with pytest.raises(SystemExit) as ended:
        call_command("similar", "no such thing", "--json")
    assert ended.value.code == 2
