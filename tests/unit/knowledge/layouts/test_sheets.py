"""Workbooks as laboratories keep them: what stands around, above, beside and inside the tables."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl.worksheet.worksheet import Worksheet

from tests.unit.knowledge.layouts.making import Found, a_sheet_book, check, put, read

ROWS: list[list[object]] = [["MgO", 7.8, 225], ["NaCl", 8.5, 225], ["GaAs", 1.42, 216]]
HEAD = ["formula", "Eg (eV)", "sg"]


def plain(sheet: Worksheet) -> None:
    put(sheet, "A1", [HEAD, *ROWS])


def offset(sheet: Worksheet) -> None:
    put(sheet, "D7", [HEAD, *ROWS])


def titled(sheet: Worksheet) -> None:
    put(sheet, "A1", [["Table S3. Gaps of simple crystals"], ["measured at 300 K by A. Nobody"], [], HEAD, *ROWS])
    sheet.merge_cells("A1:C1")


def preamble_of_pairs(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [["Operator:", "A. Nobody"], ["Date:", dt.date(2023, 5, 4)], [], [*HEAD, "ref"], *[[*r, "own"] for r in ROWS]],
    )


def two_row_header(sheet: Worksheet) -> None:
    put(sheet, "A1", [["Material", "Irradiation", None, "Tensile", None]])
    put(
        sheet,
        "A2",
        [
            [None, "dose (dpa)", "T (C)", "YS (MPa)", "UTS (MPa)"],
            ["F82H", 2.5, 300, 620, 700],
            ["EUROFER97", 5, 330, 655, 720],
        ],
    )
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("D1:E1")


def three_row_header(sheet: Worksheet) -> None:
    put(
        sheet,
        "B2",
        [
            ["Compound", "Calculated", None, None, None],
            [None, "PBE", None, "HSE06", None],
            [None, "a (Å)", "gap (eV)", "a (Å)", "gap (eV)"],
            ["MgO", 4.25, 4.5, 4.21, 6.5],
            ["ZnO", 3.29, 0.8, 3.26, 2.5],
        ],
    )
    for area in ("B2:B4", "C2:F2", "C3:D3", "E3:F3"):
        sheet.merge_cells(area)


def unmerged_groups(sheet: Worksheet) -> None:
    put(sheet, "A1", [[None, None, "lattice", None, None, "moduli", None], ["formula", "sg", "a", "b", "c", "B", "G"]])
    put(
        sheet,
        "A3",
        [
            ["MgO", 225, 4.2, 4.2, 4.2, 160, 130],
            ["TiO2", 136, 4.6, 4.6, 2.96, 210, 112],
            ["SiO2", 154, 4.9, 4.9, 5.4, 38, 44],
        ],
    )


def merged_body(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["formula", "T (K)", "S (uV/K)"],
            ["Bi2Te3", 300, -210],
            [None, 350, -215],
            [None, 400, -205],
            ["PbTe", 300, 120],
            [None, 400, 170],
        ],
    )
    sheet.merge_cells("A2:A4")
    sheet.merge_cells("A5:A6")


def units_row(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["formula", "Tc", "pressure", "ref"],
            [None, "(K)", "GPa", "-"],
            ["MgB2", 39, 0, "own"],
            ["Nb3Sn", 18.1, 0, "own"],
        ],
    )


def units_row_with_element_letters(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["alloy", "Tg", "Tx", "Dmax", "rate"],
            ["", "K", "K", "mm", "K/s"],
            ["Zr50Cu50", 670, 720, 2, 250],
            ["Pd40Ni40P20", 580, 671, 25, 0.2],
        ],
    )


def composition_header(sheet: Worksheet) -> None:
    put(sheet, "A1", [["steel", "Composition (wt.%)", None, None, None, "DBTT (C)"], [None, "C", "Cr", "W", "V", None]])
    put(
        sheet,
        "A3",
        [["A1", 0.1, 9.0, 1.1, 0.2, -70], ["A2", 0.12, 8.5, 2, 0.25, -55], ["A3", 0.08, 7.7, 1.9, 0.2, -61]],
    )
    sheet.merge_cells("B1:E1")


def legend_sheet(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["Column", "Meaning", "Unit"],
            ["formula", "reduced formula", None],
            ["Tg", "glass transition temperature", "K"],
            ["Dmax", "critical casting diameter", "mm"],
        ],
    )


def data_for_legend(sheet: Worksheet) -> None:
    put(sheet, "A1", [["formula", "Tg", "Dmax"], ["Zr50Cu50", 670, 2], ["Pd40Ni40P20", 580, 25]])


def headless_legend(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["formula", "composition in atomic per cent"],
            ["Tg", "onset of the glass transition"],
            ["Dmax", "largest glassy rod"],
        ],
    )


def chinese(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["材料带隙汇总表"],
            ["化学式", "带隙", "备注"],
            [None, "eV", None],
            ["MgO", 7.8, "绝缘体"],
            ["GaAs", 1.42, "半导体"],
        ],
    )
    put(sheet, "A6", [["注：数据为示例，不可引用"]])


def chinese_legend(sheet: Worksheet) -> None:
    put(sheet, "A1", [["字段", "说明", "单位"], ["化学式", "约化化学式", None], ["带隙", "光学带隙", "eV"]])


def below_each_other(sheet: Worksheet) -> None:
    put(sheet, "A1", [["Table 1. Gaps"], HEAD, *ROWS])
    put(sheet, "A8", [["Table 2. Superconductors"], ["compound", "Tc (K)"], ["MgB2", 39], ["Nb", 9.2]])


def below_without_gap(sheet: Worksheet) -> None:
    put(sheet, "A1", [HEAD, *ROWS, ["compound", "Tc (K)", "Hc2 (T)"], ["MgB2", 39, 14], ["Nb3Sn", 18.1, 25]])


def side_by_side(sheet: Worksheet) -> None:
    put(sheet, "A1", [HEAD, *ROWS])
    put(sheet, "F1", [["compound", "Tc (K)"], ["MgB2", 39], ["Nb", 9.2]])


def folded(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["compound", "Tc (K)", "compound", "Tc (K)"],
            ["MgB2", 39, "Nb", 9.2],
            ["Nb3Sn", 18.1, "V3Si", 17.1],
            ["NbN", 16, "Pb", 7.2],
        ],
    )


def gap_column(sheet: Worksheet) -> None:
    put(sheet, "A1", [["formula", "sg", None, "a", "c"], ["MgO", 225, None, 4.21, 4.21], ["ZnO", 186, None, 3.25, 5.2]])


def footnotes(sheet: Worksheet) -> None:
    put(
        sheet, "A1", [HEAD, *ROWS, [], ["* indirect gap"], ["a) from reflectivity"], ["Source: own measurements, 2020"]]
    )


def gaps_and_repeats(sheet: Worksheet) -> None:
    put(sheet, "A1", [HEAD, ROWS[0], [], ROWS[1], HEAD, ROWS[2], ["KCl", 8.4, 225]])


def totals(sheet: Worksheet) -> None:
    put(sheet, "A1", [HEAD, *ROWS, ["Average", 5.9, None], ["Std. dev.", 3.1, None]])


def sections(sheet: Worksheet) -> None:
    put(sheet, "A1", [HEAD, ["Rock salts"], ROWS[0], ROWS[1], ["Zinc blendes"], ROWS[2]])


def formulas(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [["formula", "S (uV/K)", "rho", "PF"], ["Bi2Te3", -210, 1e-5, "=B2*B2/C2"], ["PbTe", 120, 2e-5, "=B3*B3/C3"]],
    )


def errors(sheet: Worksheet) -> None:
    put(sheet, "A1", [HEAD, *ROWS])
    for place, name in (("B2", "#DIV/0!"), ("C3", "#N/A")):
        sheet[place] = name
        sheet[place].data_type = "e"


def dates(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["formula", "ratio", "Eg (eV)"],
            ["MgO", dt.date(2024, 3, 5), 7.8],
            ["NaCl", 1.5, dt.date(2024, 5, 1)],
            ["GaAs", dt.time(1, 5), 1.42],
        ],
    )


def percents(sheet: Worksheet) -> None:
    put(sheet, "A1", [["alloy", "elongation", "YS (MPa)"], ["Fe90Cr10", 0.235, 320], ["Fe91Cr9", 0.07, 410]])
    for place in ("B2", "B3"):
        sheet[place].number_format = "0.0%"


def text_numbers(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [HEAD, ["MgO", "7.80", "225"], ["NaCl", " 8.5 ", "225"], ["GaAs", "1,42", "216"], ["KCl", "8,4", "225"]],
    )


def far_formatted(sheet: Worksheet) -> None:
    put(sheet, "A1", [HEAD, *ROWS])
    sheet["XFD4000"].number_format = "0.00"
    sheet["ZZ9"] = " "


def transposed(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["Property", "MgO", "NaCl", "GaAs"],
            ["Eg (eV)", 7.8, 8.5, 1.42],
            ["a (Å)", 4.21, 5.64, 5.65],
            ["structure", "rock salt", "rock salt", "zinc blende"],
        ],
    )


def transposed_with_units(sheet: Worksheet) -> None:
    put(sheet, "A1", [["", "unit", "Bi2Te3", "PbTe"], ["Seebeck", "uV/K", -210, 120], ["kappa", "W/mK", 1.5, 2.2]])


def transposed_by_name(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [["Formula", "MgO", "NaCl", "GaAs"], ["Space group", 225, 225, 216], ["Band gap (eV)", 7.8, 8.5, 1.42]],
    )


def crosstab(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [["formula", 300, 400, 500], ["Bi2Te3", 1.1, 1.2, 1.0], ["PbTe", 0.4, 0.6, 0.9], ["SnSe", 0.2, 0.3, 0.5]],
    )


def grouped_crosstab(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [["formula", "Seebeck (uV/K)", None, "sigma (S/m)", None], [None, "300 K", "400 K", "300 K", "400 K"]],
    )
    put(sheet, "A3", [["Bi2Te3", -210, -215, 1e5, 9e4], ["PbTe", 120, 170, 2e5, 1e5]])
    sheet.merge_cells("B1:C1")
    sheet.merge_cells("D1:E1")
    sheet.merge_cells("A1:A2")


def only_words(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["compound", "class", "source"],
            ["Bi2Se3", "TI", "paper A"],
            ["PbTe", "trivial", "paper B"],
            ["SnTe", "TCI", "paper A"],
        ],
    )


def no_header(sheet: Worksheet) -> None:
    put(sheet, "A1", ROWS)


def missing_in_first_row(sheet: Worksheet) -> None:
    put(sheet, "A1", [HEAD, ["MgO", "--", "n/a"], *ROWS[1:], ["KCl", "-", 225]])


def line_ends_in_names(sheet: Worksheet) -> None:
    put(sheet, "A1", [["formula", "Tc\n(K)", "critical\nfield (T)"], ["MgB2", 39, 14], ["Nb", 9.2, 0.4]])


def explained_row(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["formula", "Tc", "Hc2"],
            [
                "the composition as its paper writes it",
                "superconducting transition, midpoint",
                "upper critical field at zero kelvin",
            ],
            ["MgB2", 39, 14],
            ["Nb3Sn", 18.1, 25],
        ],
    )


def paper(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["Supplementary Table 1: Properties of Heusler alloys"],
            [],
            ["Composition", "Ms", "Tc", "a", None, "Method"],
            [None, "(emu/g)", "(K)", "exp. (Å)", "calc. (Å)", None],
            ["Co2MnSi", 140, 985, 5.65, 5.63, "SQUID"],
            ["Ni2MnGa", 97, 376, 5.82, 5.81, "SQUID"],
            ["a Ms measured at 5 K."],
        ],
    )
    for area in ("A1:F1", "A3:A4", "D3:E3", "F3:F4"):
        sheet.merge_cells(area)


def merged_crosstab(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [[None, "Temperature (K)"], ["Sample", 300, 400, 500], ["Bi2Te3", 1.1, 1.2, 1.0], ["PbTe", 0.4, 0.6, 0.9]],
    )
    sheet.merge_cells("B1:D1")


def nested_merges(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [
            ["Family", "Formula", "T (K)", "sigma (S/cm)"],
            ["garnet", "Li7La3Zr2O12", 298, 3e-4],
            [None, None, 350, 1e-3],
            [None, "Li6.5La3Zr1.5Ta0.5O12", 298, 9e-4],
            ["sulfide", "Li10GeP2S12", 300, 1.2e-2],
        ],
    )
    sheet.merge_cells("A2:A4")
    sheet.merge_cells("B2:B3")


def titled_side_by_side(sheet: Worksheet) -> None:
    put(sheet, "A1", [["(a) Insulators"], ["formula", "Eg (eV)"], ["MgO", 7.8], ["NaCl", 8.5]])
    put(sheet, "E1", [["(b) Superconductors"], ["formula", "Tc (K)"], ["Nb", 9.2], ["Pb", 7.2], ["V", 5.4]])


def rows_of_lost_formulas(sheet: Worksheet) -> None:
    put(sheet, "A1", [["formula", "Tc (K)"], ["Nb", 9.2], ["=A2", "=B2*2"], ["Pb", 7.2]])


def legend_below(sheet: Worksheet) -> None:
    put(sheet, "A1", [["formula", "Tg", "Dmax"], ["Zr50Cu50", 670, 2], ["Pd40Ni40P20", 580, 25]])
    put(sheet, "A6", [["Tg", "glass transition temperature (K)"], ["Dmax", "critical diameter (mm)"]])


def legend_beside(sheet: Worksheet) -> None:
    put(sheet, "A1", [["formula", "Tg", "Dmax"], ["Zr50Cu50", 670, 2], ["Pd40Ni40P20", 580, 25], ["Zr60Cu40", 650, 1]])
    put(sheet, "F1", [["Symbol", "Meaning", "Unit"], ["Tg", "glass transition", "K"], ["Dmax", "diameter", "mm"]])


def parts_with_headers(sheet: Worksheet) -> None:
    put(
        sheet,
        "A1",
        [["Part A: oxides"], HEAD, ["MgO", 7.8, 225], ["ZnO", 3.3, 186], ["Part B: halides"], HEAD, ROWS[1]],
    )
    sheet.merge_cells("A1:C1")
    sheet.merge_cells("A5:C5")


def pairs_right_above(sheet: Worksheet) -> None:
    put(sheet, "A1", [["Basis", "mass"], ["Kind", "calculated"], ["Method", "PBE"], HEAD, *ROWS])


SHEETS: list[tuple[Callable[[Worksheet], None], Found | list[Found]]] = [
    (
        plain,
        Found(
            ("formula", "Eg (eV)", "sg"),
            3,
            cells={(1, "Eg (eV)"): "7.8", (3, "sg"): "216"},
            place="sheet S1",
            locators={1: "sheet S1, row 2"},
        ),
    ),
    (
        offset,
        Found(
            ("formula", "Eg (eV)", "sg"),
            3,
            cells={(2, "formula"): "NaCl"},
            locators={1: "sheet S1, row 8", 3: "sheet S1, row 10"},
        ),
    ),
    (
        titled,
        Found(
            ("formula", "Eg (eV)", "sg"),
            3,
            title="Table S3. Gaps of simple crystals measured at 300 K by A. Nobody",
            locators={1: "sheet S1, row 5"},
        ),
    ),
    (preamble_of_pairs, Found(("formula", "Eg (eV)", "sg", "ref"), 3, title="Operator: A. Nobody Date: 2023-05-04")),
    (
        two_row_header,
        Found(
            (
                "Material",
                "Irradiation / dose (dpa)",
                "Irradiation / T (C)",
                "Tensile / YS (MPa)",
                "Tensile / UTS (MPa)",
            ),
            2,
            cells={(2, "Irradiation / T (C)"): "330", (1, "Material"): "F82H"},
            locators={1: "sheet S1, row 3"},
        ),
    ),
    (
        three_row_header,
        Found(
            (
                "Compound",
                "Calculated / PBE / a (Å)",
                "Calculated / PBE / gap (eV)",
                "Calculated / HSE06 / a (Å)",
                "Calculated / HSE06 / gap (eV)",
            ),
            2,
            cells={(1, "Calculated / HSE06 / gap (eV)"): "6.5"},
        ),
    ),
    (
        unmerged_groups,
        Found(("formula", "sg", "lattice / a", "lattice / b", "lattice / c", "moduli / B", "moduli / G"), 3),
    ),
    (
        merged_body,
        Found(
            ("formula", "T (K)", "S (uV/K)"),
            5,
            cells={(3, "formula"): "Bi2Te3", (5, "formula"): "PbTe", (2, "T (K)"): "350"},
        ),
    ),
    (
        units_row,
        Found(
            ("formula", "Tc", "pressure", "ref"),
            2,
            units={"Tc": "K", "pressure": "GPa"},
            locators={1: "sheet S1, row 3"},
        ),
    ),
    (
        units_row_with_element_letters,
        Found(("alloy", "Tg", "Tx", "Dmax", "rate"), 2, units={"Tg": "K", "Tx": "K", "Dmax": "mm", "rate": "K/s"}),
    ),
    (
        composition_header,
        Found(
            (
                "steel",
                "Composition (wt.%) / C",
                "Composition (wt.%) / Cr",
                "Composition (wt.%) / W",
                "Composition (wt.%) / V",
                "DBTT (C)",
            ),
            3,
            units={},
            cells={(3, "Composition (wt.%) / V"): "0.2"},
        ),
    ),
    (
        chinese,
        Found(
            ("化学式", "带隙", "备注"),
            2,
            units={"带隙": "eV"},
            title="材料带隙汇总表",
            notes=("注：数据为示例，不可引用",),
        ),
    ),
    (
        below_each_other,
        [
            Found(
                ("formula", "Eg (eV)", "sg"),
                3,
                title="Table 1. Gaps",
                place="sheet S1, A1:C5",
                locators={3: "sheet S1, row 5"},
            ),
            Found(
                ("compound", "Tc (K)"),
                2,
                title="Table 2. Superconductors",
                locators={1: "sheet S1, row 10"},
                cells={(2, "Tc (K)"): "9.2"},
            ),
        ],
    ),
    (
        below_without_gap,
        [
            Found(("formula", "Eg (eV)", "sg"), 3),
            Found(("compound", "Tc (K)", "Hc2 (T)"), 2, cells={(1, "compound"): "MgB2"}),
        ],
    ),
    (
        side_by_side,
        [
            Found(("formula", "Eg (eV)", "sg"), 3, locators={1: "sheet S1, columns A:C, row 2"}),
            Found(("compound", "Tc (K)"), 2, locators={2: "sheet S1, columns F:G, row 3"}),
        ],
    ),
    (
        folded,
        [
            Found(("compound", "Tc (K)"), 3, cells={(3, "compound"): "NbN"}),
            Found(
                ("compound", "Tc (K)"), 3, cells={(3, "compound"): "Pb"}, locators={3: "sheet S1, columns C:D, row 4"}
            ),
        ],
    ),
    (gap_column, Found(("formula", "sg", "a", "c"), 2, cells={(2, "c"): "5.2"})),
    (
        footnotes,
        Found(
            ("formula", "Eg (eV)", "sg"),
            3,
            notes=("* indirect gap", "a) from reflectivity", "Source: own measurements, 2020"),
        ),
    ),
    (
        gaps_and_repeats,
        Found(
            ("formula", "Eg (eV)", "sg"),
            4,
            notes=("formula Eg (eV) sg",),
            locators={2: "sheet S1, row 4", 3: "sheet S1, row 6"},
        ),
    ),
    (totals, Found(("formula", "Eg (eV)", "sg"), 3, broken=(4, 5))),
    (
        sections,
        Found(("formula", "Eg (eV)", "sg"), 3, notes=("Rock salts", "Zinc blendes"), locators={1: "sheet S1, row 3"}),
    ),
    (
        formulas,
        Found(
            ("formula", "S (uV/K)", "rho", "PF"),
            2,
            lost=((1, "PF"), (2, "PF")),
            cells={(1, "PF"): "", (1, "S (uV/K)"): "-210"},
        ),
    ),
    (errors, Found(("formula", "Eg (eV)", "sg"), 3, lost=((1, "Eg (eV)"), (2, "sg")), cells={(1, "Eg (eV)"): ""})),
    (
        dates,
        Found(
            ("formula", "ratio", "Eg (eV)"),
            3,
            formats={(1, "ratio"): "date", (2, "Eg (eV)"): "date", (3, "ratio"): "time"},
            cells={(1, "ratio"): "2024-03-05"},
        ),
    ),
    (
        percents,
        Found(("alloy", "elongation", "YS (MPa)"), 2, cells={(1, "elongation"): "23.5%", (2, "elongation"): "7%"}),
    ),
    (text_numbers, Found(("formula", "Eg (eV)", "sg"), 4, cells={(1, "Eg (eV)"): "7.80", (2, "Eg (eV)"): "8.5"})),
    (far_formatted, Found(("formula", "Eg (eV)", "sg"), 3)),
    (
        transposed,
        Found(
            ("formula", "Eg (eV)", "a (Å)", "structure"),
            3,
            cells={(1, "formula"): "MgO", (3, "Eg (eV)"): "1.42", (2, "structure"): "rock salt"},
            locators={1: "sheet S1, column B"},
        ),
    ),
    (
        transposed_with_units,
        Found(
            ("formula", "Seebeck", "kappa"), 2, units={"Seebeck": "uV/K", "kappa": "W/mK"}, cells={(2, "kappa"): "2.2"}
        ),
    ),
    (transposed_by_name, Found(("Formula", "Space group", "Band gap (eV)"), 3, cells={(3, "Space group"): "216"})),
    (crosstab, Found(("formula", "300", "400", "500"), 3, cells={(3, "500"): "0.5"})),
    (
        grouped_crosstab,
        Found(
            (
                "formula",
                "Seebeck (uV/K) / 300 K",
                "Seebeck (uV/K) / 400 K",
                "sigma (S/m) / 300 K",
                "sigma (S/m) / 400 K",
            ),
            2,
            cells={(2, "sigma (S/m) / 400 K"): "100000"},
        ),
    ),
    (only_words, Found(("compound", "class", "source"), 3, cells={(3, "class"): "TCI"})),
    (no_header, Found(("column_1", "column_2", "column_3"), 3, header=False, locators={1: "sheet S1, row 1"})),
    (missing_in_first_row, Found(("formula", "Eg (eV)", "sg"), 4, cells={(1, "formula"): "MgO", (1, "Eg (eV)"): "--"})),
    (
        paper,
        Found(
            ("Composition", "Ms (emu/g)", "Tc (K)", "a / exp. (Å)", "a / calc. (Å)", "Method"),
            2,
            title="Supplementary Table 1: Properties of Heusler alloys",
            notes=("a Ms measured at 5 K.",),
        ),
    ),
    (
        merged_crosstab,
        Found(("Sample", "Temperature (K) / 300", "Temperature (K) / 400", "Temperature (K) / 500"), 2, title=""),
    ),
    (
        nested_merges,
        Found(
            ("Family", "Formula", "T (K)", "sigma (S/cm)"),
            4,
            cells={(2, "Formula"): "Li7La3Zr2O12", (3, "Family"): "garnet", (4, "Family"): "sulfide"},
        ),
    ),
    (
        titled_side_by_side,
        [
            Found(("formula", "Eg (eV)"), 2, title="(a) Insulators", place="sheet S1, A1:B4"),
            Found(("formula", "Tc (K)"), 3, title="(b) Superconductors", place="sheet S1, E1:F5"),
        ],
    ),
    (
        rows_of_lost_formulas,
        Found(
            ("formula", "Tc (K)"),
            3,
            lost=((2, "formula"), (2, "Tc (K)")),
            cells={(2, "formula"): "", (3, "formula"): "Pb"},
        ),
    ),
    (
        legend_below,
        Found(
            ("formula", "Tg", "Dmax"),
            2,
            descriptions={"Tg": "glass transition temperature (K)", "Dmax": "critical diameter (mm)"},
        ),
    ),
    (
        legend_beside,
        Found(
            ("formula", "Tg", "Dmax"),
            3,
            descriptions={"Tg": "glass transition", "Dmax": "diameter"},
            units={"Tg": "K", "Dmax": "mm"},
        ),
    ),
    (parts_with_headers, Found(("formula", "Eg (eV)", "sg"), 3, notes=("Part B: halides", "formula Eg (eV) sg"))),
    (pairs_right_above, Found(("formula", "Eg (eV)", "sg"), 3, title="Basis mass Kind calculated Method PBE")),
    (line_ends_in_names, Found(("formula", "Tc (K)", "critical field (T)"), 2)),
    (
        explained_row,
        Found(
            ("formula", "Tc", "Hc2"),
            2,
            descriptions={
                "formula": "the composition as its paper writes it",
                "Tc": "superconducting transition, midpoint",
                "Hc2": "upper critical field at zero kelvin",
            },
        ),
    ),
]


@pytest.mark.parametrize(("fill", "wanted"), SHEETS, ids=[fill.__name__ for fill, _ in SHEETS])
def test_a_sheet_becomes_its_tables(
    tmp_path: Path, fill: Callable[[Worksheet], None], wanted: Found | list[Found]
) -> None:
    check(read(tmp_path, "book.xlsx", a_sheet_book(fill)), *(wanted if isinstance(wanted, list) else [wanted]))


@pytest.mark.parametrize(
    ("data", "legend", "descriptions", "units"),
    [
        (
            data_for_legend,
            legend_sheet,
            {"formula": "reduced formula", "Tg": "glass transition temperature", "Dmax": "critical casting diameter"},
            {"Tg": "K", "Dmax": "mm"},
        ),
        (
            data_for_legend,
            headless_legend,
            {
                "formula": "composition in atomic per cent",
                "Tg": "onset of the glass transition",
                "Dmax": "largest glassy rod",
            },
            {},
        ),
    ],
)
def test_a_sheet_that_explains_columns_moves_to_them(
    tmp_path: Path,
    data: Callable[[Worksheet], None],
    legend: Callable[[Worksheet], None],
    descriptions: dict[str, str],
    units: dict[str, str],
) -> None:
    for order in ((data, legend), (legend, data)):
        (table,) = read(tmp_path, "book.xlsx", a_sheet_book(*order))
        assert (table.descriptions, table.units) == (descriptions, units)
        assert len(table.rows) == 2


def test_a_legend_in_chinese_names_the_units(tmp_path: Path) -> None:
    def data(sheet: Worksheet) -> None:
        put(sheet, "A1", [["化学式", "带隙"], ["MgO", 7.8], ["GaAs", 1.42]])

    (table,) = read(tmp_path, "book.xlsx", a_sheet_book(data, chinese_legend, names=["数据", "说明"]))
    assert (table.place, table.units, table.descriptions["带隙"]) == ("sheet 数据", {"带隙": "eV"}, "光学带隙")


def test_a_hidden_sheet_is_read_and_said_to_be_hidden(tmp_path: Path) -> None:
    def hidden(sheet: Worksheet) -> None:
        plain(sheet)
        sheet.sheet_state = "hidden"

    tables = read(tmp_path, "book.xlsx", a_sheet_book(plain, hidden))
    assert [table.place for table in tables] == ["sheet S1", "sheet S2 (hidden)"]
    assert tables[1].locator(1) == "sheet S2, row 2"
