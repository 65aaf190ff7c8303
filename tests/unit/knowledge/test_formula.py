"""Formulae in every spelling people and files use, and in free text."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.chemistry.elements import elements
from knowledge.formula import NotAFormula, find_formulas, parse_formula


@pytest.mark.parametrize(
    ("text", "reduced"),
    [
        ("Bi2Se3", "Bi2Se3"),
        ("Bi₂Te₃", "Bi2Te3"),
        ("O3PbTi", "TiPbO3"),
        ("Bi$_2$Se$_3$", "Bi2Se3"),
        (r"$\mathrm{Bi_2Se_3}$", "Bi2Se3"),
        ("Bi_{2}Se_{3}", "Bi2Se3"),
        ("H<sub>2</sub>O", "H2O"),
        ("Ca3(PO4)2", "Ca3(PO4)2"),
        ("Li 4 Fe4 P4 O16", "LiFePO4"),
        ("CuSO4·5H2O", "CuH10SO9"),
        ("CuSO4.5H2O", "CuH10SO9"),
        ("Bi2Te2.7Se0.3", "Bi2Te2.7Se0.3"),
        ("Pb(Mg1/3Nb2/3)O3", "MgNb2(PbO3)3"),
        ("β-Ga2O3", "Ga2O3"),
        ("2H-MoS2", "MoS2"),
        ("O", "O2"),
        ("Li2O2", "Li2O2"),
        ("硒化铋", "Bi2Se3"),
        ("三硒化二铋", "Bi2Se3"),
        ("氟化锂", "LiF"),
        ("五氧化二钒", "V2O5"),
        ("gallium arsenide", "GaAs"),
        ("铋", "Bi"),
    ],
)
def test_one_material_has_one_reduced_formula(text: str, reduced: str) -> None:
    assert parse_formula(text).reduced == reduced


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Xx2",
        "bismuth oxide",
        "硫化铁",
        "BaTiO3/SrTiO3",
        "Fe-Cr-Al",
        "Bi2(Se3",
        "2",
        "A" * 500,
        "C0",
        "Si wafer",
        "sample",
        "镍钛合金",
    ],
)
def test_what_is_not_one_composition_is_refused(text: str) -> None:
    with pytest.raises(NotAFormula):
        parse_formula(text)


def test_a_formula_knows_its_elements_and_amounts() -> None:
    formula = parse_formula("Na5P3(H3O4)4")
    assert formula.elements == ("H", "Na", "O", "P")
    assert dict(formula.amounts) == {"Na": 5, "P": 3, "H": 12, "O": 16}
    assert formula.source == "Na5P3(H3O4)4"


@given(st.dictionaries(st.sampled_from(sorted(elements())), st.integers(1, 30), min_size=2, max_size=5), st.randoms())
def test_the_order_of_elements_and_a_common_factor_do_not_matter(amounts: dict[str, int], random: object) -> None:
    one = "".join(f"{s}{n}" for s, n in amounts.items())
    other = "".join(f"{s}{n * 3}" for s, n in reversed(amounts.items()))
    assert parse_formula(one).reduced == parse_formula(other).reduced
    assert parse_formula(parse_formula(one).reduced).reduced == parse_formula(one).reduced


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("What is the topological class of Bi2Se3 in space group 166?", ["Bi2Se3"]),
        ("Is SrSb2 (SG 11) a TI? In As, I think He said No.", ["SrSb2"]),
        ("SOC, CIF, UV and NSOC at 300 K in P4/nmm, Fm-3m, Pm-3m, C2/m, P1", []),
        ("氟化锂中锂的配位环境", ["LiF"]),
        ("Bi₂Te₃属于哪个空间群?(SrTiO3)、Cd3As2(137)", ["Bi2Te3", "SrTiO3", "Cd3As2"]),
        (r"the alloy (Bi2Te3). $\mathrm{Bi_2Se_3}$; Bi$_2$Te$_3$", ["Bi2Te3", "Bi2Se3", "Bi2Te3"]),
        ("Fe2O3/Al2O3. Na3Bi.", ["Fe2O3", "Al2O3", "Na3Bi"]),
        ("gap of Si and gallium arsenide, Li-ion, Tc of Nb", ["Si", "GaAs", "Nb"]),
        ("mp-541837 MAT00012188 JVASP-10", []),
    ],
)
def test_free_text_gives_its_formulae_and_nothing_else(text: str, found: list[str]) -> None:
    hits = find_formulas(text)
    assert [formula.reduced for _, _, formula in hits] == found
    assert all(0 <= start < end <= len(text) for start, end, _ in hits)


@given(st.text(max_size=200))
def test_any_text_can_be_searched(text: str) -> None:
    ends = 0
    for start, end, _ in find_formulas(text):
        assert ends <= start < end
        ends = end


@pytest.mark.timeout(60)  # a quadratic search would take hours
def test_long_hostile_text_comes_to_an_end() -> None:
    for text in ("Ca(" * 8000, "Bi2Se3." * 8000, "(" * 30000 + "O2", "A1" * 20000):
        find_formulas(text)


@pytest.mark.shared
def test_reduced_formulae_equal_those_of_pymatgen(shared: Path) -> None:
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pymatgen.core import Composition

        folder = shared / "topics" / "topological_materials"
        texts = (folder / "materiae_2019" / "formula.txt").read_text().splitlines()[1:]
        for file in sorted((folder / "nju_arsenal").glob("*.txt")):
            texts += [line.split(",")[1].strip() for line in file.read_text().splitlines()]
        ours = {text: parse_formula(text).reduced for text in texts}
        differing = {t: r for t, r in ours.items() if r != Composition(t).reduced_formula}
    assert len(ours) > 25_000
    assert differing == {}
