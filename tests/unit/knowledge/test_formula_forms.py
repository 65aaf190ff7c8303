"""One composition in the many ways that papers, tables and people write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.chemistry.elements import elements
from knowledge.formula import NotAFormula, find_formulas, parse_formula


@pytest.mark.parametrize(
    ("texts", "reduced"),
    [
        (["(La0.5Sr0.5)MnO3", "La0.5 Sr0.5 Mn O3", "La0.5Sr0.5MnO3"], "Sr0.5La0.5Mn1O3"),
        (["Bi2-xSbxTe3 (x=0.5)", "Bi2−xSbxTe3, x = 0.5", "Bi1.5Sb0.5Te3", r"Bi$_{2-x}$Sb$_x$Te$_3$ (x = 0.5)"], "Bi1.5Sb0.5Te3"),
        (["(1-x)BaTiO3-xCaZrO3, x=0.2", "0.8BaTiO3-0.2CaZrO3", "80BaTiO3-20CaZrO3"], "Ba0.8Ca0.2Zr0.2Ti0.8O3"),
        (["CuSO4·5H2O", "CuSO4*5H2O", "CuSO4•5H2O", "CuSO4.5H2O", "CuSO4 5H2O", "CuSO4 x 5 H2O", "五水合硫酸铜",
          "copper(II) sulfate pentahydrate", r"\ce{CuSO4.5H2O}"], "CuH10SO9"),
        (["CaSO4.0.5H2O", "CaSO4·0.5H2O"], "Ca1H1S1O4.5"),
        (["H<sub>2</sub>O", "水", "D2O", "²H₂O", "water", "\\ce{H2O}"], "H2O"),
        (["三氧化二铝", "氧化铝", "aluminium oxide", "dialuminium trioxide", "α-Al2O3", "sapphire", "O3Al2"], "Al2O3"),
        (["四氧化三铁", "magnetite", "Fe3O4"], "Fe3O4"),
        (["磷酸二氢钾", "KDP", "potassium dihydrogen phosphate", "KH2PO4"], "KP(HO2)2"),
        (["vanadium pentoxide", "五氧化二钒", "V₂O₅"], "V2O5"),
        (["iron(III) oxide", "hematite", "三氧化二铁"], "Fe2O3"),
        (["Ni50Ti50", "Ni50Ti50 (at.%)", "NiTi"], "TiNi"),
        (["Pb(Zr0.52Ti0.48)O3", "PbZr0.52Ti0.48O3", "0.52PbZrO3-0.48PbTiO3"], "Zr0.52Ti0.48Pb1O3"),
        (["YBa2Cu3O7-δ", "YBa2Cu3O7-d", "YBCO", r"YBa$_2$Cu$_3$O$_{7-\delta}$", "YBa<sub>2</sub>Cu3O7-x"], "Ba2YCu3O7"),
        (["(Bi,Sb)2Te3", "Bi2-xSbxTe3", "(Bi1-xSbx)2Te3", "(Sb,Bi)2Te3"], "(Bi,Sb)2Te3"),
        (["La2-xSrxCuO4", "(La,Sr)2CuO4"], "(Sr,La)2CuO4"),
        (["PZT", "Pb(Zr,Ti)O3", "PbZrxTi1-xO3", "lead zirconate titanate"], "(Zr,Ti)PbO3"),
        (["ZnO:Al", "Al-doped ZnO", "掺铝氧化锌", "Al:ZnO", "ZnO:Al (2 at.%)"], "ZnO:Al"),
        (["MAPbI3", "CH3NH3PbI3"], "H6PbCI3N"),
    ],
)  # fmt: skip
def test_every_spelling_gives_the_same_composition(texts: list[str], reduced: str) -> None:
    assert {text: parse_formula(text).reduced for text in texts} == dict.fromkeys(texts, reduced)


@pytest.mark.parametrize(
    ("text", "reduced", "phase"),
    [
        ("β-Ga2O3", "Ga2O3", "β"),
        ("3C-SiC", "SiC", "3C"),
        ("T_d-WTe2", "Te2W", "Td"),
        ("$T_d$-WTe2", "Te2W", "Td"),
        ("1T′-MoTe2", "Te2Mo", "1T'"),
        ("h-BN", "BN", "hexagonal"),
        ("cubic ZrO2", "ZrO2", "cubic"),
        ("立方氧化锆", "ZrO2", "cubic"),
        ("rutile TiO2", "TiO2", "rutile"),
        ("TiO2 (anatase)", "TiO2", "anatase"),
        ("金刚石", "C", "diamond"),
        ("quartz", "SiO2", "quartz"),
        ("L1_0-FePt", "FePt", "L10"),
    ],
)
def test_a_polymorph_keeps_its_prefix_or_name_as_its_phase(text: str, reduced: str, phase: str) -> None:
    formula = parse_formula(text)
    assert (formula.reduced, formula.phase) == (reduced, phase)


def test_what_is_not_stated_is_marked_and_never_guessed() -> None:
    site = parse_formula("(Bi,Sb)2Te3")
    assert site.open == ("Bi", "Sb")
    assert not site.stated
    assert site.elements == ("Bi", "Sb", "Te")
    vacancy = parse_formula("La1.85Sr0.15CuO4-δ")
    assert vacancy.deviating == ("O",)
    assert vacancy.stated
    assert parse_formula("CuxBi2Se3").open == ("Cu",)
    assert parse_formula("CuxBi2Se3").reduced != "Bi2Se3"
    assert parse_formula("Ce1-xGdxO2-x/2").reduced == "(Ce,Gd)O2"
    assert parse_formula("(1-x)BaTiO3-xCaZrO3").reduced == "(Ba,Ca)(Zr,Ti)O3"


@pytest.mark.parametrize(
    ("text", "reduced", "charge"),
    [("Ca2+", "Ca", 2), ("SO4^2-", "SO4", -2), ("SO₄²⁻", "SO4", -2), ("SO42-", "SO4", -2), ("NH4+", "H4N", 1), ("NO3-", "NO3", -1)],
)  # fmt: skip
def test_an_ion_is_its_atoms_and_its_charge(text: str, reduced: str, charge: int) -> None:
    assert (parse_formula(text).reduced, parse_formula(text).charge) == (reduced, charge)


def test_an_alloy_by_weight_becomes_atomic_fractions() -> None:
    # 9 g of Cr in 100 g: (9/51.996) / (9/51.996 + 91/55.845) = 0.0960
    alloy = parse_formula("Fe-9Cr (wt.%)")
    assert alloy.amounts["Cr"] == pytest.approx(0.0960, abs=1e-4)
    assert parse_formula("Fe-9Cr").notes[-1] == "wt.% assumed"
    assert parse_formula("Fe-9Cr").confidence < parse_formula("Fe-9Cr (wt.%)").confidence
    assert parse_formula("Fe-9Cr (at.%)").amounts == {"Fe": 91, "Cr": 9}
    assert parse_formula("Ti-6Al-4V").elements == ("Al", "Ti", "V")


@pytest.mark.parametrize(
    ("name", "candidates"),
    [("氧化铁", ("FeO", "Fe2O3", "Fe3O4")), ("iron oxide", ("FeO", "Fe2O3", "Fe3O4")), ("氧化铜", ("Cu2O", "CuO"))],
)
def test_a_name_of_several_compounds_gives_them_all_and_chooses_none(name: str, candidates: tuple[str, ...]) -> None:
    with pytest.raises(NotAFormula, match="name one of them") as refused:
        parse_formula(name)
    assert refused.value.candidates == candidates


@pytest.mark.parametrize(
    "text",
    ["BaTiO3/SrTiO3", "Bi2Te3-BiSe", "BaTiO3-xCaZrO3", "Al-Cu-Mg", "BeH8_NF2_2", "Sr2RuO4 single crystal", "Si wafer", "the sample",
     "Bi2Se3=z", "mp-541837", "P4/nmm", "R-3m", "(Bi,)Te", "Fe-120Cr", "合金", "Mm"],
)  # fmt: skip
def test_what_is_no_composition_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(NotAFormula) as refused:
        parse_formula(text)
    assert len(str(refused.value)) > 8


def test_words_that_are_symbols_are_doubtful_and_stay_out_of_text() -> None:
    assert all(parse_formula(word).confidence <= 0.5 for word in ("In", "He", "NO", "CO", "SOC"))
    assert parse_formula("InAs").confidence == 1
    assert find_formulas("In this sample He found NO trace; the Si-wafer had a perovskite structure") == []
    assert [f.reduced for _, _, f in find_formulas("rutile and zinc oxide, 二硫化钼和氧化铁")] == [
        "TiO2",
        "ZnO",
        "MoS2",
    ]


def test_the_longest_alloys_fit() -> None:
    text = "".join(f"{symbol}{2 + 0.0001 * n:.4f}" for n, symbol in enumerate(sorted(elements())[:40]))
    formula = parse_formula(text)
    assert parse_formula(formula.reduced).amounts == formula.amounts
    assert len(formula.reduced) > 120


# Random compositions in every style ------------------------------------------------------------------------------

_SYMBOLS = st.sampled_from(sorted(set(elements()) - {"D"}))
_WHOLE = st.dictionaries(_SYMBOLS, st.integers(1, 40), min_size=2, max_size=6)
_DECIMAL = st.dictionaries(_SYMBOLS, st.integers(1, 4000).map(lambda n: n / 1000), min_size=2, max_size=6)
_SUB = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def _styles(parts: list[tuple[str, str]]) -> list[str]:
    """The same symbols and amounts as (plain, spaced, Unicode, LaTeX of three kinds, HTML, ordered otherwise, bracketed)."""
    plain = "".join(s + n for s, n in parts)
    return [
        plain,
        " ".join(s + n for s, n in parts),
        "".join(s + n.translate(_SUB) for s, n in parts),
        "".join(f"{s}$_{{{n}}}$" for s, n in parts),
        r"$\mathrm{" + "".join(f"{s}_{{{n}}}" for s, n in parts) + "}$",
        r"\ce{" + plain + "}",
        "".join(f"{s}<sub>{n}</sub>" for s, n in parts),
        "".join(s + n for s, n in sorted(parts)),
        "".join(s + n for s, n in reversed(parts)),
        f"({plain})",
        f"[{plain}]2",
    ]


@given(_WHOLE)
def test_whole_amounts_survive_every_style(amounts: dict[str, int]) -> None:
    styles = _styles([(s, str(n)) for s, n in amounts.items()])
    assert len({parse_formula(text).reduced for text in styles}) == 1
    assert parse_formula(parse_formula(styles[0]).reduced).reduced == parse_formula(styles[0]).reduced


@given(_DECIMAL)
def test_decimal_amounts_survive_every_style(amounts: dict[str, float]) -> None:
    styles = _styles([(s, f"{n:g}") for s, n in amounts.items()])[:-1]
    found = {text: dict(parse_formula(text).amounts) for text in styles}
    assert all(one == pytest.approx(amounts) for one in found.values())
    assert len({parse_formula(text).reduced for text in styles}) == 1
    again = parse_formula(parse_formula(styles[0]).reduced)
    assert again.reduced == parse_formula(styles[0]).reduced


@given(_WHOLE, _WHOLE, st.integers(1, 99))
def test_a_mixture_is_the_sum_of_its_parts(one: dict[str, int], other: dict[str, int], percent: int) -> None:
    first, second = ("".join(f"{s}{n}" for s, n in part.items()) for part in (one, other))
    mixed = parse_formula(f"{(100 - percent) / 100:g}{first}-{percent / 100:g}{second}")
    by_letter = parse_formula(f"(1-x){first}-x{second}, x = {percent / 100:g}")
    wanted = {s: (one.get(s, 0) * (100 - percent) + other.get(s, 0) * percent) / 100 for s in {**one, **other}}
    assert dict(mixed.amounts) == pytest.approx(wanted)
    assert by_letter.reduced == mixed.reduced


@given(st.text(max_size=60))
def test_any_text_is_a_formula_or_is_refused(text: str) -> None:
    try:
        formula = parse_formula(text)
    except NotAFormula:
        return
    assert formula.elements
    assert parse_formula(formula.reduced).reduced == formula.reduced


@pytest.mark.parametrize("grade", ["F82H", "P91", "H13", "C45", "K500", "S355"])
def test_grades_of_alloys_are_no_formulae(grade: str) -> None:
    with pytest.raises(NotAFormula, match="grade"):
        parse_formula(grade)


@pytest.mark.parametrize("molecule", ["C60", "C70", "S8", "B12", "H2", "P4"])
def test_molecules_of_one_element_are(molecule: str) -> None:
    assert parse_formula(molecule).elements == (molecule.rstrip("0123456789"),)
